/**
 * A *job* is what a worker is given to judge, and the *messages* are all that is said between it and the thread that gives it: plain data, both
 * ways. A worker has one job at a time and says of it how far it is, and in the end its rows or what was thrown.
 */
import type { MuseumOptions, StrategyName } from '../../engine.ts';
import type { UsageDetails } from '../../usage.ts';
import type { Row } from '../../verdict.ts';
import type { Explored } from '../exploration.ts';
import type { Request } from '../judgement.ts';
import type { Task } from '../tasks.ts';

/** A worker has its own of these. */
type Live = 'signal' | 'progress' | 'sampleInParts';

export type Job =
  | { readonly kind: 'task'; readonly task: Task; readonly request: Omit<Request, Live> }
  /** A part of the sample of one program: so many executions (`limits`) from that number (`from`) on. */
  | { readonly kind: 'sample'; readonly task: Task; readonly strategy: StrategyName; readonly request: Omit<Request, Live> }
  /** Entries of the museum that have their control in common. */
  | { readonly kind: 'entries'; readonly options: Omit<MuseumOptions, Live> };

export type ToWorker =
  | { readonly kind: 'job'; readonly job: Job }
  /** The user has interrupted it: what was covered is asked for. */
  | { readonly kind: 'stop' };

export type Answer =
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  /** Of a part of a sample. */
  | { readonly kind: 'sampled'; readonly explored: Explored };

export type FromWorker =
  | Answer
  | { readonly kind: 'progress'; readonly done: number; readonly total: number | null; readonly text: string }
  /** With details: a UsageError. */
  | { readonly kind: 'thrown'; readonly message: string; readonly stack: string | undefined; readonly details: UsageDetails | null };
