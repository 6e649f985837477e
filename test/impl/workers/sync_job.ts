/** What a test of the locks and its workers agree on. */

export interface SyncJob {
  readonly buffer: SharedArrayBuffer;
  readonly job: 'mutex' | 'rw-read' | 'rw-write' | 'sx' | 'sx-interruptible' | 'produce' | 'consume' | 'sleep' | 'wake-all';
  readonly scratch: number;
  readonly count: number;
  readonly blocking: boolean;
}

/** Offsets from `scratch`: the lock, then what it guards. */
export const LOCK = 0;
export const VALUE = 4;
export const SHADOW = 5;
export const INTERRUPTED = 6;
export const STARTED = 7;
export const SCRATCH_WORDS = 8;
/** What produce and consume keep between 0 and this. */
export const ROOM = 3;
