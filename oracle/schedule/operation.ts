/**
 * *Operations*: what an agent rests before, as numbers in typed arrays, so that a strategy compares two of them without asking the
 * machine. An operation touches bytes (`opFrom`, `opBytes`) and perhaps the list of those who wait for its address.
 */
import { type Door, DOORS } from '../compile/ir-impl.ts';

/**
 * What an access does, as bits. WAITS: it changes the list of waiters of its address; LOOKS: it leaves that list as it is; PASSES: it
 * would have changed it with another value in its word.
 */
export const READ = 1;
export const WRITE = 2;
export const PLAIN = 4;
export const WAITS = 8;
export const LOOKS = 16;
export const PASSES = 32;

/** Values of `opKind`: a door is its place in DOORS plus 1; a guard comes after the doors. */
export const OP_NONE = 0;
export const OP_GUARD = DOORS.length + 1;
export const opOf = (door: Door): number => DOORS.indexOf(door) + 1;
/** A lock taken in one step: like a guard, it waits for its word. */
export const OP_ACQUIRE = opOf('acquire');

/** What the monitor heard in a step. */
export const HEARD_CALL = 1;
export const HEARD_RETURN = 2;

export type AgentStatus = 'ready' | 'blocked' | 'guarded' | 'done' | 'panicked';
export const STATUSES: readonly AgentStatus[] = ['ready', 'blocked', 'guarded', 'done', 'panicked'];
export const [READY, BLOCKED, GUARDED, DONE, PANICKED] = [0, 1, 2, 3, 4] as const;

/** Somebody in the list of waiters. */
export interface Waiter {
  readonly agent: number;
  /** -1: the agent itself is blocked. */
  readonly ticket: number;
  readonly at: number;
  readonly timed: boolean;
}
