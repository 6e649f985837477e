/**
 * The *helpers* that transformed user code calls: they look at what is at hand and yield an access where it is shared memory, or do
 * what JavaScript does where it is not.
 */
import assert from 'node:assert';
import type { Region } from '../compile/atoms-memory.ts';
import type { ElementType } from '../compile/atoms-values.ts';
import { GET, INIT, SET } from './plain-source.ts';

export type SharedArray = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

interface At {
  readonly array: SharedArray;
  readonly index: number;
}

/** An access to one element. */
export type Shared = At &
  (
    | { readonly door: 'get' | 'load' }
    | { readonly door: 'put' | 'store' | 'add' | 'sub' | 'and' | 'or' | 'xor' | 'exchange'; readonly value: number }
    | { readonly door: 'compareExchange'; readonly expected: number; readonly value: number }
    | { readonly door: 'notify'; readonly count: number }
    | { readonly door: 'wait' | 'waitFor'; readonly expected: number }
    | { readonly door: 'waitAsync'; readonly expected: number; readonly timed: boolean }
  );

export type Request =
  | Shared
  | { readonly door: 'copy'; readonly to: number; readonly from: number; readonly bytes: number }
  | { readonly door: 'settle'; readonly ticket: number }
  | { readonly door: 'fail'; readonly id: string; readonly text: string };

type Steps<T = unknown> = Generator<Request, T, unknown>;
type Callable = (...args: readonly unknown[]) => unknown;

const GeneratorFunction = Object.getPrototypeOf(function* () {}) as object;
interface ArrayOf {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, start?: number, length?: number): SharedArray;
}
const ARRAYS: Readonly<Record<ElementType, ArrayOf>> = { Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array };

export interface Helpers {
  readonly memory: (name: string) => unknown;
  readonly platform: (specifier: string) => unknown;
  readonly console: unknown;
  readonly SharedArrayBuffer: unknown;
  readonly call: (fn: unknown, args: readonly unknown[]) => Steps;
}

/** Stands for a SharedArrayBuffer that the code makes at its top level. */
class Part {
  readonly start: number;
  readonly byteLength: number;
  constructor(start: number, byteLength: number) {
    this.start = start;
    this.byteLength = byteLength;
  }
}

function isShared(value: unknown): value is SharedArray {
  return ArrayBuffer.isView(value) && value.buffer instanceof SharedArrayBuffer;
}

/** A typed array that is not shared. */
function isOwn(value: unknown): value is SharedArray {
  return ArrayBuffer.isView(value) && !(value.buffer instanceof SharedArrayBuffer);
}

function* fail(id: string, text: string): Steps<never> {
  yield { door: 'fail', id, text };
  throw new Error('a thread that failed went on');
}

function* checked(array: SharedArray, index: number): Steps<At> {
  if (!Number.isInteger(index) || index < 0 || index >= array.length)
    return yield* fail('out-of-bounds', `index ${index} of ${array.length}`);
  return { array, index };
}

export function helpers(buffer: SharedArrayBuffer, regions: readonly Region[]): Helpers & Record<string, unknown> {
  const memory = (name: string): unknown => {
    const region = regions.find((each) => each.name === name);
    if (region === undefined) throw new Error(`no memory ${name}`);
    const { type, start, length } = region;
    return type === 'SharedArrayBuffer' ? new Part(start, length) : new ARRAYS[type](buffer, start, length);
  };
  // Buffers that the code makes are taken in the order of their making.
  const own = regions.filter(({ type }) => type === 'SharedArrayBuffer').map(({ start, length }) => new Part(start, length));
  const take = (): Part => own.shift() ?? assert.fail('a buffer that the compiler has not seen');

  function* atomic(name: string, args: readonly unknown[]): Steps {
    const [array, index, ...rest] = args;
    if (name === 'isLockFree') return Atomics.isLockFree(Number(array));
    if (name === 'pause') return undefined;
    if (!isShared(array)) throw new TypeError('not a shared array');
    const at = yield* checked(array, Math.trunc(Number(index)) || 0);
    const [a, b] = [Number(rest[0]), Number(rest[1])];
    switch (name) {
      case 'load':
        return yield { door: 'load', ...at };
      case 'store':
        yield { door: 'store', ...at, value: a };
        return Math.trunc(a) || 0;
      case 'add':
      case 'sub':
      case 'and':
      case 'or':
      case 'xor':
      case 'exchange':
        return yield { door: name, ...at, value: a };
      case 'compareExchange':
        return yield { door: 'compareExchange', ...at, expected: a, value: b };
      case 'notify':
        return yield { door: 'notify', ...at, count: rest[0] === undefined ? Number.POSITIVE_INFINITY : a };
      case 'wait':
        return yield { door: rest[1] === undefined || !Number.isFinite(b) ? 'wait' : 'waitFor', ...at, expected: a | 0 };
      case 'waitAsync':
        return yield { door: 'waitAsync', ...at, expected: a | 0, timed: rest[1] !== undefined && Number.isFinite(b) };
      default:
        throw new TypeError(`no Atomics.${name}`);
    }
  }

  function* get(object: unknown, key: unknown): Steps {
    if (isOwn(object) && typeof key === 'number') yield* checked(object, key);
    if (isShared(object) && typeof key === 'number') return yield { door: 'get', ...(yield* checked(object, key)) };
    if (object === null || object === undefined) throw new TypeError(`no ${String(key)} of ${object}`);
    const getter: unknown = Reflect.get(Object(object), `${GET}${String(key)}`);
    if (typeof getter === 'function') return yield* callOn(object, getter, []);
    return Reflect.get(Object(object), key as string, object);
  }

  function* set(object: unknown, key: unknown, value: unknown): Steps {
    if (isShared(object) && typeof key === 'number') {
      yield { door: 'put', ...(yield* checked(object, key)), value: Number(value) };
      return value;
    }
    if (isOwn(object) && typeof key === 'number') yield* checked(object, key);
    const setter: unknown = Reflect.get(object as object, `${SET}${String(key)}`);
    if (typeof setter === 'function') yield* callOn(object, setter, [value]);
    else (object as Record<string, unknown>)[String(key)] = value;
    return value;
  }

  function* update(object: unknown, key: unknown, change: (old: unknown) => Steps): Steps {
    return yield* set(object, key, yield* change(yield* get(object, key)));
  }

  function* stepBefore(object: unknown, key: unknown, by: number): Steps {
    return yield* set(object, key, Number(yield* get(object, key)) + by);
  }

  function* stepAfter(object: unknown, key: unknown, by: number): Steps {
    const old = Number(yield* get(object, key));
    yield* set(object, key, old + by);
    return old;
  }

  function* callOn(self: unknown, fn: unknown, args: readonly unknown[]): Steps {
    if (typeof fn !== 'function') throw new TypeError('not a function');
    if (Object.prototype.isPrototypeOf.call(GeneratorFunction, fn)) return yield* Reflect.apply(fn, self, args) as Steps;
    const name = Object.getOwnPropertyNames(Atomics).find((each) => Reflect.get(Atomics, each) === fn);
    if (name !== undefined) return yield* atomic(name, args);
    try {
      return Reflect.apply(fn as Callable, self, args);
    } catch (error) {
      return yield* fail('assertion', String(error));
    }
  }

  function* call(fn: unknown, args: readonly unknown[]): Steps {
    return yield* callOn(undefined, fn, args);
  }

  function* method(object: unknown, key: unknown, args: readonly unknown[]): Steps {
    if (object === Atomics) return yield* atomic(String(key), args);
    if (object === Array && key === 'from' && typeof args[1] === 'function')
      return yield* eachElement(Array.from(args[0] as ArrayLike<unknown>), 'map', [args[1]]);
    if (isShared(object) && typeof Reflect.get(object, key as string) === 'function') return yield* arrayMethod(object, String(key), args);
    if ((Array.isArray(object) || isOwn(object)) && typeof args[0] === 'function') return yield* eachElement(object, String(key), args);
    return yield* callOn(object, yield* get(object, key), args);
  }

  /** Methods of arrays that call back, in words of ECMA-262: each element is read when its turn comes. */
  function* eachElement(list: ArrayLike<unknown> & object, name: string, args: readonly unknown[]): Steps {
    const [fn, start] = args;
    const results: unknown[] = [];
    let sum = args.length > 1 ? start : list[0];
    for (let index = name === 'reduce' && args.length < 2 ? 1 : 0; index < list.length; index++) {
      const result = yield* call(fn, name === 'reduce' ? [sum, list[index], index] : [list[index], index]);
      if (name === 'some' && result) return true;
      if (name === 'every' && !result) return false;
      sum = result;
      results.push(result);
    }
    switch (name) {
      case 'forEach':
        return undefined;
      case 'some':
      case 'every':
        return name === 'every';
      case 'reduce':
        return sum;
      case 'map':
        return Array.isArray(list) ? results : Reflect.construct(list.constructor, [results]);
      default:
        throw new TypeError(`no plain .${name}()`);
    }
  }

  function* construct(made: unknown, args: readonly unknown[]): Steps {
    if (made === Taken) return take();
    const [part, offset, length] = args;
    if (part instanceof Part) {
      const array = Object.values(ARRAYS).find((each) => each === made);
      if (array === undefined) throw new TypeError('not an array of integers');
      const start = Number(offset ?? 0);
      return new array(buffer, part.start + start, Number(length ?? (part.byteLength - start) / array.BYTES_PER_ELEMENT));
    }
    if (typeof made !== 'function') throw new TypeError('not a class');
    if (isShared(part) && Object.values<unknown>(ARRAYS).includes(made)) {
      const elements: unknown[] = [];
      for (let index = 0; index < part.length; index++) elements.push(yield { door: 'get', array: part, index });
      return Reflect.construct(made, [elements]);
    }
    const prototype = Reflect.get(made, 'prototype') as object;
    if (!(INIT in prototype)) return Reflect.construct(made, args);
    const object: unknown = Object.create(prototype);
    yield* callOn(object, prototype[INIT], args);
    return object;
  }

  function* settled(value: unknown): Steps {
    if (typeof value === 'object' && value !== null && 'ticket' in value) return yield { door: 'settle', ticket: Number(value.ticket) };
    return value;
  }

  let catches = 0;

  function* thrown(error: unknown): Steps {
    if (catches > 0) throw error;
    return yield* fail('assertion', String(error));
  }

  function now(steps: Steps): unknown {
    const { done, value } = steps.next();
    if (done !== true) throw new Error('the top level touches shared memory');
    return value;
  }

  function* ifThere(object: unknown, work: () => Steps): Steps {
    return object === null || object === undefined ? undefined : yield* work();
  }

  /** Stands for the constructor of shared buffers. */
  class Taken {}

  return {
    memory,
    platform: (specifier) => (/^(node:)?assert(\/strict)?$/.test(specifier) ? assert : {}),
    console: { log: () => {}, error: () => {}, assert: (cond: unknown, text: unknown) => assert(cond, String(text)) },
    SharedArrayBuffer: Taken,
    get,
    set,
    update,
    stepBefore,
    stepAfter,
    call,
    method,
    construct,
    settled,
    thrown,
    caught: () => {
      catches++;
    },
    caughtNoMore: () => {
      catches--;
    },
    now,
    getIfThere: (object: unknown, key: unknown) => ifThere(object, () => get(object, key)),
    methodIfThere: (object: unknown, key: unknown, args: readonly unknown[]) => ifThere(object, () => method(object, key, args)),
  };
}

/** Methods of typed arrays, one access after the other as ECMA-262 has them. */
function* arrayMethod(array: SharedArray, name: string, args: readonly unknown[]): Steps {
  const { length, BYTES_PER_ELEMENT: size } = array;
  const bound = (value: unknown, otherwise: number): number => {
    if (value === undefined) return otherwise;
    const whole = Math.trunc(Number(value)) || 0;
    return whole < 0 ? Math.max(0, length + whole) : Math.min(whole, length);
  };
  if (name === 'fill') {
    const [from, to] = [bound(args[1], 0), bound(args[2], length)];
    for (let index = from; index < to; index++) yield { door: 'put', array, index, value: Number(args[0]) };
    return array;
  }
  if (name === 'copyWithin') {
    const [to, from, end] = [bound(args[0], 0), bound(args[1], 0), bound(args[2], length)];
    const count = Math.min(end - from, length - to);
    const at = (index: number): number => array.byteOffset + index * size;
    if (count > 0) yield { door: 'copy', to: at(to), from: at(from), bytes: count * size };
    return array;
  }
  if (name === 'at') {
    const at = Math.trunc(Number(args[0])) || 0;
    return yield { door: 'get', ...(yield* checked(array, at < 0 ? at + length : at)) };
  }
  if (name === 'set') {
    const [source, offset] = [args[0], Number(args[1] ?? 0)];
    const count = (source as ArrayLike<unknown>).length;
    if (offset < 0 || offset + count > length) return yield* fail('out-of-bounds', `${count} elements at ${offset} of ${length}`);
    if (isShared(source) && source.constructor === array.constructor) {
      yield { door: 'copy', to: array.byteOffset + offset * size, from: source.byteOffset, bytes: count * size };
      return undefined;
    }
    for (let index = 0; index < count; index++) {
      const value: unknown = isShared(source) ? yield { door: 'get', array: source, index } : (source as ArrayLike<unknown>)[index];
      yield { door: 'put', array, index: offset + index, value: Number(value) };
    }
    return undefined;
  }
  if (name === 'subarray') return Reflect.apply(array.subarray, array, args);
  throw new TypeError(`no plain .${name}()`);
}
