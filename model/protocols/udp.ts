/** UDP (D.3): connected is only a default address; datagrams come and go by the wire, errors too. */
import { rule } from '../lang.ts';
import { panic, socantsendmore, soisconnected, soisdisconnected } from '../socket.ts';
import type { Errno, Name, PcbId, SocketId, State } from '../state.ts';
import { pcballoc, pcbbind, pcbdetach, pcbfree } from './pcb.ts';

function inp(s: State, so: SocketId): PcbId {
  return s.sockets[so].pcb as PcbId;
}

export function udp_attach(s: State, so: SocketId): Errno {
  return pcballoc(s, so);
}

export function udp_bind(s: State, so: SocketId, name: Name): Errno {
  return pcbbind(s, inp(s, so), name);
}

export function udp_connect(s: State, so: SocketId): Errno {
  s.pcbs[inp(s, so)].bound = true; // a port of the system's choice unless it has one
  s.pcbs[inp(s, so)].foreign = true;
  soisconnected(s, so);
  return 'none';
}

/** Clears CONNECTED only: the socket can be connected again. */
export function udp_disconnect(s: State, so: SocketId): Errno {
  s.pcbs[inp(s, so)].foreign = false;
  s.sockets[so].connected = false;
  return 'none';
}

export function udp_close(s: State, so: SocketId): void {
  if (!s.pcbs[inp(s, so)].foreign) return;
  rule('close_8', 'UDP, still connected (a concurrent connect): disconnected for good [D.3 close]');
  s.pcbs[inp(s, so)].foreign = false;
  soisdisconnected(s, so);
}

export function udp_detach(s: State, so: SocketId): void {
  const pcb = inp(s, so);
  if (s.pcbs[pcb].foreign) panic(s, 'sodealloc'); // [E5.21]
  pcbdetach(s, so, pcb);
  pcbfree(s, pcb);
}

export function udp_shutdown(s: State, so: SocketId): Errno {
  socantsendmore(s, so);
  return 'none';
}

/** One datagram leaves by the wire; nothing stays. */
export function udp_send(s: State, so: SocketId): Errno {
  rule('send_16', 'UDP: the datagram leaves; an unbound socket gets a port [D.3 send]');
  s.pcbs[inp(s, so)].bound = true;
  return 'none';
}
