/**
 * UNIX domain streams (D.1). Two connected sockets point at each other; data goes straight into the peer's receive buffer,
 * and the sender is charged for it until the peer has read it. uipc_connect pauses and so is with the calls.
 */
import { designs } from '../designs.ts';
import { rule } from '../lang.ts';
import { socantrcvmore, socantsendmore, soisconnected, soisdisconnected } from '../socket.ts';
import type { Amount, Backlog, Errno, Name, PcbId, SocketId, State } from '../state.ts';
import { pcballoc, pcbbind, pcbdetach, pcbfree } from './pcb.ts';

/** sotounpcb: a UNIX socket has its pcb from attach to detach. */
function unp(s: State, so: SocketId): PcbId {
  return s.sockets[so].pcb as PcbId;
}

export function uipc_attach(s: State, so: SocketId): Errno {
  return pcballoc(s, so);
}

export function uipc_bind(s: State, so: SocketId, name: Name): Errno {
  return pcbbind(s, unp(s, so), name);
}

export function uipc_listen(s: State, so: SocketId, backlog: Backlog): Errno {
  const socket = s.sockets[so];
  if (!s.pcbs[unp(s, so)].bound && rule('listen_3', 'UNIX: not bound: EINVAL [D.1 listen]')) return 'EINVAL';
  if (
    (socket.connected || socket.connecting || socket.disconnecting) &&
    rule('listen_4', 'connected, or on the way there or back: EINVAL [C.3 solisten_proto_check]')
  )
    return 'EINVAL';
  rule('listen_5', 'listens; a second listen only changes the backlog [C.3 solisten_proto, T21]');
  socket.limit = backlog;
  socket.acceptConn = true;
  return 'none';
}

/** unp_connect2: the two point at each other, are charged for what is unread from before, and both are connected. [D.1; model/README §3] */
export function unp_connect2(s: State, a: SocketId, b: SocketId): void {
  s.pcbs[unp(s, a)].peer = unp(s, b);
  s.pcbs[unp(s, b)].peer = unp(s, a);
  s.pcbs[unp(s, a)].charged = s.sockets[a].rcv.cc;
  s.pcbs[unp(s, b)].charged = s.sockets[b].rcv.cc;
  soisconnected(s, a);
  soisconnected(s, b);
}

/** unp_disconnect: both are disconnected; unread data stays readable. [D.1 unp_disconnect] */
function unp_disconnect(s: State, a: PcbId, b: PcbId): void {
  s.pcbs[a].peer = null;
  s.pcbs[a].charged = 0;
  s.pcbs[b].peer = null;
  s.pcbs[b].charged = 0;
  const mine = s.pcbs[a].socket;
  const theirs = s.pcbs[b].socket;
  if (mine !== null) soisdisconnected(s, mine);
  if (theirs !== null) soisdisconnected(s, theirs);
}

export function uipc_close(s: State, so: SocketId): void {
  const peer = s.pcbs[unp(s, so)].peer;
  if (peer !== null) unp_disconnect(s, unp(s, so), peer);
}

export function uipc_disconnect(s: State, so: SocketId): Errno {
  uipc_close(s, so);
  return 'none';
}

/** uipc_abort: the peer learns ECONNABORTED. [D.1 abort, T02] */
export function uipc_abort(s: State, so: SocketId): void {
  const peer = s.pcbs[unp(s, so)].peer;
  if (peer === null) return;
  rule('abort_1', 'a queued UNIX child is aborted: its peer gets ECONNABORTED [T02]');
  const theirs = s.pcbs[peer].socket;
  if (theirs !== null) s.sockets[theirs].error = 'ECONNABORTED';
  unp_disconnect(s, unp(s, so), peer);
}

export function uipc_detach(s: State, so: SocketId): void {
  const pcb = unp(s, so);
  const peer = s.pcbs[pcb].peer;
  if (peer !== null) unp_disconnect(s, pcb, peer);
  if (designs[s.design].detachInClose) soisdisconnected(s, so);
  pcbdetach(s, so, pcb);
  pcbfree(s, pcb);
}

export function uipc_send(s: State, so: SocketId, amount: Amount): Errno {
  if (!s.sockets[so].connected && rule('send_10', 'UNIX: the connection went away during the copyin: ENOTCONN [D.1 send stream]'))
    return 'ENOTCONN';
  if (s.sockets[so].snd.cantMore && rule('send_11', 'UNIX: the send side was shut during the copyin: EPIPE [D.1 send stream]'))
    return 'EPIPE';
  const peer = s.pcbs[unp(s, so)].peer as PcbId;
  const theirs = s.pcbs[peer].socket as SocketId;
  rule('send_12', "UNIX: into the peer's buffer, even if its receive side is shut [D.1 send stream]");
  s.sockets[theirs].rcv.cc += amount;
  s.pcbs[peer].charged = s.sockets[theirs].rcv.cc;
  return 'none';
}

/** Room for the sender: what the peer's buffer holds less what it was last charged with. [D.1 send stream] */
export function uipc_charged(s: State, so: SocketId): Amount {
  const peer = s.pcbs[unp(s, so)].peer;
  return peer === null ? 0 : s.pcbs[peer].charged;
}

/** uipc_rcvd: the sender may send again. [D.1 rcvd] */
export function uipc_rcvd(s: State, so: SocketId): void {
  const pcb = s.pcbs[unp(s, so)];
  if (pcb.peer !== null) pcb.charged = s.sockets[so].rcv.cc;
}

export function uipc_shutdown(s: State, so: SocketId): Errno {
  socantsendmore(s, so);
  const peer = s.pcbs[unp(s, so)].peer;
  if (peer === null) return 'none';
  rule('shutdown_3', 'UNIX: the peer reads end-of-file [D.1 shutdown]');
  const theirs = s.pcbs[peer].socket;
  if (theirs !== null) socantrcvmore(s, theirs);
  return 'none';
}
