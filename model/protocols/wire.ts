/**
 * What comes in from outside: segments, datagrams, and timers that run out. The network may do any of it at any time to
 * any pcb that it makes sense for; the sequence numbers that make a segment acceptable are below this level. Each event
 * is atomic: the kernel handles it under the pcbinfo and pcb locks. [D.2 input path, timers]
 */
import { designs } from '../designs.ts';
import { type Procedure, rule, when } from '../lang.ts';
import { sorwakeup } from '../calls/accept_filter.ts';
import { BACKLOG, BUFFER } from '../limits.ts';
import { overfull, socantrcvmore, soevict, soisconnected, soisdisconnected, sonewconn, soqueue } from '../socket.ts';
import {
  type Amount,
  type Pcb,
  type PcbId,
  type Socket,
  type SocketId,
  type State,
  socketOf,
  sotopcb,
  type ThreadId,
  type Wire,
} from '../state.ts';
import { pcbfree } from './pcb.ts';
import { tcp_close, tcp_drop, tcp_finSent, tcp_notify, tcp_opening, tcp_release, tcp_synchronized, tcp_twstart } from './tcp.ts';

/** A TCP pcb that has a socket and a connection that is not over. */
function live(inp: Pcb): boolean {
  return inp.protocol === 'tcp' && inp.socket !== null && !inp.dropped && !inp.timeWait;
}

/**
 * The last segment of a passive handshake (syncache_socket): a child, ESTABLISHED at once; `mapped`: over IPv4, of a listener of IPv6 that takes
 * both. [D.2 syncache_socket, C.1]
 */
export function* handshake(s: State, _wire: Wire, pcb: PcbId, mapped: boolean): Procedure {
  const inp = s.pcbs[pcb];
  when(live(inp) && inp.state === 'LISTEN' && socketOf(s, inp).acceptConn && (!mapped || inp.vflag === 'both'));
  const head = inp.socket as SocketId;
  const child = sonewconn(s, head);
  if (child === null) {
    rule('handshake_1', 'refused: the connection is reset [D.2 syncache_socket]');
    return;
  }
  const theirs = sotopcb(s, s.sockets[child]);
  theirs.state = 'ESTABLISHED';
  theirs.foreign = true;
  theirs.bound = true;
  theirs.name = inp.name;
  theirs.shared = inp.name !== null;
  theirs.vflag = inp.vflag !== 'both' ? inp.vflag : mapped ? 'mapped' : 'v6';
  if (s.sockets[head].filter !== 'no') for (let round = 0; round <= BACKLOG; round++) if (overfull(s.sockets[head])) soevict(s, head);
  soqueue(s, head, child, true);
  rule('handshake_2', 'connected and on so_comp, unless there is a filter [D.2 syncache_socket]');
  if (s.sockets[child].filter === 'set') soisconnected(s, child);
}

/** SYN: the peer opens at the same time; its own SYN is acknowledged, ours is not yet. [B.6, D.2 input] */
export function* syn(s: State, _wire: Wire, pcb: PcbId): Procedure {
  const inp = s.pcbs[pcb];
  when(live(inp) && inp.state === 'SYN_SENT');
  rule('syn_1', 'a simultaneous open: SYN_RECEIVED [B.6]');
  inp.state = 'SYN_RECEIVED';
}

/** SYN|ACK, or after a simultaneous open the acknowledgement alone: the active open succeeds. [D.2 input] */
export function* synack(s: State, _wire: Wire, pcb: PcbId): Procedure {
  const inp = s.pcbs[pcb];
  when(live(inp) && tcp_opening(inp));
  inp.soft = 'none';
  soisconnected(s, inp.socket as SocketId);
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
  const inp = s.pcbs[pcb];
  when(live(inp) && inp.state !== 'CLOSED' && inp.state !== 'LISTEN');
  if (tcp_opening(inp) && rule('rst_1', 'refused: ECONNREFUSED [D.2 RST, T04]')) {
    tcp_drop(s, inp, 'ECONNREFUSED');
  } else if (inp.state === 'CLOSING' || inp.state === 'LAST_ACK') {
    rule('rst_2', "the peer's FIN was seen: over without an error [D.2 RST]");
    tcp_close(s, inp);
  } else {
    rule('rst_3', 'reset: ECONNRESET [D.2 RST, T06, T23]');
    tcp_drop(s, inp, 'ECONNRESET');
  }
}

/** An acknowledgement of so much data, and of our FIN if all is acknowledged. [D.2 input] */
export function* ack(s: State, _wire: Wire, pcb: PcbId, amount: Amount, fin: boolean): Procedure {
  const inp = s.pcbs[pcb];
  when(live(inp) && tcp_synchronized(inp));
  when(amount <= socketOf(s, inp).snd.cc);
  when(fin ? tcp_finSent(inp) && amount === socketOf(s, inp).snd.cc : amount > 0);
  const socket = socketOf(s, inp);
  socket.snd.cc -= amount;
  inp.soft = 'none';
  if (!fin && rule('ack_1', 'room to send again [C.9 sbdrop]')) return;
  if (inp.state === 'FIN_WAIT_1') {
    inp.state = 'FIN_WAIT_2';
    if (socket.rcv.cantMore && rule('ack_2', "nobody reads: disconnected, and the wait for the peer's FIN is limited [D.2 input, T05]")) {
      soisdisconnected(socket);
      inp.msl = true;
    } else {
      rule('ack_3', 'half closed [D.2 input]');
    }
  } else if (inp.state === 'CLOSING' && rule('ack_4', 'simultaneous close is complete [D.2 input]')) {
    tcp_twstart(s, inp);
  } else {
    rule('ack_5', 'LAST_ACK: over [D.2 input]');
    tcp_close(s, inp);
  }
}

/** Data that fits the receive window. [D.2 input] */
export function* data(s: State, _wire: Wire, pcb: PcbId, amount: Amount): Procedure {
  const inp = s.pcbs[pcb];
  when(live(inp) && amount > 0 && tcp_synchronized(inp));
  when(socketOf(s, inp).rcv.cc + amount <= BUFFER);
  const socket = socketOf(s, inp);
  const finSeen = inp.state === 'CLOSE_WAIT' || inp.state === 'CLOSING' || inp.state === 'LAST_ACK';
  const open = inp.state === 'ESTABLISHED' || inp.state === 'CLOSE_WAIT';
  if (socket.noFdRef && !open && rule('data_1', 'the user has closed: nobody will ever read it: reset [D.2 input]'))
    return tcp_close(s, inp);
  if (finSeen && rule('data_2', 'behind the FIN there is nothing [D.2 FIN]')) return;
  if (socket.rcv.cantMore && rule('data_3', 'the receive side is shut: acknowledged and thrown away [D.2 input]')) return;
  rule('data_4', 'appended; readers are woken [D.2 input]');
  socket.rcv.cc += amount;
  sorwakeup(s, inp.socket as SocketId);
}

/** Urgent data is announced: its byte is the next one to come, or has come with it and goes to a place of its own. [D.2 input, C.6] */
export function* urgent(s: State, _wire: Wire, pcb: PcbId, here: boolean): Procedure {
  const inp = s.pcbs[pcb];
  when(live(inp) && tcp_synchronized(inp));
  when(inp.state === 'ESTABLISHED' || inp.state === 'FIN_WAIT_1' || inp.state === 'FIN_WAIT_2');
  const socket = socketOf(s, inp);
  socket.mark = socket.rcv.cc;
  if (socket.mark === 0 && rule('urgent_1', 'the reader is at the mark already [D.2 input]')) socket.atMark = true;
  rule('urgent_2', 'the mark is behind all there is to read; what an earlier one announced is forgotten [D.2 input, H.6 msg_oob]');
  inp.oob = here ? 'here' : 'none';
}

/** The byte that was announced comes. [D.2 input tcp_pulloutofband] */
export function* urgentByte(s: State, _wire: Wire, pcb: PcbId): Procedure {
  const inp = s.pcbs[pcb];
  when(live(inp) && (inp.state === 'ESTABLISHED' || inp.state === 'FIN_WAIT_1' || inp.state === 'FIN_WAIT_2'));
  when(inp.oob === 'none');
  rule('urgentByte_1', 'kept apart from the others [D.2 input]');
  inp.oob = 'here';
}

/** FIN: the peer sends no more. [D.2 input] */
export function* fin(s: State, _wire: Wire, pcb: PcbId): Procedure {
  const inp = s.pcbs[pcb];
  when(live(inp) && (inp.state === 'ESTABLISHED' || inp.state === 'FIN_WAIT_1' || inp.state === 'FIN_WAIT_2'));
  socantrcvmore(socketOf(s, inp));
  sorwakeup(s, inp.socket as SocketId);
  if (inp.state === 'ESTABLISHED' && rule('fin_1', 'CLOSE_WAIT [D.2 FIN]')) {
    inp.state = 'CLOSE_WAIT';
  } else if (inp.state === 'FIN_WAIT_1' && rule('fin_2', 'CLOSING: both close at once [D.2 FIN]')) {
    inp.state = 'CLOSING';
  } else {
    rule('fin_3', 'TIME_WAIT [D.2 FIN]');
    tcp_twstart(s, inp);
  }
}

/** Retransmission gave up on something that is not acknowledged, or a peer that was asked for a sign of life gave none. [D.2 timers] */
export function* timeout(s: State, _wire: Wire, pcb: PcbId): Procedure {
  const inp = s.pcbs[pcb];
  when(live(inp) && (tcp_opening(inp) || socketOf(s, inp).snd.cc > 0 || tcp_finSent(inp) || keepsAlive(inp, socketOf(s, inp))));
  if (inp.soft === 'ECONNREFUSED' && rule('timeout_2', 'what the net has said is why [D.2 tcp_drop]'))
    return tcp_drop(s, inp, 'ECONNREFUSED');
  if (inp.soft === 'EHOSTUNREACH' && rule('timeout_3', 'what the net has said is why [D.2 tcp_drop]'))
    return tcp_drop(s, inp, 'EHOSTUNREACH');
  rule('timeout_1', 'ETIMEDOUT [D.2 timers]');
  tcp_drop(s, inp, 'ETIMEDOUT');
}

/** Asks a silent peer for a sign of life. In FIN_WAIT_2 and later it would be in vain. [D.2 timers] */
function keepsAlive(inp: Pcb, socket: Socket): boolean {
  return (
    socket.keepAlive && (inp.state === 'ESTABLISHED' || inp.state === 'CLOSE_WAIT' || inp.state === 'FIN_WAIT_1' || inp.state === 'CLOSING')
  );
}

/** The 2MSL timer runs out. [D.2 tcp_twclose, T08] */
export function* msl(s: State, _wire: Wire, pcb: PcbId): Procedure {
  const inp = s.pcbs[pcb];
  when(inp.protocol === 'tcp' && inp.msl);
  if (!inp.timeWait && rule('msl_1', 'the peer never sent its FIN: over [D.2 timers]')) {
    tcp_close(s, inp);
  } else if (inp.socket === null) {
    rule('msl_2', 'the socket went before: the inpcb follows [D.2 tcp_twclose]');
    pcbfree(inp);
  } else {
    rule('msl_3', 'the user still has the socket: DROPPED, detach will free [D.2 tcp_twclose, T08]');
    inp.msl = false;
    if (!designs[s.design].dropKeepsPort) inp.name = null;
    inp.dropped = true;
    if (inp.sockRef && rule('msl_4', 'closed in TIME_WAIT: TCP kept the socket until now [D.2 tcp_usr_close, tcp_twclose]'))
      tcp_release(s, inp);
  }
}

/** A datagram for a UDP socket, or a copy for one of the raw sockets that want it. [D.3, D.4] */
export function* datagram(s: State, _wire: Wire, pcb: PcbId): Procedure {
  when((s.pcbs[pcb].protocol === 'udp' && s.pcbs[pcb].bound) || s.pcbs[pcb].protocol === 'raw');
  const { rcv } = socketOf(s, s.pcbs[pcb]);
  if (rcv.cc === BUFFER && rule('datagram_2', 'no room: dropped [C.9 sbappendaddr]')) return;
  rule('datagram_1', 'appended as one record, even if the receive side is shut [D.3, C.9 sbappendaddr]');
  rcv.cc += 1;
}

/** Who is told what ICMP says about the peer: a UDP socket that has one, a TCP connection; `often` if that has tried to no end. Raw IP is not. [D.3] */
function hears(inp: Pcb, often: boolean): boolean {
  return inp.foreign && (inp.protocol === 'udp' ? !often : live(inp));
}

/** ICMP says that nobody takes it there. [D.2, D.3 ICMP] */
export function* unreachable(s: State, _wire: Wire, pcb: PcbId, often: boolean): Procedure {
  const inp = s.pcbs[pcb];
  when(hears(inp, often));
  if (inp.protocol === 'tcp') return tcp_notify(s, inp, 'ECONNREFUSED', often);
  rule('unreachable_1', 'so_error, readers and writers are woken [D.3]');
  socketOf(s, inp).error = 'ECONNREFUSED';
}

/** ICMP says that there is no way to there. [D.2, D.3 ICMP] */
export function* unroutable(s: State, _wire: Wire, pcb: PcbId, often: boolean): Procedure {
  const inp = s.pcbs[pcb];
  when(hears(inp, often));
  if (inp.protocol === 'tcp') return tcp_notify(s, inp, 'EHOSTUNREACH', often);
  rule('unroutable_1', 'so_error, readers and writers are woken [D.3]');
  socketOf(s, inp).error = 'EHOSTUNREACH';
}

/** ICMP says that a datagram is too long for the way; TCP sends shorter ones, which is below this level. [D.3 ICMP] */
export function* toolong(s: State, _wire: Wire, pcb: PcbId): Procedure {
  const inp = s.pcbs[pcb];
  when(inp.protocol === 'udp' && inp.foreign);
  rule('toolong_1', 'so_error, readers and writers are woken [D.3]');
  socketOf(s, inp).error = 'EMSGSIZE';
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
