/**
 * The *obligations* of a proof by induction, for other solvers: each question that it rests on as a text of SMT-LIB 2 that stands by
 * itself, with the answer that was found here. Whoever trusts neither our solver nor how it is asked can ask another.
 *
 *   initial      can a goal be false in the first state?                                                 unsat
 *   assumptions  can all goals and facts hold at once? (from what can't be, anything follows)            sat
 *   step …       can this step break any of them, from a state in which all of them hold?                unsat, for each action
 *   open …       can this step break a goal that does not carry itself, though it held before?           as the solver says
 *
 * Members of an agent that can change places are spoken for by the first (symmetry.ts), and states that differ only in which socket is which
 * by the one in which they are met in the order of their ids (representatives.ts): so much of a proof is taken from the source. A step that breaks a bound counts against
 * `no-overflow` alone: where that is open, the others are shown of traces that stay within the bounds.
 */
import type { Artefact } from '../compile/javascript.ts';
import { TransitionSystem } from '../compile/smt.ts';
import { type Lit, not } from '../compile/term.ts';
import { Printer } from '../compile/term-print.ts';
import { Concrete } from './concrete.ts';
import { Exercise } from './exercise.ts';
import { FrameFacts } from './frames.ts';
import { type Goal, goalsOf } from './goals.ts';
import { Induction, type InductionProgress, type Obligation } from './induction.ts';
import { Lane, type Limits } from './lane.ts';

export interface Question {
  /** Of letters, digits and `-`; no two are the same. */
  readonly name: string;
  readonly status: 'sat' | 'unsat';
  readonly text: string;
}

export interface Obligations {
  readonly questions: readonly Question[];
  /** Ids of the invariants, lemmas and other goals that carry themselves. */
  readonly proved: readonly string[];
  /** And of those that don't. */
  readonly open: readonly string[];
}

export interface ObligationOptions {
  readonly seed: number;
  /** Steps of random runs, from which facts about pauses are read. */
  readonly watched: number;
  readonly limits: Limits;
  readonly progress: InductionProgress;
  /** What it is about, for the head of each text. */
  readonly title: string;
}

/** Throws a `SolverFailure` where the time ends before the answers are known. */
export async function obligationsOf(artefact: Artefact, options: ObligationOptions): Promise<Obligations> {
  const { limits, progress, seed, watched } = options;
  const system = new TransitionSystem(artefact.program);
  const concrete = new Concrete(artefact, system);
  const facts = new FrameFacts(system);
  const exercise = new Exercise(concrete, facts, []);
  await exercise.run(seed, watched, () => limits.signal.aborted || Date.now() > limits.deadline);
  const goals = goalsOf(system);
  const initially = concrete.broken(concrete.model.initial());
  const induction = new Induction(system, facts, limits, progress);
  const { proved } = await induction.close(
    goals.filter(({ id }) => !initially.includes(id) && !exercise.broken.has(id)),
    () => true,
    { seen: { concrete, reached: exercise.samples } },
  );
  // Where nothing carries itself nobody has shown the facts either.
  const assumed = proved.length === 0 ? [] : [...proved, ...facts.goals()];
  const open = goals.filter((goal) => !proved.includes(goal));
  const questions = new Writer(system, options.title);
  const falseAtFirst = system.terms.any(assumed.map((goal) => not(goal.holds(system.initial))));
  if (assumed.length > 0) {
    questions.add('initial', 'unsat', `one of ${list(assumed)} is false in the first state`, [falseAtFirst]);
    questions.add('assumptions', 'sat', `${list(assumed)} hold at once`, induction.assumptions(proved));
  }
  for (const step of induction.obligations(proved, assumed)) {
    questions.add(
      `step-${nameOf(step)}`,
      'unsat',
      `${told(step)} breaks one of ${step.goals.join(', ')}, all of which held before`,
      step.lits,
    );
  }
  await ask(limits, system, open, (goal) => induction.obligations([...proved, goal], [goal], true), questions);
  return { questions: questions.all, proved: proved.map(({ id }) => id), open: open.map(({ id }) => id) };
}

/** Goals that don't carry themselves: which steps break them is for the solver to say. */
async function ask(
  limits: Limits,
  system: TransitionSystem,
  open: readonly Goal[],
  obligations: (goal: Goal) => readonly Obligation[],
  questions: Writer,
): Promise<void> {
  if (open.length === 0) return;
  const lane = new Lane(system.terms, limits);
  try {
    for (const goal of open) {
      for (const step of obligations(goal)) {
        const status = (await lane.satisfy(step.lits)) === null ? 'unsat' : 'sat';
        questions.add(`open-${goal.id}-${nameOf(step)}`, status, `${told(step)} breaks ${goal.id}, which held before`, step.lits);
      }
    }
  } finally {
    lane.stop();
  }
}

class Writer {
  readonly all: Question[] = [];
  readonly #system: TransitionSystem;
  readonly #title: string;

  constructor(system: TransitionSystem, title: string) {
    this.#system = system;
    this.#title = title;
  }

  add(wanted: string, status: Question['status'], meaning: string, lits: readonly Lit[]): void {
    const printer = new Printer(this.#system.terms);
    const definitions = printer.define(lits);
    const assertions = lits.map((lit) => `(assert ${printer.literal(lit)})\n`).join('');
    const head = [`; ${this.#title}`, `; Can this be: ${meaning}?`, '(set-info :smt-lib-version 2.6)', '(set-logic QF_UF)'].join('\n');
    const text = `${head}\n(set-info :status ${status})\n${definitions}${assertions}(check-sat)\n(exit)\n`;
    this.all.push({ name: this.#free(wanted.replaceAll(/[^A-Za-z0-9]+/g, '-')), status, text });
  }

  #free(wanted: string): string {
    const taken = new Set(this.all.map(({ name }) => name));
    let name = wanted;
    for (let more = 2; taken.has(name); more++) name = `${wanted}-${more}`;
    return name;
  }
}

function list(goals: readonly Goal[]): string {
  return goals.map(({ id }) => id).join(', ');
}

function nameOf({ action, who }: Obligation): string {
  return `${action.machine.agent}-${who}-${action.name}`;
}

function told({ action, who }: Obligation): string {
  return `${action.machine.agent} ${who} in ${action.name}`;
}
