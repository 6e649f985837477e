/**
 * Raw IP (D.4): datagrams without ports. To be bound is to have chosen an address of this host, of which there is one, so that nothing
 * hangs on it; connected is a default address, and whom to hear.
 */
import { rule } from '../lang.ts';
import { panic, soisconnected } from '../socket.ts';
import { type Errno, type Socket, type SocketId, type State, sotopcb } from '../state.ts';
import { pcbdetach, pcbfree } from './pcb.ts';

export function rip_connect(s: State, so: SocketId): void {
  sotopcb(s, s.sockets[so]).foreign = true;
  soisconnected(s, so);
}

/** Clears CONNECTED only, whether a disconnect asks for it or a close: who sleeps in the socket sleeps on. [D.4 rip_dodisconnect] */
export function rip_disconnect(s: State, socket: Socket): void {
  sotopcb(s, socket).foreign = false;
  socket.connected = false;
}

export function rip_detach(s: State, socket: Socket): void {
  const inp = sotopcb(s, socket);
  if (inp.foreign) panic(s, 'sodealloc'); // [E5.22, G17]
  pcbdetach(s, inp);
  pcbfree(inp);
}

/** One datagram leaves by the wire; nothing stays. */
export function rip_send(): Errno {
  return rule('send_20', 'raw IP: the datagram leaves [D.4]', 'none');
}
