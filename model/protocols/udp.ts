/** UDP (D.3): connected is only a default address; datagrams come and go by the wire, errors too. */
import { rule } from '../lang.ts';
import { panic, soisconnected, soisdisconnected } from '../socket.ts';
import { type Errno, type Socket, type SocketId, type State, sotopcb } from '../state.ts';
import { choose, pcbdetach, pcbfree } from './pcb.ts';

/** Has an address from now on: a port of the system's choice unless it was bound. */
export function udp_connect(s: State, so: SocketId, mapped: boolean): Errno {
  const inp = sotopcb(s, s.sockets[so]);
  const errno = choose(inp, mapped);
  if (errno !== 'none') return errno;
  inp.bound = true;
  inp.foreign = true;
  soisconnected(s, so);
  return 'none';
}

/** Clears CONNECTED only: the socket can be connected again. */
export function udp_disconnect(s: State, socket: Socket): void {
  sotopcb(s, socket).foreign = false;
  socket.connected = false;
}

export function udp_close(s: State, socket: Socket): void {
  if (!sotopcb(s, socket).foreign) return;
  rule('close_8', 'UDP, still connected (a concurrent connect): disconnected for good [D.3 close]');
  sotopcb(s, socket).foreign = false;
  soisdisconnected(socket);
}

export function udp_detach(s: State, socket: Socket): void {
  const inp = sotopcb(s, socket);
  if (inp.foreign) panic(s, 'sodealloc'); // [E5.21]
  pcbdetach(s, inp);
  pcbfree(inp);
}

/** One datagram leaves by the wire; nothing stays. */
export function udp_send(s: State, socket: Socket): Errno {
  sotopcb(s, socket).bound = true;
  return rule('send_16', 'UDP: the datagram leaves; an unbound socket gets a port [D.3 send]', 'none');
}
