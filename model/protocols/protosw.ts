/**
 * The protocol switch: what the socket layer asks of a protocol, dispatched. None of these pauses. pru_abort, pru_close and
 * pru_detach return nothing: since the 2006 change they can't fail. pru_attach is `pcballoc` for all. [C.11]
 */
import { designs } from '../designs.ts';
import { rule } from '../lang.ts';
import { socantsendmore, sofree } from '../socket.ts';
import { type Amount, type Errno, isLocal, type Name, pairs, type Socket, type SocketId, type State, sotopcb } from '../state.ts';
import { pcbbind } from './pcb.ts';
import { rip_close, rip_detach, rip_disconnect, rip_send } from './raw.ts';
import { tcp_abort, tcp_close_socket, tcp_detach, tcp_disconnect, tcp_gone, tcp_listen, tcp_send, tcp_shutdown } from './tcp.ts';
import { udp_close, udp_detach, udp_disconnect, udp_send } from './udp.ts';
import { uipc_abort, uipc_close, uipc_detach, uipc_listen, uipc_send, uipc_shutdown } from './unix.ts';
import { uipc_send_dgram } from './unix_dgram.ts';

export function pru_detach(s: State, socket: Socket): void {
  if (isLocal(socket.protocol)) uipc_detach(s, socket);
  else if (socket.protocol === 'udp') udp_detach(s, socket);
  else if (socket.protocol === 'raw') rip_detach(s, socket);
  else tcp_detach(s, socket);
}

/** pru_detach where soclose calls it: TCP starts the orderly end first. P06 keeps the pcb for that, April 2006 as tcp_detach has it. [0.4, C.2 soclose P06] */
export function pru_detach_close(s: State, socket: Socket): void {
  if (socket.protocol === 'tcp' && !tcp_gone(s, socket)) tcp_disconnect(s, socket);
  if (socket.protocol === 'udp') udp_close(s, socket);
  if (socket.protocol === 'raw') rip_close(s, socket);
  if (socket.protocol !== 'tcp' || !designs[s.design].dropFreesPcb) pru_detach(s, socket);
}

export function pru_close(s: State, socket: Socket): void {
  if (designs[s.design].closeTakesName && isLocal(socket.protocol)) sotopcb(s, socket).name = null;
  if (isLocal(socket.protocol)) uipc_close(s, socket);
  else if (socket.protocol === 'udp') udp_close(s, socket);
  else if (socket.protocol === 'raw') rip_close(s, socket);
  else tcp_close_socket(s, socket);
}

/** Only listeners have children, so only UNIX and TCP are ever asked to abort. */
export function pru_abort(s: State, so: SocketId): void {
  if (isLocal(s.sockets[so].protocol)) uipc_abort(s, s.sockets[so]);
  else tcp_abort(s, so);
  const { detachInClose, dropFreesPcb } = designs[s.design];
  if (!detachInClose || (dropFreesPcb && !isLocal(s.sockets[so].protocol))) return;
  pru_detach(s, s.sockets[so]);
  if (dropFreesPcb) sofree(s, so);
}

export function pru_bind(s: State, socket: Socket, name: Name, mapped: boolean): Errno {
  if (socket.protocol === 'tcp' && tcp_gone(s, socket)) return rule('bind_4', 'TCP, dropped or in TIME_WAIT: EINVAL [D.2 bind]', 'EINVAL');
  if (socket.protocol === 'raw' && mapped) return 'EADDRNOTAVAIL';
  if (socket.protocol === 'raw') return rule('bind_5', 'raw IP: an address, which any number of sockets may have [D.4]', 'none');
  return pcbbind(s, sotopcb(s, socket), name, mapped);
}

export function pru_listen(s: State, socket: Socket): Errno {
  if (pairs(socket.protocol)) return uipc_listen(s, socket);
  if (socket.protocol === 'tcp') return tcp_listen(s, socket);
  return rule('listen_2', 'a datagram protocol does not listen: EOPNOTSUPP [J.4 listen]', 'EOPNOTSUPP');
}

export function pru_shutdown(s: State, socket: Socket): Errno {
  if (socket.protocol === 'tcp') return tcp_shutdown(s, socket);
  socantsendmore(socket);
  if (pairs(socket.protocol)) uipc_shutdown(s, socket);
  return 'none';
}

export function pru_send(s: State, socket: Socket, amount: Amount, addressed: boolean): Errno {
  if (pairs(socket.protocol)) return uipc_send(s, socket, amount);
  if (socket.protocol === 'dgram') return uipc_send_dgram(s, socket, amount, addressed);
  if (socket.protocol === 'udp') return udp_send(s, socket);
  if (socket.protocol === 'raw') return rip_send();
  return tcp_send(s, socket, amount);
}

/** sodisconnect and pru_disconnect. [C.4] */
export function sodisconnect(s: State, socket: Socket): Errno {
  if (!socket.connected) return rule('disconnect_2', 'not connected: ENOTCONN [C.4]', 'ENOTCONN');
  if (socket.disconnecting) return rule('disconnect_3', 'already under way: EALREADY [C.4]', 'EALREADY');
  if (isLocal(socket.protocol)) uipc_close(s, socket);
  else if (socket.protocol === 'udp') udp_disconnect(s, socket);
  else if (socket.protocol === 'raw') rip_disconnect(s, socket);
  else tcp_disconnect(s, socket);
  return 'none';
}
