/**
 * A *term* is a boolean expression over variables, kept as a directed acyclic graph in which equal expressions are one node.
 * Everything symbolic is made of terms: a bounded number is a table of terms (number.ts calls it a number), a state is a table of those.
 *
 * A `Lit` names a term or its negation: twice the node's position, plus 1 for "not". Node 0 is the constant, so FALSE is 0 and
 * TRUE is 1, negation is `lit ^ 1`, and two terms that were built alike are the same integer.
 *
 * Always true:
 *   1. A node's operands have smaller positions than the node: one pass in order evaluates or prints everything.
 *   2. No node has a constant operand, two equal operands, or an operand and its negation: those were simplified away.
 *   3. An `and` has its smaller operand first; the condition and the first branch of an `ite` are not negated.
 *
 * Simplification is local on purpose: it sees two levels, costs nothing, and takes away most of what symbolic execution makes
 * of constants. What is left is work for the solver.
 */

/** A term or its negation. */
export type Lit = number;

export const FALSE: Lit = 0;
export const TRUE: Lit = 1;

export type Node =
  | { readonly kind: 'constant' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'and'; readonly left: Lit; readonly right: Lit }
  | { readonly kind: 'ite'; readonly cond: Lit; readonly then: Lit; readonly else: Lit };

const VARIABLE = 0;
const AND = 1;
const ITE = 2;
/** Nodes between two calls of `onGrowth`, less one: a few milliseconds. */
const GROWTH = 0x3fff;

export function not(lit: Lit): Lit {
  return lit ^ 1;
}

/** The value of a literal, where the nodes have these values (`Terms.evaluate`). */
export function isTrue(values: Uint8Array, lit: Lit): boolean {
  return ((values[lit >> 1] as number) ^ (lit & 1)) === 1;
}

/** The position of the node of a literal. */
export function nodeOf(lit: Lit): number {
  return lit >> 1;
}

export class Terms {
  /** Per node: what it is and its operands (of a variable: the position of its name). */
  readonly #kind: number[] = [VARIABLE];
  readonly #a: number[] = [0];
  readonly #b: number[] = [0];
  readonly #c: number[] = [0];
  readonly #names: string[] = ['(constant)'];
  /** Open addressing, node positions; 0 is empty because node 0 is never looked up. */
  #table = new Int32Array(1 << 12);
  #filled = 0;
  /** Called for every so many nodes; may throw, and leaves everything as it is. */
  onGrowth: (() => void) | null = null;

  /** How many nodes there are. */
  get size(): number {
    return this.#kind.length;
  }

  /** A new variable. Names are the caller's to keep apart. */
  variable(name: string): Lit {
    this.#names.push(name);
    return this.#push(VARIABLE, this.#names.length - 1, 0, 0) * 2;
  }

  node(position: number): Node {
    const a = this.#a[position] as number;
    const b = this.#b[position] as number;
    switch (this.#kind[position]) {
      case VARIABLE:
        return position === 0 ? { kind: 'constant' } : { kind: 'variable', name: this.#names[a] as string };
      case AND:
        return { kind: 'and', left: a, right: b };
      case ITE:
        return { kind: 'ite', cond: a, then: b, else: this.#c[position] as number };
      default:
        throw new Error(`no term at position ${position}, there are ${this.size}`);
    }
  }

  isAnd(lit: Lit): boolean {
    return this.#kind[lit >> 1] === AND;
  }

  /** The operands of an `and` or `ite` node, by position; of anything else, nothing. */
  operands(position: number): readonly Lit[] {
    switch (this.#kind[position]) {
      case AND:
        return [this.#a[position] as number, this.#b[position] as number];
      case ITE:
        return [this.#a[position] as number, this.#b[position] as number, this.#c[position] as number];
      default:
        return [];
    }
  }

  and(left: Lit, right: Lit): Lit {
    if (left === right) return left;
    if (left > right) return this.and(right, left);
    if (left === FALSE || (left ^ 1) === right) return FALSE;
    if (left === TRUE) return right;
    return this.#absorb(left, right) ?? this.#absorb(right, left) ?? this.#resolve(left, right) ?? this.#make(AND, left, right, 0) * 2;
  }

  or(left: Lit, right: Lit): Lit {
    return this.and(left ^ 1, right ^ 1) ^ 1;
  }

  all(lits: Iterable<Lit>): Lit {
    let result = TRUE;
    for (const lit of lits) result = this.and(result, lit);
    return result;
  }

  any(lits: Iterable<Lit>): Lit {
    let result = FALSE;
    for (const lit of lits) result = this.or(result, lit);
    return result;
  }

  iff(left: Lit, right: Lit): Lit {
    return this.ite(left, right, right ^ 1);
  }

  ite(cond: Lit, then: Lit, otherwise: Lit): Lit {
    if (cond === TRUE || then === otherwise) return then;
    if (cond === FALSE) return otherwise;
    if ((cond & 1) === 1) return this.ite(cond ^ 1, otherwise, then);
    if (then === TRUE || then === cond) return this.or(cond, otherwise);
    if (then === FALSE || then === (cond ^ 1)) return this.and(cond ^ 1, otherwise);
    if (otherwise === FALSE || otherwise === cond) return this.and(cond, then);
    if (otherwise === TRUE || otherwise === (cond ^ 1)) return this.or(cond ^ 1, then);
    // An exclusive or has two writings; the one whose condition is older is kept.
    if (then === (otherwise ^ 1) && nodeOf(then) < nodeOf(cond)) return this.ite(then, cond, cond ^ 1);
    if ((then & 1) === 1) return (this.#make(ITE, cond, then ^ 1, otherwise ^ 1) * 2) ^ 1;
    return this.#make(ITE, cond, then, otherwise) * 2;
  }

  /** What a conjunction is made of, down to `limit` parts; a single term is its own only part. */
  conjuncts(lit: Lit, limit = 64): Lit[] {
    const parts: Lit[] = [];
    const open = [lit];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if ((next & 1) === 0 && this.isAnd(next) && parts.length + open.length < limit) {
        open.push(this.#b[next >> 1] as number, this.#a[next >> 1] as number);
      } else {
        parts.push(next);
      }
    }
    return parts;
  }

  /** Values of all nodes, given those of the variables: `values[nodeOf(lit)] !== (lit & 1)` is the value of a literal. */
  evaluate(variable: (name: string) => boolean): Uint8Array {
    const values = new Uint8Array(this.size);
    const at = (lit: Lit): number => (values[lit >> 1] as number) ^ (lit & 1);
    for (let position = 1; position < this.size; position++) {
      const a = this.#a[position] as number;
      const b = this.#b[position] as number;
      switch (this.#kind[position]) {
        case VARIABLE:
          values[position] = variable(this.#names[a] as string) ? 1 : 0;
          break;
        case AND:
          values[position] = at(a) & at(b);
          break;
        default:
          values[position] = at(a) === 1 ? at(b) : at(this.#c[position] as number);
      }
    }
    return values;
  }

  /** `and` where one operand is itself a (negated) `and`: a ∧ (a ∧ x), a ∧ (¬a ∧ x), a ∧ ¬(a ∧ x), a ∧ ¬(¬a ∧ x). */
  #absorb(one: Lit, other: Lit): Lit | undefined {
    if (this.#kind[other >> 1] !== AND) return undefined;
    const x = this.#a[other >> 1] as number;
    const y = this.#b[other >> 1] as number;
    if ((other & 1) === 0) {
      if (x === one || y === one) return other;
      return x === (one ^ 1) || y === (one ^ 1) ? FALSE : undefined;
    }
    if (x === (one ^ 1) || y === (one ^ 1)) return one;
    if (x === one) return this.and(one, y ^ 1);
    return y === one ? this.and(one, x ^ 1) : undefined;
  }

  /** ¬(x ∧ c) ∧ ¬(x ∧ ¬c) is ¬x: what is left of a condition when both branches have met again. */
  #resolve(left: Lit, right: Lit): Lit | undefined {
    if ((left & right & 1) === 0 || this.#kind[left >> 1] !== AND || this.#kind[right >> 1] !== AND) return undefined;
    const a = this.#a[left >> 1] as number;
    const b = this.#b[left >> 1] as number;
    const c = this.#a[right >> 1] as number;
    const d = this.#b[right >> 1] as number;
    if ((a === c && b === (d ^ 1)) || (a === d && b === (c ^ 1))) return a ^ 1;
    return (b === c && a === (d ^ 1)) || (b === d && a === (c ^ 1)) ? b ^ 1 : undefined;
  }

  #make(kind: number, a: number, b: number, c: number): number {
    const mask = this.#table.length - 1;
    let slot = hash(kind, a, b, c) & mask;
    for (let position = this.#table[slot] as number; position !== 0; position = this.#table[slot] as number) {
      if (this.#a[position] === a && this.#b[position] === b && this.#c[position] === c && this.#kind[position] === kind) return position;
      slot = (slot + 1) & mask;
    }
    const position = this.#push(kind, a, b, c);
    this.#table[slot] = position;
    this.#filled++;
    if (this.#filled * 2 > this.#table.length) this.#grow();
    return position;
  }

  #push(kind: number, a: number, b: number, c: number): number {
    if ((this.#kind.length & GROWTH) === 0) this.onGrowth?.();
    this.#kind.push(kind);
    this.#a.push(a);
    this.#b.push(b);
    this.#c.push(c);
    return this.#kind.length - 1;
  }

  #grow(): void {
    const table = new Int32Array(this.#table.length * 2);
    const mask = table.length - 1;
    for (const position of this.#table) {
      if (position === 0) continue;
      let slot =
        hash(this.#kind[position] as number, this.#a[position] as number, this.#b[position] as number, this.#c[position] as number) & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = position;
    }
    this.#table = table;
  }
}

function hash(kind: number, a: number, b: number, c: number): number {
  let h = Math.imul(kind + 0x9e3779b9, 0x85ebca6b) ^ Math.imul(a, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x27d4eb2f) ^ Math.imul(b, 0x165667b1);
  h = Math.imul(h ^ (h >>> 13), 0x9e3779b1) ^ Math.imul(c, 0x85ebca77);
  return h ^ (h >>> 16);
}
