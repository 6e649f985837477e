/**
 * A *sample in parts*: the executions of one program are handed out to workers, so many at a time. Each is made of the seed and its number, so
 * that what is looked at and what is found first are the same whatever the number of workers: parts count up to the first in which something
 * breaks.
 */
import type { StrategyName } from '../../engine.ts';
import type { Explored, Figures } from '../exploration.ts';
import type { Request } from '../judgement.ts';
import { SAMPLES } from '../sampling.ts';
import type { Task } from '../tasks.ts';
import { Death, Lane } from './lane.ts';

/** Executions of a part: a fraction of a second, and many of the first few that each part repeats. */
export const PART = 1000;

interface Asked {
  readonly task: Task;
  readonly request: Request;
  readonly strategy: StrategyName;
  readonly executions: number | null;
  readonly workers: number;
  /** What the threads run, for tests. */
  readonly file?: string;
}

export async function sampleInParts({ task, request, strategy, executions, workers, file }: Asked): Promise<Explored> {
  const { signal, progress, sampleInParts: _, ...plain } = request;
  const { seconds } = request.limits;
  const total = executions ?? (seconds === null ? SAMPLES : Number.POSITIVE_INFINITY);
  const end = seconds === null ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1000;
  const parts: Explored[] = [];
  const underWay = new Map<number, AbortController>();
  const failures: unknown[] = [];
  // The first part that something ended before its time: what comes after it is not needed.
  let [next, last] = [0, Number.POSITIVE_INFINITY];
  const endAfter = (part: number): void => {
    last = Math.min(last, part);
    for (const [later, control] of underWay) if (later > last) control.abort();
  };
  const stop = (): void => {
    for (const control of underWay.values()) control.abort();
  };
  signal.addEventListener('abort', stop);
  const tell = (): void => {
    // Parts that are under way leave holes.
    const { executions: done } = merged(parts.filter((one) => one !== undefined));
    progress(done, Number.isFinite(total) ? total : null, `${task.id}: ${done} schedules`);
  };
  const follow = async (lane: Lane): Promise<void> => {
    while (next * PART < total && next <= last && !signal.aborted) {
      const part = next++;
      const control = new AbortController();
      underWay.set(part, control);
      const from = part * PART;
      const left = seconds === null ? null : Math.max(0.001, (end - performance.now()) / 1000);
      const limits = { ...request.limits, executions: Math.min(PART, total - from), seconds: left };
      try {
        const answer = await lane.judge({ kind: 'sample', task, strategy, request: { ...plain, limits, from } }, control.signal, tell);
        if (answer.kind !== 'sampled') throw new Error('a sample was asked for');
        const { explored } = answer;
        parts[part] = explored;
        tell();
        if (explored.violation !== null || !isWhole(explored)) endAfter(part);
      } catch (error) {
        if (!(error instanceof Death)) failures.push(error);
        else parts[part] = missing(`the worker that took schedules from number ${from} on died: ${error.message}`);
        endAfter(part);
      } finally {
        underWay.delete(part);
      }
    }
  };
  const lanes = Array.from({ length: workers }, () => new Lane(file));
  try {
    await Promise.all(lanes.map(follow));
  } finally {
    signal.removeEventListener('abort', stop);
    await Promise.all(lanes.map((lane) => lane.end()));
  }
  if (failures.length > 0) throw failures[0];
  const counted = parts.slice(0, Math.min(parts.length, last + 1));
  const found = counted.find(({ violation }) => violation !== null)?.violation ?? null;
  const cause = counted.find((one) => one.violation === null && !isWhole(one))?.stopped ?? (signal.aborted ? 'interrupted' : null);
  return {
    complete: false,
    stopped: found === null ? said(cause, seconds, total) : null,
    violation: found,
    doubt: counted.find(({ doubt }) => (doubt ?? null) !== null)?.doubt ?? null,
    figures: merged(counted),
  };
}

/** A part has come to its end when it has made all its executions. */
function isWhole({ stopped }: Explored): boolean {
  return stopped !== null && / schedules sampled$/.test(stopped);
}

/** Why it ended, in the words of a sample that one has taken. */
function said(cause: string | null, seconds: number | null, total: number): string {
  if (cause === null) return `${total} schedules sampled`;
  return / seconds$/.test(cause) ? `${seconds} seconds` : cause;
}

function missing(why: string): Explored {
  return { complete: false, stopped: why, violation: null, figures: { executions: 0, steps: 0, depth: 0 } };
}

function merged(parts: readonly Explored[]): Figures {
  const sum = (of: (figures: Figures) => number): number => parts.reduce((total, { figures }) => total + of(figures), 0);
  const executions = sum((figures) => figures.executions);
  const products = sum(({ estimate, executions: count }) => (estimate ?? 0) * count);
  const isEstimated = parts.some(({ figures }) => figures.estimate !== undefined);
  return {
    executions,
    steps: sum(({ steps }) => steps),
    depth: Math.max(0, ...parts.map(({ figures }) => figures.depth)),
    blocked: sum(({ blocked = 0 }) => blocked),
    ...(isEstimated ? { estimate: products / executions } : {}),
  };
}
