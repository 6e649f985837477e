/**
 * The IR of *implementation code*: functions over whole numbers whose control flow is a graph of blocks. A block ends at each
 * access through the door to shared memory and at each call, so that a thread can stand still there with nothing but numbers:
 * a call stack of frames, each with its function, the block it goes on with, and the locals alive there.
 *
 * Numbers are JavaScript's within a block, and 32-bit integers between blocks; code that keeps to int32 sees no difference.
 * Booleans are 0 and 1.
 */
import type { Source } from './ir.ts';

export type BinaryOperator = '+' | '-' | '*' | '%' | '&' | '|' | '^' | '<<' | '>>' | '>>>' | '===' | '!==' | '<' | '<=' | '>' | '>=';

/** A number; no effects. Comparisons and logic give 0 or 1. */
export type Int =
  | { readonly op: 'const'; readonly value: number }
  | { readonly op: 'local'; readonly local: number }
  | { readonly op: 'unary'; readonly operator: '-' | '~' | '!'; readonly arg: Int }
  | { readonly op: 'binary'; readonly operator: BinaryOperator; readonly left: Int; readonly right: Int }
  | { readonly op: 'and' | 'or'; readonly left: Int; readonly right: Int }
  | { readonly op: 'choose'; readonly cond: Int; readonly then: Int; readonly else: Int }
  | { readonly op: 'math'; readonly name: 'imul' | 'min' | 'max' | 'clz32'; readonly args: readonly Int[] }
  /** A word that never changes once the kernel is shared: no access in the sense of the engines. */
  | { readonly op: 'fixed'; readonly at: Int }
  /** A call of a function that touches no shared memory. */
  | { readonly op: 'call'; readonly fn: number; readonly args: readonly Int[] };

export interface Assignment {
  readonly local: number;
  readonly value: Int;
}

/** What the door offers. `wait` is the only access that blocks; `panic` never returns. */
export const DOORS = [
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
export type Door = (typeof DOORS)[number];

export type ImplEnd =
  | { readonly op: 'jump'; readonly to: number }
  | { readonly op: 'branch'; readonly cond: Int; readonly then: number; readonly else: number }
  | { readonly op: 'return'; readonly value: Int | null }
  /** An access; the result goes to a local (-1: dropped), the function goes on at `next`. */
  | {
      readonly op: 'door';
      readonly door: Door;
      readonly args: readonly Int[];
      readonly result: number;
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
