/** Events at the face: what is asked and found, in words, and the tables of numbers that lie in user memory for it. */
import {
  EV_ADD,
  EV_CLEAR,
  EV_DELETE,
  EV_DISABLE,
  EV_ENABLE,
  EV_EOF,
  EV_ERROR,
  EV_ONESHOT,
  EVFILT_READ,
  EVFILT_WRITE,
  KEVENT_BYTES,
  NOTE_LOWAT,
  POLLFD_BYTES,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
} from './layout.ts';

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

/** A change of what a kqueue is asked about. Nothing said: registered, to be reported as long as it holds. */
export interface EventChange {
  readonly fd: number;
  /** Of a listener, `read` is a connection. */
  readonly filter: 'read' | 'write';
  readonly action?: 'add' | 'delete' | 'enable' | 'disable';
  /** Reported once, and then registered no more. */
  readonly once?: boolean;
  /** Reported, and then not again before something has changed. */
  readonly clear?: boolean;
  /** Bytes that there must be, instead of the socket's own low-water mark. */
  readonly lowWater?: number;
  /** The user's own number, which comes with the event. */
  readonly user?: number;
}

export interface KernelEvent {
  readonly fd: number;
  readonly filter: 'read' | 'write';
  /** Bytes to read, connections to accept, or bytes there is room for; of a change that failed, the errno. */
  readonly data: number;
  /** No more will come, or go; then `error` is the pending error, an errno, or 0. */
  readonly end: boolean;
  readonly error: number;
  readonly user: number;
  /** This is a change that could not be made. */
  readonly failed: boolean;
}

const ACTIONS = { add: EV_ADD, delete: EV_DELETE, enable: EV_ENABLE, disable: EV_DISABLE } as const;
const KEVENT_WORDS = KEVENT_BYTES / 4;

/** The words of the events that stand for these changes. */
export function keventTable(changes: readonly EventChange[]): readonly number[] {
  return changes.flatMap(({ fd, filter, action, once, clear, lowWater, user }) => [
    (fd | 0) === fd ? fd : -1,
    filter === 'write' ? EVFILT_WRITE : EVFILT_READ,
    ACTIONS[action ?? 'add'] | (once === true ? EV_ONESHOT : 0) | (clear === true ? EV_CLEAR : 0),
    lowWater === undefined ? 0 : NOTE_LOWAT,
    lowWater ?? 0,
    user ?? 0,
  ]);
}

/** What the kernel has reported. */
export function keventResults(words: readonly number[]): readonly KernelEvent[] {
  return Array.from({ length: words.length / KEVENT_WORDS }, (_, at) => {
    const [fd = 0, filter = 0, flags = 0, fflags = 0, data = 0, user = 0] = words.slice(at * KEVENT_WORDS, (at + 1) * KEVENT_WORDS);
    const what = filter === EVFILT_WRITE ? ('write' as const) : ('read' as const);
    return { fd, filter: what, data, end: (flags & EV_EOF) !== 0, error: fflags, user, failed: (flags & EV_ERROR) !== 0 };
  });
}
