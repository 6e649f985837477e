/**
 * What comes in from outside: segments, datagrams, and timers that run out. The network may do any of it at any time to
 * any pcb that it makes sense for; the sequence numbers that make a segment acceptable are below this level. Each event
 * is atomic: the kernel handles it under the pcbinfo and pcb locks. [D.2 input path, timers]
 */
import { type Procedure, rule, when } from '../lang.ts';
import { soisconnected, soisdisconnected, socantrcvmore, sonewconn, soqueue } from '../socket.ts';
import type { Amount, PcbId, SocketId, State, ThreadId, Wire } from '../state.ts';
import { BUFFER } from '../limits.ts';
import { pcbfree } from './pcb.ts';
import { tcp_close, tcp_drop, tcp_finSent, tcp_release, tcp_synchronized, tcp_twstart } from './tcp.ts';

/** A TCP pcb that has a socket and a connection that is not over. */
function live(s: State, pcb: PcbId): boolean {
  const inp = s.pcbs[pcb];
  return inp.protocol === 'tcp' && inp.socket !== null && !inp.dropped && !inp.timeWait;
}

function socketOf(s: State, pcb: PcbId): SocketId {
  return s.pcbs[pcb].socket as SocketId;
}

/** The last segment of a passive handshake (syncache_socket): a child, ESTABLISHED at once. [D.2 syncache_socket, C.1] */
export function* handshake(s: State, _wire: Wire, pcb: PcbId): Procedure {
  when(live(s, pcb) && s.pcbs[pcb].state === 'LISTEN' && s.sockets[socketOf(s, pcb)].acceptConn);
  const head = socketOf(s, pcb);
  const child = sonewconn(s, head);
  if (child === null) {
    rule('handshake_1', 'refused: the connection is reset [D.2 syncache_socket]');
    return;
  }
  const inp = s.sockets[child].pcb as PcbId;
  s.pcbs[inp].state = 'ESTABLISHED';
  s.pcbs[inp].foreign = true;
  s.pcbs[inp].bound = true;
  s.pcbs[inp].name = s.pcbs[pcb].name;
  soqueue(s, head, child, true);
  rule('handshake_2', 'connected and on so_comp [D.2 syncache_socket]');
}

/** SYN|ACK: the active open succeeds. [D.2 input] */
export function* synack(s: State, _wire: Wire, pcb: PcbId): Procedure {
  when(live(s, pcb) && s.pcbs[pcb].state === 'SYN_SENT');
  const inp = s.pcbs[pcb];
  soisconnected(s, socketOf(s, pcb));
  if (inp.needFin && rule('synack_1', 'shut down meanwhile: the FIN follows at once [B.6 TF_NEEDFIN]')) {
    inp.needFin = false;
    inp.state = 'FIN_WAIT_1';
  } else {
    rule('synack_2', 'established [D.2 input]');
    inp.state = 'ESTABLISHED';
  }
}

/** RST. [D.2 input, T04, T06] */
export function* rst(s: State, _wire: Wire, pcb: PcbId): Procedure {
  when(live(s, pcb) && s.pcbs[pcb].state !== 'CLOSED' && s.pcbs[pcb].state !== 'LISTEN');
  const state = s.pcbs[pcb].state;
  if (state === 'SYN_SENT' && rule('rst_1', 'refused: ECONNREFUSED [D.2 RST, T04]')) {
    tcp_drop(s, pcb, 'ECONNREFUSED');
  } else if (state === 'CLOSING' || state === 'LAST_ACK') {
    rule('rst_2', "the peer's FIN was seen: over without an error [D.2 RST]");
    tcp_close(s, pcb);
  } else {
    rule('rst_3', 'reset: ECONNRESET [D.2 RST, T06, T23]');
    tcp_drop(s, pcb, 'ECONNRESET');
  }
}

/** An acknowledgement of so much data, and of our FIN if all is acknowledged. [D.2 input] */
export function* ack(s: State, _wire: Wire, pcb: PcbId, amount: Amount, fin: boolean): Procedure {
  when(live(s, pcb) && tcp_synchronized(s, pcb));
  when(amount <= s.sockets[socketOf(s, pcb)].snd.cc);
  when(fin ? tcp_finSent(s, pcb) && amount === s.sockets[socketOf(s, pcb)].snd.cc : amount > 0);
  const so = socketOf(s, pcb);
  const inp = s.pcbs[pcb];
  s.sockets[so].snd.cc -= amount;
  if (!fin && rule('ack_1', 'room to send again [C.9 sbdrop]')) return;
  if (inp.state === 'FIN_WAIT_1') {
    inp.state = 'FIN_WAIT_2';
    if (
      s.sockets[so].rcv.cantMore &&
      rule('ack_2', "nobody reads: disconnected, and the wait for the peer's FIN is limited [D.2 input, T05]")
    ) {
      soisdisconnected(s, so);
      inp.msl = true;
    } else {
      rule('ack_3', 'half closed [D.2 input]');
    }
  } else if (inp.state === 'CLOSING' && rule('ack_4', 'simultaneous close is complete [D.2 input]')) {
    tcp_twstart(s, pcb);
  } else {
    rule('ack_5', 'LAST_ACK: over [D.2 input]');
    tcp_close(s, pcb);
  }
}

/** Data that fits the receive window. [D.2 input] */
export function* data(s: State, _wire: Wire, pcb: PcbId, amount: Amount): Procedure {
  when(live(s, pcb) && amount > 0 && tcp_synchronized(s, pcb));
  when(s.sockets[socketOf(s, pcb)].rcv.cc + amount <= BUFFER);
  const so = socketOf(s, pcb);
  const state = s.pcbs[pcb].state;
  const open = state === 'ESTABLISHED' || state === 'CLOSE_WAIT';
  if (s.sockets[so].noFdRef && !open && rule('data_1', 'the user has closed: nobody will ever read it: reset [D.2 input]')) {
    tcp_close(s, pcb);
  } else if (
    (state === 'CLOSE_WAIT' || state === 'CLOSING' || state === 'LAST_ACK') &&
    rule('data_2', 'behind the FIN there is nothing [D.2 FIN]')
  ) {
    return;
  } else if (s.sockets[so].rcv.cantMore) {
    rule('data_3', 'the receive side is shut: acknowledged and thrown away [D.2 input]');
  } else {
    rule('data_4', 'appended; readers are woken [D.2 input]');
    s.sockets[so].rcv.cc += amount;
  }
}

/** FIN: the peer sends no more. [D.2 input] */
export function* fin(s: State, _wire: Wire, pcb: PcbId): Procedure {
  when(live(s, pcb));
  const inp = s.pcbs[pcb];
  when(inp.state === 'ESTABLISHED' || inp.state === 'FIN_WAIT_1' || inp.state === 'FIN_WAIT_2');
  socantrcvmore(s, socketOf(s, pcb));
  if (inp.state === 'ESTABLISHED' && rule('fin_1', 'CLOSE_WAIT [D.2 FIN]')) {
    inp.state = 'CLOSE_WAIT';
  } else if (inp.state === 'FIN_WAIT_1') {
    rule('fin_2', 'CLOSING: both close at once [D.2 FIN]');
    inp.state = 'CLOSING';
  } else {
    rule('fin_3', 'TIME_WAIT [D.2 FIN]');
    tcp_twstart(s, pcb);
  }
}

/** Retransmission gave up on something that is not acknowledged. [D.2 timers] */
export function* timeout(s: State, _wire: Wire, pcb: PcbId): Procedure {
  when(live(s, pcb));
  when(s.pcbs[pcb].state === 'SYN_SENT' || s.sockets[socketOf(s, pcb)].snd.cc > 0 || tcp_finSent(s, pcb));
  rule('timeout_1', 'ETIMEDOUT [D.2 timers]');
  tcp_drop(s, pcb, 'ETIMEDOUT');
}

/** The 2MSL timer runs out. [D.2 tcp_twclose, T08] */
export function* msl(s: State, _wire: Wire, pcb: PcbId): Procedure {
  when(s.pcbs[pcb].protocol === 'tcp' && s.pcbs[pcb].msl);
  const inp = s.pcbs[pcb];
  if (!inp.timeWait && rule('msl_1', 'the peer never sent its FIN: over [D.2 timers]')) {
    tcp_close(s, pcb);
  } else if (inp.socket === null) {
    rule('msl_2', 'the socket went before: the inpcb follows [D.2 tcp_twclose]');
    pcbfree(s, pcb);
  } else {
    rule('msl_3', 'the user still has the socket: DROPPED, detach will free [D.2 tcp_twclose, T08]');
    inp.msl = false;
    inp.name = null;
    inp.dropped = true;
    if (inp.sockRef && rule('msl_4', 'closed in TIME_WAIT: TCP kept the socket until now [D.2 tcp_usr_close, tcp_twclose]'))
      tcp_release(s, pcb);
  }
}

/** A datagram for a UDP socket. [D.3] */
export function* datagram(s: State, _wire: Wire, pcb: PcbId): Procedure {
  when(s.pcbs[pcb].protocol === 'udp' && s.pcbs[pcb].bound);
  const so = socketOf(s, pcb);
  if (
    s.sockets[so].rcv.cc < BUFFER &&
    rule('datagram_1', 'appended as one record, even if the receive side is shut [D.3, C.9 sbappendaddr]')
  ) {
    s.sockets[so].rcv.cc += 1;
  } else {
    rule('datagram_2', 'no room: dropped [C.9 sbappendaddr]');
  }
}

/** ICMP says that a connected UDP socket's peer is not there. [D.3 send ICMP] */
export function* unreachable(s: State, _wire: Wire, pcb: PcbId): Procedure {
  when(s.pcbs[pcb].protocol === 'udp' && s.pcbs[pcb].foreign);
  rule('unreachable_1', 'so_error, readers and writers are woken [D.3]');
  s.sockets[socketOf(s, pcb)].error = 'ECONNREFUSED';
}

/** A signal ends a thread's sleep. [I.6] */
export function* signal(s: State, _wire: Wire, t: ThreadId): Procedure {
  when(s.threads[t].sleep === 'asleep');
  s.threads[t].sleep = 'signal';
}

/** The linger time of a close is over. [C.2 soclose 2] */
export function* lingerTimeout(s: State, _wire: Wire, t: ThreadId): Procedure {
  when(s.threads[t].sleep === 'asleep' && s.threads[t].closing !== null);
  s.threads[t].sleep = 'timeout';
}
