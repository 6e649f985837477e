/** Small programs for the scheduler, written in the IR itself: each function is a list of accesses and jumps between them. */
import { loadImplementation } from '../../oracle/compile/impl-machine.ts';
import { emitImplementation } from '../../oracle/compile/impl-javascript.ts';
import type { Cell, Door, ImplBlock, ImplFn, Int } from '../../oracle/compile/ir-impl.ts';
import type { AgentProgram, Program } from '../../oracle/schedule/program.ts';

export const constant = (value: number): Int => ({ op: 'const', value });
export const local = (index: number): Int => ({ op: 'local', local: index });
export const equals = (left: Int, right: Int): Int => ({ op: 'binary', operator: '===', left, right });
export const plus = (left: Int, right: Int): Int => ({ op: 'binary', operator: '+', left, right });

/** A line of a function. A jump names the line it goes to; the line after the last returns 0. */
export type Line =
  | { readonly door: Door; readonly args: readonly Int[]; readonly result?: number; readonly cell?: Cell }
  | { readonly set: number; readonly value: Int }
  | { readonly unless: Int; readonly goTo: number }
  | { readonly goTo: number }
  | { readonly give: Int }
  | { readonly call: number; readonly args: readonly Int[]; readonly result?: number };

export function makeFunction(name: string, params: number, locals: number, lines: readonly Line[]): ImplFn {
  const source = (line: number): { file: string; line: number } => ({ file: `${name}.ts`, line: line + 1 });
  const blocks: ImplBlock[] = lines.map((line, n): ImplBlock => {
    if ('door' in line) {
      const ends = line.door === 'panic' || line.door === 'fail';
      const cell = line.cell === undefined ? {} : { cell: line.cell };
      const end = { op: 'door', door: line.door, args: line.args, result: line.result ?? -1, source: source(n), ...cell } as const;
      return { body: [], end: { ...end, next: ends ? -1 : n + 1 } };
    }
    if ('call' in line)
      return {
        body: [],
        end: { op: 'call', fn: line.call, args: line.args, result: line.result ?? -1, next: n + 1, source: source(n) },
      };
    if ('set' in line) return { body: [{ local: line.set, value: line.value }], end: { op: 'jump', to: n + 1 } };
    if ('give' in line) return { body: [], end: { op: 'return', value: line.give } };
    if ('unless' in line) return { body: [], end: { op: 'branch', cond: line.unless, then: n + 1, else: line.goTo } };
    return { body: [], end: { op: 'jump', to: line.goTo } };
  });
  blocks.push({ body: [], end: { op: 'return', value: null } });
  const pure = !lines.some((line) => 'door' in line || 'call' in line);
  return { name, source: source(0), params, locals: Array.from({ length: locals }, (_, n) => `v${n}`), blocks, pure };
}

export function makeProgram(functions: readonly ImplFn[], words: number, agents: readonly AgentProgram[]): Program {
  const names = Object.fromEntries(functions.map((fn, index) => [fn.name, index]));
  return { code: loadImplementation(emitImplementation({ functions, names })), words: new Int32Array(words), agents };
}

/** Threads that make one call each. */
export function threads(...calls: readonly (readonly [string, ...number[]])[]): AgentProgram[] {
  return calls.map(([fn, ...args], n) => ({
    name: `T${n + 1}`,
    kind: 'thread',
    script: [{ fn, args, label: `${fn}(${args.join(', ')})` }],
  }));
}

/** So many fetch-adds on one word by each of so many threads, each returning the sum of what it saw. */
export function fetchAdds(count: number, each: number): Program {
  const lines: Line[] = [];
  for (let n = 0; n < each; n++) {
    lines.push({ door: 'add', args: [constant(1), constant(1)], result: 0 });
    lines.push({ set: 1, value: plus(local(1), local(0)) });
  }
  lines.push({ give: local(1) });
  return makeProgram([makeFunction('adds', 0, 2, lines)], 4, threads(...Array.from({ length: count }, () => ['adds'] as const)));
}

/**
 * Increments of a plain word under a mutex made of a futex (Drepper's second): 0 free, 1 held, 2 held and somebody may sleep.
 */
export function futexMutex(count: number, each: number): Program {
  const [lock, value] = [1, 2];
  const at = constant(lock);
  const lockLines: Line[] = [
    { door: 'compareExchange', args: [at, constant(0), constant(1)], result: 0 },
    { unless: equals(local(0), constant(0)), goTo: 3 },
    { give: constant(0) },
    { door: 'exchange', args: [at, constant(2)], result: 0 },
    { unless: equals(local(0), constant(0)), goTo: 6 },
    { give: constant(0) },
    { door: 'wait', args: [at, constant(2)] },
    { goTo: 3 },
  ];
  const unlockLines: Line[] = [
    { door: 'exchange', args: [at, constant(0)], result: 0 },
    { unless: equals(local(0), constant(2)), goTo: 3 },
    { door: 'notify', args: [at, constant(1)] },
    { give: constant(0) },
  ];
  const body: Line[] = [
    { unless: { op: 'binary', operator: '<', left: local(1), right: local(0) }, goTo: 7 },
    { call: 0, args: [] },
    { door: 'get', args: [constant(value)], result: 2 },
    { door: 'put', args: [constant(value), plus(local(2), constant(1))] },
    { call: 1, args: [] },
    { set: 1, value: plus(local(1), constant(1)) },
    { goTo: 0 },
    { give: constant(0) },
  ];
  const functions = [makeFunction('lock', 0, 1, lockLines), makeFunction('unlock', 0, 1, unlockLines), makeFunction('work', 1, 3, body)];
  return makeProgram(functions, 4, threads(...Array.from({ length: count }, () => ['work', each] as const)));
}
