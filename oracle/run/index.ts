/**
 * *run*: random programs over all calls, protocols and wire events, on specification and implementation in lockstep. After each
 * operation what was returned and the whole abstract state must agree; a failing program is shrunk by fast-check and written to a
 * file. A pass says that these programs agreed, and nothing of overlapping calls.
 */
import * as fc from 'fast-check';
import type { CompiledModel } from '../compile/model.ts';
import { FORMAT, type RunCounterexample, writeCounterexample } from '../counterexample.ts';
import type { RunOptions } from '../engine.ts';
import { compiledSpecification, SPECIFICATION } from '../specification.ts';
import type { Outcome, Row, Vacuous } from '../verdict.ts';
import { type Implementation, pristine } from './implementation.ts';
import type { Mismatch } from './lockstep.ts';
import { type Choice, printOperation, programs } from './operations.ts';
import { runChoices, SIZES, type Step } from './program.ts';
import { UNEXERCISED } from './unexercised.ts';

/** Programs between two looks at the clock and at the interrupt. */
const BATCH = 50;

/** The implementation to run, and the name of its planted fault. */
export interface Subject {
  readonly implementation: Implementation;
  readonly fault: string | null;
}

const AS_IT_IS: Subject = { implementation: pristine, fault: null };

interface Failure {
  readonly mismatch: Mismatch;
  readonly steps: readonly Step[];
  readonly shrinks: number;
}

/** The engine of the verb, for the implementation as it is or one with a planted fault. */
export async function runPrograms(options: RunOptions, subject: Subject = AS_IT_IS): Promise<Outcome> {
  const model = await compiledSpecification(SPECIFICATION, { ...SIZES, THREADS: 1 });
  model.ruleHits.fill(0);
  const begin = performance.now();
  const end = options.budgetSeconds === undefined ? Number.POSITIVE_INFINITY : begin + options.budgetSeconds * 1000;
  const arbitrary = programs(options.maxCalls);
  let runs = 0;
  let calls = 0;
  let failure: Failure | null = null;
  for (let batch = 0; runs < options.runs && failure === null; batch++) {
    if (options.signal.aborted || (runs > 0 && performance.now() >= end)) break;
    const size = Math.min(BATCH, options.runs - runs);
    const property = fc.property(arbitrary, (choices) => {
      const { performed, mismatch } = runChoices(model, subject.implementation, choices, false);
      calls += performed;
      return mismatch === null;
    });
    // Batches are seeded one after the other, so that the number of runs decides which programs are run and nothing else does.
    const details = fc.check(property, { numRuns: size, seed: (options.seed + Math.imul(batch, 0x9e3779b1)) | 0 });
    runs += details.failed ? details.numRuns : size;
    const counterexample = details.counterexample?.[0];
    if (details.failed) {
      if (counterexample === undefined) throw new Error(`fast-check failed without a counterexample: ${String(details.errorInstance)}`);
      failure = again(model, subject, counterexample, details.numShrinks, details.errorInstance);
    }
    options.progress(runs, options.runs, `${calls} calls`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return outcome(options, subject, model, { runs, calls, seconds: (performance.now() - begin) / 1000, failure });
}

/** The shrunk program once more, with its steps. */
function again(model: CompiledModel, subject: Subject, choices: readonly Choice[], shrinks: number, thrown: unknown): Failure {
  if (thrown instanceof Error) throw thrown;
  const { mismatch, steps } = runChoices(model, subject.implementation, choices, true);
  if (mismatch === null) throw new Error('a program failed once and passed the second time: the run is not deterministic');
  return { mismatch, steps, shrinks };
}

interface Covered {
  readonly runs: number;
  readonly calls: number;
  readonly seconds: number;
  readonly failure: Failure | null;
}

function outcome(options: RunOptions, subject: Subject, model: CompiledModel, covered: Covered): Outcome {
  const { runs, calls, seconds, failure } = covered;
  const vacuous = unexercised(model);
  const total = model.program.rules.length;
  const bound = `${runs} programs of up to ${options.maxCalls} choices, ${calls} calls and events, seed ${options.seed}; ${SIZES.SOCKETS} sockets, 1 thread`;
  const verdict = failure !== null ? 'violated' : runs === 0 ? 'unknown' : 'holds';
  const row: Row = {
    id: failure === null ? 'lockstep' : failure.mismatch.breaks,
    verdict,
    bound,
    seconds,
    method: 'lockstep',
    counterexample: failure === null ? null : write(options, subject, failure),
    ...(failure === null ? {} : { detail: explain(failure) }),
  };
  return {
    verdict,
    bound,
    results: [row],
    figures: {
      runs,
      calls,
      callsPerSecond: Math.round(calls / Math.max(seconds, 1e-9)),
      rulesExercised: total - vacuous.length,
      rulesTotal: total,
      ...(failure === null ? {} : { shrinks: failure.shrinks, steps: failure.steps.length }),
    },
    vacuous,
  };
}

function unexercised(model: CompiledModel): readonly Vacuous[] {
  return model.program.rules.flatMap((rule, index) =>
    model.ruleHits[index] === 0 ? [{ kind: 'rule' as const, id: rule.id, reason: UNEXERCISED[rule.id] ?? 'not reached by these programs; more of them may' }] : [],
  );
}

function explain({ mismatch, steps }: Failure): string {
  const program = steps.map((step, index) => `${String(index + 1).padStart(3)}  ${printOperation(step.operation)}`);
  return [...program, `the implementation: ${mismatch.seen}`, `the specification:  ${mismatch.allowed}`].join('\n');
}

function write(options: RunOptions, subject: Subject, { mismatch, steps }: Failure): string {
  const counterexample: RunCounterexample = {
    format: FORMAT,
    engine: 'run',
    subject: 'impl',
    design: SPECIFICATION,
    scenario: 'program',
    seed: options.seed,
    breaks: mismatch.breaks,
    fault: subject.fault,
    configuration: { ...SIZES },
    steps: steps.map(({ operation, fingerprint }, index) => ({
      thread: /^(deliver|settle|lose|timer|silence|remote-)/.test(operation.name) ? 'wire' : 'thread 0',
      operation: operation.name,
      arguments: { ...operation.args },
      source: 'oracle/run/operations.ts:1',
      fingerprint,
      ...(index === steps.length - 1 ? { seen: mismatch.seen, allowed: mismatch.allowed } : {}),
    })),
  };
  return writeCounterexample(options.out, counterexample);
}
