/** The verdict on the promises of a configuration, a row for each, once its states are known. */
import { loadModel, type Promised } from '../compile/model.ts';
import { writeCounterexample } from '../counterexample.ts';
import { withOrigin } from '../origin.ts';
import type { Row } from '../verdict.ts';
import { limitsOf } from './configurations.ts';
import { Crew } from './crew.ts';
import type { Examined } from './examine.ts';
import type { Found } from './found.ts';
import { dueText, shownBy } from './fairness.ts';
import type { Lasso } from './lassos.ts';
import { type GaveUp, judgePromise, type Judgement } from './promises.ts';
import { count, type Subject } from './subject.ts';
import { headOf, Run } from './trace.ts';

/** Times that a loop is taken before the whole specification has to be where it was once before. */
const ROUNDS = 64;

export async function byPromises(subject: Subject, { explorer, byOneThread }: Examined): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let states = explorer;
  for (const promise of explorer.model.promises) {
    let judgement = await judge(subject, states, promise);
    // Which loop shows it depends on the numbers of the states: it is to be the same in every run. What is broken is not lost for want of time.
    if (judgement.broken !== null && states instanceof Crew) {
      states = await byOneThread();
      judgement = await judge({ ...subject, deadline: Number.POSITIVE_INFINITY }, states, promise);
    }
    rows.push(told(subject, states, promise, judgement));
  }
  return rows;
}

function judge({ configuration, options, deadline }: Subject, explorer: Found, promise: Promised): Promise<Judgement> {
  const patience = { memoryBytes: options.memoryMiB * 2 ** 20 - explorer.bytes, deadline, signal: options.signal };
  return judgePromise(explorer, promise, patience, (pending) =>
    options.progress(pending, null, `${configuration.id}: ${promise.id}, pending in ${count(pending)} states`),
  );
}

function told(subject: Subject, explorer: Found, promise: Promised, judgement: Judgement): Row {
  const { configuration, where, seen } = subject;
  const { arises, pending, broken, gaveUp, seconds } = judgement;
  seen.promises.set(promise.id, arises > 0 || seen.promises.get(promise.id) === true);
  const known = explorer.complete ? `all ${count(explorer.states)} states` : `${count(explorer.states)} states, which are not all`;
  const base = {
    id: `${configuration.id}/${promise.id}`,
    seconds,
    method: 'fair runs',
    bound: `${known}, ${arises === 0 ? 'in none of which it comes up' : `pending ${count(pending)} times`}; ${where}`,
    figures: { pending },
  };
  if (broken !== null) return { ...base, ...violated(subject, explorer, promise, broken) };
  if (gaveUp !== null) return { ...base, verdict: 'unknown', counterexample: null, detail: advice(gaveUp) };
  if (!explorer.complete)
    return { ...base, verdict: 'unknown', counterexample: null, detail: 'no fair run breaks it in these states, and there are more' };
  return { ...base, verdict: 'holds', counterexample: null };
}

function violated(
  subject: Subject,
  explorer: Found,
  promise: Promised,
  { ids, lasso }: NonNullable<Judgement['broken']>,
): Pick<Row, 'verdict' | 'counterexample' | 'detail'> {
  const { configuration, options, artefact } = subject;
  const whole = loadModel(artefact);
  const run = new Run(whole, explorer.model);
  const loop = closed(run, explorer, lasso);
  const same = whole.promises.find(({ id }) => id === promise.id);
  const named = promise.params.map(({ name }, index) => [name, ids[index] ?? 0] as const);
  const about = `${promise.id}${named.length === 0 ? '' : ` (${named.map((each) => each.join(' ')).join(', ')})`}`;
  if (loop === null || same === undefined)
    return doubtful(
      `${about} is not kept in a run of this configuration, and the whole specification does not go that way: a fault of sockref`,
    );
  const shown = shownBy(whole, same, ids, run.moves, loop);
  if (shown.shows === 'unfair') {
    const who = shown.starved.map((due) => dueText(whole, due)).join('; ');
    return doubtful(`${about} is not kept in a run of this configuration, but what it leaves out is owed all along the loop: ${who}`);
  }
  if (shown.shows !== 'broken')
    return doubtful(`${about} is not kept in a run of this configuration, and is in the whole specification: a fault of sockref`);
  const telling = {
    design: options.design,
    scenario: configuration.id,
    seed: options.seed,
    breaks: promise.id,
    limits: limitsOf(configuration),
  };
  const file = writeCounterexample(
    options.out,
    withOrigin({ ...headOf(telling), lasso: { ids: Object.fromEntries(named), loop }, steps: run.steps }),
  );
  const [stem, rounds] = [run.lines.slice(0, loop), run.lines.slice(loop)];
  const ending = rounds.length === 0 ? ['      … and may stay so: nobody is owed a turn here'] : ['      … and then, for ever:', ...rounds];
  const how = rounds.length === 0 ? 'and then nothing' : `and then ${rounds.length} for ever, which leave nobody out`;
  return {
    verdict: 'violated',
    counterexample: file,
    detail: [`${about}: never kept after ${stem.length} steps, ${how}`, ...stem, ...ending].join('\n'),
  };
}

function doubtful(detail: string): Pick<Row, 'verdict' | 'counterexample' | 'detail'> {
  return { verdict: 'unknown', counterexample: null, detail };
}

/**
 * Takes the lasso on the whole specification, and says how many steps lead to its loop. That may need more rounds than one: what nobody
 * looks at may be otherwise at first. Null: it does not go that way.
 */
function closed(run: Run, explorer: Found, { from, way, loop }: Lasso): number | null {
  const actions = (hops: Lasso['way']) => hops.flatMap(({ action }) => explorer.actions[action] ?? []);
  const path = explorer.pathTo(from);
  if (path === null || !run.takeAll([...path, ...actions(way)])) return null;
  if (loop.length === 0) return run.steps.length;
  const begins = [{ steps: run.steps.length, words: run.words.slice() }];
  for (let round = 0; round < ROUNDS; round++) {
    if (!run.takeAll(actions(loop))) return null;
    const same = begins.find(({ words }) => words.every((word, index) => word === run.words[index]));
    if (same !== undefined) return same.steps;
    begins.push({ steps: run.steps.length, words: run.words.slice() });
  }
  return null;
}

function advice(gaveUp: GaveUp): string {
  switch (gaveUp) {
    case 'memory':
      return 'there is no memory left to look for fair runs: give it more with --memory, or fewer sockets or threads';
    case 'time':
      return 'the time is over: give it more with --time, or fewer sockets or threads';
    case 'interrupt':
      return 'interrupted';
  }
}
