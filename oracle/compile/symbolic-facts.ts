/**
 * *Facts* are the conditions that are known to hold where symbolic execution stands: the branches taken so far. A condition that
 * follows from them is replaced by TRUE or FALSE, a value they exclude is dropped; so `if (so.pcb !== null) use(so.pcb)`
 * leaves no trace of a null check, and a solver never sees the paths that cannot be.
 */
import { FALSE, type Lit, nodeOf, type Terms, TRUE } from './term.ts';

/** How deep into a condition a fact is looked for. More finds little and costs time at every read. */
const DEPTH = 3;

export class Facts {
  readonly #terms: Terms;
  /** Every conjunct of every fact, with how often it was pushed. */
  readonly #known = new Map<Lit, number>();
  readonly #stack: Lit[] = [];

  constructor(terms: Terms) {
    this.#terms = terms;
  }

  get height(): number {
    return this.#stack.length;
  }

  /** The facts from a height on, oldest first. */
  since(height: number): readonly Lit[] {
    return this.#stack.slice(height);
  }

  push(fact: Lit): void {
    this.#stack.push(fact);
    for (const part of this.#terms.conjuncts(fact)) this.#known.set(part, (this.#known.get(part) ?? 0) + 1);
  }

  restore(height: number): void {
    while (this.#stack.length > height) {
      const fact = this.#stack.pop() as Lit;
      for (const part of this.#terms.conjuncts(fact)) {
        const times = (this.#known.get(part) ?? 0) - 1;
        if (times === 0) this.#known.delete(part);
        else this.#known.set(part, times);
      }
    }
  }

  /** An equal condition, where the facts hold; often TRUE or FALSE. */
  simplify(lit: Lit, depth = DEPTH): Lit {
    if (lit <= TRUE || this.#known.size === 0) return lit;
    if (this.#known.has(lit)) return TRUE;
    if (this.#known.has(lit ^ 1)) return FALSE;
    if (depth === 0) return lit;
    const sign = lit & 1;
    const node = this.#terms.node(nodeOf(lit));
    switch (node.kind) {
      case 'and': {
        const left = this.simplify(node.left, depth - 1);
        if (left === FALSE) return sign;
        const right = this.simplify(node.right, depth - 1);
        if (left === node.left && right === node.right) return lit;
        return this.#terms.and(left, right) ^ sign;
      }
      case 'ite': {
        const cond = this.simplify(node.cond, depth - 1);
        if (cond === TRUE) return this.simplify(node.then, depth - 1) ^ sign;
        if (cond === FALSE) return this.simplify(node.else, depth - 1) ^ sign;
        return lit;
      }
      default:
        return lit;
    }
  }
}
