/**
 * The IR of *implementation code*: functions over whole numbers whose control flow is a graph of blocks. A block ends at each
 * access through the door to shared memory and at each call, so that a thread can stand still there with nothing but numbers:
 * a call stack of frames, each with its function, the block it goes on with, and the locals alive there.
 *
 * Numbers are JavaScript's within a block, and 32-bit integers between blocks; code that keeps to int32 sees no difference.
 * Booleans are 0 and 1.
 */
import type { Source } from './ir.ts';

export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>' | '>>>' | '===' | '!==' | '<' | '<=' | '>' | '>=';

/** Functions of `Math` that always give the same number for the same numbers. */
export const MATH = ['imul', 'min', 'max', 'clz32', 'abs', 'floor', 'ceil', 'trunc', 'round', 'sign'] as const;
export type MathName = (typeof MATH)[number];

/** A number; no effects. Comparisons and logic give 0 or 1. */
export type Int =
  | { readonly op: 'const'; readonly value: number }
  | { readonly op: 'local'; readonly local: number }
  | { readonly op: 'unary'; readonly operator: '-' | '~' | '!'; readonly arg: Int }
  | { readonly op: 'binary'; readonly operator: BinaryOperator; readonly left: Int; readonly right: Int }
  | { readonly op: 'and' | 'or'; readonly left: Int; readonly right: Int }
  | { readonly op: 'choose'; readonly cond: Int; readonly then: Int; readonly else: Int }
  | { readonly op: 'math'; readonly name: MathName; readonly args: readonly Int[] }
  /** A word that never changes once the kernel is shared: no access in the sense of the engines. */
  | { readonly op: 'fixed'; readonly at: Int }
  /** A call of a function that touches no shared memory. */
  | { readonly op: 'call'; readonly fn: number; readonly args: readonly Int[] };

export interface Assignment {
  readonly local: number;
  readonly value: Int;
}

/** What the door of the kernel offers. */
export const KERNEL_DOORS = [
  'get',
  'put',
  'zero',
  'load',
  'store',
  'compareExchange',
  'add',
  'or',
  'and',
  'exchange',
  'wait',
  'notify',
  'pause',
  'getByte',
  'putByte',
  'copy',
  'panic',
] as const;

/**
 * Every access there is. Arguments, and the result if it is not 0; `at` is the index of a word, or with a `cell` a byte address
 * (which is a multiple of the cell's bytes).
 *
 *   plain      get(at) → value           put(at, value)              zero(at, words)     copy(to, from, bytes): byte addresses
 *              getByte(byte) → value     putByte(byte, value)
 *   atomic     load(at) → value          store(at, value)            exchange(at, value) → old
 *              compareExchange(at, expected, replacement) → old      add sub and or xor (at, value) → old
 *   futex      wait(at, expected) → 0 woken, 1 not equal             waitFor(at, expected) → 0, 1, or 2 timed out (at any time)
 *              notify(at, count) → woken                             these are on 32-bit cells
 *              waitAsync(at, expected, timed) → a ticket, or -1 not equal: it stands in the same list and does not block
 *              settle(ticket) → 0 woken, 2 timed out: blocks until the ticket is settled (a promise that is awaited)
 *   lock       acquire(at, busy, amount) adds the amount; it is possible only while the word has none of the bits of `busy`
 *   no access  pause()
 *   the end    panic(code, about)        fail(message, about): an assertion of the user's code, by the number of its message
 */
export const DOORS = [...KERNEL_DOORS, 'sub', 'xor', 'waitFor', 'waitAsync', 'settle', 'fail', 'acquire'] as const;
export type Door = (typeof DOORS)[number];

/** The element types of integer arrays, as far as their values are 32-bit integers in a frame. */
export const CELLS = ['i32', 'i8', 'u8', 'i16', 'u16'] as const;
export type Cell = (typeof CELLS)[number];
export const CELL_BYTES: Readonly<Record<Cell, number>> = { i32: 4, i8: 1, u8: 1, i16: 2, u16: 2 };

export type ImplEnd =
  | { readonly op: 'jump'; readonly to: number }
  | { readonly op: 'branch'; readonly cond: Int; readonly then: number; readonly else: number }
  | { readonly op: 'return'; readonly value: Int | null }
  /** An access; the result goes to a local (-1: dropped), the function goes on at `next`. */
  | {
      readonly op: 'door';
      readonly door: Door;
      /** The element that get, put, the atomic accesses and the futex work on; `at` is then a byte address. */
      readonly cell?: Cell;
      readonly args: readonly Int[];
      readonly result: number;
      /** -1 after `panic` and `fail`. */
      readonly next: number;
      readonly source: Source;
    }
  | {
      readonly op: 'call';
      readonly fn: number;
      readonly args: readonly Int[];
      readonly result: number;
      readonly next: number;
      readonly source: Source;
    };

export interface ImplBlock {
  readonly body: readonly Assignment[];
  readonly end: ImplEnd;
}

export interface ImplFn {
  readonly name: string;
  readonly source: Source;
  /** The first locals are the parameters; the kernel itself is not one. */
  readonly params: number;
  readonly locals: readonly string[];
  readonly blocks: readonly ImplBlock[];
  /** Touches no shared memory, itself or through calls: can be called inside an expression. */
  readonly pure: boolean;
}

export interface ImplProgram {
  readonly functions: readonly ImplFn[];
  /** Number of a function by its name. */
  readonly names: Readonly<Record<string, number>>;
}
