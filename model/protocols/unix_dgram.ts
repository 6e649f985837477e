/**
 * UNIX domain datagrams (D.1). A datagram socket is connected one way: it has a peer, which need not know it, may have it in common with
 * others, and may be the socket itself. Those who have a pcb for their peer are its *referrers* (unp_refs). When it is detached each of them
 * is told ECONNRESET. A record goes straight into the receiver's buffer, or not at all.
 */
import { rule } from '../lang.ts';
import { BUFFER } from '../limits.ts';
import { sbappendaddr, soisconnected } from '../socket.ts';
// biome-ignore format: a list of names
import {
  type Amount, type Errno, type Name, type Pcb, type PcbId, pcbs, type Socket, type SocketId, type State, socketOf, sotopcb,
} from '../state.ts';
import { lookup } from './pcb.ts';

/** The name that a datagram with an address is for. Names do not differ, and one is enough. */
const DESTINATION = 0 as Name;

/** unp_connect2 of a datagram socket: `a` has `b` for its peer. */
export function unp_connect1(s: State, a: SocketId, b: SocketId): void {
  sotopcb(s, s.sockets[a]).peer = s.sockets[b].pcb;
  soisconnected(s, a);
}

/** unp_connect of a datagram socket, which has no peer any more if it can't have this one. [D.1 connect, T24] */
export function unp_connect_dgram(s: State, so: SocketId, name: Name): Errno {
  const target = lookup(s, sotopcb(s, s.sockets[so]), name);
  if (target === null) return rule('connect_15', 'UNIX datagrams: no such name: ENOENT [D.1 connect]', 'ENOENT');
  if (s.pcbs[target].protocol !== 'dgram')
    return rule('connect_16', 'UNIX datagrams: a socket of another type has it: EPROTOTYPE [D.1 connect]', 'EPROTOTYPE');
  rule('connect_17', 'UNIX datagrams: connected, one way [D.1 unp_connect2, T11]');
  unp_connect1(s, so, s.pcbs[target].socket as SocketId);
  return 'none';
}

/** unp_disconnect of a datagram socket: it can be connected again. [D.1 unp_disconnect] */
export function unp_disconnect1(s: State, unp: Pcb): void {
  unp.peer = null;
  socketOf(s, unp).connected = false;
}

/** unp_drop of each referrer of a pcb that is being detached. [D.1 detach, T11] */
export function unp_drop_refs(s: State, gone: PcbId): void {
  for (const each of pcbs) {
    const unp = s.pcbs[each];
    if (unp.peer === gone && rule('drop_1', 'whoever has it for a peer is told ECONNRESET, and has none [D.1 detach, T11]')) {
      socketOf(s, unp).error = 'ECONNRESET';
      unp_disconnect1(s, unp);
    }
  }
}

/** Only a socket without a peer takes an address. What the space check of 9.1 and 10.4 refuses is refused; 9.3 has none. [D.1 send dgram, G155] */
export function uipc_send_dgram(s: State, socket: Socket, amount: Amount, addressed: boolean): Errno {
  const unp = sotopcb(s, socket);
  if (addressed && unp.peer !== null)
    return rule('send_26', 'UNIX datagrams: connected, and yet an address: EISCONN [D.1 send dgram]', 'EISCONN');
  const to = addressed ? lookup(s, unp, DESTINATION) : unp.peer;
  if (to === null && addressed) return rule('send_27', 'UNIX datagrams: no such name: ENOENT [D.1 send dgram]', 'ENOENT');
  if (to === null) return rule('send_28', 'UNIX datagrams: no peer any more: ENOTCONN [D.1 send dgram, G104]', 'ENOTCONN');
  if (s.pcbs[to].protocol !== 'dgram')
    return rule('send_29', 'UNIX datagrams: a socket of another type has the name: EPROTOTYPE [D.1 connect]', 'EPROTOTYPE');
  const receiver = socketOf(s, s.pcbs[to]);
  if (receiver.rcv.cc + amount > BUFFER)
    return rule('send_30', 'UNIX datagrams: no room with the receiver: ENOBUFS, and nobody waits [D.1 send dgram, G155]', 'ENOBUFS');
  sbappendaddr(receiver, amount);
  return rule('send_31', "UNIX datagrams: into the receiver's buffer, even if its receive side is shut [D.1 send dgram]", 'none');
}
