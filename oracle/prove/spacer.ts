/**
 * *Spacer*, Z3's engine for properties of all reachable states, asked about one goal: is there a set of states that contains the first one,
 * that no step leaves, and in which no step breaks the goal? The answer is not believed. A set that it gives is read back as a term and has
 * to be shown to be such a set like any lemma (induction.ts); that there is none says that a trace breaks the goal, and the trace is for
 * others to find.
 *
 * It works in a process of its own, which is killed at its limit.
 */
import { encodedRange } from '../compile/liveness.ts';
import type { TransitionSystem } from '../compile/smt.ts';
import { asNumber, type State, type Value } from '../compile/symbolic-state.ts';
import { type Lit, not } from '../compile/term.ts';
import { anyValue, bitsFor } from '../compile/term-number.ts';
import { Printer } from '../compile/term-print.ts';
import { brokenAfter, type Goal } from './goals.ts';
import { type Limits, mustBeNarrow } from './lane.ts';
import { readSexps, type Sexp, termOf } from './s-expression.ts';
import { type Solver, SolverFailure, startSolver } from './solver.ts';

export type SpacerAnswer =
  /** A set of states, to be shown. */
  | { readonly kind: 'set'; readonly goal: Goal }
  /** It says that a trace breaks the goal. */
  | { readonly kind: 'breaks' }
  | { readonly kind: 'unknown'; readonly words: string };

/** `known`: what holds in every state that can be reached. Throws a `SolverFailure` where the solver fails. */
export async function askSpacer(system: TransitionSystem, limits: Limits, goal: Goal, known: readonly Goal[]): Promise<SpacerAnswer> {
  mustBeNarrow(system, 'states');
  const text = problem(system, goal, known);
  const solver = startSolver(limits.solver, limits.signal);
  try {
    if (!solver.isZ3) return { kind: 'unknown', words: 'Spacer is a part of Z3, and another solver was named' };
    const answer = (await ask(solver, limits, `${text}(check-sat)\n`)).trim();
    if (answer === 'unsat') return { kind: 'breaks' };
    if (answer !== 'sat') return { kind: 'unknown', words: `Spacer was asked for sat or unsat and said ${quoted(answer)}` };
    return { kind: 'set', goal: setOf(system, await ask(solver, limits, '(get-model)\n')) };
  } finally {
    solver.stop();
  }
}

function ask(solver: Solver, { deadline }: Limits, script: string): Promise<string> {
  const left = deadline - Date.now();
  if (left <= 0) throw new SolverFailure('the time limit was reached before Spacer was asked');
  return solver.ask(script, left);
}

/** As Horn clauses over the bits of a state. */
function problem(system: TransitionSystem, goal: Goal, known: readonly Goal[]): string {
  const { terms } = system;
  const prefix = `spacer.${goal.id}.`;
  const { state, valid } = system.free(prefix);
  const { possible, faults, next } = system.step(state, system.choice(`${prefix}step.`));
  const faulty = terms.any(faults.map(({ cond }) => cond));
  const bits = bitsOf(system, state);
  const held = [...valid, ...known.map((each) => each.holds(state))];
  const bounds = known.some(({ kind }) => kind === 'bounds') ? [not(faulty)] : [];
  const inv = (lits: readonly string[]): string => (lits.length === 0 ? 'inv' : `(inv ${lits.join(' ')})`);
  const rule = (body: readonly Lit[], before: readonly Lit[], after: readonly Lit[] | null): string => {
    const printer = new Printer(terms);
    const definitions = printer.define([...body, ...before, ...(after ?? [])]).split('\n');
    const variables = printer.variables.map((name) => `(|${name}| Bool)`);
    const named = definitions.flatMap((line) => {
      const [, name, value] = /^\(define-fun (\S+) \(\) Bool (.*)\)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [`(let ((${name} ${value})) `];
    });
    const text = (lits: readonly Lit[]): string[] => lits.map((lit) => printer.literal(lit));
    const clause = `(=> (and ${[inv(text(before)), ...text(body)].join(' ')}) ${after === null ? 'false' : inv(text(after))})`;
    const inside = `${named.join('')}${clause}${')'.repeat(named.length)}`;
    return `(assert ${variables.length === 0 ? inside : `(forall (${variables.join(' ')}) ${inside})`})\n`;
  };
  const first = bitsOf(system, system.initial).map((lit) => (lit === 1 ? 'true' : 'false'));
  return [
    '(set-logic HORN)\n',
    `(declare-fun inv (${bits.map(() => 'Bool').join(' ')}) Bool)\n`,
    `(assert ${inv(first)})\n`,
    rule([...held, possible, not(faulty)], bits, bitsOf(system, next)),
    rule([...held, possible, ...bounds, brokenAfter(system, goal, next, faulty)], bits, null),
  ].join('');
}

/** The bits of all cells that are not fixed, as free states code them. */
function bitsOf(system: TransitionSystem, state: State): readonly Lit[] {
  return system.layout.cells.flatMap(({ type, fixed }, cell): readonly Lit[] => {
    if (fixed !== null) return [];
    const value = state[cell] as Value;
    if (typeof value === 'number') return [value];
    const { lo, hi } = encodedRange(type);
    const bits = Array.from({ length: type.kind === 'bool' ? 1 : bitsFor(hi - lo + 1) }, (_, bit) => bit);
    return bits.map((bit) => anyValue(system.terms, asNumber(value), (each) => (((each - lo) >> bit) & 1) === 1));
  });
}

/** Reads "(define-fun inv ((x!0 Bool) …) Bool …)". */
function setOf(system: TransitionSystem, output: string): Goal {
  const definitions = readSexps(output).flatMap((each): readonly Sexp[] =>
    typeof each === 'string' ? [] : isDefinition(each) ? [each] : each,
  );
  const found = definitions.find((each): each is readonly Sexp[] => typeof each !== 'string' && isDefinition(each) && each[1] === 'inv');
  const [, , params, , body] = found ?? [];
  if (params === undefined || typeof params === 'string' || body === undefined)
    throw new SolverFailure(`Spacer gave no set of states: ${quoted(output)}`);
  const names = params.map(([name]) => (typeof name === 'string' ? name : '?'));
  return {
    id: 'found by Spacer',
    kind: 'lemma',
    found: true,
    holds: (state) => {
      const bits = bitsOf(system, state);
      if (bits.length !== names.length)
        throw new SolverFailure(`Spacer gave a set of states of ${names.length} bits, there are ${bits.length}`);
      return termOf(system.terms, body, new Map(names.map((name, at) => [name, bits[at] as Lit])));
    },
  };
}

function isDefinition(sexp: readonly Sexp[]): boolean {
  return sexp[0] === 'define-fun';
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}…` : text);
}
