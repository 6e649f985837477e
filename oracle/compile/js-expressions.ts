/**
 * Expressions as JavaScript over packed words `w`. A place becomes a word and a shift, both folded as far as indices are
 * constant. Short quantifiers are unrolled, which makes their indices constant; long ones become functions with a loop.
 */
import { unreachable } from './errors.ts';
import { withConstant } from './fold.ts';
import type { Expr, Local, Place } from './ir.ts';
import { FAULT, fieldAt, type Layout, type Node } from './layout.ts';
import { forEachExpr, forEachLocal } from './walk.ts';

/** A number that is known now, or JavaScript that computes it. */
export type Term = number | string;

/** Where a cell lies. */
export interface Address {
  readonly word: Term;
  readonly shift: Term;
  readonly node: Node;
}

/** Where generated helper functions are collected. */
export interface Emitter {
  readonly layout: Layout;
  readonly helpers: string[];
  /** The locals of the code being emitted: a `set` that is checked needs their types. */
  readonly locals: readonly Local[];
  /** Whether to count the rules that decide. */
  readonly countRules: boolean;
  /** Kinds of ids of which `first` is not the first but any: `Z` chooses from the set. */
  readonly anyOf: ReadonlySet<string>;
}

/** How many nodes a quantifier may grow to when it is unrolled. */
const UNROLL = 80;

export function plus(a: Term, b: Term): Term {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a === 0) return b;
  if (b === 0) return a;
  return `${a} + ${b}`;
}

/** The number that an expression stands for; safe to put into any operator. */
export function num(emitter: Emitter, expr: Expr): string {
  switch (expr.op) {
    case 'const':
      return expr.value < 0 ? `(${expr.value})` : String(expr.value);
    case 'local':
      return `l${expr.local}`;
    case 'read':
      return `(${readCode(address(emitter, expr.place))})`;
    case 'add':
      return `(${num(emitter, expr.left)} + ${num(emitter, expr.right)})`;
    case 'sub':
      return `(${num(emitter, expr.left)} - ${num(emitter, expr.right)})`;
    case 'mul':
      return `(${num(emitter, expr.left)} * ${num(emitter, expr.right)})`;
    case 'min':
    case 'max':
      return `Math.${expr.op}(${num(emitter, expr.left)}, ${num(emitter, expr.right)})`;
    case 'ite':
      return `(${cond(emitter, expr.cond)} ? ${num(emitter, expr.then)} : ${num(emitter, expr.else)})`;
    case 'wrap':
      return `(${num(emitter, expr.arg)} + 1)`;
    case 'unwrap':
      if (expr.site >= 0) return `U(w, ${num(emitter, expr.arg)}, ${expr.site})`;
      return `(${num(emitter, expr.arg)} - 1)`;
    case 'call':
      return `f${expr.fn}(${['w', ...expr.args.map((arg) => num(emitter, arg))].join(', ')})`;
    case 'count':
    case 'first':
      return quantifierCode(emitter, expr);
    case 'not':
    case 'and':
    case 'or':
    case 'eq':
    case 'ne':
    case 'lt':
    case 'le':
    case 'some':
    case 'every':
      return `(${cond(emitter, expr)} ? 1 : 0)`;
    default:
      return unreachable(expr);
  }
}

const COMPARE = { eq: '===', ne: '!==', lt: '<', le: '<=' } as const;

/** An expression for its truth. */
export function cond(emitter: Emitter, expr: Expr): string {
  switch (expr.op) {
    case 'const':
      return expr.value !== 0 ? 'true' : 'false';
    case 'not':
      return `!(${cond(emitter, expr.arg)})`;
    case 'and':
      return `(${cond(emitter, expr.left)} && ${cond(emitter, expr.right)})`;
    case 'or':
      return `(${cond(emitter, expr.left)} || ${cond(emitter, expr.right)})`;
    case 'eq':
    case 'ne':
    case 'lt':
    case 'le':
      return `(${num(emitter, expr.left)} ${COMPARE[expr.op]} ${num(emitter, expr.right)})`;
    case 'ite':
      return `(${cond(emitter, expr.cond)} ? ${cond(emitter, expr.then)} : ${cond(emitter, expr.else)})`;
    case 'some':
    case 'every':
      return quantifierCode(emitter, expr);
    default:
      return `${num(emitter, expr)} !== 0`;
  }
}

type Quantifier = Extract<Expr, { op: 'some' | 'every' | 'count' | 'first' }>;

function quantifierCode(emitter: Emitter, expr: Quantifier): string {
  let nodes = 0;
  forEachExpr(expr.body, (e) => {
    nodes += e.op === 'some' || e.op === 'every' || e.op === 'count' || e.op === 'first' ? 10 * e.size : 1;
  });
  if (nodes * expr.size > UNROLL) return quantifierLoop(emitter, expr);
  const parts = Array.from({ length: expr.size }, (_, value) => withConstant(expr.body, expr.local, value));
  switch (expr.op) {
    case 'some':
      return `(${parts.map((p) => cond(emitter, p)).join(' || ')})`;
    case 'every':
      return `(${parts.map((p) => cond(emitter, p)).join(' && ')})`;
    case 'count':
      return `(${parts.map((p) => num(emitter, p)).join(' + ')})`;
    case 'first':
      if (isAny(emitter, expr)) return `Z(${parts.map((p, value) => `(${cond(emitter, p)} ? ${2 ** value} : 0)`).join(' | ')})`;
      return `(${parts.map((p, value) => `${cond(emitter, p)} ? ${value + 1} : `).join('')}0)`;
    default:
      return unreachable(expr.op);
  }
}

function isAny(emitter: Emitter, { op, type }: Quantifier): boolean {
  return op === 'first' && type.kind === 'id' && emitter.anyOf.has(type.of);
}

function quantifierLoop(emitter: Emitter, expr: Quantifier): string {
  const free = new Set<number>();
  forEachLocal(expr, (local) => free.add(local));
  const parameters = [...free].sort((a, b) => a - b).map((local) => `l${local}`);
  const body = cond(emitter, expr.body);
  const name = `q${emitter.helpers.length}`;
  const variable = `l${expr.local}`;
  const any = isAny(emitter, expr);
  const inside = {
    some: `if (${body}) return true; } return false;`,
    every: `if (!(${body})) return false; } return true;`,
    count: `if (${body}) n++; } return n;`,
    first: any ? `if (${body}) n |= 1 << ${variable}; } return Z(n);` : `if (${body}) return ${variable} + 1; } return 0;`,
  }[expr.op];
  const start = expr.op === 'count' || any ? 'let n = 0; ' : '';
  emitter.helpers.push(
    `function ${name}(${['w', ...parameters].join(', ')}) { ${start}for (let ${variable} = 0; ${variable} < ${expr.size}; ${variable}++) { ${inside} }`,
  );
  return `${name}(${['w', ...parameters].join(', ')})`;
}

/** Where a place of the state lies. */
export function address(emitter: Emitter, place: Place): Address {
  let at: Address = { word: 0, shift: 0, node: emitter.layout.root };
  for (const step of place.steps) {
    at =
      'field' in step
        ? fieldAddress(at, step.field)
        : elementAddress(at, step.index.op === 'const' ? step.index.value : num(emitter, step.index));
  }
  return at;
}

export function fieldAddress(at: Address, name: string): Address {
  const { at: offset, node } = fieldAt(at.node, name);
  return { word: plus(at.word, offset.word), shift: plus(at.shift, offset.bit), node };
}

export function elementAddress(at: Address, index: Term): Address {
  const { node } = at;
  if (node.kind !== 'table') throw new Error('an index into something that is not a table');
  const { stride, unit, element, size } = node;
  if (unit === 'words') return { ...at, word: plus(at.word, times(index, stride)), node: element };
  if (stride === 0) return { ...at, node: element };
  if (size.unit === 'bits') return { ...at, shift: plus(at.shift, times(index, stride)), node: element };
  const perWord = 32 / stride;
  if (typeof index === 'number') {
    return { word: plus(at.word, Math.floor(index / perWord)), shift: plus(at.shift, (index % perWord) * stride), node: element };
  }
  const word = perWord === 1 ? index : `(${index} >> ${Math.log2(perWord)})`;
  const shift = perWord === 1 ? 0 : times(`(${index} & ${perWord - 1})`, stride);
  return { word: plus(at.word, word), shift: plus(at.shift, shift), node: element };
}

function times(a: Term, b: number): Term {
  if (typeof a === 'number') return a * b;
  if (b === 1) return a;
  return Number.isInteger(Math.log2(b)) ? `(${a} << ${Math.log2(b)})` : `${a} * ${b}`;
}

function bitsOf(node: Node): { bits: number; signed: boolean } {
  if (node.size.unit !== 'bits') throw new Error('more than one word where one value is needed');
  return { bits: node.size.bits, signed: node.kind === 'scalar' && node.signed };
}

export function readCode({ word, shift, node }: Address): string {
  const { bits, signed } = bitsOf(node);
  if (bits === 0) return '0';
  const mask = 2 ** bits - 1;
  if (signed) {
    const left = typeof shift === 'number' ? 32 - bits - shift : `${32 - bits} - (${shift})`;
    return `w[${word}] << ${typeof left === 'number' ? left : `(${left})`} >> ${32 - bits}`;
  }
  if (bits === 32) return `w[${word}]`;
  if (shift === 0) return `w[${word}] & ${mask}`;
  if (typeof shift === 'number' && shift + bits === 32) return `w[${word}] >>> ${shift}`;
  return `w[${word}] >>> ${typeof shift === 'number' ? shift : `(${shift})`} & ${mask}`;
}

/** A statement that writes `value`, which fits (of a signed cell it is masked). */
export function writeCode({ word, shift, node }: Address, value: string): string {
  const { bits, signed } = bitsOf(node);
  // A cell of one value needs no bits; what stands in its place must still be a statement (after `else`).
  if (bits === 0) return ';';
  if (bits === 32) return `w[${word}] = ${value};`;
  const mask = 2 ** bits - 1;
  const masked = signed ? `(${value} & ${mask})` : value;
  if (typeof shift === 'number') {
    const cleared = ~(mask << shift);
    const shifted = shift === 0 ? masked : `${masked} << ${shift}`;
    if (typeof word === 'number') return `w[${word}] = w[${word}] & ${cleared} | ${shifted};`;
    return `{ const a = ${word}; w[a] = w[a] & ${cleared} | ${shifted}; }`;
  }
  return `{ const a = ${word}, h = ${shift}; w[a] = w[a] & ~(${mask} << h) | ${masked} << h; }`;
}

/** Functions that every program has: `F` records a fault if it is the first, `U` unwraps an id. */
export function prelude(emitter: Emitter): string {
  const fault = fieldAddress({ word: 0, shift: 0, node: emitter.layout.root }, FAULT);
  return [
    `function G(w) { return ${readCode(fault)}; }`,
    `function F(w, site) { if (G(w) === 0) { ${writeCode(fault, '(site + 1)')} } }`,
    `function C(w, value) { ${writeCode(fault, 'value')} }`,
    `function U(w, value, site) { if (value === 0) { F(w, site); return 0; } return value - 1; }`,
  ].join('\n');
}
