/** Events at the face: what is asked and found, in words, and the tables of numbers that lie in user memory for it. */
import { POLLFD_BYTES, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI } from './layout.ts';

const POLLFD_WORDS = POLLFD_BYTES / 4;

/** A descriptor, and what to be told of it; its end in both directions is told in any case. */
export interface PollRequest {
  readonly fd: number;
  readonly read?: boolean;
  readonly write?: boolean;
  readonly urgent?: boolean;
}

export interface PollResult {
  readonly fd: number;
  /** There is data, a connection, an error or the end of the stream to be had. */
  readonly readable: boolean;
  /** A send would not wait, if only to be told that it can't be. Never together with `hangup`. */
  readonly writable: boolean;
  readonly urgent: boolean;
  /** Nothing more will come or go. */
  readonly hangup: boolean;
  /** This is no descriptor, or not any more. */
  readonly closed: boolean;
}

/** The descriptors of a select that can be read and written. */
export interface Selected {
  readonly read: readonly number[];
  readonly write: readonly number[];
}

/** The words of the pollfds for these requests. What is no descriptor at all becomes one that nobody has. */
export function pollTable(requests: readonly PollRequest[]): readonly number[] {
  return requests.flatMap(({ fd, read, write, urgent }) => [
    (fd | 0) === fd && fd >= 0 ? fd : 0x7fffffff,
    (read === true ? POLLIN : 0) | (write === true ? POLLOUT : 0) | (urgent === true ? POLLPRI : 0),
    0,
  ]);
}

/** What the kernel has filled in, of those that have something to say. */
export function pollResults(requests: readonly PollRequest[], words: readonly number[]): readonly PollResult[] {
  return requests.flatMap(({ fd }, at) => {
    const events = words[at * POLLFD_WORDS + 2] ?? 0;
    if (events === 0) return [];
    const has = (bit: number): boolean => (events & bit) !== 0;
    const found = { readable: has(POLLIN), writable: has(POLLOUT), urgent: has(POLLPRI), hangup: has(POLLHUP), closed: has(POLLNVAL) };
    return [{ fd, ...found }];
  });
}

/** What a select asks of poll. */
export function selectRequests(read: readonly number[], write: readonly number[]): readonly PollRequest[] {
  return [...new Set([...read, ...write])].map((fd) => ({ fd, read: read.includes(fd), write: write.includes(fd) }));
}

/** And what it makes of the answer: a hangup counts as both. */
export function selected(read: readonly number[], write: readonly number[], found: readonly PollResult[]): Selected {
  const those = (asked: readonly number[], can: (result: PollResult) => boolean): readonly number[] =>
    asked.filter((fd) => found.some((result) => result.fd === fd && (result.hangup || can(result))));
  return { read: those(read, ({ readable }) => readable), write: those(write, ({ writable }) => writable) };
}
