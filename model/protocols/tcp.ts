/**
 * TCP, its lifetime and states (D.2). Three marks carry the 2006 change: INP_DROPPED (`dropped`: the connection is over, the
 * pcb stays with its socket), SS_PROTOREF with INP_SOCKREF (`sockRef`: TCP keeps a closed socket until its last word is
 * acknowledged), INP_TIMEWAIT (`timeWait`: the pcb may outlive the socket).
 *
 *   from                 to            by
 *   CLOSED               LISTEN        tcp_listen
 *   CLOSED               SYN_SENT      tcp_connect
 *   SYN_SENT             SYN_RECEIVED  syn (wire): both open at once
 *   SYN_SENT, _RECEIVED  ESTABLISHED   synack (wire); FIN_WAIT_1 if needFin
 *   ESTABLISHED          FIN_WAIT_1    tcp_usrclosed;  CLOSE_WAIT by fin (wire)
 *   CLOSE_WAIT           LAST_ACK      tcp_usrclosed
 *   FIN_WAIT_1           FIN_WAIT_2    ack (wire);     CLOSING by fin (wire)
 *   FIN_WAIT_2, CLOSING  TIME_WAIT     fin, ack (wire): tcp_twstart
 *   any                  dropped       tcp_close
 */
import { sorwakeup } from '../calls/accept_filter.ts';
import { designs } from '../designs.ts';
import { rule } from '../lang.ts';
import { panic, socantsendmore, sofree, soisconnecting, soisdisconnected, soisdisconnecting } from '../socket.ts';
import { type Amount, type Errno, type Pcb, type Socket, type SocketId, type State, socketOf, sotopcb } from '../state.ts';
import { choose, pcbdetach, pcbfree } from './pcb.ts';

/** The connection is over and every entry must fail: DROPPED or TIMEWAIT, in P06 so_pcb NULL. [D.2] */
export function tcp_gone(s: State, socket: Socket): boolean {
  return socket.pcb === null || s.pcbs[socket.pcb].dropped || s.pcbs[socket.pcb].timeWait;
}

/** What an entry answers then: its own errno, in P06 always EINVAL. [D.2] */
export function tcp_gone_errno(s: State, errno: Errno): Errno {
  return designs[s.design].dropFreesPcb ? 'EINVAL' : errno;
}

/** A handshake was completed and the last acknowledgement is not in: the states in which data or a FIN may be under way. */
export function tcp_synchronized(inp: Pcb): boolean {
  const { state } = inp;
  return state !== 'CLOSED' && state !== 'LISTEN' && !tcp_opening(inp) && state !== 'TIME_WAIT';
}

/** An active open whose SYN has not been acknowledged. */
export function tcp_opening(inp: Pcb): boolean {
  return inp.state === 'SYN_SENT' || inp.state === 'SYN_RECEIVED';
}

/** A FIN of ours is out and not acknowledged. */
export function tcp_finSent(inp: Pcb): boolean {
  return inp.state === 'FIN_WAIT_1' || inp.state === 'CLOSING' || inp.state === 'LAST_ACK';
}

export function tcp_listen(s: State, socket: Socket): Errno {
  const wasConnected = socket.connected || socket.connecting || socket.disconnecting || socket.disconnected;
  if (tcp_gone(s, socket)) return rule('listen_6', 'TCP, dropped or in TIME_WAIT: EINVAL [D.2 listen]', 'EINVAL');
  if (wasConnected && rule('listen_7', 'TCP, connected now or before: EINVAL [C.3 solisten_proto_check; disconnected: model/README §3]'))
    return 'EINVAL';
  const inp = sotopcb(s, socket);
  inp.state = 'LISTEN';
  inp.bound = true;
  return rule('listen_8', 'TCP listens [D.2 listen]', 'none');
}

export function tcp_connect(s: State, socket: Socket, mapped: boolean): Errno {
  if (tcp_gone(s, socket)) return rule('connect_7', 'TCP, dropped or in TIME_WAIT: EINVAL [D.2 connect]', 'EINVAL');
  const inp = sotopcb(s, socket);
  if (inp.state !== 'CLOSED')
    return rule('connect_8', 'TCP, has a foreign address already: EISCONN [D.2 connect, model/README §3]', 'EISCONN');
  const errno = choose(inp, mapped);
  if (errno !== 'none') return errno;
  inp.bound = true;
  inp.foreign = true;
  inp.state = 'SYN_SENT';
  soisconnecting(socket);
  return rule('connect_9', 'TCP: the SYN is out [D.2 connect]', 'none');
}

/** tcp_close: the connection is over at once. May free the socket, if TCP alone kept it. [D.2 tcp_close, T06] */
export function tcp_close(s: State, inp: Pcb): void {
  const so = inp.socket as SocketId;
  soisdisconnected(s.sockets[so]);
  sorwakeup(s, so);
  if (designs[s.design].dropFreesPcb && rule('tcp_close_1', "P06, DF13: so_pcb becomes NULL under everybody's feet [D.2 P06, 0.3, G01]")) {
    pcbdetach(s, inp);
    pcbfree(inp);
    sofree(s, so);
    return;
  }
  inp.dropped = true;
  inp.state = 'CLOSED';
  if (!designs[s.design].dropKeepsPort) inp.name = null; // in_pcbdrop gives the port back [G22]
  inp.msl = false;
  inp.needFin = false;
  inp.soft = 'none';
  inp.oob = 'none';
  if (inp.sockRef && rule('tcp_close_2', 'TCP kept the socket: it lets go, and the socket is freed [D.2 tcp_close, T06]'))
    tcp_release(s, inp);
}

/** tcp_drop: over, with an error for the user. [D.2 tcp_drop] */
export function tcp_drop(s: State, inp: Pcb, errno: Errno): void {
  socketOf(s, inp).error = errno;
  tcp_close(s, inp);
}

/**
 * tcp_notify: the net says that nothing gets through. That may pass, so it is remembered, and is what the connection is given up with if it
 * is; one that is being made, after so many attempts that the net has said so before, is given up at once. [D.2 tcp_drop softerror]
 */
export function tcp_notify(s: State, inp: Pcb, errno: 'ECONNREFUSED' | 'EHOSTUNREACH', often: boolean): void {
  const unroutable = errno === 'EHOSTUNREACH';
  if (unroutable && inp.state === 'ESTABLISHED' && rule('notify_1', 'no route for a while: a connection that is made outlives that [D.2]'))
    return;
  if (tcp_opening(inp) && often && inp.soft !== 'none' && rule('notify_2', 'one that is being made, again: given up [D.2 tcp_drop]')) {
    tcp_drop(s, inp, unroutable ? 'EHOSTUNREACH' : 'ECONNREFUSED');
    return;
  }
  rule('notify_3', 'remembered, in the place of ETIMEDOUT [D.2 tcp_drop softerror]');
  inp.soft = unroutable ? 'EHOSTUNREACH' : 'ECONNREFUSED';
}

/** tcp_usrclosed: the user will send no more. [D.2 tcp_usrclosed] */
function tcp_usrclosed(s: State, inp: Pcb): void {
  if (inp.state === 'CLOSED' || inp.state === 'LISTEN') tcp_close(s, inp);
  else if (tcp_opening(inp)) inp.needFin = true;
  else if (inp.state === 'ESTABLISHED') inp.state = 'FIN_WAIT_1';
  else if (inp.state === 'CLOSE_WAIT') inp.state = 'LAST_ACK';
  else if (inp.state === 'FIN_WAIT_2') {
    rule('tcp_usrclosed_1', "nobody reads and nobody writes: the wait for the peer's FIN is limited [D.2 tcp_usrclosed]");
    soisdisconnected(socketOf(s, inp));
    inp.msl = true;
  }
}

/** tcp_disconnect: from sodisconnect and from close. [D.2 tcp_disconnect] */
export function tcp_disconnect(s: State, socket: Socket): void {
  const inp = sotopcb(s, socket);
  const early = inp.state === 'CLOSED' || inp.state === 'LISTEN' || tcp_opening(inp);
  if (early || (socket.linger === 'reset' && rule('tcp_disconnect_1', 'linger 0: reset at once [D.2 tcp_disconnect, T07]'))) {
    tcp_close(s, inp);
  } else {
    soisdisconnecting(socket);
    socket.rcv.cc = 0;
    tcp_usrclosed(s, inp);
  }
}

/** tcp_usr_close: an orderly end; if it is not over at once TCP keeps the socket. [D.2 tcp_usr_close, T05] */
export function tcp_close_socket(s: State, socket: Socket): void {
  if (!tcp_gone(s, socket)) tcp_disconnect(s, socket);
  if (sotopcb(s, socket).dropped) return;
  rule('close_9', 'TCP has not had its last word: SS_PROTOREF and INP_SOCKREF [D.2 tcp_usr_close, T05]');
  socket.protoRef = true;
  sotopcb(s, socket).sockRef = true;
}

/** tcp_usr_abort. [D.2 tcp_usr_abort] */
export function tcp_abort(s: State, so: SocketId): void {
  if (!tcp_gone(s, s.sockets[so]) && rule('abort_2', 'a queued TCP child is aborted: reset [D.2 tcp_usr_abort]'))
    tcp_drop(s, sotopcb(s, s.sockets[so]), 'ECONNABORTED');
  else if (designs[s.design].dropFreesPcb) sofree(s, so);
}

/** TCP lets go of a socket that it alone kept. */
export function tcp_release(s: State, inp: Pcb): void {
  inp.sockRef = false;
  socketOf(s, inp).protoRef = false;
  if (designs[s.design].detachInClose) tcp_detachLate(s, inp.socket as SocketId);
  else sofree(s, inp.socket as SocketId);
}

/** April 2006: the detach that tcp_detach has put off. [0.4] */
function tcp_detachLate(s: State, so: SocketId): void {
  rule('detach_5', 'April 2006: TCP kept the socket; detached now, and freed [0.4 623dce13c6]');
  tcp_detach(s, s.sockets[so]);
  sofree(s, so);
}

/** tcp_detach: four cases, by the flags of the inpcb. [D.2 tcp_detach] */
export function tcp_detach(s: State, socket: Socket): void {
  const inp = sotopcb(s, socket);
  const over = inp.dropped || inp.state === 'CLOSED' || inp.state === 'LISTEN';
  if (designs[s.design].detachInClose && !inp.timeWait && !over) {
    rule('detach_4', 'April 2006: TCP has not had its last word: SS_PROTOREF and INP_SOCKREF, and detach is put off [0.4 623dce13c6]');
    socket.protoRef = true;
    inp.sockRef = true;
    return;
  }
  pcbdetach(s, inp);
  if (inp.timeWait && inp.dropped && rule('detach_1', 'TIME_WAIT ended first: all goes [D.2 tcp_detach 1, T08]')) {
    pcbfree(inp);
  } else if (inp.timeWait && rule('detach_2', 'the inpcb lives on until 2MSL [D.2 tcp_detach 2, T05]')) {
    inp.bound = true;
  } else if (over && rule('detach_3', 'dropped, or never connected: all goes [D.2 tcp_detach 3]')) {
    pcbfree(inp);
  } else {
    panic(s, 'tcp-detach'); // in the middle of a connection [D.2 tcp_detach 4: "should not happen"]
  }
}

export function tcp_shutdown(s: State, socket: Socket): Errno {
  if (tcp_gone(s, socket) && rule('shutdown_4', 'TCP, dropped or in TIME_WAIT: ECONNRESET [D.2 shutdown]'))
    return tcp_gone_errno(s, 'ECONNRESET');
  socantsendmore(socket);
  tcp_usrclosed(s, sotopcb(s, socket));
  return 'none';
}

/** Who gets here without a connection has an address: it is made. One that there is heeds no address. [C.5 step 5, D.2 send] */
export function tcp_send(s: State, socket: Socket, amount: Amount): Errno {
  if (tcp_gone(s, socket) && rule('send_13', 'TCP: dropped during the copyin: ECONNRESET [D.2 send, T10]'))
    return tcp_gone_errno(s, 'ECONNRESET');
  if (socket.snd.cantMore) return rule('send_14', 'TCP: shut down during the copyin: EPIPE [G78, model/README §3]', 'EPIPE');
  if (sotopcb(s, socket).state === 'LISTEN')
    return rule('send_33', 'TCP: a listener has no connection to make: EOPNOTSUPP [C.4 soconnect; model/README §3]', 'EOPNOTSUPP');
  if (sotopcb(s, socket).state === 'CLOSED' && rule('send_34', 'TCP: implied connect: the SYN is out, and the data follows [D.2 send]'))
    tcp_connect(s, socket, sotopcb(s, socket).vflag === 'mapped');
  socket.snd.cc += amount;
  return rule('send_15', 'TCP: queued until acknowledged [D.2 send]', 'none');
}

/** tcp_twstart: both FINs are exchanged; the socket is let go, the inpcb waits. [D.2 tcp_twstart, T05, T08] */
export function tcp_twstart(s: State, inp: Pcb): void {
  const so = inp.socket as SocketId;
  inp.timeWait = true;
  inp.state = 'TIME_WAIT';
  inp.msl = true;
  inp.soft = 'none';
  inp.oob = 'none';
  soisdisconnected(s.sockets[so]);
  if (designs[s.design].dropFreesPcb) {
    pcbdetach(s, inp);
    sofree(s, so);
  } else if (
    inp.sockRef &&
    !designs[s.design].timeWaitKeepsSocket &&
    rule('tcp_twstart_1', 'TCP kept the socket only for this: freed now [D.2 tcp_twstart, T05]')
  ) {
    tcp_release(s, inp);
  }
}
