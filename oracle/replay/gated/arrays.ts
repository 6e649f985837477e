/**
 * The gate before *arrays*: the code gets an `Atomics` that rests before each operation, and arrays that do so before each element where
 * plain accesses are gated too. The operations themselves are those of the engine, on real shared memory.
 */
import assert from 'node:assert';
import type { Region } from '../../compile/atoms-memory.ts';
import type { Door } from '../../compile/ir-impl.ts';
import { linker } from '../../link.ts';
import type { Caller } from './door.ts';
import type { Gate, GatedTask } from './gate.ts';

type View = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;
type Make = new (buffer: SharedArrayBuffer, start: number, length: number) => View;
const TYPES: Readonly<Record<Exclude<Region['type'], 'SharedArrayBuffer'>, Make>> = {
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
};

/** Everybody who waits. */
const ALL = 0x7fffffff;
const OUTCOMES = ['ok', 'not-equal', 'timed-out'] as const;
const UPDATES = ['add', 'sub', 'and', 'or', 'xor', 'exchange'] as const;

/** The code does something that a gated thread can't do as it would by itself. */
export class NotFollowed extends Error {}

export function arraysCaller({ modules, memory, gated }: GatedTask, file: string, regions: readonly Region[], gate: Gate): Caller {
  const views = new Map<object, View>();
  const shared = new Map<string, object>();
  for (const { name, type, start, length } of regions) {
    if (type === 'SharedArrayBuffer') continue;
    const view = new TYPES[type](memory, start, length);
    const guarded = elementsOf(view, gated, gate);
    views.set(guarded, view);
    shared.set(name, guarded);
  }
  const load = linker((path) => modules[path], 'gated', {
    globals: { Atomics: gatedAtomics(views, gate), SharedArrayBuffer: undefined },
    packages: { 'node:assert': { ...assert, default: assert, __esModule: true } },
  });
  const exported = load(file);
  return (fn, args) => {
    const found = exported[fn];
    if (typeof found !== 'function') throw new NotFollowed(`${file} exports no function ${fn}`);
    const answer = (found as (...given: readonly unknown[]) => unknown)(
      ...args.map((arg) => (typeof arg === 'string' ? shared.get(arg) : arg)),
    );
    if (answer instanceof Promise) throw new NotFollowed(`${fn} is asynchronous, and threads are followed from access to access only`);
    return answer;
  };
}

/** As the machine has it: the index of a word, the address of anything smaller. */
function placeOf(view: View, index: number): number {
  const byte = view.byteOffset + index * view.BYTES_PER_ELEMENT;
  return view.BYTES_PER_ELEMENT === 4 ? byte >> 2 : byte;
}

function inside(view: View, index: number): number {
  if (!Number.isInteger(index) || index < 0 || index >= view.length) throw new RangeError(`index ${index} is outside of the array`);
  return index;
}

/** An array whose elements are accesses; of all else only the length is there. */
function elementsOf(view: View, gated: readonly Door[], gate: Gate): object {
  const plain = (door: 'get' | 'put', args: readonly number[], perform: () => number): number =>
    gated.includes(door)
      ? gate.access(door, args, perform, view.BYTES_PER_ELEMENT)
      : gate.plain(door, args, perform, view.BYTES_PER_ELEMENT);
  return new Proxy(view, {
    get: (_target, key) => {
      if (key === 'length') return view.length;
      const index = indexOf(view, key);
      return plain('get', [placeOf(view, index)], () => view[index] ?? 0);
    },
    set: (_target, key, value: unknown) => {
      const index = indexOf(view, key);
      const number = Number(value);
      plain('put', [placeOf(view, index), number | 0], () => {
        view[index] = number;
        return 0;
      });
      return true;
    },
  });
}

function indexOf(view: View, key: string | symbol): number {
  const index = typeof key === 'string' ? Number(key) : Number.NaN;
  if (Number.isNaN(index)) throw new NotFollowed(`${String(key)} of a shared array: only elements and the length are followed`);
  return inside(view, index);
}

type Operation = (array: object, index?: number, ...rest: readonly (number | undefined)[]) => unknown;

function gatedAtomics(views: ReadonlyMap<object, View>, gate: Gate): Readonly<Record<string, Operation>> {
  const on = (door: Door, args: (view: View, rest: readonly number[]) => readonly number[], perform: Perform): Operation => {
    return (array, index = 0, ...rest) => {
      const view = views.get(array);
      if (view === undefined) throw new NotFollowed('Atomics on an array that is not one of those shared by name');
      const at = inside(view, Math.trunc(index));
      const given = rest.map((value) => Number(value ?? Number.NaN));
      return gate.access(door, [placeOf(view, at), ...args(view, given)], () => perform(view, at, given), view.BYTES_PER_ELEMENT);
    };
  };
  const word = (_view: View, [value = 0]: readonly number[]): readonly number[] => [value | 0];
  const updates = UPDATES.map((name) => [name, on(name, word, (view, at, [value = 0]) => Atomics[name](view, at, value))] as const);
  const wait: Operation = on('wait', word, () => 0);
  const waitFor: Operation = on('waitFor', word, () => 0);
  const arm = on(
    'waitAsync',
    (_view, [value = 0, time]) => [value | 0, isTimed(time) ? 1 : 0],
    () => 0,
  );
  return {
    ...Object.fromEntries(updates),
    load: on(
      'load',
      () => [],
      (view, at) => Atomics.load(view, at),
    ),
    store: on('store', word, (view, at, [value = 0]) => Atomics.store(view, at, value)),
    compareExchange: on(
      'compareExchange',
      (view, [expected = 0, replacement = 0]) => [elementOf(view, expected), replacement | 0],
      (view, at, [expected = 0, replacement = 0]) => Atomics.compareExchange(view, at, expected, replacement),
    ),
    notify: on(
      'notify',
      (_view, [count]) => [countOf(count)],
      () => 0,
    ),
    wait: (array, index, expected, time) => OUTCOMES[Number((isTimed(time) ? waitFor : wait)(array, index, expected))],
    waitAsync: (array, index, expected, time) =>
      Number(arm(array, index, expected, time)) < 0
        ? { async: false, value: 'not-equal' }
        : { async: true, value: new Promise(() => undefined) },
    pause: () => undefined,
    isLockFree: (bytes) => Atomics.isLockFree(Number(bytes)),
  };
}

type Perform = (view: View, at: number, rest: readonly number[]) => number;

/** A value as an element of the array holds it, as a word. */
function elementOf(view: View, value: number): number {
  const one = view.slice(0, 1);
  one[0] = value;
  return (one[0] ?? 0) | 0;
}

function isTimed(time: number | undefined): boolean {
  return time !== undefined && !Number.isNaN(time) && time !== Number.POSITIVE_INFINITY;
}

function countOf(count: number | undefined): number {
  return count === undefined || Number.isNaN(count) ? ALL : Math.min(ALL, Math.max(0, Math.trunc(count)));
}
