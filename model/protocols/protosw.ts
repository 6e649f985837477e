/**
 * The protocol switch: what the socket layer asks of a protocol, dispatched. None of these pauses. pru_abort, pru_close and
 * pru_detach return nothing: since the 2006 change they can't fail. [C.11]
 */
import { designs } from '../designs.ts';
import { rule } from '../lang.ts';
import { sofree } from '../socket.ts';
import type { Amount, Backlog, Errno, Name, SocketId, State } from '../state.ts';
import {
  tcp_abort,
  tcp_attach,
  tcp_bind,
  tcp_close_socket,
  tcp_detach,
  tcp_disconnect,
  tcp_listen,
  tcp_send,
  tcp_shutdown,
  tcp_usr_disconnect,
} from './tcp.ts';
import { udp_attach, udp_bind, udp_close, udp_detach, udp_disconnect, udp_send, udp_shutdown } from './udp.ts';
import {
  uipc_abort,
  uipc_attach,
  uipc_bind,
  uipc_close,
  uipc_detach,
  uipc_disconnect,
  uipc_listen,
  uipc_rcvd,
  uipc_send,
  uipc_shutdown,
} from './unix.ts';

export function pru_attach(s: State, so: SocketId): Errno {
  if (s.sockets[so].protocol === 'unix') return uipc_attach(s, so);
  if (s.sockets[so].protocol === 'udp') return udp_attach(s, so);
  return tcp_attach(s, so);
}

export function pru_detach(s: State, so: SocketId): void {
  if (s.sockets[so].protocol === 'unix') uipc_detach(s, so);
  else if (s.sockets[so].protocol === 'udp') udp_detach(s, so);
  else tcp_detach(s, so);
}

/** P06: pru_detach as soclose calls it. TCP starts the orderly end and keeps its pcb for that. [C.3 soclose P06] */
export function pru_detach_p06(s: State, so: SocketId): void {
  if (s.sockets[so].protocol === 'tcp') tcp_disconnect(s, so);
  else pru_detach(s, so);
}

export function pru_close(s: State, so: SocketId): void {
  if (s.sockets[so].protocol === 'unix') uipc_close(s, so);
  else if (s.sockets[so].protocol === 'udp') udp_close(s, so);
  else tcp_close_socket(s, so);
}

/** Only listeners have children, so only UNIX and TCP are ever asked to abort. */
export function pru_abort(s: State, so: SocketId): void {
  if (s.sockets[so].protocol === 'unix') {
    uipc_abort(s, so);
    if (designs[s.design].detachInClose) uipc_detach(s, so);
    if (designs[s.design].detachInClose) sofree(s, so);
  } else {
    tcp_abort(s, so);
  }
}

export function pru_bind(s: State, so: SocketId, name: Name): Errno {
  if (s.sockets[so].protocol === 'unix') return uipc_bind(s, so, name);
  if (s.sockets[so].protocol === 'udp') return udp_bind(s, so, name);
  return tcp_bind(s, so, name);
}

export function pru_listen(s: State, so: SocketId, backlog: Backlog): Errno {
  if (s.sockets[so].protocol === 'unix') return uipc_listen(s, so, backlog);
  if (s.sockets[so].protocol === 'udp' && rule('listen_2', 'a datagram protocol does not listen: EOPNOTSUPP [J.4 listen]'))
    return 'EOPNOTSUPP';
  return tcp_listen(s, so, backlog);
}

export function pru_disconnect(s: State, so: SocketId): Errno {
  if (s.sockets[so].protocol === 'unix') return uipc_disconnect(s, so);
  if (s.sockets[so].protocol === 'udp') return udp_disconnect(s, so);
  return tcp_usr_disconnect(s, so);
}

export function pru_shutdown(s: State, so: SocketId): Errno {
  if (s.sockets[so].protocol === 'unix') return uipc_shutdown(s, so);
  if (s.sockets[so].protocol === 'udp') return udp_shutdown(s, so);
  return tcp_shutdown(s, so);
}

export function pru_send(s: State, so: SocketId, amount: Amount): Errno {
  if (s.sockets[so].protocol === 'unix') return uipc_send(s, so, amount);
  if (s.sockets[so].protocol === 'udp') return udp_send(s, so);
  return tcp_send(s, so, amount);
}

/** Tells the protocol that there is room again. TCP would send a window update, which changes nothing here. */
export function pru_rcvd(s: State, so: SocketId): void {
  if (s.sockets[so].protocol === 'unix') uipc_rcvd(s, so);
}

/** sodisconnect. [C.4] */
export function sodisconnect(s: State, so: SocketId): Errno {
  const socket = s.sockets[so];
  if (!socket.connected && rule('disconnect_2', 'not connected: ENOTCONN [C.4]')) return 'ENOTCONN';
  if (socket.disconnecting && rule('disconnect_3', 'already under way: EALREADY [C.4]')) return 'EALREADY';
  return pru_disconnect(s, so);
}
