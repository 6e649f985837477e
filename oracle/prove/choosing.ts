/**
 * The *choices* of a step: "the first free socket" is taken for any free socket, or for nobody where there is none. That is more than what can
 * happen, so what no such step breaks no step breaks; and it has no order, so that members can change places (representatives.ts).
 *
 * A choice is a free number. Members have the names in which they are met, so it need not go further than to the first that was not.
 */
import type { TransitionSystem } from '../compile/smt.ts';
import type { Chooser } from '../compile/symbolic-expr.ts';
import { type Lit, not, type Terms } from '../compile/term.ts';
import { freeNumber, type Num } from '../compile/term-number.ts';
import type { Asked, Representatives } from './representatives.ts';

export interface Choice {
  readonly kind: string;
  /** Its variables are called so. */
  readonly name: string;
  /** Coded with 0 for nobody. */
  readonly value: Num;
  /** Where it is made; elsewhere it means nothing. */
  readonly path: Lit;
  /** By member: that it fits. */
  readonly fits: readonly Lit[];
}

export class Choosing implements Chooser {
  readonly choices: Choice[] = [];
  readonly #terms: Terms;
  readonly #prefix: string;
  readonly #kinds: ReadonlySet<string>;
  /** By kind: how many were met before, at most. */
  readonly #met = new Map<string, number>();
  readonly #conditions: Lit[] = [];

  constructor({ terms }: TransitionSystem, representatives: Representatives, asked: Asked) {
    const { machine, name, entry } = asked.action;
    this.#terms = terms;
    this.#prefix = `${machine.agent}.${name}.${entry.pc}.${asked.who}.choice`;
    this.#kinds = new Set(representatives.kindsOf(asked.action, true).map((kind) => kind.name));
    for (const { kind } of representatives.beforeChoices(asked)) this.#meet(kind);
  }

  chooses(kind: string): boolean {
    return this.#kinds.has(kind);
  }

  choose(kind: string, path: Lit, fits: readonly Lit[]): Num {
    const name = `${this.#prefix}.${this.choices.length}`;
    const { num: value, valid } = freeNumber(this.#terms, name, 0, Math.min(fits.length, this.#meet(kind)));
    this.choices.push({ kind, name, value, path, fits });
    const nobody = not(this.#terms.any(fits));
    const right = value.values.map((code, at) => this.#terms.and(value.guards[at] as Lit, code === 0 ? nobody : (fits[code - 1] as Lit)));
    this.#conditions.push(valid, this.#terms.or(not(path), this.#terms.any(right)));
    return value;
  }

  /** That whoever is chosen fits. */
  get condition(): Lit {
    return this.#terms.all(this.#conditions);
  }

  get kinds(): readonly string[] {
    return this.choices.map(({ kind }) => kind);
  }

  /** How many are met then. */
  #meet(kind: string): number {
    const met = (this.#met.get(kind) ?? 0) + 1;
    this.#met.set(kind, met);
    return met;
  }
}
