/**
 * The collector (D.1 GC, T16, T17), an agent of its own, whose steps may fall between any two of others. Sockets that lie in each other's
 * buffers keep each other's files although nobody can ever receive them. Its pieces of work, each a step:
 *
 *   undefer   a reference whose right was given up is dropped
 *   gcmark    which sockets can nobody reach? The collector takes a reference to the file of each
 *   gcsweep   one of them: what is in its buffer is thrown away, rights are given up, and the reference is dropped
 *
 * Whoever drops the last reference to a file has its socket closed. The collector is never in a close itself, which may sleep: it leaves
 * the socket (`reaped`) to any thread that has nothing else to do [reap], and goes on.
 *
 * The mark looks at all buffers at one moment: rights go into a buffer and out of it under one lock, which the collector holds
 * meanwhile. (F93 looks at one after the other, and can miss a right that moves.) A file to which there are references other than those in
 * buffers is one that somebody can reach; nobody reaches what is only in buffers that nobody reaches, and that stays so for ever,
 * so that there is time to sweep. [G11, G116, G121]
 */
import { count, type Procedure, rule, when } from '../lang.ts';
import { SOCKETS } from '../limits.ts';
import { sorflush, unp_dispose_queued, unp_externalize } from '../protocols/rights.ts';
import { socantrcvmore } from '../socket.ts';
import { type Collector, isLocal, type RightId, type SocketId, type State, sockets, type ThreadId } from '../state.ts';
import { done, idle } from './file.ts';

/** unp_process_defers, for one reference. [D.1 discard, G107] */
export function* undefer(s: State, _collector: Collector, right: RightId): Procedure {
  when(s.rights[right].place === 'deferred');
  rule('undefer_1', 'a right that was given up: its reference is dropped [D.1 discard]');
  const so = s.rights[right].file as SocketId;
  unp_externalize(s, right);
  closef(s, so);
}

/** fdrop: with the last reference somebody owes a soclose. */
function closef(s: State, so: SocketId): void {
  s.sockets[so].file -= 1;
  if (s.sockets[so].file === 0 && rule('closef_1', 'the last reference to the file: it is to be closed [C.10, D.1 discard]'))
    s.sockets[so].reaped = true;
}

/** unp_gc, the search. Without rights in buffers there is nothing to find. */
export function* gcmark(s: State, _collector: Collector): Procedure {
  when(s.rights.some(({ place }) => place === 'buffer'));
  for (const so of sockets) s.sockets[so].reached = isRoot(s, so);
  for (let round = 1; round < SOCKETS; round++) spread(s);
  for (const so of sockets) condemn(s, so);
}

/** It is open to somebody outside: a descriptor, a call, a hand; or it has no file and is not to be accepted, so that nobody need reach it. */
function isRoot(s: State, so: SocketId): boolean {
  const { protocol, file, queue } = s.sockets[so];
  return (
    protocol !== 'none' &&
    queue !== 'complete' &&
    (file === 0 || file > count(s.rights, (right) => right.file === so && right.place === 'buffer'))
  );
}

/** Who can reach a socket can reach what is in its buffer, and what it has to accept. */
function isHeld(s: State, so: SocketId): boolean {
  const { head, queue } = s.sockets[so];
  return (
    (head !== null && queue === 'complete' && s.sockets[head].reached) ||
    s.rights.some(({ file, holder }) => file === so && holder !== null && s.sockets[holder].reached)
  );
}

/** One round goes one socket further, from all that are reached at once: in which order they are looked at makes no difference. */
function spread(s: State): void {
  for (const so of sockets) s.sockets[so].grey = s.sockets[so].reached || isHeld(s, so);
  for (const so of sockets) s.sockets[so].reached = s.sockets[so].grey;
}

function condemn(s: State, so: SocketId): void {
  const socket = s.sockets[so];
  if (!socket.reached && isLocal(socket.protocol) && socket.garbage === 'no') {
    if (socket.queue === 'none') {
      rule('gcmark_1', 'all references to it are in buffers that nobody can reach [D.1 GC, T16]');
      socket.garbage = 'found';
      socket.file += 1;
    } else {
      rule('gcmark_2', 'a child of such a listener, whose close will abort it [D.1 GC, T17]');
      socket.garbage = 'swept';
    }
  }
  socket.reached = false;
  socket.grey = false;
}

/** unp_gc, the end of one that was found. */
export function* gcsweep(s: State, _collector: Collector, so: SocketId): Procedure {
  when(s.sockets[so].garbage === 'found');
  rule(
    'gcsweep_1',
    'what is in its buffer, and rights in those of whom it has to accept, is thrown away: that breaks the cycle [D.1 GC, T16, T17]',
  );
  s.sockets[so].garbage = 'swept';
  socantrcvmore(s.sockets[so]);
  sorflush(s, so);
  unp_dispose_queued(s, so);
  closef(s, so);
}

/** The close that the collector has left to whoever is idle. [C.10, D.1 discard] */
export function* reap(s: State, t: ThreadId, so: SocketId): Procedure {
  when(idle(s, t) && s.sockets[so].reaped);
  rule('reap_1', 'soclose follows, of which nobody is told [C.10 soo_close]');
  s.sockets[so].reaped = false;
  s.threads[t].closing = so;
  done(s, t, 0);
}
