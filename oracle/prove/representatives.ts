/**
 * *Representatives*: where a step can't tell sockets from each other, the states that differ only in which socket is which all break a goal or
 * none does, and one of them is enough to ask about: the one in which members have the names in which they are met. An argument is the
 * first socket; so is the next one that is met, in what this one holds, unless it is the same one, and so on.
 *
 *   pivot       a place that names a member: an argument, a local that was kept across the pause, a field of the record of who acts, and
 *               then the fields of each member that was met, in the order in which they were
 *   condition   each pivot names one that was met before, or the first that was not, or nobody
 *
 * Every state can be exchanged into one that satisfies it, pivot by pivot: exchanging two members that were not met leaves what was met where
 * it is. That the step and all goals follow the discipline of scalarsets is read off the source, for each action by itself.
 *
 * "The first free socket" is a fixed choice, and tells members apart. Taken for "any free socket" it doesn't: a step *by choice* is more than
 * what can happen, and what no such step breaks is kept. Who is chosen is a pivot, too, as long as it is one choice: where a search is made in each
 * round of a loop, or for each member of a kind, exchanging members would exchange the choices.
 */
import { encodedRange } from '../compile/liveness.ts';
import type { Expr, Program, Scalar, Stmt } from '../compile/ir.ts';
import { Discipline, isWhole, startsAlike } from '../compile/scalarset.ts';
import type { Action, TransitionSystem } from '../compile/smt.ts';
import { type Area, asNumber, type State, type Value } from '../compile/symbolic-state.ts';
import { FALSE, type Lit, not, TRUE } from '../compile/term.ts';
import { guardOf, type Num } from '../compile/term-number.ts';
import { expressionsOf, forEachExpr, forEachStmt } from '../compile/walk.ts';

/** Each adds little to a question and takes much from it; of fields, beyond these nothing more was seen to be gained. */
const MOST_PIVOTS = 48;

/** Who is chosen comes behind the pivots of this depth: with fewer before them, or more, the questions were harder. */
const CHOSEN_DEPTH = 1;

/** A kind of ids whose members most steps can't tell apart. */
export interface Kind {
  readonly name: string;
  readonly size: number;
  /** Paths of the tables that have an element for each: `.sockets`, `.pcbs[].seen`; none is that of an agent, or inside of it. */
  readonly tables: ReadonlySet<string>;
  /** By function: whether it can't tell them apart; and whether it can't where the first of them is any of them. */
  readonly follows: readonly boolean[];
  readonly followsByChoice: readonly boolean[];
}

/** A place that names a member of a kind, or nobody. */
export interface Pivot {
  readonly kind: string;
  readonly size: number;
  /** The number of the first member there: 1 where 0 is nobody. */
  readonly first: number;
  readonly from: { readonly cell: number } | { readonly argument: number } | { readonly choice: number };
  /** A field of this member, of whom only those are known who were met; null: it is there whoever was met. */
  readonly of: { readonly kind: string; readonly member: number } | null;
  /** 0 where it is there whoever was met; in what is named there 1, and so on. */
  readonly depth: number;
}

/** What a step is asked about: an action of a member, as it is or by choice. */
export interface Asked {
  readonly action: Action;
  readonly who: number;
  readonly byChoice: boolean;
}

export class Representatives {
  readonly kinds: readonly Kind[];
  readonly #system: TransitionSystem;
  readonly #pivots = new Map<string, readonly Pivot[]>();
  readonly #reached: (fn: number) => ReadonlySet<number>;

  constructor(system: TransitionSystem) {
    this.#system = system;
    this.kinds = kindsOf(system.program);
    this.#reached = reachedFunctions(system.program);
  }

  /** The kinds whose members an action, and everything that is shown of states, can't tell apart. */
  kindsOf(action: Action, byChoice = false): readonly Kind[] {
    const { program } = this.#system;
    const name = action.machine.procedures[action.entry.procedure]?.name;
    const procedure = program.agents[action.agent]?.procedures.find((each) => each.name === name);
    if (procedure === undefined) return [];
    const acting = [...this.#reached(procedure.fn)];
    const looking = [...program.invariants, ...program.lemmas].flatMap(({ fn }) => [...this.#reached(fn)]);
    return this.kinds.filter(
      ({ follows, followsByChoice }) =>
        looking.every((fn) => follows[fn]) && acting.every((fn) => (byChoice ? followsByChoice : follows)[fn]),
    );
  }

  /** Of which more is gained where the first of them is any of them. */
  gainsByChoice(action: Action): boolean {
    return this.kindsOf(action, true).length > this.kindsOf(action).length;
  }

  /** `chosen`: the kinds of who is chosen, in order. */
  pivots({ action, who, byChoice }: Asked, chosen: readonly string[] = []): readonly Pivot[] {
    const key = `${action.agent} ${action.entry.procedure} ${action.entry.pc} ${who} ${byChoice} ${chosen.join(' ')}`;
    const known = this.#pivots.get(key) ?? this.#find({ action, who, byChoice }, chosen);
    this.#pivots.set(key, known);
    return known;
  }

  /** The pivots that come before who is chosen. */
  beforeChoices(asked: Asked): readonly Pivot[] {
    return this.pivots(asked).filter(({ depth }) => depth <= CHOSEN_DEPTH);
  }

  /** Of each pivot, that it is named as in a representative, if those before it are. */
  conditions(pivots: readonly Pivot[], args: readonly Num[], state: State, choices: readonly Num[] = []): readonly Lit[] {
    const { terms } = this.#system;
    const valued = pivots.map((pivot) => ({ ...pivot, value: numberAt(pivot, args, state, choices) }));
    /** That one of the first so many pivots names this member. */
    const met = (before: number, kind: string, member: number): Lit =>
      terms.any(
        valued
          .slice(0, before)
          .map((pivot, at) => (pivot.kind === kind ? terms.and(there(at), guardOf(pivot.value, member + pivot.first)) : FALSE)),
      );
    const thereAt: Lit[] = [];
    const there = (at: number): Lit => thereAt[at] as Lit;
    return valued.map(({ kind, size, first, value, of }, at) => {
      thereAt.push(of === null ? TRUE : met(at, of.kind, of.member));
      return terms.all(
        Array.from({ length: size - 1 }, (_, before) => {
          const named = terms.and(there(at), guardOf(value, before + 1 + first));
          return named === FALSE ? TRUE : not(terms.and(named, not(met(at, kind, before))));
        }),
      );
    });
  }

  #find({ action, who, byChoice }: Asked, chosen: readonly string[]): readonly Pivot[] {
    const { layout } = this.#system;
    const kinds = new Map(this.kindsOf(action, byChoice).map((kind) => [kind.name, kind]));
    const pivots: Pivot[] = [];
    const met = new Map<string, number>();
    const waiting: { readonly from: Pivot['from']; readonly type: Scalar; readonly of: Pivot['of']; readonly depth: number }[] = [];
    const addFields = (area: Area | undefined, of: Pivot['of'], depth: number): void => {
      if (area?.kind === 'cell') waiting.push({ from: { cell: area.cell }, type: layout.cells[area.cell]?.type as Scalar, of, depth });
      if (area?.kind === 'record') for (const field of area.fields.values()) addFields(field, of, depth);
    };
    this.#system.params(action).forEach(({ type }, argument) => {
      waiting.push({ from: { argument }, type, of: null, depth: 0 });
    });
    const frame = layout.frames[action.agent]?.[who];
    for (const { local, slot } of action.entry.pc === 0 ? [] : action.entry.live) {
      waiting.push({
        from: { cell: frame?.slots[slot] as number },
        type: action.machine.locals[local]?.type as Scalar,
        of: null,
        depth: 0,
      });
    }
    addFields(elementsOf(layout.root, `.${action.machine.agent}s`)?.[who], null, 0);
    const choices = chosen.map((name, choice): (typeof waiting)[number] => {
      const size = kinds.get(name)?.size as number;
      return { from: { choice }, type: { kind: 'id', of: name, size, nullable: true }, of: null, depth: CHOSEN_DEPTH };
    });
    for (;;) {
      if ((waiting[0]?.depth ?? Infinity) > CHOSEN_DEPTH) waiting.unshift(...choices.splice(0));
      const next = waiting.shift();
      if (next === undefined) return pivots;
      const { from, type, of, depth } = next;
      if (of !== null && pivots.length >= MOST_PIVOTS) continue;
      const kind = type.kind === 'id' ? kinds.get(type.of) : undefined;
      if (kind === undefined) continue;
      pivots.push({ kind: kind.name, size: kind.size, first: encodedRange(type).hi - kind.size + 1, from, of, depth });
      // So many pivots name so many members at most.
      const member = met.get(kind.name) ?? 0;
      met.set(kind.name, member + 1);
      if (member >= kind.size) continue;
      for (const path of kind.tables) addFields(elementsOf(layout.root, path)?.[member], { kind: kind.name, member }, depth + 1);
    }
  }
}

function numberAt({ from }: Pivot, args: readonly Num[], state: State, choices: readonly Num[]): Num {
  if ('cell' in from) return asNumber(state[from.cell] as Value);
  return ('argument' in from ? args[from.argument] : choices[from.choice]) as Num;
}

/** Of a table of the state itself. */
function elementsOf(root: Area, path: string): readonly Area[] | undefined {
  const table = root.kind === 'record' ? root.fields.get(path.slice(1)) : undefined;
  return table?.kind === 'table' ? table.elements : undefined;
}

/** All of which something is to be gained, and that everything outside of procedures follows. */
function kindsOf(program: Program): readonly Kind[] {
  const sizes = new Map<string, number>();
  for (const { type } of program.functions.flatMap(({ locals }) => locals)) {
    if (type.kind === 'id') sizes.set(type.of, Math.max(type.size, sizes.get(type.of) ?? 0));
  }
  const acting = new Set(program.agents.flatMap(({ procedures }) => procedures.map(({ fn }) => program.functions[fn]?.locals[0]?.type)));
  const actors = new Set([...acting].flatMap((type) => (type?.kind === 'id' ? [type.of] : [])));
  return [...sizes].flatMap(([name, size]): Kind[] => {
    if (size < 2 || actors.has(name)) return [];
    const [strict, choosing] = [new Discipline(program, name), new Discipline(program, name, true)];
    const follows = program.functions.map((fn) => strict.follows(fn));
    const followsByChoice = program.functions.map((fn) => choosing.follows(fn));
    const tables = new Set([...strict.tables(), ...choosing.tables()]);
    const begins = program.state.fields.every(({ type, fixed }) => startsAlike(type, name, fixed, true));
    if (!begins || !strict.tablesAreApart() || !choosing.tablesAreApart() || !isWhole(program, name, tables)) return [];
    // Records of an agent stay where they are, and facts about frames say something of each element of a table inside of one.
    const own = program.agents.some((agent) =>
      [...tables].some((path) => path === `.${agent.name}s` || path.startsWith(`.${agent.name}s[]`)),
    );
    return own ? [] : [{ name, size, tables, follows, followsByChoice }];
  });
}

/** What a function calls, itself included. */
function reachedFunctions(program: Program): (fn: number) => ReadonlySet<number> {
  const known = new Map<number, ReadonlySet<number>>();
  const calls = (fn: number): ReadonlySet<number> => {
    const before = known.get(fn);
    if (before !== undefined) return before;
    const reached = new Set([fn]);
    const call = (callee: number): void => {
      for (const each of calls(callee)) reached.add(each);
    };
    const look = (expr: Expr): void =>
      forEachExpr(expr, (each) => {
        if (each.op === 'call') call(each.fn);
      });
    forEachStmt(program.functions[fn]?.body ?? [], (stmt: Stmt) => {
      if (stmt.op === 'call' || stmt.op === 'delegate') call(stmt.fn);
      for (const expr of expressionsOf(stmt)) look(expr);
    });
    known.set(fn, reached);
    return reached;
  };
  return calls;
}
