/**
 * TCP, its lifetime and states (D.2). Three marks carry the 2006 change: INP_DROPPED (`dropped`: the connection is over, the
 * pcb stays with its socket), SS_PROTOREF with INP_SOCKREF (`sockRef`: TCP keeps a closed socket until its last word is
 * acknowledged), INP_TIMEWAIT (`timeWait`: the pcb may outlive the socket).
 *
 *   from                 to            by
 *   CLOSED               LISTEN        tcp_listen
 *   CLOSED               SYN_SENT      tcp_connect
 *   SYN_SENT             ESTABLISHED   synack (wire); FIN_WAIT_1 if needFin
 *   ESTABLISHED          FIN_WAIT_1    tcp_usrclosed;  CLOSE_WAIT by fin (wire)
 *   CLOSE_WAIT           LAST_ACK      tcp_usrclosed
 *   FIN_WAIT_1           FIN_WAIT_2    ack (wire);     CLOSING by fin (wire)
 *   FIN_WAIT_2, CLOSING  TIME_WAIT     fin, ack (wire): tcp_twstart
 *   any                  dropped       tcp_close
 */
import { designs } from '../designs.ts';
import { rule } from '../lang.ts';
import { panic, socantsendmore, sofree, soisconnecting, soisdisconnected, soisdisconnecting } from '../socket.ts';
import type { Amount, Backlog, Errno, Name, PcbId, SocketId, State } from '../state.ts';
import { pcballoc, pcbbind, pcbdetach, pcbfree } from './pcb.ts';

/** sotoinpcb; in design sockref it is set from attach to detach. */
export function tcp_pcb(s: State, so: SocketId): PcbId {
  return s.sockets[so].pcb as PcbId;
}

/** The connection is over and every entry must fail: DROPPED or TIMEWAIT, in P06 so_pcb NULL. [D.2] */
export function tcp_gone(s: State, so: SocketId): boolean {
  const pcb = s.sockets[so].pcb;
  if (pcb === null) return true;
  return s.pcbs[pcb].dropped || s.pcbs[pcb].timeWait;
}

/** What an entry answers then: its own errno, in P06 always EINVAL. [D.2] */
export function tcp_gone_errno(s: State, errno: Errno): Errno {
  return designs[s.design].dropFreesPcb ? 'EINVAL' : errno;
}

/** A handshake was completed and the last acknowledgement is not in: the states in which data or a FIN may be under way. */
export function tcp_synchronized(s: State, pcb: PcbId): boolean {
  const state = s.pcbs[pcb].state;
  return state !== 'CLOSED' && state !== 'LISTEN' && state !== 'SYN_SENT' && state !== 'TIME_WAIT';
}

/** A FIN of ours is out and not acknowledged. */
export function tcp_finSent(s: State, pcb: PcbId): boolean {
  const state = s.pcbs[pcb].state;
  return state === 'FIN_WAIT_1' || state === 'CLOSING' || state === 'LAST_ACK';
}

export function tcp_attach(s: State, so: SocketId): Errno {
  return pcballoc(s, so);
}

export function tcp_bind(s: State, so: SocketId, name: Name): Errno {
  if (tcp_gone(s, so) && rule('bind_4', 'TCP, dropped or in TIME_WAIT: EINVAL [D.2 bind]')) return 'EINVAL';
  return pcbbind(s, tcp_pcb(s, so), name);
}

export function tcp_listen(s: State, so: SocketId, backlog: Backlog): Errno {
  if (tcp_gone(s, so) && rule('listen_6', 'TCP, dropped or in TIME_WAIT: EINVAL [D.2 listen]')) return 'EINVAL';
  const socket = s.sockets[so];
  const pcb = s.pcbs[tcp_pcb(s, so)];
  if (
    (socket.connected || socket.connecting || socket.disconnecting || socket.disconnected) &&
    rule('listen_7', 'TCP, connected now or before: EINVAL [C.3 solisten_proto_check; disconnected: model/README §3]')
  )
    return 'EINVAL';
  rule('listen_8', 'TCP listens [D.2 listen]');
  pcb.state = 'LISTEN';
  pcb.bound = true;
  socket.limit = backlog;
  socket.acceptConn = true;
  return 'none';
}

export function tcp_connect(s: State, so: SocketId): Errno {
  if (tcp_gone(s, so) && rule('connect_7', 'TCP, dropped or in TIME_WAIT: EINVAL [D.2 connect]')) return 'EINVAL';
  const pcb = s.pcbs[tcp_pcb(s, so)];
  if (pcb.state !== 'CLOSED' && rule('connect_8', 'TCP, has a foreign address already: EISCONN [D.2 connect, model/README §3]'))
    return 'EISCONN';
  rule('connect_9', 'TCP: the SYN is out [D.2 connect]');
  pcb.bound = true;
  pcb.foreign = true;
  pcb.state = 'SYN_SENT';
  soisconnecting(s, so);
  return 'none';
}

/** tcp_close: the connection is over at once. May free the socket, if TCP alone kept it. [D.2 tcp_close, T06] */
export function tcp_close(s: State, pcb: PcbId): void {
  const inp = s.pcbs[pcb];
  const so = inp.socket as SocketId;
  if (designs[s.design].dropFreesPcb && rule('tcp_close_1', "P06: so_pcb becomes NULL under everybody's feet [D.2 P06, G01]")) {
    pcbdetach(s, so, pcb);
    pcbfree(s, pcb);
    soisdisconnected(s, so);
    sofree(s, so);
    return;
  }
  inp.dropped = true;
  inp.state = 'CLOSED';
  inp.name = null; // in_pcbdrop gives the port back [G22]
  inp.msl = false;
  inp.needFin = false;
  soisdisconnected(s, so);
  if (inp.sockRef && rule('tcp_close_2', 'TCP kept the socket: it lets go, and the socket is freed [D.2 tcp_close, T06]')) {
    tcp_release(s, pcb);
  }
}

/** tcp_drop: over, with an error for the user. [D.2 tcp_drop] */
export function tcp_drop(s: State, pcb: PcbId, errno: Errno): void {
  const so = s.pcbs[pcb].socket as SocketId;
  if (errno !== 'none') s.sockets[so].error = errno;
  tcp_close(s, pcb);
}

/** tcp_usrclosed: the user will send no more. [D.2 tcp_usrclosed] */
function tcp_usrclosed(s: State, pcb: PcbId): void {
  const inp = s.pcbs[pcb];
  if (inp.state === 'CLOSED' || inp.state === 'LISTEN') {
    tcp_close(s, pcb);
    return;
  }
  if (inp.state === 'SYN_SENT') inp.needFin = true;
  else if (inp.state === 'ESTABLISHED') inp.state = 'FIN_WAIT_1';
  else if (inp.state === 'CLOSE_WAIT') inp.state = 'LAST_ACK';
  else if (inp.state === 'FIN_WAIT_2') {
    rule('tcp_usrclosed_1', "nobody reads and nobody writes: the wait for the peer's FIN is limited [D.2 tcp_usrclosed]");
    soisdisconnected(s, inp.socket as SocketId);
    inp.msl = true;
  }
}

/** tcp_disconnect: from sodisconnect and from close. [D.2 tcp_disconnect] */
export function tcp_disconnect(s: State, so: SocketId): void {
  const pcb = tcp_pcb(s, so);
  const state = s.pcbs[pcb].state;
  if (state === 'CLOSED' || state === 'LISTEN' || state === 'SYN_SENT') {
    tcp_close(s, pcb);
    return;
  }
  if (s.sockets[so].linger === 'reset' && rule('tcp_disconnect_1', 'linger 0: reset at once [D.2 tcp_disconnect, T07]')) {
    tcp_drop(s, pcb, 'none');
    return;
  }
  soisdisconnecting(s, so);
  s.sockets[so].rcv.cc = 0;
  tcp_usrclosed(s, pcb);
}

/** Only a connected socket gets here, and a connection that is over leaves none. [D.2 disconnect] */
export function tcp_usr_disconnect(s: State, so: SocketId): Errno {
  tcp_disconnect(s, so);
  return 'none';
}

/** tcp_usr_close: an orderly end; if it is not over at once TCP keeps the socket. [D.2 tcp_usr_close, T05] */
export function tcp_close_socket(s: State, so: SocketId): void {
  if (!tcp_gone(s, so)) tcp_disconnect(s, so);
  tcp_keep(s, so);
}

/** tcp_usr_abort. [D.2 tcp_usr_abort] */
export function tcp_abort(s: State, so: SocketId): void {
  if (!tcp_gone(s, so) && rule('abort_2', 'a queued TCP child is aborted: reset [D.2 tcp_usr_abort]')) {
    tcp_drop(s, tcp_pcb(s, so), 'ECONNABORTED');
  } else if (designs[s.design].dropFreesPcb) {
    sofree(s, so);
  }
}

function tcp_keep(s: State, so: SocketId): void {
  const pcb = tcp_pcb(s, so);
  if (s.pcbs[pcb].dropped) return;
  rule('close_9', 'TCP has not had its last word: SS_PROTOREF and INP_SOCKREF [D.2 tcp_usr_close, T05]');
  s.sockets[so].protoRef = true;
  s.pcbs[pcb].sockRef = true;
}

/** TCP lets go of a socket that it alone kept. */
export function tcp_release(s: State, pcb: PcbId): void {
  const so = s.pcbs[pcb].socket as SocketId;
  s.pcbs[pcb].sockRef = false;
  s.sockets[so].protoRef = false;
  sofree(s, so);
}

/** tcp_detach: four cases, by the flags of the inpcb. [D.2 tcp_detach] */
export function tcp_detach(s: State, so: SocketId): void {
  const pcb = tcp_pcb(s, so);
  const inp = s.pcbs[pcb];
  pcbdetach(s, so, pcb);
  if (inp.timeWait && inp.dropped && rule('detach_1', 'TIME_WAIT ended first: all goes [D.2 tcp_detach 1, T08]')) {
    pcbfree(s, pcb);
  } else if (inp.timeWait) {
    rule('detach_2', 'the inpcb lives on until 2MSL [D.2 tcp_detach 2, T05]');
    inp.bound = true;
  } else if (
    (inp.dropped || inp.state === 'CLOSED' || inp.state === 'LISTEN') &&
    rule('detach_3', 'dropped, or never connected: all goes [D.2 tcp_detach 3]')
  ) {
    pcbfree(s, pcb);
  } else {
    panic(s, 'tcp-detach'); // in the middle of a connection [D.2 tcp_detach 4: "should not happen"]
  }
}

export function tcp_shutdown(s: State, so: SocketId): Errno {
  if (tcp_gone(s, so) && rule('shutdown_4', 'TCP, dropped or in TIME_WAIT: ECONNRESET [D.2 shutdown]'))
    return tcp_gone_errno(s, 'ECONNRESET');
  socantsendmore(s, so);
  tcp_usrclosed(s, tcp_pcb(s, so));
  return 'none';
}

export function tcp_send(s: State, so: SocketId, amount: Amount): Errno {
  if (tcp_gone(s, so) && rule('send_13', 'TCP: dropped during the copyin: ECONNRESET [D.2 send, T10]'))
    return tcp_gone_errno(s, 'ECONNRESET');
  if (s.sockets[so].snd.cantMore && rule('send_14', 'TCP: shut down during the copyin: EPIPE [G78, model/README §3]')) return 'EPIPE';
  rule('send_15', 'TCP: queued until acknowledged [D.2 send]');
  s.sockets[so].snd.cc += amount;
  return 'none';
}

/** tcp_twstart: both FINs are exchanged; the socket is let go, the inpcb waits. [D.2 tcp_twstart, T05, T08] */
export function tcp_twstart(s: State, pcb: PcbId): void {
  const inp = s.pcbs[pcb];
  const so = inp.socket as SocketId;
  inp.timeWait = true;
  inp.state = 'TIME_WAIT';
  inp.msl = true;
  soisdisconnected(s, so);
  if (designs[s.design].dropFreesPcb) {
    pcbdetach(s, so, pcb);
    sofree(s, so);
  } else if (inp.sockRef && rule('tcp_twstart_1', 'TCP kept the socket only for this: freed now [D.2 tcp_twstart, T05]')) {
    tcp_release(s, pcb);
  }
}
