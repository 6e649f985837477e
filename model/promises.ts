/**
 * What must come about in the end, by id (reference E.9). Invariants say that nothing wrong is ever so; these, that what is due is done.
 * `index.ts` says what nobody may put off for ever, which is what they rest on; starvation by a lock that others take again and again
 * counts as well.
 */
import { fires } from './calls/kqueue.ts';
import { found } from './calls/poll.ts';
import { beingClosed, inHand } from './invariants.ts';
import type { Promises } from './lang.ts';
import { isLocal, type RightId, type SocketId, type State, sockets, type ThreadId } from './state.ts';

export const promises: Promises<State> = {
  /**
   * A closed socket is freed, once its protocol is done with it: who dropped the last descriptor sees its close through, whatever the
   * queues and the protocol do meanwhile. Kernel consumers may keep theirs as long as they like. [G6, C.2 soclose]
   */
  'closed-is-freed': {
    whenever: (s: State, so: SocketId) => isClosed(s, so) && isDone(s, so),
    eventually: (s: State, so: SocketId) => s.sockets[so].protocol === 'none',
  },

  /** TCP is done with a closed socket in the end, whatever the network does, since its timers run out: the socket is freed. [G6, D.2 timers, T05, T22] */
  'protocol-ends': {
    whenever: (s: State, so: SocketId) => isClosed(s, so),
    eventually: (s: State, so: SocketId) => s.sockets[so].protocol === 'none',
    given: ['timeout', 'msl'],
  },

  /** An accept for which there is a completed connection does not sleep on: it returns, unless another takes the connection. [G12, C.3 kern_accept] */
  'accept-returns': {
    whenever: (s: State, t: ThreadId) => isAccepting(s, t) && isServed(s, t),
    eventually: (s: State, t: ThreadId) => !isAccepting(s, t) || (s.threads[t].child === null && !isServed(s, t)),
  },

  /** A poll for which there is something to report does not sleep on: it returns, unless it is over before anybody looks. [C.8 sopoll, G12] */
  'poll-returns': {
    whenever: (s: State, t: ThreadId) => isToldNothing(s, t),
    eventually: (s: State, t: ThreadId) => !isToldNothing(s, t),
  },

  /** The same of kevent. [C.8 kqueue, G12, G58] */
  'kevent-returns': {
    whenever: (s: State, t: ThreadId) => isKept(s, t),
    eventually: (s: State, t: ThreadId) => !isKept(s, t),
  },

  /** A right that was given up is dropped: the collector works off what is deferred. [D.1 discard, G107] */
  'deferred-is-dropped': {
    whenever: (s: State, right: RightId) => s.rights[right].place === 'deferred',
    eventually: (s: State, right: RightId) => s.rights[right].place !== 'deferred',
  },

  /**
   * Sockets that nobody can reach are found and emptied, and the last reference to each is dropped: what is left is its close, by the next
   * thread that has nothing else to do. Until that close, what lies in its buffer counts as reached. Children of such a listener go with that. [G11, D.1 GC, T16, T17]
   */
  'garbage-is-dropped': {
    whenever: (s: State, so: SocketId) => isLocal(s.sockets[so].protocol) && s.sockets[so].queue === 'none' && !isReached(s, so),
    eventually: (s: State, so: SocketId) => s.sockets[so].file === 0,
  },
};

/** It sleeps in kevent, and there is something to tell it. */
function isKept(s: State, t: ThreadId): boolean {
  return s.threads[t].awaits && fires(s) !== null;
}

/** It sleeps in a poll, and there is something to tell it. */
function isToldNothing(s: State, t: ThreadId): boolean {
  const { polled, wanted } = s.threads[t];
  return polled !== null && found(s, polled, wanted) !== 0;
}

/** No descriptor leads to it and no call uses it, and nobody else will take it up: its close is under way, or done. */
function isClosed(s: State, so: SocketId): boolean {
  const { protocol, file, noFdRef, queue } = s.sockets[so];
  if (protocol === 'none' || s.handles.some((each) => each === so)) return false;
  return beingClosed(s, so) || (noFdRef && file === 0 && queue === 'none' && !inHand(s, so));
}

/** UNIX and UDP end with their socket; of TCP nothing is under way any more, or nothing ever was. */
function isDone(s: State, so: SocketId): boolean {
  const { protocol, pcb, protoRef } = s.sockets[so];
  if (protocol !== 'tcp' || pcb === null) return true;
  const { dropped, state } = s.pcbs[pcb];
  return !protoRef && (dropped || state === 'CLOSED' || state === 'LISTEN');
}

/** It has reserved a descriptor and not returned. Other calls that have reserved one use no file. */
function isAccepting(s: State, t: ThreadId): boolean {
  return s.threads[t].file !== null && s.threads[t].reserved !== null;
}

/** A completed connection is on the queue of the socket that the thread's call uses. */
function isServed(s: State, t: ThreadId): boolean {
  const { file } = s.threads[t];
  return file !== null && s.sockets[file].complete.length > 0;
}

/** Somebody outside has it, or something in which it is, or in which that is: at most three steps, so that a state of four sockets is seen through. */
function isReached(s: State, so: SocketId): boolean {
  return isOpen(s, so) || sockets.some((by) => leadsTo(s, by, so) && isNear(s, by));
}

function isNear(s: State, so: SocketId): boolean {
  return isOpen(s, so) || sockets.some((by) => leadsTo(s, by, so) && isNearer(s, by));
}

function isNearer(s: State, so: SocketId): boolean {
  return isOpen(s, so) || sockets.some((by) => leadsTo(s, by, so) && isOpen(s, by));
}

/** Somebody outside has it, said without what the collector counts; or it has no file and is not to be accepted, so that nobody need reach it. */
function isOpen(s: State, so: SocketId): boolean {
  const { file, queue } = s.sockets[so];
  return (
    (file === 0 && queue !== 'complete') ||
    s.fds.some((each) => each === so) ||
    s.threads.some((thread) => thread.file === so || thread.after === so) ||
    s.rights.some((right) => right.file === so && right.place !== 'buffer')
  );
}

/** Who has the one can have the other of it: receive it, or accept it. */
function leadsTo(s: State, by: SocketId, so: SocketId): boolean {
  const { head, queue } = s.sockets[so];
  return (head === by && queue === 'complete') || s.rights.some(({ file, holder }) => file === so && holder === by);
}
