/**
 * Which kinds of ids are *interchangeable* in a program: those that its model declares to be, where the program follows the discipline of
 * scalarsets (`../compile/scalarset.ts`). Of the others it says where they are told apart, and what to write instead.
 */
import type { Expr, Fn, Program } from '../compile/ir.ts';
import { MOST_CHOICES } from '../compile/js-successors.ts';
import { prune } from '../compile/prune.ts';
import { type Breach, Discipline, isWhole, startsAlike } from '../compile/scalarset.ts';
import { expressionsOf, forEachExpr, forEachStmt } from '../compile/walk.ts';
import { printExpression } from '../prove/print.ts';

/** Which kinds of ids can be exchanged in a program, and why not the others. */
export interface Symmetric {
  readonly kinds: readonly { readonly name: string; readonly size: number; readonly tables: ReadonlySet<string> }[];
  readonly refused: readonly { readonly kind: string; readonly why: string }[];
}

export function symmetricKinds(whole: Program): Symmetric {
  const program = prune(whole);
  const kinds: Symmetric['kinds'][number][] = [];
  const refused: Symmetric['refused'][number][] = [];
  const looking = lookingFunctions(program);
  for (const kind of program.symmetric) {
    const size = sizeOfKind(program, kind);
    if (size < 2) continue;
    const discipline = new Discipline(program, kind, size <= MOST_CHOICES);
    const strict = new Discipline(program, kind);
    const breach = program.functions.find((fn, index) => !discipline.follows(fn) || (looking.has(index) && !strict.follows(fn)));
    const field = program.state.fields.find(({ type, fixed }) => !startsAlike(type, kind, fixed, true));
    if (field !== undefined)
      refused.push({ kind, why: `the field \`${field.name}\` holds the first of them from the beginning; let it be null until it is set` });
    else if (breach !== undefined) refused.push({ kind, why: tellsApart(program, breach, discipline.breach ?? strict.breach) });
    else if (!isWhole(program, kind, discipline.tables())) refused.push({ kind, why: 'some of them are named where others can not be' });
    else if (hasTwoNames(program, kind))
      refused.push({ kind, why: 'an agent is one of them in some procedures, and something else in others' });
    else if (!discipline.tablesAreApart()) refused.push({ kind, why: mixes(program, discipline) });
    else kinds.push({ name: kind, size, tables: discipline.tables() });
  }
  return { kinds, refused };
}

/** With the place, what stands there, and what to write instead. */
function tellsApart(program: Program, fn: Fn, breach: Breach | null): string {
  const place = `${fn.source.file}:${fn.source.line}: ${fn.name} tells one from another`;
  if (breach === null) return place;
  const text = breach.expr === null ? '' : `\`${printExpression(program, fn, breach.expr)}\` `;
  return `${place}: ${text}${breach.why}; ${breach.instead}`;
}

function mixes(program: Program, discipline: Discipline): string {
  const mixed = discipline.mixedTable();
  if (mixed === null) return 'a table is indexed by them and by something else';
  const { path, fn, index } = mixed;
  const place = `${fn.source.file}:${fn.source.line}: ${fn.name} tells one from another`;
  return `${place}: \`${path.slice(1)}\` is indexed by them and by something else, here \`${printExpression(program, fn, index)}\`; take the id from the state, or as a parameter`;
}

/** To exchange them would be to exchange the agent's frames, and so whatever else it is. */
function hasTwoNames(program: Program, kind: string): boolean {
  return program.agents.some(({ procedures }) => {
    const names = new Set(
      procedures.map(({ fn }) => {
        const type = program.functions[fn]?.locals[0]?.type;
        return type?.kind === 'id' ? type.of : '';
      }),
    );
    return names.has(kind) && names.size > 1;
  });
}

/** Functions that properties and guards call: what they find first is nobody's choice. */
function lookingFunctions(program: Program): ReadonlySet<number> {
  const found = new Set<number>();
  const call = (fn: number): void => {
    if (found.has(fn)) return;
    found.add(fn);
    forEachStmt(program.functions[fn]?.body ?? [], (stmt) => {
      if (stmt.op === 'call') call(stmt.fn);
      for (const expr of expressionsOf(stmt)) look(expr);
    });
  };
  const look = (expr: Expr): void => {
    forEachExpr(expr, (each) => {
      if (each.op === 'call') call(each.fn);
    });
  };
  for (const { fn } of [...program.invariants, ...program.lemmas]) call(fn);
  for (const fn of program.functions) {
    forEachStmt(fn.body, (stmt) => {
      if (stmt.op === 'when' || stmt.op === 'pause') for (const expr of expressionsOf(stmt)) look(expr);
    });
  }
  return found;
}

function sizeOfKind(program: Program, kind: string): number {
  const sizes = program.functions.flatMap((fn) =>
    fn.locals.flatMap(({ type }) => (type.kind === 'id' && type.of === kind ? [type.size] : [])),
  );
  return Math.max(0, ...sizes);
}
