/**
 * The *museum*: each exhibit's bug is looked for in its program, within its bounds; what is found must replay; and the program without it
 * must hold within the very same bounds. Only both together say that the engine sees this bug.
 */
import { CompileError } from '../../compile/errors.ts';
import { readCounterexample } from '../../counterexample.ts';
import type { MuseumOptions } from '../../engine.ts';
import { replay } from '../../replay/index.ts';
import { UsageError } from '../../usage.ts';
import { type Outcome, type Row, type Verdict, worst } from '../../verdict.ts';
import { NO_LIMITS } from '../exploration.ts';
import { PrologueError } from '../kernel/stage.ts';
import { type Judged, judge, type Request } from '../judgement.ts';
import { type Exhibit, exhibits } from './exhibit.ts';
import { prepare } from './faulty.ts';

export async function museum(options: MuseumOptions): Promise<Outcome> {
  const all = await exhibits();
  const chosen = options.entries.map((id) => exhibitOf(all, id));
  return (options.workers ?? 1) > 1 && chosen.length > 1 ? sideBySideExhibition(chosen, options) : exhibition(chosen, options);
}

/** Those that have their control in common stay together: it is judged once, as without workers. */
async function sideBySideExhibition(chosen: readonly Exhibit[], options: MuseumOptions): Promise<Outcome> {
  const { sideBySide } = await import('../workers/side-by-side.ts');
  const { signal, progress, ...plain } = options;
  const commons = [...new Set(chosen.map(({ common }) => common))];
  const groups = commons.map((common) => chosen.filter((exhibit) => exhibit.common === common));
  const judged = await sideBySide({
    items: groups,
    workers: options.workers ?? 1,
    signal,
    progress: (done, text) => progress(done, groups.length, text),
    jobOf: (group) => ({ kind: 'entries', options: { ...plain, workers: 1, entries: group.map(({ id }) => id) } }),
    died: (group, why, seconds) => group.map(({ id, title }) => unjudged(id, seconds, `${title}\n${why}`)),
  });
  const rows = new Map(judged.flatMap((each) => each ?? []).map((row) => [row.id, row]));
  const inOrder = chosen.flatMap(({ id }) => rows.get(id) ?? []);
  return outcomeOf(chosen, inOrder, {});
}

function unjudged(id: string, seconds: number, detail: string): Row {
  return { id, verdict: 'unknown', bound: 'nothing', seconds, counterexample: null, found: false, detail };
}

function exhibitOf(all: readonly Exhibit[], id: string): Exhibit {
  const found = all.find((each) => each.id === id);
  if (found === undefined) throw new RangeError(`there is no entry ${id}`);
  return found;
}

/** The same for exhibits that are already there. */
export async function exhibition(chosen: readonly Exhibit[], options: MuseumOptions): Promise<Outcome> {
  const began = performance.now();
  options.progress(0, chosen.length, 'compiling the implementation');
  await prepare();
  const prepareSeconds = (performance.now() - began) / 1000;
  const controls = new Map<string, Promise<Judged>>();
  const rows: Row[] = [];
  for (const [index, exhibit] of chosen.entries()) {
    if (options.signal.aborted) break;
    options.progress(index, chosen.length, `${exhibit.id}: ${exhibit.title}`);
    rows.push(await show(exhibit, options, controls));
    options.progress(index + 1, chosen.length, exhibit.id);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return outcomeOf(chosen, rows, { prepareSeconds });
}

function outcomeOf(chosen: readonly Exhibit[], rows: readonly Row[], times: Readonly<Record<string, number>>): Outcome {
  const found = rows.filter((row) => row.found === true).length;
  const verdicts = rows.map(({ verdict }) => verdict);
  return {
    verdict: worst(rows.length < chosen.length ? [...verdicts, 'unknown'] : verdicts),
    bound: `${found} of ${chosen.length} bugs found, each within its bound`,
    results: rows,
    figures: { entries: rows.length, found, medianFindSeconds: medianFind(rows), ...times },
  };
}

function medianFind(rows: readonly Row[]): number {
  const times = rows.flatMap(({ figures }) => (figures?.findSeconds === undefined ? [] : [figures.findSeconds]));
  return times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
}

async function show(exhibit: Exhibit, options: MuseumOptions, controls: Map<string, Promise<Judged>>): Promise<Row> {
  const began = performance.now();
  const row = (part: Omit<Row, 'id' | 'method' | 'seconds'>): Row => ({
    id: exhibit.id,
    method: exhibit.strategy,
    seconds: (performance.now() - began) / 1000,
    ...part,
  });
  try {
    return row(await shown(exhibit, options, controls));
  } catch (error) {
    // A bug that can't be put back, or with which the program does not even begin: nothing has been judged.
    const isBroken = error instanceof CompileError || error instanceof UsageError || error instanceof RangeError;
    if (!(isBroken || error instanceof PrologueError)) throw error;
    return row({ verdict: 'unknown', bound: 'nothing', counterexample: null, found: false, detail: `${exhibit.title}\n${error.message}` });
  }
}

type Shown = Omit<Row, 'id' | 'method' | 'seconds'>;

async function shown(exhibit: Exhibit, options: MuseumOptions, controls: Map<string, Promise<Judged>>): Promise<Shown> {
  const { title, breaks, common, sound } = exhibit;
  const request = requestFor(exhibit, options);
  const began = performance.now();
  const target = await exhibit.broken();
  const madeSeconds = (performance.now() - began) / 1000;
  const { row: broken, found } = await judge(target, { ...request, wanted: breaks });
  if (found === null || !breaks.includes(found.id)) {
    // A search that came to its end without it is blind; one that did not says nothing.
    const verdict: Verdict = found === null && broken.verdict === 'unknown' ? 'unknown' : 'violated';
    const saw = found === null ? 'nothing was found' : `${found.id} was found`;
    const detail = [`${title}: ${saw} where ${breaks.join(' or ')} was expected`, ...(broken.detail === undefined ? [] : [broken.detail])];
    return { verdict, bound: broken.bound, counterexample: broken.counterexample, found: false, detail: detail.join('\n') };
  }
  const { seed, signal, display } = options;
  const again = await replay(await readCounterexample(broken.counterexample ?? ''), {
    seed,
    signal,
    progress: () => undefined,
    ...(display === undefined ? {} : { display }),
  });
  const control = controls.get(common) ?? sound().then((pristine) => judge(pristine, request));
  controls.set(common, control);
  const { row: held } = await control;
  const replayed = again.verdict === 'violated';
  const { steps, switches, seconds, text } = found;
  return {
    verdict: worst([replayed ? 'holds' : 'violated', held.verdict]),
    bound: `${found.id} in ${plural(steps, 'step')}, ${plural(switches, 'context switch', 'context switches')}; ${replayed ? 'replayed' : `replay: ${again.verdict}`}; without the bug: ${held.verdict}, ${held.bound}`,
    counterexample: held.counterexample ?? broken.counterexample,
    found: true,
    // The schedule itself is what its replay prints.
    detail: [title, text, ...(held.verdict === 'holds' ? [] : [`without the bug: ${held.detail ?? held.bound}`])].join('\n'),
    figures: { steps, contextSwitches: switches, findSeconds: madeSeconds + seconds, searchSeconds: seconds },
  };
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The same for the code with the bug and without it. */
function requestFor({ strategy, bounds }: Exhibit, { seed, out, signal, display, timeSeconds }: MuseumOptions): Request {
  return {
    strategy,
    granularity: 'block',
    preemptions: bounds.preemptions ?? null,
    depth: 3,
    limits: { ...NO_LIMITS, executions: bounds.executions ?? null, seconds: timeSeconds },
    seed,
    out,
    signal,
    progress: () => undefined,
    display,
  };
}
