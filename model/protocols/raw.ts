/**
 * Raw IP (D.4): datagrams without ports. To be bound is to have chosen an address of this host, of which there is one, so that nothing
 * hangs on it; connected is a default address, and whom to hear.
 */
import { rule } from '../lang.ts';
import { panic, soisconnected, soisdisconnected } from '../socket.ts';
import { type Errno, type Socket, type SocketId, type State, sotopcb } from '../state.ts';
import { choose, pcbdetach, pcbfree } from './pcb.ts';

export function rip_connect(s: State, so: SocketId, mapped: boolean): Errno {
  const inp = sotopcb(s, s.sockets[so]);
  const errno = choose(inp, mapped);
  if (errno !== 'none') return errno;
  inp.foreign = true;
  soisconnected(s, so);
  return 'none';
}

/** Clears CONNECTED only, whether a disconnect asks for it or a close: who sleeps in the socket sleeps on. [D.4 rip_dodisconnect] */
export function rip_disconnect(s: State, socket: Socket): void {
  sotopcb(s, socket).foreign = false;
  socket.connected = false;
}

/** rip_close, and rip6_close, which wakes whoever sleeps in the socket. [D.4] */
export function rip_close(s: State, socket: Socket): void {
  rip_disconnect(s, socket);
  if (sotopcb(s, socket).vflag !== 'v4' && rule('close_10', 'raw IPv6: for good [D.4 rip6_close]')) soisdisconnected(socket);
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
