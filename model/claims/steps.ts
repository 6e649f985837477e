/**
 * Claims about *steps*: what a call or an event may do to what it found. The state has *history* for them, cells that record that something
 * happened and that no rule reads; the calls and events that can make it happen are *watched*: the same procedures, with a look at the state
 * before their first step and one after their last. What is watched behaves as it does without: a test compares them.
 */
import { hold, held, leave, linkFree, mayCall, sleeps } from '../calls/file.ts';
import { calls, events } from '../index.ts';
import { defineModel, type Predicates, type Procedure, until, when } from '../lang.ts';
import { THREADS } from '../limits.ts';
import {
  type Amount,
  type Fd,
  initial,
  type Name,
  type PcbId,
  type SocketId,
  type State,
  type ThreadId,
  threads,
  type Wire,
} from '../state.ts';
import type { DesignName } from '../designs.ts';
import { receive } from '../calls/receive.ts';
import { send } from '../calls/send.ts';
import { connect } from '../calls/connect.ts';
import { ack, data, fin, msl, rst, timeout } from '../protocols/wire.ts';

/** The state, and what happened. */
export interface Watched extends State {
  freed: boolean; // an event freed a socket that its protocol had not claimed by SS_PROTOREF
  lost: boolean; // a receive found a connection, or one under way, and at its end there was neither
  refused: boolean; // and said ENOTCONN
  appeared: boolean; // a receive found no connection, and at its end there was one
  joined: boolean; // a send found no connection, and at its end there was one
  early: boolean; // a send found a connection that was under way, and did not fail
  stale: boolean; // a connect failed, and SS_ISCONNECTING stayed
  appended: boolean; // data was appended behind CANTRCVMORE
}

export const claims: Predicates<Watched> = {
  /** The protocol frees only sockets that it has claimed. */
  'F000.10': (s) => !s.freed,
  /** What was connected or connecting when a receive began is so when it ends. */
  'F001.6a': (s) => !s.lost,
  /** A receive that began with a connection, or with one under way, never says ENOTCONN. */
  'F001.6b': (s) => !s.refused,
  /** What was neither connected nor connecting when a receive began is neither when it ends. */
  'F001.7': (s) => !s.appeared,
  /** The same of a send. */
  'F001.9': (s) => !s.joined,
  /** A send that began while the connection was under way fails, as it would have before the connection was made. */
  'F001.10': (s) => !s.early,
  /** Once connect has failed, and not because it was cut short or would wait, SS_ISCONNECTING is clear without its doing. */
  'F001.12': (s) => !s.stale,
  /** Data was appended to a receive buffer that is shut. */
  'F001.13a': (s) => s.appended,
  /** Who waits for data holds a lock that the sender of the data waits for. */
  'F002.3': (s) => threads.some((t) => waitsWithLock(s, t) && threads.some((other) => waitsForLock(s, other))),
  /** Of all threads one waits for data with the lock, and all others for the lock: nobody can take a step. */
  'F002.2a': (s) =>
    threads.some((t) => waitsWithLock(s, t)) &&
    threads.every((t) => waitsWithLock(s, t) || waitsForLock(s, t)) &&
    threads.some((t) => waitsForLock(s, t)),
};

function waitsWithLock(s: State, t: ThreadId): boolean {
  const { file, sleep } = s.threads[t];
  return s.link && file !== null && sleep === 'asleep' && s.sockets[file].rcv.cc === 0;
}

function waitsForLock(s: State, t: ThreadId): boolean {
  const { chunk, sleep } = s.threads[t];
  return s.link && chunk > 0 && sleep === 'awake';
}

function isConnected(s: State, so: SocketId | null): boolean {
  return so !== null && (s.sockets[so].connected || s.sockets[so].connecting);
}

export function* receiveWatched(s: Watched, t: ThreadId, fd: Fd, amount: Amount): Procedure {
  const so = s.fds[fd];
  const before = isConnected(s, so);
  yield* receive(s, t, fd, amount);
  const after = isConnected(s, so);
  if (before && !after) s.lost = true;
  if (before && s.threads[t].errno === 'ENOTCONN') s.refused = true;
  if (so !== null && !before && after) s.appeared = true;
}

export function* sendWatched(s: Watched, t: ThreadId, fd: Fd, amount: Amount, addressed: boolean): Procedure {
  const so = s.fds[fd];
  const before = isConnected(s, so);
  const underWay = so !== null && s.sockets[so].connecting;
  yield* send(s, t, fd, amount, addressed);
  if (so !== null && !before && isConnected(s, so)) s.joined = true;
  if (underWay && s.threads[t].errno === 'none') s.early = true;
}

export function* connectWatched(s: Watched, t: ThreadId, fd: Fd, name: Name, mapped: boolean): Procedure {
  const so = s.fds[fd];
  yield* connect(s, t, fd, name, mapped);
  const { errno } = s.threads[t];
  const goesOn = errno === 'none' || errno === 'EINTR' || errno === 'EINPROGRESS' || errno === 'EALREADY';
  if (so !== null && !goesOn && s.sockets[so].connecting) s.stale = true;
}

/** Perlstein's example: a call that waits for data, and keeps the lock that whoever brings the data must have. Of the model's locks it is the link lock. */
export function* receiveLocked(s: Watched, t: ThreadId, fd: Fd): Procedure {
  when(mayCall(s, t, fd) && s.fds[fd] !== null && linkFree(s, s.sockets[s.fds[fd] as SocketId]));
  if (!hold(s, t, fd)) return;
  s.link = true;
  sleeps(s, t);
  yield until(() => held(s, t).rcv.cc > 0 || held(s, t).rcv.cantMore);
  s.threads[t].sleep = 'awake';
  s.link = false;
  leave(s, t, 'none');
}

/** Whom the pcb belongs to, unless TCP has claimed it. */
function unclaimed(s: State, pcb: PcbId): SocketId | null {
  const so = s.pcbs[pcb].socket;
  return so === null || s.sockets[so].protoRef ? null : so;
}

function look(s: Watched, so: SocketId | null): void {
  if (so !== null && s.sockets[so].protocol === 'none') s.freed = true;
}

export function* rstWatched(s: Watched, wire: Wire, pcb: PcbId): Procedure {
  const so = unclaimed(s, pcb);
  yield* rst(s, wire, pcb);
  look(s, so);
}

export function* ackWatched(s: Watched, wire: Wire, pcb: PcbId, amount: Amount, finToo: boolean): Procedure {
  const so = unclaimed(s, pcb);
  yield* ack(s, wire, pcb, amount, finToo);
  look(s, so);
}

export function* finWatched(s: Watched, wire: Wire, pcb: PcbId): Procedure {
  const so = unclaimed(s, pcb);
  yield* fin(s, wire, pcb);
  look(s, so);
}

export function* timeoutWatched(s: Watched, wire: Wire, pcb: PcbId): Procedure {
  const so = unclaimed(s, pcb);
  yield* timeout(s, wire, pcb);
  look(s, so);
}

export function* mslWatched(s: Watched, wire: Wire, pcb: PcbId): Procedure {
  const so = unclaimed(s, pcb);
  yield* msl(s, wire, pcb);
  look(s, so);
}

export function* dataWatched(s: Watched, wire: Wire, pcb: PcbId, amount: Amount): Procedure {
  const so = unclaimed(s, pcb);
  const shut = so !== null && s.sockets[so].rcv.cantMore;
  const unread = so === null ? 0 : s.sockets[so].rcv.cc;
  yield* data(s, wire, pcb, amount);
  look(s, so);
  if (so !== null && shut && s.sockets[so].rcv.cc > unread) s.appended = true;
}

// biome-ignore format: lists of names
const watchedCalls = { ...calls, receiveWatched, sendWatched, connectWatched, receiveLocked };
// biome-ignore format: lists of names
const watchedEvents = { ...events, rstWatched, ackWatched, finWatched, timeoutWatched, mslWatched, dataWatched };

export const model = defineModel<Watched>({
  initial: ({ design }: { readonly design: DesignName }) => ({
    ...initial({ design }),
    ...{ freed: false, lost: false, refused: false, appeared: false, joined: false, early: false, stale: false, appended: false },
  }),
  agents: { thread: { size: THREADS, procedures: watchedCalls }, wire: { size: 1, procedures: watchedEvents } },
  invariants: claims,
  lemmas: {},
});
