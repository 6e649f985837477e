/** Statements and functions as JavaScript over packed words. */
import { unreachable } from './errors.ts';
import { mayFault } from './fold.ts';
import type { Fn, Place, Scalar, Stmt } from './ir.ts';
import { address, cond, type Emitter, num, writeCode } from './js-expressions.ts';
import { encodedRange } from './liveness.ts';
import { forEachStmt } from './walk.ts';

/** The type of the cell a place leads to. */
function scalarAt(place: Place): Scalar {
  const { type } = place;
  if (type.kind === 'record' || type.kind === 'table' || type.kind === 'seq') throw new Error('a write of a whole record');
  return type;
}

/** `v` outside the type, as far as its own bounds leave it open; null if it can't be. */
function outside(type: Scalar, value: Scalar): string | null {
  const [target, source] = [encodedRange(type), encodedRange(value)];
  const tests = [...(source.lo < target.lo ? [`v < ${target.lo}`] : []), ...(source.hi > target.hi ? [`v > ${target.hi}`] : [])];
  return tests.length === 0 ? null : tests.join(' || ');
}

export function body(emitter: Emitter, stmts: readonly Stmt[]): string {
  return stmts.map((stmt) => statement(emitter, stmt)).join('\n');
}

export function statement(emitter: Emitter, stmt: Stmt): string {
  switch (stmt.op) {
    case 'set': {
      const value = num(emitter, stmt.value);
      if (stmt.site < 0) return `l${stmt.local} = ${value};`;
      const target = emitter.locals[stmt.local];
      const test = target === undefined ? null : outside(target.type, stmt.value.type);
      return test === null
        ? `l${stmt.local} = ${value};`
        : `{ const v = ${value}; if (${test}) F(w, ${stmt.site}); else l${stmt.local} = v; }`;
    }
    case 'write': {
      const test = stmt.site < 0 ? null : outside(scalarAt(stmt.place), stmt.value.type);
      const target = address(emitter, stmt.place);
      const value = num(emitter, stmt.value);
      if (test !== null) return `{ const v = ${value}; if (${test}) F(w, ${stmt.site}); else ${writeCode(target, 'v')} }`;
      // A fault is written to a cell that may share the word: the value comes before the word is read.
      return mayFault(stmt.value) ? `{ const v = ${value}; ${writeCode(target, 'v')} }` : writeCode(target, value);
    }
    case 'if':
      return `if (${cond(emitter, stmt.cond)}) {\n${body(emitter, stmt.then)}\n}${stmt.else.length === 0 ? '' : ` else {\n${body(emitter, stmt.else)}\n}`}`;
    case 'for': {
      const local = `l${stmt.local}`;
      return `for (${local} = 0; ${local} < ${stmt.size}; ${local}++) {\n${body(emitter, stmt.body)}\n}`;
    }
    case 'break':
    case 'continue':
      return `${stmt.op};`;
    case 'return':
      return stmt.value === null ? 'return 0;' : `return ${num(emitter, stmt.value)};`;
    case 'call': {
      const call = `f${stmt.fn}(${['w', ...stmt.args.map((arg) => num(emitter, arg))].join(', ')})`;
      return stmt.result < 0 ? `${call};` : `l${stmt.result} = ${call};`;
    }
    case 'rule':
      return emitter.countRules ? `R[${stmt.rule}]++;` : '';
    case 'while':
    case 'pause':
    case 'delegate':
    case 'when':
      throw new Error(`${stmt.op} outside a step machine`);
    default:
      return unreachable(stmt);
  }
}

/** The locals that statements set, so that they can be declared. */
export function setLocals(stmts: readonly Stmt[]): ReadonlySet<number> {
  const locals = new Set<number>();
  forEachStmt(stmts, (stmt) => {
    if (stmt.op === 'set' || stmt.op === 'for') locals.add(stmt.local);
    if (stmt.op === 'call' && stmt.result >= 0) locals.add(stmt.result);
  });
  return locals;
}

/** One function of the program. */
export function functionCode(emitter: Emitter, fn: Fn, index: number): string {
  const parameters = Array.from({ length: fn.params }, (_, l) => `l${l}`);
  const declared = [...setLocals(fn.body)].filter((l) => l >= fn.params).sort((a, b) => a - b);
  const code = body({ ...emitter, locals: fn.locals }, fn.body);
  return [
    `function f${index}(${['w', ...parameters].join(', ')}) { // ${fn.name}`,
    declared.length === 0 ? '' : `let ${declared.map((l) => `l${l} = 0`).join(', ')};`,
    code,
    'return 0;',
    '}',
  ].join('\n');
}
