/**
 * A *lane* is one solver at work: it knows which terms the solver already has, adds what a question needs, and reads back the
 * values when the answer is "sat". Two lanes side by side use two cores.
 */
import { valuesOf } from '../compile/model.ts';
import type { TransitionSystem } from '../compile/smt.ts';
import type { Answers } from './answers.ts';
import { isTrue, type Lit, type Terms } from '../compile/term.ts';
import { Printer } from '../compile/term-print.ts';
import { check, modelValues, type Solver, SolverFailure, startSolver } from './solver.ts';

export interface Limits {
  /** Path of an external solver, or null. */
  readonly solver: string | null;
  readonly signal: AbortSignal;
  /** `Date.now()` at which everything must have ended. */
  readonly deadline: number;
  /** How many solvers may work at once. */
  readonly lanes: number;
  /** What earlier proofs have asked; without it everything is asked. */
  readonly answers?: Answers | null;
}

export function outOfTime(): SolverFailure {
  return new SolverFailure('the time limit was reached between two questions');
}

/**
 * What is free to have more values than this. A number is known to the solver by its values, each with its condition, and a free one has
 * all of them: of a million there are more terms than there is room for.
 */
const WIDEST = 4_096;

/** What of a state, or of a choice alone, has more values than a solver can be asked about; null: nothing. */
export function tooWide(system: TransitionSystem, of: 'states' | 'choices'): string | null {
  const cells = of === 'choices' ? [] : system.layout.cells.filter(({ fixed }) => fixed === null);
  const params = system.actions.flatMap((action) =>
    system.params(action).map(({ name, type }) => ({ name: `${action.name}(${name})`, type })),
  );
  const wide = [...cells, ...params].find(({ type }) => valuesOf(type) > WIDEST);
  return wide === undefined ? null : `${wide.name} has ${valuesOf(wide.type).toLocaleString('en-US')} values, and ${WIDEST} are the most`;
}

/** Throws a `SolverFailure` where there are. */
export function mustBeNarrow(system: TransitionSystem, of: 'states' | 'choices'): void {
  const wide = tooWide(system, of);
  if (wide !== null) throw new SolverFailure(`it can not be asked: ${wide}`);
}

/** Symbolic execution of a large model takes seconds in which no timer fires: it looks at the clock itself. */
export function watchTheClock(terms: Terms, { deadline }: Limits): void {
  terms.onGrowth = () => {
    if (Date.now() > deadline) throw outOfTime();
  };
}

export class Lane {
  readonly #terms: Terms;
  readonly #limits: Limits;
  readonly #solver: Solver;
  readonly #printer: Printer;
  readonly #asserted: Lit[] = [];

  constructor(terms: Terms, limits: Limits) {
    this.#terms = terms;
    this.#limits = limits;
    this.#solver = startSolver(limits.solver, limits.signal);
    this.#printer = new Printer(terms);
  }

  /** From now on these hold. */
  async assert(lits: readonly Lit[]): Promise<void> {
    const output = await this.#solver.ask(`${this.#printer.define(lits)}${assertions(this.#printer, lits)}`, this.#left());
    if (output.trim() !== '') throw new SolverFailure(`the solver refused an assertion: ${output.trim().slice(0, 300)}`);
    this.#asserted.push(...lits);
  }

  /**
   * Values of all terms (`Terms.evaluate`) where these hold as well, or null if they can't. `afresh`: Z3 begins from nothing, which
   * for hard questions is much the faster; many easy ones about the same terms go faster without.
   */
  async satisfy(lits: readonly Lit[], afresh = true): Promise<Uint8Array | null> {
    const { answers } = this.#limits;
    if (answers === undefined || answers === null) return this.#ask(lits, afresh);
    const question = answers.question(this.#terms, [...this.#asserted, ...lits]);
    if (answers.known(question) === 'yes') return null;
    const values = await this.#ask(lits, afresh);
    answers.learn(question, values === null ? 'unsat' : 'sat');
    return values;
  }

  async #ask(lits: readonly Lit[], afresh: boolean): Promise<Uint8Array | null> {
    // Definitions are made outside of the scope: they are still there for the next question.
    const script = `${this.#printer.define(lits)}(push 1)\n${assertions(this.#printer, lits)}`;
    const question = afresh && this.#solver.isZ3 ? '(check-sat-using smt)\n' : '(check-sat)\n';
    const answer = await check(this.#solver, `${script}${question}`, this.#left());
    if (answer === 'unknown') throw new SolverFailure('the solver gave up');
    const values = answer === 'sat' ? await this.#read() : null;
    // What is not taken back would be assumed by every question that follows.
    const output = await this.#solver.ask('(pop 1)\n', this.#left());
    if (output.trim() !== '') throw new SolverFailure(`the solver refused to forget a question: ${output.trim().slice(0, 300)}`);
    if (values !== null && !lits.every((lit) => isTrue(values, lit))) throw new SolverFailure('the solver gave values that are no answer');
    return values;
  }

  stop(): void {
    this.#solver.stop();
  }

  async #read(): Promise<Uint8Array> {
    const values = await modelValues(this.#solver, this.#printer.variables, this.#left());
    // What the solver never heard of doesn't matter to its answer.
    return this.#terms.evaluate((name) => values.get(name) ?? false);
  }

  /** Milliseconds. Where nothing is left, nothing more is asked. */
  #left(): number {
    const left = this.#limits.deadline - Date.now();
    if (left > 0) return left;
    this.stop();
    throw outOfTime();
  }
}

function assertions(printer: Printer, lits: readonly Lit[]): string {
  return lits.map((lit) => `(assert ${printer.literal(lit)})\n`).join('');
}
