/**
 * *run*: random programs over all calls, protocols and wire events, on specification and implementation in lockstep. After each
 * operation what was returned and the whole abstract state must agree; a failing program is shrunk by fast-check and written to a
 * file. A pass says that these programs agreed, and nothing of overlapping calls.
 */
import * as fc from 'fast-check';
import type { CompiledModel } from '../compile/model.ts';
import type { RunOptions } from '../engine.ts';
import { compiledSpecification, SPECIFICATION } from '../specification.ts';
import type { Outcome, Row, Vacuous, Verdict } from '../verdict.ts';
import { all, unanswered } from './answers.ts';
import { explain, type Failure, type Planted, writeFailure } from './failure.ts';
import { type Implementation, implementationOf, pristineModules } from './implementation.ts';
import { Lockstep } from './lockstep.ts';
import { type Choice, type Operation, programs } from './operations.ts';
import { patienceAfter, patienceFor, SHRINKING, STOPPED, stopAfter, type Watch, watchingOnce } from './patience.ts';
import { minimise, type Patience, runChoices, SIZES, steps } from './program.ts';
import { UNEXERCISED } from './unexercised.ts';

/** Programs between two looks at the clock and at the interrupt. */
const BATCH = 50;
/** A batch that had to be stopped so often is given up, though each of its programs comes back when it is tried alone. */
const PATIENCE = 3;

/** What is run, how many seconds a batch of programs may take, and who sees to that. */
export interface Subject extends Patience {
  readonly implementation: Implementation;
}

/** The engine of the verb. Tests give it a subject of their own. */
export async function runPrograms(options: RunOptions, given: Partial<Subject> = {}): Promise<Outcome> {
  const model = await compiledSpecification(SPECIFICATION, { ...SIZES, THREADS: 1 });
  const giant = options.giant === true;
  const implementation = given.implementation ?? (await implementationWith(options.fault ?? null, options.fault !== undefined, giant));
  const watch = given.watch ?? stopAfter;
  let seconds = given.seconds ?? patienceFor(BATCH * options.maxCalls);
  const lockstep = new Lockstep(model, implementation, SIZES);
  model.ruleHits.fill(0);
  const begin = performance.now();
  const end = options.budgetSeconds === undefined ? Number.POSITIVE_INFINITY : begin + options.budgetSeconds * 1000;
  const arbitrary = programs(options.maxCalls);
  let runs = 0;
  let calls = 0;
  let failure: Failure | null = null;
  /** How often the present batch was stopped. */
  let stops = 0;
  for (let batch = 0; runs < options.runs && failure === null && stops < PATIENCE; ) {
    if (options.signal.aborted || (runs > 0 && performance.now() >= end)) break;
    let performed: Operation[] = [];
    let [begun, made] = [0, 0];
    const property = fc.property(arbitrary, (choices) => {
      begun++;
      performed = [];
      const { mismatch } = runChoices(lockstep, choices, performed);
      made += performed.length;
      return mismatch === null;
    });
    // Batches are seeded one after the other, so that the number of runs decides which programs are run and nothing else does.
    const seed = (options.seed + Math.imul(batch, 0x9e3779b1)) | 0;
    const numRuns = Math.min(BATCH, options.runs - runs);
    const began = performance.now();
    const details = watch(seconds, () => fc.check(property, { numRuns, seed, endOnFailure: true }));
    if (details === STOPPED)
      failure = await endless(model, implementation, { fault: options.fault ?? null, giant }, performed, { seconds, watch });
    else if (details.failed) failure = shortest(lockstep, arbitrary, { seed, path: details.counterexamplePath ?? '' }, watch);
    if (details === STOPPED && failure === null) {
      // It was only slow: the machine had other things to do, or was asleep. The batch is run once more.
      stops++;
      continue;
    }
    stops = 0;
    batch++;
    runs += begun;
    calls += made;
    seconds = given.seconds ?? patienceAfter((performance.now() - began) / 1000);
    options.progress(runs, options.runs, `${calls} calls`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { probesLost, answers } = lockstep;
  const covered = { runs, calls, probesLost, answers, failure, late: stops > 0 };
  return outcome(options, model, { ...covered, seconds: (performance.now() - begin) / 1000 });
}

/**
 * The implementation as it is, or with a planted fault, or one that counts its accesses to the memory and so can't go on for ever: only
 * the last two need a compiler, which takes a second to load.
 */
export async function implementationWith(fault: string | null, counting = fault !== null, giant = false): Promise<Implementation> {
  if (!counting) return implementationOf(pristineModules, undefined, { giant });
  const { faultOf, faulty } = await import('./faulty.ts');
  return faulty(fault === null ? null : faultOf(fault), giant);
}

/**
 * The failure of the program that was found there, as short as it gets. A shorter one that has to be stopped is none. What is thrown is a
 * fault of the oracle's own, and goes on.
 */
function shortest(
  lockstep: Lockstep,
  arbitrary: fc.Arbitrary<readonly Choice[]>,
  found: { readonly seed: number; readonly path: string },
  watch: Watch,
): Failure {
  const shrink = (each: Watch): fc.RunDetails<[readonly Choice[]]> => {
    const passes = (choices: readonly Choice[]): boolean => {
      const execution = each(patienceFor(choices.length), () => runChoices(lockstep, choices));
      return execution === STOPPED || execution.mismatch === null;
    };
    return fc.check(fc.property(arbitrary, passes), found);
  };
  const { counterexample, numShrinks } = watchingOnce(patienceFor(SHRINKING), shrink, watch);
  const { performed, mismatch } = runChoices(lockstep, counterexample?.[0] ?? []);
  if (mismatch === null) throw new Error('a program failed once and passed the second time: the run is not deterministic');
  const failure = told(lockstep, minimise(lockstep, performed, mismatch.breaks, watch), numShrinks, { watch });
  if (failure === null) throw new Error('a program failed while it was made shorter and passed afterwards: the run is not deterministic');
  return failure;
}

/** The failure of this program, told step by step; null if it passes. */
function told(lockstep: Lockstep, program: readonly Operation[], shrinks: number, patience: Partial<Patience>): Failure | null {
  const taken = [...steps(lockstep, program, patience)];
  const mismatch = taken.at(-1)?.mismatch ?? null;
  return mismatch === null ? null : { mismatch, steps: taken, shrinks };
}

/**
 * The failure of a program that had to be stopped. The same implementation, counting, says so again without a clock, and can be made
 * shorter. If it comes back there then the program is tried once more as it was. Null if it comes back now: it was only slow.
 */
async function endless(
  model: CompiledModel,
  implementation: Implementation,
  { fault, giant }: Planted,
  program: readonly Operation[],
  patience: Patience,
): Promise<Failure | null> {
  const counting = new Lockstep(model, await implementationWith(fault, true, giant), SIZES);
  const found = told(counting, program, 0, patience);
  if (found !== null) return told(counting, minimise(counting, program, found.mismatch.breaks, patience.watch), 0, patience);
  return told(new Lockstep(model, implementation, SIZES), program, 0, patience);
}

interface Covered {
  readonly runs: number;
  readonly calls: number;
  /** See `Lockstep`. */
  readonly probesLost: number;
  readonly answers: ReadonlySet<string>;
  readonly seconds: number;
  readonly failure: Failure | null;
  /** The last batch was stopped again and again, and came back when it was tried alone. */
  readonly late: boolean;
}

function outcome(options: RunOptions, model: CompiledModel, covered: Covered): Outcome {
  const { runs, calls, probesLost, seconds, failure, late } = covered;
  const rules = unexercised(model);
  const answers = unanswered(covered.answers);
  const total = model.program.rules.length;
  const fault = `${options.fault === undefined ? '' : `, planted fault ${options.fault}`}${options.giant === true ? ', under Giant' : ''}`;
  const bound = `${runs} programs of up to ${options.maxCalls} choices, ${calls} calls and events, seed ${options.seed}; ${SIZES.SOCKETS} sockets, 1 thread${fault}`;
  const interrupted = options.signal.aborted && runs < options.runs;
  const verdict: Verdict = failure !== null ? 'violated' : runs === 0 || interrupted || late ? 'unknown' : 'holds';
  const detail = late
    ? {
        detail: `a batch of programs was stopped ${PATIENCE} times because it took so long, and each time came back when it was tried again`,
      }
    : {};
  const about = { id: failure?.mismatch.breaks ?? 'lockstep', verdict, bound, seconds, method: 'lockstep' };
  const row: Row = { ...about, ...detail, ...shown(options, failure) };
  return {
    verdict,
    bound,
    results: [row],
    figures: {
      runs,
      calls,
      callsPerSecond: Math.round(calls / Math.max(seconds, 1e-9)),
      rulesExercised: total - rules.length,
      rulesTotal: total,
      answersGiven: all().length - answers.length,
      answersTotal: all().length,
      probesLost,
      ...(failure === null ? {} : { shrinks: failure.shrinks, steps: failure.steps.length }),
    },
    // A run that failed had no time to exercise much.
    vacuous: failure === null ? [...rules, ...answers] : [],
  };
}

function shown({ out, seed, fault, giant }: RunOptions, failure: Failure | null): Pick<Row, 'counterexample' | 'detail'> {
  if (failure === null) return { counterexample: null };
  const path = writeFailure(out, seed, { fault: fault ?? null, giant: giant === true }, failure);
  return { counterexample: path, detail: explain(failure.steps, failure.mismatch) };
}

function unexercised(model: CompiledModel): readonly Vacuous[] {
  return model.program.rules.flatMap((rule, index) =>
    model.ruleHits[index] === 0
      ? [{ kind: 'rule' as const, id: rule.id, reason: UNEXERCISED[rule.id] ?? 'not reached by these programs; more of them may' }]
      : [],
  );
}
