/**
 * *export*: what our engines work on, in the languages of other tools, so that nobody has to take our word for it. This is the face; the
 * texts are made in compile/promela.ts, prove/obligations.ts and itf.ts.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CONFIGURATIONS, limitsOf, sizeOf } from '../check/configurations.ts';
import { partOf } from '../check/examine.ts';
import { listConfigurations, listDesigns } from '../check/index.ts';
import { loadModel } from '../compile/model.ts';
import { emitPromela } from '../compile/promela.ts';
import type { Counterexample, ModelCounterexample } from '../counterexample.ts';
import type { Exported, ExportOptions } from '../engine.ts';
import { randomFrom } from '../prove/concrete.ts';
import { NO_OVERFLOW } from '../prove/goals.ts';
import { listInvariants } from '../prove/index.ts';
import { obligationsOf } from '../prove/obligations.ts';
import { SolverFailure } from '../prove/solver.ts';
import { movesOf } from '../replay/model.ts';
import { type Limits, specificationArtefact } from '../specification.ts';
import { UsageError } from '../usage.ts';
import { itfOf, randomWalk, withLoop } from './itf.ts';

export { listConfigurations, listDesigns, listInvariants };

/** Steps of random runs before a proof. */
const WATCHED = 1_200_000;
const LANES = 2;

export async function exportModel(options: ExportOptions): Promise<Exported> {
  switch (options.format) {
    case 'promela':
      return promela(options);
    case 'smtlib':
      return smtlib(options);
    case 'itf':
      return itf(options);
  }
}

async function promela(options: ExportOptions): Promise<Exported> {
  const named = CONFIGURATIONS.find(({ id }) => id === options.configuration);
  options.progress(0, null, 'compiling the specification');
  const sizes = { sockets: options.sockets ?? named?.sockets ?? 3, threads: options.threads ?? named?.threads ?? 2 };
  const configuration = named === undefined ? null : { ...named, ...sizes };
  const artefact = await specificationArtefact(options.design, configuration === null ? limits(options) : limitsOf(configuration));
  const program = configuration === null ? artefact.program : partOf(artefact.program, configuration);
  const asserted = options.invariants ?? [...program.invariants.map(({ id }) => id), NO_OVERFLOW];
  const text = emitPromela(program, {
    properties: asserted.filter((id) => id !== NO_OVERFLOW),
    bounds: asserted.includes(NO_OVERFLOW),
  });
  const what =
    configuration === null
      ? `the specification, design ${options.design}, ${sizesOf(options)}`
      : `the configuration ${configuration.id}, design ${options.design}, ${sizeOf(configuration)}`;
  return written(options, text, what, { assertions: asserted.length, lines: text.split('\n').length });
}

async function smtlib(options: ExportOptions): Promise<Exported> {
  const directory = options.out ?? '.';
  if (existsSync(directory) && readdirSyncOf(directory).length > 0)
    throw new UsageError(`--out: ${JSON.stringify(directory)} is not empty; what is there could be taken for a part of the proof`, {
      field: '--out',
      reason: 'is not empty',
    });
  options.progress(0, null, 'compiling the specification');
  const artefact = await specificationArtefact(options.design, limits(options));
  const what = `the proof by induction, design ${options.design}, ${sizesOf(options)}`;
  const deadline = Date.now() + options.timeoutSeconds * 1000;
  const { progress, seed, signal } = options;
  try {
    const { questions, proved, open } = await obligationsOf(artefact, {
      seed,
      watched: WATCHED,
      limits: { solver: null, signal, deadline, lanes: LANES },
      progress,
      title: `sockref export: ${what}`,
    });
    const files = questions.map(({ name, text }) => writeFile(join(directory, `${name}.smt2`), text));
    return { format: 'smtlib', what, files, text: null, figures: { questions: files.length, proved: proved.length, open: open.length } };
  } catch (error) {
    if (!(error instanceof SolverFailure)) throw error;
    throw new UsageError(
      `--timeout: the proof did not come to its end (${error.message}); give it more time, or fewer sockets or threads`,
      {
        field: '--timeout',
        reason: error.message,
      },
    );
  }
}

async function itf(options: ExportOptions): Promise<Exported> {
  const { counterexample } = options;
  options.progress(0, null, 'compiling the specification');
  if (counterexample === null) {
    const model = loadModel(await specificationArtefact(options.design, limits(options)));
    const steps = randomWalk(model, options.steps, randomFrom(options.seed));
    const what = `a random walk of ${steps.length} steps, seed ${options.seed}, design ${options.design}, ${sizesOf(options)}`;
    const { trace } = itfOf(model, steps, 'sockref', what);
    return written(options, `${JSON.stringify(trace, null, 2)}\n`, what, { states: trace.states.length });
  }
  const file = ofModel(counterexample);
  const { model, moves } = await movesOf(file);
  const what = `the counterexample to ${file.breaks}, design ${file.design}`;
  const { trace, taken } = itfOf(model, moves, 'sockref', what);
  if (taken < moves.length) {
    const reason = `step ${taken + 1} is not possible in this version of the specification`;
    throw new UsageError(`FILE: ${reason}; see sockref replay`, { field: 'FILE', reason });
  }
  const shown = file.engine === 'check' && file.lasso !== undefined ? withLoop(trace, file.lasso.loop) : trace;
  return written(options, `${JSON.stringify(shown, null, 2)}\n`, what, { states: shown.states.length });
}

function ofModel(file: Counterexample): ModelCounterexample {
  if (file.engine === 'prove' || file.engine === 'check') return file;
  const reason = `is a trace of the implementation (engine ${file.engine}), and ITF is of states of the specification`;
  throw new UsageError(`FILE: ${reason}`, { field: 'FILE', reason });
}

function limits({ sockets, threads }: ExportOptions): Limits {
  return { SOCKETS: sockets ?? 3, PCBS: sockets ?? 3, THREADS: threads ?? 2 };
}

function sizesOf({ sockets, threads }: ExportOptions): string {
  return `${sockets ?? 3} sockets, ${threads ?? 2} thread${threads === 1 ? '' : 's'}`;
}

function written(options: ExportOptions, text: string, what: string, figures: Exported['figures']): Exported {
  const { format, out } = options;
  if (out === null) return { format, what, files: [], text, figures };
  return { format, what, files: [writeFile(out, text)], text: null, figures };
}

function writeFile(path: string, text: string): string {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  } catch (error) {
    throw cannot('written to', path, error);
  }
}

function readdirSyncOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    throw cannot('read', directory, error);
  }
}

function cannot(what: string, path: string, error: unknown): UsageError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  const reason = `cannot be ${what} (${code})`;
  return new UsageError(`--out: ${JSON.stringify(path)} ${reason}`, { field: '--out', reason });
}
