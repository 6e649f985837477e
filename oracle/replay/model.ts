/**
 * Replay of a trace of the specification: the recorded starts of procedures, and the steps that go on from a pause, on the compiled
 * model. It needs no solver; what a solver has found is confirmed, or not, by the model itself.
 */
import type { Source } from '../compile/ir.ts';
import { claimArtefact, isClaim, kindOf } from '../claims/program.ts';
import { type CompiledModel, loadModel } from '../compile/model.ts';
import { OutOfBounds } from '../compile/values.ts';
import type { CheckCounterexample, ModelCounterexample, ProveStep } from '../counterexample.ts';
import { dueText, type Shown, shownBy, takes } from '../check/fairness.ts';
import type { Work } from '../engine.ts';
import { fingerprint } from '../run/program.ts';
import { compiledSpecification, knownDesign, specificationSources } from '../specification.ts';
import type { Outcome, Verdict } from '../verdict.ts';
import { checkSizes, diverged, endingOf, pause, refusedFile, wentThrough } from './ending.ts';

/** The id of what every program promises without saying so: that no bound is broken. */
const NO_OVERFLOW = 'no-overflow';
/** The operation of a thread that goes on from where it paused. */
const CONTINUE = 'continue';
const LARGEST_SIZE = 64;

/** A recorded step with its names looked up. `args` is null where an agent goes on from a pause. */
export interface Move {
  readonly agent: number;
  readonly who: number;
  readonly procedure: number;
  readonly args: readonly number[] | null;
}

/** Throws a UsageError where the file names a design, a size, an agent, a procedure, an argument or an invariant that does not exist. */
export async function movesOf(file: ModelCounterexample): Promise<{ readonly model: CompiledModel; readonly moves: readonly Move[] }> {
  checkSizes(file.configuration, sizeLimits(), false);
  const model = isClaim(file.breaks)
    ? loadModel(await claimArtefact({ kind: kindOf(file.breaks), design: knownDesign(file.design), limits: file.configuration }))
    : await compiledSpecification(file.design, file.configuration);
  const promises = model.promises.map(({ id }) => id);
  if (file.engine === 'check' && file.lasso !== undefined) {
    if (!promises.includes(file.breaks)) throw refusedFile('breaks', 'is not a promise of the specification', promises);
  } else {
    const known = [...model.invariants, ...model.lemmas].map(({ id }) => id);
    if (promises.includes(file.breaks)) throw refusedFile('lasso', 'is missing: what breaks a promise is a run that never ends');
    if (file.breaks !== NO_OVERFLOW && !known.includes(file.breaks))
      throw refusedFile('breaks', 'is not an invariant of the specification', [...known, NO_OVERFLOW]);
  }
  return { model, moves: file.steps.map((step, index) => moveOf(model, step, index)) };
}

/** Throws as `movesOf` does. */
export async function replayModel(file: ModelCounterexample, work: Work): Promise<Outcome> {
  const begin = performance.now();
  const { model, moves } = await movesOf(file);
  if (file.engine === 'check' && file.lasso !== undefined) return replayLasso(file, file.lasso, { model, moves, work, begin });

  const words = model.initial();
  const places: (Source | null)[] = [];
  let ending = broken(model, words, file.breaks) ? early(0, moves.length) : null;
  if (moves.length === 0 && ending === null) throw refusedFile('steps', `is empty, and the first state does not break ${file.breaks}`);
  for (const [index, move] of moves.entries()) {
    if (ending !== null) break;
    places.push(placeOf(model, words, move));
    ending = take(model, words, move, file, index);
    work.progress(index + 1, moves.length, file.steps[index]?.operation ?? '');
    if (ending === null && (await pause(index, work.signal))) ending = { verdict: 'unknown', why: `interrupted after step ${index + 1}` };
  }
  const { verdict, why } = ending ?? wentThrough(file);
  return endingOf({
    verdict,
    taken: places.length,
    total: moves.length,
    breaks: file.breaks,
    setting: settingOf(file),
    seconds: (performance.now() - begin) / 1000,
    detail: [
      ...file.steps.slice(0, places.length).map((step, index) => tell(step, index, places, verdict)),
      ...meaning(model, file.breaks),
      why,
    ].join('\n'),
  });
}

interface Follow {
  readonly model: CompiledModel;
  readonly moves: readonly Move[];
  readonly work: Work;
  /** When the replay began. */
  readonly begin: number;
}

/** A run that never ends: the stem, and the loop once, at whose end all must be as it was. */
function replayLasso(
  file: ModelCounterexample,
  { ids, loop }: NonNullable<CheckCounterexample['lasso']>,
  { model, moves, work, begin }: Follow,
): Outcome {
  const promise = model.promises.find(({ id }) => id === file.breaks);
  if (promise === undefined) throw new Error(`there is no promise ${file.breaks}`);
  const about = promise.params.map(({ name, type }) => {
    const value = Object.hasOwn(ids, name) ? ids[name] : undefined;
    if (value === undefined) throw refusedFile(`lasso.ids.${name}`, 'is missing');
    try {
      return model.encodeArgument(type, value);
    } catch (error) {
      if (!(error instanceof OutOfBounds)) throw error;
      throw refusedFile(`lasso.ids.${name}`, error.message.replace(/^\S+ /, ''));
    }
  });
  const stranger = Object.keys(ids).find((name) => !promise.params.some((param) => param.name === name));
  if (stranger !== undefined) throw refusedFile(`lasso.ids.${stranger}`, `is nothing that ${promise.id} is about`);
  const places = placesOf(model, moves);
  let differs: string | null = null;
  const shown = shownBy(model, promise, about, moves, loop, (words, step) => {
    const expected = file.steps[step - 1]?.fingerprint;
    const seen = fingerprint(words);
    if (seen !== expected) differs ??= diverged(step, `expected fingerprint ${expected}, saw ${seen}`);
    work.progress(step, moves.length, file.steps[step - 1]?.operation ?? '');
  });
  const { verdict, why } =
    differs === null || shown.shows !== 'broken' ? endOf(model, file, shown, differs) : { verdict: 'unknown' as const, why: differs };
  const lines = file.steps.slice(0, places.length).map((step, index) => tell(step, index, places, 'holds'));
  const again = loop === lines.length ? '      … and may stay so: nobody is owed a turn here' : '      … and then, for ever:';
  return endingOf({
    verdict,
    taken: shown.shows === 'stuck' ? shown.step - 1 : moves.length,
    total: moves.length,
    breaks: file.breaks,
    setting: settingOf(file),
    seconds: (performance.now() - begin) / 1000,
    detail: [
      ...lines.slice(0, loop),
      again,
      ...lines.slice(loop),
      `${promise.id} (${promise.source.file}:${promise.source.line}): ${promise.text}`,
      why,
    ].join('\n'),
  });
}

function endOf(
  model: CompiledModel,
  file: ModelCounterexample,
  shown: Shown,
  differs: string | null,
): { readonly verdict: Verdict; readonly why: string } {
  const { verdict, why } = wentThrough(file);
  const fixed = (how: string) => ({ verdict, why: verdict === 'holds' ? how : (differs ?? `${how}; ${why}`) });
  switch (shown.shows) {
    case 'broken':
      return { verdict: 'violated', why: `it happened again: ${file.breaks} is not kept, and the run leaves nobody out` };
    case 'stuck': {
      const { thread = '', operation = '' } = file.steps[shown.step - 1] ?? {};
      const what = operation === CONTINUE ? 'has nothing to go on with, or waits' : `cannot begin ${operation}`;
      return { verdict: 'unknown', why: differs ?? diverged(shown.step, `${thread} ${what} in this state`) };
    }
    case 'kept':
      return fixed(`all steps went through and ${file.breaks} is kept`);
    case 'open':
      return fixed('all steps went through, and the loop does not lead back to where it began');
    case 'unfair':
      return fixed(
        `all steps went through, and the loop leaves out what is owed now: ${shown.starved.map((due) => dueText(model, due)).join('; ')}`,
      );
  }
}

/** Where each step begins, as far as they can be taken. */
function placesOf(model: CompiledModel, moves: readonly Move[]): readonly (Source | null)[] {
  const words = model.initial();
  const places: (Source | null)[] = [];
  for (const move of moves) {
    places.push(placeOf(model, words, move));
    if (!takes(model, words, move)) return places;
  }
  return places;
}

/** Takes one step; null: go on. */
function take(
  model: CompiledModel,
  words: Int32Array,
  move: Move,
  file: ModelCounterexample,
  index: number,
): ReturnType<typeof early> | null {
  const { agent, who, procedure, args } = move;
  const number = index + 1;
  const possible = args === null ? model.resume(words, agent, who) : model.start(words, agent, who, procedure, args);
  const { thread, operation, fingerprint: expected } = file.steps[index] as ProveStep;
  if (!possible) {
    const what = operation === CONTINUE ? 'has nothing to go on with, or waits' : `cannot begin ${operation}`;
    return { verdict: 'unknown', why: diverged(number, `${thread} ${what} in this state`) };
  }
  const last = number === file.steps.length;
  const isBroken = broken(model, words, file.breaks);
  const seen = fingerprint(words);
  if (isBroken && !last) return early(number, file.steps.length);
  if (seen !== expected && (isBroken || !last))
    return { verdict: 'unknown', why: diverged(number, `expected fingerprint ${expected}, saw ${seen}`) };
  return isBroken ? { verdict: 'violated', why: `it happened again: ${file.breaks} is false after step ${number}` } : null;
}

/** The invariant is false before the trace says so. */
function early(step: number, total: number): { readonly verdict: Verdict; readonly why: string } {
  if (step === 0 && total === 0) return { verdict: 'violated', why: 'it happened again: the first state breaks it' };
  return { verdict: 'unknown', why: diverged(step, `it breaks here already, and was recorded to break at step ${total}`) };
}

function broken(model: CompiledModel, words: Int32Array, id: string): boolean {
  if (id === NO_OVERFLOW) return model.fault(words) !== null;
  return [...model.invariants, ...model.lemmas].some((property) => property.id === id && !property.holds(words));
}

function moveOf(model: CompiledModel, step: ProveStep, index: number): Move {
  const { agent, who } = actorOf(model, step.thread, index);
  if (step.operation === CONTINUE) {
    const [stranger] = Object.keys(step.arguments);
    if (stranger !== undefined) throw refusedFile(`steps[${index}].arguments.${stranger}`, 'is an argument, and to continue takes none');
    return { agent, who, procedure: 0, args: null };
  }
  const procedures = model.agents[agent]?.procedures ?? [];
  const procedure = procedures.findIndex(({ name }) => name === step.operation);
  const params = procedures[procedure]?.params;
  if (params === undefined) {
    const known = [...procedures.map(({ name }) => name), CONTINUE];
    throw refusedFile(`steps[${index}].operation`, `is nothing that ${step.thread} does: ${JSON.stringify(step.operation)}`, known);
  }
  const known = params.map(({ name }) => name);
  const stranger = Object.keys(step.arguments).find((name) => !known.includes(name));
  if (stranger !== undefined) throw refusedFile(`steps[${index}].arguments.${stranger}`, `is not an argument of ${step.operation}`, known);
  const args = params.map(({ name, type }) => {
    const field = `steps[${index}].arguments.${name}`;
    const value = Object.hasOwn(step.arguments, name) ? step.arguments[name] : undefined;
    if (value === undefined) throw refusedFile(field, 'is missing');
    try {
      // A file knows no null: no id is written as the text.
      return model.encodeArgument(type, value === 'null' && type.kind === 'id' ? null : value);
    } catch (error) {
      if (!(error instanceof OutOfBounds)) throw error;
      throw refusedFile(field, error.message.replace(/^\S+ /, ''));
    }
  });
  return { agent, who, procedure, args };
}

/** "thread 0" is the first of the agents that are called thread; "wire" the only one of its kind. */
function actorOf(model: CompiledModel, thread: string, index: number): { readonly agent: number; readonly who: number } {
  const [name = '', digits = '0'] = thread.split(' ');
  const agent = model.agents.findIndex((each) => each.name === name);
  const size = model.agents[agent]?.size ?? 0;
  const who = Number(digits);
  if (thread.split(' ').length <= 2 && /^\d{1,3}$/.test(digits) && who < size) return { agent, who };
  const known = model.agents.flatMap((each) => Array.from({ length: each.size }, (_, number) => `${each.name} ${number}`));
  throw refusedFile(`steps[${index}].thread`, `is nobody who acts in this configuration: ${JSON.stringify(thread)}`, known);
}

/** Where the step begins: its procedure, or the pause it goes on from. */
function placeOf(model: CompiledModel, words: Int32Array, { agent, who, procedure, args }: Move): Source | null {
  if (args === null) return model.describe(words, agent, who);
  const definition = model.program.agents[agent]?.procedures[procedure];
  return definition === undefined ? null : (model.program.functions[definition.fn]?.source ?? null);
}

function tell(
  { thread, operation, arguments: args }: ProveStep,
  index: number,
  places: readonly (Source | null)[],
  verdict: Verdict,
): string {
  const place = places[index];
  const mark = verdict !== 'holds' && index === places.length - 1 ? '✗' : ' ';
  const given = Object.entries(args).map(([name, value]) => `${name} ${String(value)}`);
  const where = place === null || place === undefined ? '' : `  ${place.file}:${place.line}`;
  return `${mark}${String(index + 1).padStart(4)}  ${thread.padEnd(9)}  ${operation}${operation === CONTINUE ? '' : `(${given.join(', ')})`}${where}`;
}

function meaning(model: CompiledModel, id: string): readonly string[] {
  const property = [...model.invariants, ...model.lemmas].find((each) => each.id === id);
  return property === undefined ? [] : [`${id} (${property.source.file}:${property.source.line}): ${property.text}`];
}

function settingOf({ design, configuration }: ModelCounterexample): string {
  const sizes = Object.entries(configuration).map(([name, value]) => `${name} ${value}`);
  return `design ${design}${sizes.length === 0 ? '' : `, ${sizes.join(', ')}`}`;
}

/** The limits that stand as plain numbers in model/limits.ts; the others follow from them. */
function sizeLimits(): Readonly<Record<string, readonly [least: number, most: number]>> {
  const text = specificationSources()['model/limits.ts'] ?? '';
  return Object.fromEntries(
    [...text.matchAll(/^export const (\w+) = \d+;$/gm)].map(([, name]) => [name as string, [1, LARGEST_SIZE] as const]),
  );
}
