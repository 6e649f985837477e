/**
 * *Side by side*: what is to be judged is handed out in its order, to each lane the next one when it has done the last, and the rows are put
 * back in that order. What one of them throws ends all, as if they were judged one after the other.
 */
import type { ResourceLimits } from 'node:worker_threads';
import type { Progress } from '../../engine.ts';
import type { Row } from '../../verdict.ts';
import type { Job } from './job.ts';
import { Death, Lane } from './lane.ts';

export interface SideBySide<Item> {
  readonly items: readonly Item[];
  readonly workers: number;
  readonly signal: AbortSignal;
  /** Told of what is under way, and how much is done. */
  readonly progress: (done: number, text: string) => void;
  /** Rows: those of an item that is not to be judged any more. Asked when the item's turn comes. */
  readonly jobOf: (item: Item) => Job | readonly Row[];
  /** Those of an item whose worker died. */
  readonly died: (item: Item, why: string, seconds: number) => readonly Row[];
  /** What the threads run and may use, for tests. */
  readonly file?: string;
  readonly resourceLimits?: ResourceLimits;
}

/** The rows of each item; null: its turn had not come when all was interrupted. */
export async function sideBySide<Item>(asked: SideBySide<Item>): Promise<readonly (readonly Row[] | null)[]> {
  const { items, workers, signal } = asked;
  const results: (readonly Row[] | null)[] = items.map(() => null);
  const lanes = Array.from({ length: Math.max(1, Math.min(workers, items.length)) }, () => new Lane(asked.file, asked.resourceLimits));
  let [next, done] = [0, 0];
  const failures: { readonly index: number; readonly error: unknown }[] = [];
  // The user's interrupt, or that one of them has failed: then nobody needs the others.
  const end = new AbortController();
  const stop = (): void => end.abort();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  const follow = async (lane: Lane): Promise<void> => {
    while (next < items.length && !end.signal.aborted) {
      const index = next++;
      const item = items[index];
      if (item === undefined) return;
      try {
        results[index] = await judged(lane, item);
      } catch (error) {
        failures.push({ index, error });
        stop();
        return;
      }
      done++;
    }
  };
  const judged = async (lane: Lane, item: Item): Promise<readonly Row[]> => {
    const job = asked.jobOf(item);
    if (!('kind' in job)) return job;
    const began = performance.now();
    const progress: Progress = (of, total, text) => asked.progress(done, `${text} (${of}${total === null ? '' : ` of ${total}`})`);
    try {
      const answer = await lane.judge(job, end.signal, progress);
      if (answer.kind !== 'rows') throw new Error('rows were asked for');
      return answer.rows;
    } catch (error) {
      if (!(error instanceof Death)) throw error;
      return asked.died(item, `the worker that judged it died: ${error.message}`, (performance.now() - began) / 1000);
    }
  };
  try {
    await Promise.all(lanes.map(follow));
  } finally {
    signal.removeEventListener('abort', stop);
    await Promise.all(lanes.map((lane) => lane.end()));
  }
  const [first] = failures.sort((a, b) => a.index - b.index);
  if (first !== undefined) throw first.error;
  return results;
}
