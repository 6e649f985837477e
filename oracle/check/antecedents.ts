/**
 * *Antecedents* that no state meets: an invariant that says "if A then B" says nothing where A is never true. Each is a predicate more of the
 * program (`../prove/antecedents.ts` makes them), true of every state that does not meet it; it reads nothing that its invariant does
 * not read, so that no state is told from another by it. They are looked at when the states are known, each until one meets it.
 */
import type { Program, Property } from '../compile/ir.ts';
import { withAntecedents } from '../prove/antecedents.ts';
import type { Vacuous } from '../verdict.ts';
import type { Found } from './found.ts';

/** By invariant and condition, in the order of the specification. */
export type Met = Map<string, Condition>;

interface Condition {
  /** The invariant. */
  readonly id: string;
  readonly text: string;
  met: boolean;
  /** Some configuration does not exclude it by what happens in it at all. */
  possible: boolean;
  /** There was no time to look at all states. */
  unsure: boolean;
}

export interface Patience {
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

const TURN = 50_000;

/** The program with its antecedents in the place of its lemmas. */
export function withConditions(program: Program): Program {
  const { program: more, antecedents } = withAntecedents(
    program,
    program.invariants.map(({ id }) => id),
  );
  const lemmas = antecedents.map(({ id, text, fn }): Property => ({ id, text, fn, file: '', line: 0 }));
  return { ...more, lemmas };
}

/** Notes which of them some state meets. */
export async function meetConditions(explorer: Found, met: Met, patience: Patience): Promise<void> {
  const { model, states } = explorer;
  let left: { readonly condition: Condition; readonly holds: (words: Int32Array) => boolean }[] = [];
  for (const [index, { id, text, fn }] of model.program.lemmas.entries()) {
    const key = `${id}: ${text}`;
    const condition = met.get(key) ?? { id, text, met: false, possible: false, unsure: false };
    met.set(key, condition);
    if (isTrue(model.program, fn)) continue;
    condition.possible = true;
    const holds = model.lemmas[index]?.holds;
    if (!condition.met && holds !== undefined) left.push({ condition, holds });
  }
  const words = new Int32Array(model.words);
  for (let state = 0; state < states && left.length > 0; state++) {
    if (state % TURN === TURN - 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (patience.signal.aborted || Date.now() > patience.deadline) {
        for (const { condition } of left) condition.unsure = true;
        return;
      }
    }
    explorer.read(state, words);
    for (const { condition, holds } of left) if (!holds(words)) condition.met = true;
    if (left.some(({ condition }) => condition.met)) left = left.filter(({ condition }) => !condition.met);
  }
}

/** Those that no state meets; with `all`, also those that no configuration could. */
export function unmet(met: Met, all: boolean): readonly Vacuous[] {
  return [...met.values()]
    .filter(({ met: isMet, unsure, possible }) => !isMet && !unsure && (all || possible))
    .map(({ id, text }) => ({ kind: 'invariant', id, reason: `"${text}" is true in no state of these configurations` }));
}

function isTrue({ functions }: Program, fn: number): boolean {
  const [first] = functions[fn]?.body ?? [];
  return first?.op === 'return' && first.value?.op === 'const' && first.value.value !== 0;
}
