/**
 * Accept filters (C.3, T14). A listener's filter keeps a connection back on so_incomp, though it is connected, until there is something for
 * who accepts it to do: here, until something has come, or nothing more will (dataready). It is an *upcall* of the child's receive buffer:
 * whoever changes that asks the filter. The field is one for both ends, `filter`:
 *
 *   from    to      by
 *   no      set     setfilter of a listener; sonewconn gives it to the child (SO_ACCEPTFILTER)
 *   set     asks    soisconnected: the child is connected and has nothing to read (SB_UPCALL)
 *   set     no      soisconnected: it has, or the filter is gone; setfilter of a listener
 *   asks    no      sorwakeup: something came; the filter is taken away. The child goes to so_comp if it is queued still
 *
 * What the upcall says and what becomes of the child are one step: nobody but who changed the buffer could act in between (model/README §3).
 */
import { type Procedure, remove, rule, when } from '../lang.ts';
import { BACKLOG } from '../limits.ts';
import type { Fd, Socket, SocketId, State, ThreadId } from '../state.ts';
import { done, fail, getsock, idle } from './file.ts';
import { soreadabledata } from './poll.ts';

/** SO_ACCEPTFILTER of a listener: set where there is none, or taken away. [J.4, H.1 accf_data_attach] */
export function* setfilter(s: State, t: ThreadId, fd: Fd, on: boolean): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  const { acceptConn, filter } = s.sockets[so];
  if (!acceptConn) return fail(s, t, rule('setfilter_1', 'not listening: EINVAL [H.1 accf_data_attach]', 'EINVAL'));
  if (on && filter !== 'no') return fail(s, t, rule('setfilter_2', 'it has one: EINVAL [H.1 accf_data_attach]', 'EINVAL'));
  rule('setfilter_3', 'set, or taken away [C.3]');
  s.sockets[so].filter = on ? 'set' : 'no';
  if (on) s.sockets[so].everFiltered = true;
  // Those who are kept back are the oldest: behind them comes at most one that a connect is about to connect.
  if (!on) for (let round = 0; round <= BACKLOG; round++) release(s, so);
  done(s, t, 0);
}

/** The oldest child that the filter has kept back can be accepted. [G148] */
function release(s: State, head: SocketId): void {
  if (s.sockets[head].incomplete.length === 0) return;
  const oldest = s.sockets[head].incomplete[0] as SocketId;
  if (s.sockets[oldest].filter === 'asks' && rule('setfilter_4', 'who was kept back can be accepted [H.1, G148]')) sopromote(s, oldest);
}

/** dataready: there is something to read, or the end. [C.3] */
export function soupcall(socket: Socket): boolean {
  return socket.rcv.cantMore || soreadabledata(socket);
}

/** soisconnected of a child on so_incomp that has SO_ACCEPTFILTER: its listener's filter keeps it back, if there still is one. [C.3, T14] */
export function accf_begin(s: State, so: SocketId): void {
  const socket = s.sockets[so];
  const head = socket.head as SocketId;
  rule('filter_1', 'its buffer asks from now on, and at once [C.3, T14]');
  socket.filter = 'asks';
  if (s.sockets[head].filter !== 'no') sorwakeup(s, so);
  else if (rule('filter_2', 'the filter is gone: nobody keeps it back [C.3]')) sopromote(s, so);
}

/** sowakeup of a receive buffer: an upcall that says yes is cleared, and the child can be accepted, if its listener has not given it up. [B.9, T14] */
export function sorwakeup(s: State, so: SocketId): void {
  const socket = s.sockets[so];
  if (socket.filter !== 'asks' || !soupcall(socket)) return;
  if (socket.head === null) socket.filter = 'no';
  else if (rule('filter_3', 'SU_ISCONNECTED: the child becomes acceptable [C.3, T14]')) sopromote(s, so);
}

/** From so_incomp to so_comp. */
export function sopromote(s: State, so: SocketId): void {
  const socket = s.sockets[so];
  const head = socket.head as SocketId;
  remove(s.sockets[head].incomplete, so);
  s.sockets[head].complete.push(so);
  socket.queue = 'complete';
  socket.filter = 'no';
}
