/**
 * Every limit of the model, one a line. They bound the state space, not the behaviour: what runs out (sockets, pcbs,
 * descriptors, handles) answers with the errno that the reference gives, and anything else that leaves its bound is the
 * violation `overflow`. Engines may set each to another value; these are the smallest at which every race of the seeds fits.
 */

/** Sockets alive at once. */
export const SOCKETS = 3;
/** Protocol control blocks; one may outlive its socket in TIME_WAIT. */
export const PCBS = 3;
/** Descriptors of the one process. */
export const FDS = 3;
/** Threads that make calls. */
export const THREADS = 2;
/** Handles of kernel consumers that hold a socket by soref. */
export const HANDLES = 1;
/** Events registered in the one kqueue. */
export const KNOTES = 1;
/** Names to bind: UNIX paths, and ports for each of TCP and UDP. */
export const NAMES = 2;
/** Largest backlog. */
export const BACKLOG = 1;
/** Rights in flight at once: descriptors sent and not yet received, or given up and not yet closed. */
export const RIGHTS = 2;
/** Room of one socket buffer, in units. */
export const BUFFER = 2;

/** Children that one listener can have queued: all other sockets. */
export const CHILDREN = SOCKETS - 1;
/** Largest amount one call asks to send or to receive: one more than a buffer holds. */
export const AMOUNT = BUFFER + 1;
/** More than the records of one buffer can add up to. */
export const UNITS = BUFFER * BUFFER;
/** Largest so_count: the descriptor's or accept's, and the handles'. */
export const REFERENCES = 1 + HANDLES;
/** Largest f_count: the descriptors, every thread inside a call on it, the rights in flight, and the collector. */
export const FILE_REFERENCES = FDS + THREADS + RIGHTS + 1;
/** What a poll can find, as bits of its result. */
export const POLLIN = 1;
export const POLLOUT = 2;
export const POLLHUP = 4;
export const POLLNVAL = 8;
export const POLLPRI = 16;
/** What a kevent has found, as bits of its result; behind them comes the descriptor. */
export const KEVENT = 1;
export const KEVENT_EOF = 2;
export const KEVENT_FD = 4;
/** Largest number that a call returns: a descriptor, a handle, an amount, what a poll has found, or a kevent. */
const COUNTED = AMOUNT + FDS > KEVENT_FD * (FDS + 1) ? AMOUNT + FDS : KEVENT_FD * (FDS + 1);
export const RESULT = COUNTED > POLLPRI + POLLHUP ? COUNTED : POLLPRI + POLLHUP;
