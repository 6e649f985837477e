/**
 * Printing terms as SMT-LIB 2. A `Printer` remembers what the solver already knows, so the parts that a later question shares
 * with an earlier one are sent once. A node that is used once is written where it is used, and chains of `and` become one with
 * many operands: both make the text a quarter as long and spare the solver as many definitions.
 */
import { FALSE, type Lit, nodeOf, type Terms, TRUE } from './term.ts';

/** Deeper than this, even a node with one use gets a name: solvers parse by recursion. */
const DEPTH_LIMIT = 40;

export class Printer {
  readonly #terms: Terms;
  /** Node → its name at the solver. */
  readonly #known = new Map<number, string>();
  readonly #variables: string[] = [];

  constructor(terms: Terms) {
    this.#terms = terms;
  }

  /** Declarations and definitions that the solver lacks for these literals. Send it before what `literal` returns. */
  define(roots: readonly Lit[]): string {
    const uses = this.#countUses(roots);
    const text: string[] = [];
    const depth = new Map<number, number>();
    for (const position of [...uses.keys()].sort((a, b) => a - b)) {
      const node = this.#terms.node(position);
      if (node.kind === 'variable') {
        this.#known.set(position, symbol(node.name));
        this.#variables.push(node.name);
        text.push(`(declare-const ${symbol(node.name)} Bool)`);
        continue;
      }
      const below = 1 + Math.max(0, ...this.#terms.operands(position).map((operand) => depth.get(nodeOf(operand)) ?? 0));
      const named = (uses.get(position) as number) > 1 || below > DEPTH_LIMIT;
      if (!named) {
        depth.set(position, below);
        continue;
      }
      // No name of a model has this sign in it: `|n7|` and `n7` would be one symbol.
      const name = `n!${position}`;
      text.push(`(define-fun ${name} () Bool ${this.#expand(position)})`);
      this.#known.set(position, name);
    }
    return text.length === 0 ? '' : `${text.join('\n')}\n`;
  }

  /** A defined literal. */
  literal(lit: Lit): string {
    if (lit === TRUE) return 'true';
    if (lit === FALSE) return 'false';
    const name = this.#known.get(nodeOf(lit)) ?? this.#expand(nodeOf(lit));
    return (lit & 1) === 1 ? `(not ${name})` : name;
  }

  /** Names of all variables declared so far, in order. */
  get variables(): readonly string[] {
    return this.#variables;
  }

  #expand(position: number): string {
    const node = this.#terms.node(position);
    switch (node.kind) {
      case 'and': {
        const parts = this.#flatten(node.left).concat(this.#flatten(node.right));
        // By De Morgan, all negated operands make the negation of an `or`: solvers and readers both like it better.
        if (parts.every((part) => (part & 1) === 1)) return `(not (or ${parts.map((part) => this.literal(part ^ 1)).join(' ')}))`;
        return `(and ${parts.map((part) => this.literal(part)).join(' ')})`;
      }
      case 'ite':
        if (node.then === (node.else ^ 1)) return `(= ${this.literal(node.cond)} ${this.literal(node.then)})`;
        return `(ite ${this.literal(node.cond)} ${this.literal(node.then)} ${this.literal(node.else)})`;
      default:
        throw new Error(`node ${position} (${node.kind}) was not declared before its use`);
    }
  }

  #flatten(lit: Lit): Lit[] {
    if ((lit & 1) === 1 || !this.#terms.isAnd(lit) || this.#known.has(nodeOf(lit))) return [lit];
    return this.#terms.operands(nodeOf(lit)).flatMap((operand) => this.#flatten(operand));
  }

  /** How often each node that the solver lacks is used by others of them; roots count twice, they need a name. */
  #countUses(roots: readonly Lit[]): Map<number, number> {
    const uses = new Map<number, number>();
    const open: number[] = [];
    const use = (lit: Lit, times: number): void => {
      const position = nodeOf(lit);
      if (position === 0 || this.#known.has(position)) return;
      const before = uses.get(position) ?? 0;
      if (before === 0) open.push(position);
      uses.set(position, before + times);
    };
    for (const root of roots) use(root, 2);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const operand of this.#terms.operands(next)) use(operand, 1);
    }
    return uses;
  }
}

/** Any text without `|` and `\` is a symbol between bars. */
function symbol(name: string): string {
  return `|${name}|`;
}
