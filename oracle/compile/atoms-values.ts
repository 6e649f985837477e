/**
 * The *values* of user code while it is compiled. Some exist when it runs (a number, a boolean, a string: words of a frame),
 * all others only now: arrays over shared memory, objects, functions, classes are looked through, so that of `this.cells[i + 1]`
 * there remains an address. What such a value has inside may again exist at run time: the start of a subarray, a field.
 */
import type { ts } from 'ts-morph';
import { type Kind, kindOfNumber } from './atoms-types.ts';
import type { FunctionNode } from './frontend-context.ts';
import type { Int } from './ir-impl.ts';

/** Element types of arrays that can be explored; a plain access and an atomic one of these never tears. */
export const ELEMENTS = {
  Int8Array: { bytes: 1, signed: true },
  Uint8Array: { bytes: 1, signed: false },
  Int16Array: { bytes: 2, signed: true },
  Uint16Array: { bytes: 2, signed: false },
  Int32Array: { bytes: 4, signed: true },
  Uint32Array: { bytes: 4, signed: false },
} as const;

export type ElementType = keyof typeof ELEMENTS;

export function isElementType(name: string): name is ElementType {
  return Object.hasOwn(ELEMENTS, name);
}

export interface Scalar {
  readonly is: 'scalar';
  readonly kind: Kind;
  readonly expr: Int;
}

/** `undefined` or `null`, known when compiled. */
export interface None {
  readonly is: 'none';
  readonly which: 'undefined' | 'null';
}

/** A value or none: the tag is 0 for the value, 1 for undefined, 2 for null. */
export interface Maybe {
  readonly is: 'maybe';
  readonly tag: Int;
  readonly value: Scalar;
  /** Which of the two it may be. */
  readonly undefined: boolean;
  readonly null: boolean;
}

export const TAGS = { undefined: 1, null: 2 } as const;

/** A SharedArrayBuffer, or a part of the memory that stands for one. */
export interface BufferValue {
  readonly is: 'buffer';
  readonly name: string;
  readonly start: number;
  readonly bytes: number;
}

/** An array over shared memory. */
export interface ArrayValue {
  readonly is: 'array';
  readonly name: string;
  readonly element: ElementType;
  readonly buffer: BufferValue;
  /** First byte of the shared memory, and the number of elements. */
  readonly start: Int;
  readonly length: Int;
}

export interface ObjectValue {
  readonly is: 'object';
  /** Of a class, its name; for messages. */
  readonly name: string;
  readonly members: ClassValue | null;
  readonly fields: Map<string, Slot>;
  /** Getters and setters of an object that is written out. */
  readonly accessors?: ReadonlyMap<string, { readonly get?: FunctionValue; readonly set?: FunctionValue }>;
}

/** Where a field or a name gets its value: one known when compiled, or a variable of the function. */
export type Slot = { readonly is: 'value'; readonly value: Value } | { readonly is: 'variable'; readonly variable: Variable };

export interface ListValue {
  readonly is: 'list';
  readonly elements: readonly Value[];
}

/** An array that a thread has for itself: a variable for each element. */
export interface CellsValue {
  readonly is: 'cells';
  readonly name: string;
  /** Of a typed array; null of one that holds any values. */
  readonly element: ElementType | null;
  readonly variables: readonly Variable[];
}

/** One of several values, by a number known only at run time. */
export interface ChoiceValue {
  readonly is: 'choice';
  readonly index: Int;
  readonly options: readonly Value[];
}

export type Code = FunctionNode | ts.MethodDeclaration | ts.GetAccessorDeclaration | ts.SetAccessorDeclaration | ts.ConstructorDeclaration;

export interface FunctionValue {
  readonly is: 'function';
  readonly name: string;
  readonly node: Code;
  /** What it sees of the functions around it; null at the top level. */
  readonly scope: Scope | null;
  readonly self: Value | null;
  /** The class it belongs to. */
  readonly home: ClassValue | null;
}

export interface ClassValue {
  readonly is: 'class';
  readonly name: string;
  readonly node: ts.ClassLikeDeclaration;
  readonly scope: Scope | null;
  readonly parent: ClassValue | null;
}

/** Something of the platform, by its path: `Atomics`, `Atomics.load`, `Math.max`, `Int32Array`. */
export interface PlatformValue {
  readonly is: 'platform';
  readonly path: string;
  /** From a package or a module of Node, and no global name. */
  readonly imported: boolean;
}

/** A module, by the name it was given in an import. */
export interface ModuleValue {
  readonly is: 'module';
  readonly symbol: ts.Symbol;
}

/** A string made at run time: for messages only. */
export interface TextValue {
  readonly is: 'text';
}

/** An error, or whatever else was thrown: a `catch` may throw it again, or put it into a message. */
export interface ErrorValue {
  readonly is: 'error';
}

/** A method of an array over shared memory, taken but not called yet. */
export interface MethodValue {
  readonly is: 'method';
  readonly of: ArrayValue;
  readonly name: string;
}

/** The outcome of an asynchronous function: what it returned; or of `waitAsync`, its place in the wait list. */
export interface PromiseValue {
  readonly is: 'promise';
  readonly of: Value;
  readonly ticket: Int | null;
}

export type Value =
  | Scalar
  | None
  | Maybe
  | BufferValue
  | ArrayValue
  | ObjectValue
  | ListValue
  | CellsValue
  | ChoiceValue
  | FunctionValue
  | ClassValue
  | PlatformValue
  | ModuleValue
  | TextValue
  | ErrorValue
  | MethodValue
  | PromiseValue;

/** A variable of a function: a local of its graph, one more for its tag if it needs one. */
export interface Variable {
  readonly name: string;
  readonly key: string;
  readonly local: number;
  readonly tag: number;
}

/** The names of one block of source, and the scope around it. */
export class Scope {
  readonly parent: Scope | null;
  private readonly slots = new Map<ts.Symbol, Slot>();

  constructor(parent: Scope | null) {
    this.parent = parent;
  }

  define(symbol: ts.Symbol, slot: Slot): void {
    this.slots.set(symbol, slot);
  }

  find(symbol: ts.Symbol): Slot | undefined {
    return this.slots.get(symbol) ?? this.parent?.find(symbol);
  }
}

export const UNDEFINED: None = { is: 'none', which: 'undefined' };

export function scalar(kind: Kind, expr: Int): Scalar {
  return { is: 'scalar', kind, expr };
}

export function numberValue(value: number): Scalar {
  return scalar(kindOfNumber(value), { op: 'const', value });
}

export function booleanValue(value: boolean): Scalar {
  return scalar('boolean', { op: 'const', value: value ? 1 : 0 });
}

/** Whether a value is an instance of a class: known of what is looked through. Undefined: only a run could tell. */
export function isInstanceOf(value: Value, of: Value): boolean | undefined {
  if (value.is === 'scalar' || value.is === 'none' || value.is === 'maybe') return false;
  if (of.is === 'class') {
    if (value.is !== 'object') return value.is === 'error' || value.is === 'choice' ? undefined : false;
    for (let at = value.members; at !== null; at = at.parent) if (at.node === of.node) return true;
    return false;
  }
  if (of.is !== 'platform' || of.imported) return undefined;
  if (value.is === 'array' || (value.is === 'cells' && value.element !== null)) return of.path === 'Object' || of.path === value.element;
  if (value.is === 'buffer') return of.path === 'Object' || of.path === 'SharedArrayBuffer';
  if (value.is === 'list' || value.is === 'cells') return of.path === 'Object' || of.path === 'Array';
  return undefined;
}

/** What a value is, for messages. */
export function describe(value: Value): string {
  switch (value.is) {
    case 'scalar':
      return value.kind === 'boolean' || value.kind === 'string' ? `a ${value.kind}` : 'a number';
    case 'none':
      return `\`${value.which}\``;
    case 'maybe':
      return 'a value that may be missing';
    case 'buffer':
      return 'a SharedArrayBuffer';
    case 'array':
      return `an ${value.element}`.replace('an U', 'a U');
    case 'object':
      return value.name === '' ? 'an object' : `an object of class ${value.name}`;
    case 'list':
      return 'a list';
    case 'cells':
      return 'an array of the thread itself';
    case 'choice':
      return 'one of several objects';
    case 'function':
    case 'method':
      return 'a function';
    case 'class':
      return 'a class';
    case 'platform':
      return `\`${value.path}\``;
    case 'promise':
      return 'a promise';
    case 'module':
      return 'a module';
    case 'text':
      return 'a string made at run time';
    case 'error':
      return 'something that was thrown';
  }
}
