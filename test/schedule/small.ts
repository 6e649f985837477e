/**
 * Random small programs: two or three agents that lock, wait, notify, and touch a few words in every way there is. All share one
 * code; a program is its scripts. Most seeds give programs in which everything shared is atomic or under a lock; some have data
 * races, accesses of mixed widths, time-outs, promises and guards.
 */
import { emitImplementation } from '../../oracle/compile/impl-javascript.ts';
import { type ImplCode, loadImplementation } from '../../oracle/compile/impl-machine.ts';
import type { Cell, Door, ImplFn, Int } from '../../oracle/compile/ir-impl.ts';
import type { AgentProgram, Program, ScriptCall } from '../../oracle/schedule/program.ts';
import { dice } from '../compile/differential.ts';
import { constant, equals, type Line, local, makeFunction, plus } from './programs.ts';

/** What a program may have in it. */
export interface Ingredients {
  readonly agents: number;
  readonly calls: number;
  readonly plain: 'none' | 'locked' | 'anyhow';
  readonly widths: boolean;
  readonly futex: boolean;
  readonly timed: boolean;
  readonly promises: boolean;
  readonly guards: boolean;
}

/** Words of memory: one unused, a lock, two flags, two plain ones. */
const WORDS = 6;
const LOCK = 1;
const FLAGS = [2, 3] as const;
const DATA = [4, 5] as const;

const functions: ImplFn[] = [];
const numbers = new Map<string, number>();

function define(name: string, params: number, locals: number, lines: readonly Line[]): void {
  numbers.set(name, functions.push(makeFunction(name, params, params + locals, lines)) - 1);
}

function number(name: string): number {
  const found = numbers.get(name);
  if (found === undefined) throw new Error(`no function ${name}`);
  return found;
}

/** One access, of a cell if one is named; its result is that of the call. */
function straight(door: Door, params: number, cell?: Cell): string {
  const name = cell === undefined ? door : `${door}_${cell}`;
  const args: readonly Int[] = Array.from({ length: params }, (_, n) => local(n));
  const line: Line = cell === undefined ? { door, args, result: params } : { door, args, result: params, cell };
  define(name, params, 1, [line, { give: local(params) }]);
  return name;
}

const ATOMICS = { load: 1, store: 2, add: 2, sub: 2, and: 2, or: 2, xor: 2, exchange: 2, compareExchange: 3 } as const;
const CELLS_USED = ['i32', 'i8', 'u8', 'i16', 'u16'] as const;
for (const [door, params] of Object.entries(ATOMICS) as [keyof typeof ATOMICS, number][]) {
  straight(door, params);
  for (const cell of CELLS_USED) straight(door, params, cell);
}
for (const cell of CELLS_USED) {
  straight('get', 1, cell);
  straight('put', 2, cell);
}
for (const [door, params] of [
  ['get', 1],
  ['put', 2],
  ['zero', 2],
  ['getByte', 1],
  ['putByte', 2],
  ['copy', 3],
  ['wait', 2],
  ['waitFor', 2],
  ['notify', 2],
] as const)
  straight(door, params);

// Drepper's second mutex.
define('lock', 1, 1, [
  { door: 'compareExchange', args: [local(0), constant(0), constant(1)], result: 1 },
  { unless: equals(local(1), constant(0)), goTo: 3 },
  { give: constant(0) },
  { door: 'exchange', args: [local(0), constant(2)], result: 1 },
  { unless: equals(local(1), constant(0)), goTo: 6 },
  { give: constant(0) },
  { door: 'wait', args: [local(0), constant(2)] },
  { goTo: 3 },
]);
define('unlock', 1, 1, [
  { door: 'exchange', args: [local(0), constant(0)], result: 1 },
  { unless: equals(local(1), constant(2)), goTo: 3 },
  { door: 'notify', args: [local(0), constant(1)] },
  { give: constant(0) },
]);
/** increment(lock, at): a plain word under the lock. */
define('increment', 2, 1, [
  { call: number('lock'), args: [local(0)] },
  { door: 'get', args: [local(1)], result: 2 },
  { door: 'put', args: [local(1), plus(local(2), constant(1))] },
  { call: number('unlock'), args: [local(0)] },
  { give: plus(local(2), constant(1)) },
]);
/** tryIncrement(lock, at): only if nobody holds the lock. */
define('tryIncrement', 2, 1, [
  { door: 'compareExchange', args: [local(0), constant(0), constant(1)], result: 2 },
  { unless: equals(local(2), constant(0)), goTo: 7 },
  { door: 'get', args: [local(1)], result: 2 },
  { door: 'put', args: [local(1), plus(local(2), constant(1))] },
  { call: number('unlock'), args: [local(0)] },
  { give: constant(1) },
  { give: constant(0) },
  { give: constant(-1) },
]);
/** setAndNotify(at, value, count) */
define('setAndNotify', 3, 1, [
  { door: 'store', args: [local(0), local(1)] },
  { door: 'notify', args: [local(0), local(2)], result: 3 },
  { give: local(3) },
]);
/** untilNot(at, expected): looks, waits as long as it is so. */
define('untilNot', 2, 1, [
  { door: 'load', args: [local(0)], result: 2 },
  { unless: equals(local(2), local(1)), goTo: 4 },
  { door: 'wait', args: [local(0), local(1)] },
  { goTo: 0 },
  { give: local(2) },
]);
/** readIf(flag, value, at): a plain word, if the flag says so. */
define('readIf', 3, 1, [
  { door: 'load', args: [local(0)], result: 3 },
  { unless: equals(local(3), local(1)), goTo: 4 },
  { door: 'get', args: [local(2)], result: 3 },
  { give: local(3) },
  { give: constant(-1) },
]);
/** publish(at, value, flag, sign): a plain word, then the flag. */
define('publish', 4, 0, [
  { door: 'put', args: [local(0), local(1)] },
  { door: 'store', args: [local(2), local(3)] },
  { give: constant(0) },
]);
/** promise(at, expected, timed): waits asynchronously, and awaits it. */
define('promise', 3, 1, [
  { door: 'waitAsync', args: [local(0), local(1), local(2)], result: 3, cell: 'i32' },
  { unless: { op: 'binary', operator: '>=', left: local(3), right: constant(0) }, goTo: 4 },
  { door: 'settle', args: [local(3)], result: 3 },
  { give: local(3) },
  { give: constant(-1) },
]);
/** forget(at, expected): waits asynchronously, and never looks again. */
define('forget', 2, 1, [{ door: 'waitAsync', args: [local(0), local(1), constant(0)], result: 2, cell: 'i32' }, { give: local(2) }]);
/** tellAndLook(at, plain): a notify that may find nobody, between two plain accesses. */
define('tellAndLook', 3, 1, [
  { door: 'put', args: [local(1), constant(7)] },
  { door: 'notify', args: [local(0), constant(1)] },
  { door: 'get', args: [local(2)], result: 3 },
  { give: local(3) },
]);

const code: ImplCode = loadImplementation(emitImplementation({ functions, names: Object.fromEntries(numbers) }, { threadWords: 64 }));

type Roll = (below: number) => number;

function pick<T>(roll: Roll, from: readonly T[]): T {
  const found = from[roll(from.length)];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}

function anyCall(roll: Roll, has: Ingredients): ScriptCall {
  const flag = pick(roll, FLAGS);
  const data = pick(roll, DATA);
  const value = roll(3);
  const kinds: (() => [string, ...number[]])[] = [
    () => ['load', flag],
    () => ['store', flag, value],
    () => ['add', flag, 1],
    () => ['exchange', flag, value],
    () => ['compareExchange', flag, roll(2), value],
  ];
  if (has.plain !== 'none')
    kinds.push(
      () => ['increment', LOCK, data],
      () => ['tryIncrement', LOCK, data],
    );
  if (has.plain === 'anyhow')
    kinds.push(
      () => ['get', data],
      () => ['put', data, value],
      () => ['publish', data, value, flag, 1],
      () => ['publish', data, value, flag, 1],
      () => ['readIf', flag, 1, data],
      () => ['readIf', flag, 1, data],
      () => ['tellAndLook', flag, data, pick(roll, DATA)],
      () => ['tellAndLook', flag, data, pick(roll, DATA)],
      () => pick(roll, [['zero', data, 1] as [string, ...number[]], ['copy', 4 * data + roll(2), 4 * pick(roll, DATA), 1 + roll(3)]]),
      () => pick(roll, [['getByte', 4 * data + roll(4)] as [string, ...number[]], ['putByte', 4 * data + roll(4), value]]),
      () => ['get', flag],
    );
  if (has.widths) {
    const cell = pick(roll, CELLS_USED);
    const size = cell === 'i32' ? 4 : cell.endsWith('8') ? 1 : 2;
    const at = 4 * flag + size * roll(4 / size);
    const any = roll(700) - 300;
    kinds.push(
      () => [`load_${cell}`, at],
      () => [`store_${cell}`, at, any],
      () => [`${pick(roll, ['add', 'sub', 'and', 'or', 'xor', 'exchange'])}_${cell}`, at, any],
      () => [`compareExchange_${cell}`, at, roll(2), any],
      () => (has.plain === 'anyhow' && roll(2) === 0 ? [`get_${cell}`, at] : [`load_${cell}`, at]),
      () => (has.plain === 'anyhow' && roll(2) === 0 ? [`put_${cell}`, at, any] : [`store_${cell}`, at, any]),
    );
  }
  if (has.futex)
    kinds.push(
      () => ['wait', flag, roll(2)],
      () => ['untilNot', flag, roll(2)],
      () => ['notify', flag, roll(3)],
      () => ['setAndNotify', flag, 1 + roll(2), 1 + roll(2)],
      () => ['setAndNotify', flag, 1, 1 + roll(2)],
    );
  if (has.timed) kinds.push(() => ['waitFor', flag, roll(2)]);
  if (has.promises)
    kinds.push(
      () => ['promise', 4 * flag, roll(2), 0],
      () => ['promise', 4 * flag, roll(2), 0],
      () => ['forget', 4 * flag, roll(2)],
    );
  const [fn, ...args] = pick(roll, kinds)();
  const guarded = has.guards && roll(4) === 0;
  const call: ScriptCall = { fn, args, label: `${fn}(${args.join(', ')})` };
  return guarded ? { ...call, guard: { word: pick(roll, FLAGS), test: roll(3) === 0 ? 'zero' : 'nonzero' } } : call;
}

export function smallProgram(seed: number, has: Ingredients): Program {
  const roll = dice(seed);
  const agents = Array.from({ length: has.agents }, (_, agent): AgentProgram => {
    const script = Array.from({ length: 1 + roll(has.calls) }, () => anyCall(roll, has));
    return { name: `T${agent + 1}`, kind: agent > 1 && roll(3) === 0 ? 'actor' : 'thread', script };
  });
  return { code, words: new Int32Array(WORDS), agents };
}

/** A call of one of the functions above, as "name(1, 2)"; before it perhaps a guard, as "[3 zero]". */
function written(text: string): ScriptCall {
  const parts = /^(?:\[(\d+) (zero|nonzero)\] )?(\w+)\(([-\d, ]*)\)$/.exec(text);
  if (parts === null) throw new Error(`what is ${text}?`);
  const [, word, test, fn = '', args = ''] = parts;
  const call: ScriptCall = { fn, args: args === '' ? [] : args.split(',').map(Number), label: text };
  return word === undefined ? call : { ...call, guard: { word: Number(word), test: test === 'zero' ? 'zero' : 'nonzero' } };
}

/** A program of threads, each written as its calls. */
export function writtenProgram(...scripts: readonly (readonly string[])[]): Program {
  const agents = scripts.map((calls, agent): AgentProgram => ({ name: `T${agent + 1}`, kind: 'thread', script: calls.map(written) }));
  return { code, words: new Int32Array(WORDS), agents };
}

/** A mixture of ingredients that changes with the seed. */
export function mixture(seed: number): Ingredients {
  const roll = dice(seed * 7 + 1);
  const agents = 2 + roll(2);
  return {
    agents,
    calls: agents === 2 ? 4 : 2,
    plain: pick(roll, ['none', 'locked', 'locked', 'anyhow']),
    widths: roll(4) === 0,
    futex: roll(4) !== 0,
    timed: roll(5) === 0,
    promises: roll(5) === 0,
    guards: roll(5) === 0,
  };
}

export function describeProgram({ agents }: Program): string {
  return agents
    .map(
      ({ name, kind, script }) =>
        `${name} (${kind}): ${script.map(({ label, guard }) => (guard === undefined ? label : `[word ${guard.word} ${guard.test}] ${label}`)).join('; ')}`,
    )
    .join('\n');
}
