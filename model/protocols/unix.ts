/**
 * UNIX domain streams and sequenced packets (D.1). Two connected sockets point at each other; data goes straight into the peer's receive
 * buffer, and the sender is charged for it until the peer has read it. Sequenced packets differ in that a send is one record. uipc_connect
 * pauses and so is with the calls. What datagrams do otherwise is in unix_dgram.ts.
 */
import { sorwakeup } from '../calls/accept_filter.ts';
import { designs } from '../designs.ts';
import { rule } from '../lang.ts';
import { sbappendaddr, socantrcvmore, soisconnected, soisconnecting, soisdisconnected } from '../socket.ts';
import { type Amount, type Errno, type Pcb, type PcbId, type Socket, type SocketId, type State, socketOf, sotopcb } from '../state.ts';
import { pcbdetach, pcbfree } from './pcb.ts';
import { unp_disconnect1, unp_drop_refs } from './unix_dgram.ts';

export function uipc_listen(s: State, socket: Socket): Errno {
  const busy = socket.connected || socket.connecting || socket.disconnecting;
  if (!sotopcb(s, socket).bound) return rule('listen_3', 'UNIX: not bound: EINVAL [D.1 listen]', 'EINVAL');
  if (busy) return rule('listen_4', 'connected, or on the way there or back: EINVAL [C.3 solisten_proto_check]', 'EINVAL');
  return rule('listen_5', 'listens; a second listen only changes the backlog [C.3 solisten_proto, T21]', 'none');
}

/**
 * unp_connect2: the two point at each other, are charged for what is unread from before, and both are connected; whoever `waits` for the other
 * to be accepted is not yet. [D.1; model/README §3]
 */
export function unp_connect2(s: State, a: SocketId, b: SocketId, waits: boolean): void {
  const one = sotopcb(s, s.sockets[a]);
  const two = sotopcb(s, s.sockets[b]);
  one.peer = s.sockets[b].pcb;
  two.peer = s.sockets[a].pcb;
  one.charged = s.sockets[a].rcv.cc;
  two.charged = s.sockets[b].rcv.cc;
  if (waits) soisconnecting(s.sockets[a]);
  else soisconnected(s, a);
  soisconnected(s, b);
}

/** uipc_accept: whoever waits for it is connected now. [B.7 UNP_CONNWAIT] */
export function uipc_accept(s: State, child: SocketId): void {
  const { peer } = sotopcb(s, s.sockets[child]);
  if (peer === null || !socketOf(s, s.pcbs[peer]).connecting) return;
  rule('accept_10', 'UNIX: the other end has waited for this and is connected now [B.7 UNP_CONNWAIT]');
  soisconnected(s, s.pcbs[peer].socket as SocketId);
}

/** unp_disconnect: both are disconnected; unread data stays readable. [D.1 unp_disconnect] */
function unp_disconnect(s: State, mine: Pcb, theirs: Pcb): void {
  mine.peer = null;
  mine.charged = 0;
  theirs.peer = null;
  theirs.charged = 0;
  soisdisconnected(socketOf(s, mine));
  soisdisconnected(socketOf(s, theirs));
  sorwakeup(s, theirs.socket as SocketId);
}

export function uipc_close(s: State, socket: Socket): void {
  const { peer } = sotopcb(s, socket);
  if (peer === null) return;
  if (socket.protocol === 'dgram') unp_disconnect1(s, sotopcb(s, socket));
  else unp_disconnect(s, sotopcb(s, socket), s.pcbs[peer]);
}

/** uipc_abort: the peer learns ECONNABORTED. [D.1 abort, T02] */
export function uipc_abort(s: State, socket: Socket): void {
  const { peer } = sotopcb(s, socket);
  if (peer === null) return;
  rule('abort_1', 'a queued UNIX child is aborted: its peer gets ECONNABORTED [T02]');
  socketOf(s, s.pcbs[peer]).error = 'ECONNABORTED';
  unp_disconnect(s, sotopcb(s, socket), s.pcbs[peer]);
}

export function uipc_detach(s: State, socket: Socket): void {
  const inp = sotopcb(s, socket);
  uipc_close(s, socket);
  if (socket.protocol === 'dgram') unp_drop_refs(s, socket.pcb as PcbId);
  if (designs[s.design].detachInClose) soisdisconnected(socket);
  pcbdetach(s, inp);
  pcbfree(inp);
}

export function uipc_send(s: State, socket: Socket, amount: Amount): Errno {
  if (!socket.connected) return rule('send_10', 'UNIX: the connection went away during the copyin: ENOTCONN [D.1 send stream]', 'ENOTCONN');
  if (socket.snd.cantMore) return rule('send_11', 'UNIX: the send side was shut during the copyin: EPIPE [D.1 send stream]', 'EPIPE');
  const peer = s.pcbs[sotopcb(s, socket).peer as PcbId];
  if (socket.protocol === 'seqpacket') sbappendaddr(socketOf(s, peer), amount);
  else socketOf(s, peer).rcv.cc += amount;
  peer.charged = socketOf(s, peer).rcv.cc;
  sorwakeup(s, peer.socket as SocketId);
  return rule('send_12', "UNIX: into the peer's buffer, even if its receive side is shut [D.1 send stream]", 'none');
}

/** Room for the sender: what the peer's buffer holds less what it was last charged with. [D.1 send stream] */
export function uipc_charged(s: State, socket: Socket): Amount {
  const { peer } = sotopcb(s, socket);
  return peer === null ? 0 : s.pcbs[peer].charged;
}

/** uipc_rcvd: the sender may send again. [D.1 rcvd] */
export function uipc_rcvd(s: State, socket: Socket): void {
  const inp = sotopcb(s, socket);
  if (inp.peer !== null) inp.charged = socket.rcv.cc;
}

export function uipc_shutdown(s: State, socket: Socket): void {
  const { peer } = sotopcb(s, socket);
  if (peer === null) return;
  rule('shutdown_3', 'UNIX: the peer reads end-of-file [D.1 shutdown]');
  socantrcvmore(socketOf(s, s.pcbs[peer]));
  sorwakeup(s, s.pcbs[peer].socket as SocketId);
}
