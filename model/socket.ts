/**
 * The socket layer's own functions: making, referencing and freeing a socket, and the four ways in which a protocol tells it
 * what became of its connection. All names are BSD's. Each function is atomic; the locks that make it so in the
 * kernel are the accept mutex and SOCK_LOCK (reference C.2, C.3).
 */
import { designs } from './designs.ts';
import { accf_begin, sopromote } from './calls/accept_filter.ts';
import { first, remove, reset, rule } from './lang.ts';
import { pcballoc } from './protocols/pcb.ts';
import { pru_abort, pru_detach } from './protocols/protosw.ts';
import { unp_dispose } from './protocols/rights.ts';
import { type Amount, freeSocket, type Panic, type Protocol, type Socket, type SocketId, type State, sockets } from './state.ts';

/** An assertion of the code failed. Only the first is kept: what follows a panic means nothing. */
export function panic(s: State, why: Panic): void {
  if (s.panic === 'none') s.panic = why;
}

/** soalloc: a zeroed socket with so_count 0, or null. [C.1] */
export function soalloc(s: State, protocol: Protocol): SocketId | null {
  const so = first(sockets, (each) => s.sockets[each].protocol === 'none');
  if (so !== null) s.sockets[so].protocol = protocol;
  return so;
}

/** sodealloc: nobody refers to it and no pcb does. [C.1, E1.01, E1.02] */
export function sodealloc(s: State, socket: Socket): void {
  if (socket.count !== 0 || socket.pcb !== null) panic(s, 'sodealloc');
  reset(socket, freeSocket());
}

/** sorele: gives one reference back; the last one frees if nothing else keeps the socket. [C.2, E1.22] */
export function sorele(s: State, so: SocketId): void {
  if (s.sockets[so].count === 0) {
    panic(s, 'sorele');
    return;
  }
  s.sockets[so].count -= 1;
  if (s.sockets[so].count === 0) sofree(s, so);
}

/** sofree: frees unless a descriptor, a reference, the protocol or the completed queue still owns the socket. [C.2, J.1] */
export function sofree(s: State, so: SocketId): void {
  const socket = s.sockets[so];
  const { pcbKeepsSocket, detachInClose } = designs[s.design];
  if (!socket.noFdRef && rule('sofree_1', 'a descriptor owns it: nothing happens [C.2]')) return;
  if (socket.count !== 0 && rule('sofree_2', 'somebody holds a reference [C.2]')) return;
  if (pcbKeepsSocket && socket.pcb !== null && rule('sofree_3', 'P06, DF13: the protocol keeps it by so_pcb [C.2 P06, E7.08]')) return;
  if (socket.protoRef && rule('sofree_4', 'the protocol keeps it by SS_PROTOREF [C.2]')) return;
  const acceptable = socket.queue === 'complete';
  if (acceptable && rule('sofree_5', 'it can still be accepted: accept after a positive select must not block [B.2]')) return;
  if (socket.head !== null && rule('sofree_6', 'the incomplete queue does not own it: unlink [C.2]')) {
    remove(s.sockets[socket.head].incomplete, so);
    socket.queue = 'none';
    socket.head = null;
  }
  if (socket.acceptConn && (socket.complete.length > 0 || socket.incomplete.length > 0)) panic(s, 'sofree-listener');
  rule('sofree_7', 'detach, then free; from here no other reference exists [C.2, E1.25]');
  unp_dispose(s, so);
  if (!detachInClose) pru_detach(s, socket);
  sodealloc(s, socket);
}

/** The first half of sonewconn: a child for the listener, attached but not yet queued; null if refused. [C.1 steps 1-6] */
export function sonewconn(s: State, head: SocketId): SocketId | null {
  const listener = s.sockets[head];
  const limit = listener.limit + (listener.limit >= 2 ? 1 : 0); // 3 * qlimit / 2 in whole numbers, for backlogs up to 3
  if (listener.complete.length > limit && rule('sonewconn_1', 'the queue of completed connections overflows [C.1 step 1, T25]'))
    return null;
  const so = soalloc(s, listener.protocol);
  if (so === null) return rule('sonewconn_2', 'no socket to be had [C.1 step 2]', null);
  const child = s.sockets[so];
  child.noFdRef = true;
  child.nonBlocking = listener.nonBlocking;
  child.linger = listener.linger;
  child.keepAlive = listener.keepAlive;
  child.broadcast = listener.broadcast;
  child.reuseAddress = listener.reuseAddress;
  child.reusePort = listener.reusePort;
  if (pcballoc(s, so) === 'none') return so;
  sodealloc(s, child);
  return rule('sonewconn_3', 'attach failed: all or nothing [C.1 step 5]', null);
}

/** The second half of sonewconn: queues the child, unless the listener was closed meanwhile. [C.1 steps 7-9] */
export function soqueue(s: State, head: SocketId, so: SocketId, connected: boolean): boolean {
  const listener = s.sockets[head];
  const child = s.sockets[so];
  if (designs[s.design].recheckListener && !listener.acceptConn) {
    sofree(s, so);
    return rule('sonewconn_4', 'the head no longer listens: the child is freed [C.1 step 7, T03]', false);
  }
  child.head = head;
  if (designs[s.design].queueHoldsReference) child.count += 1;
  const filtered = listener.filter !== 'no';
  if (connected && !filtered && rule('sonewconn_5', 'complete from birth: on so_comp, an acceptor is woken [C.1 step 8]')) {
    child.connected = true;
    child.queue = 'complete';
    listener.complete.push(so);
  } else {
    rule('sonewconn_6', 'on so_incomp until soisconnected [C.1 step 8]');
    if (filtered && rule('sonewconn_8', 'the filter of the listener has its say then [C.1 step 3]')) {
      child.filter = 'set';
      child.everFiltered = true;
    }
    child.queue = 'incomplete';
    listener.incomplete.push(so);
  }
  return true;
}

/** There are more children on their way than the limit: the oldest must go before another is queued. [C.1 step 8] */
export function overfull(listener: Socket): boolean {
  return listener.incomplete.length > listener.limit;
}

/** Aborts the oldest child on so_incomp. [C.1 step 8, G54] */
export function soevict(s: State, head: SocketId): void {
  const listener = s.sockets[head];
  const oldest = listener.incomplete[0] as SocketId;
  rule('sonewconn_7', 'too many on their way: the oldest is aborted [C.1 step 8, G54]');
  listener.incomplete.shift();
  s.sockets[oldest].queue = 'none';
  s.sockets[oldest].head = null;
  if (designs[s.design].queueHoldsReference) s.sockets[oldest].count -= 1;
  soabort(s, oldest);
}

/** soabort: the protocol ends a child that is on no queue any more; then it is freed. [C.2 soabort, E1.13-15] */
export function soabort(s: State, so: SocketId): void {
  const { count, protoRef, noFdRef } = s.sockets[so];
  if (count !== 0 || protoRef || !noFdRef) panic(s, 'soabort');
  pru_abort(s, so);
  if (!designs[s.design].dropFreesPcb) sofree(s, so);
}

/** sbappendaddr: one record more. An empty one would take no room, and no send asks for it. [C.9; README §5] */
export function sbappendaddr(socket: Socket, length: Amount): void {
  if (length === 0) return;
  socket.rcv.cc += length;
  socket.records.push(length);
}

/** socantrcvmore: no more input will come or is wanted. Never undone. [C.7, B.3] */
export function socantrcvmore(socket: Socket): void {
  socket.rcv.cantMore = true;
  socket.rcv.everCantMore = true;
}

/** socantsendmore. [C.7, B.3] */
export function socantsendmore(socket: Socket): void {
  socket.snd.cantMore = true;
  socket.snd.everCantMore = true;
}

/** soisconnecting: an active open began. [C.3] */
export function soisconnecting(socket: Socket): void {
  socket.connected = false;
  socket.disconnecting = false;
  socket.connecting = true;
}

/** soisconnected: usable; a child moves from so_incomp to so_comp, unless a filter keeps it back. [C.3] */
export function soisconnected(s: State, so: SocketId): void {
  const socket = s.sockets[so];
  socket.connecting = false;
  socket.disconnecting = false;
  socket.connected = true;
  if (socket.queue !== 'incomplete') return;
  if (socket.filter === 'set') accf_begin(s, so);
  else if (rule('soisconnected_1', 'the child becomes acceptable [C.3]')) sopromote(s, so);
}

/** soisdisconnecting: an orderly close began. CONNECTED stays. [C.3] */
export function soisdisconnecting(socket: Socket): void {
  socket.connecting = false;
  socket.disconnecting = true;
  socantrcvmore(socket);
  socantsendmore(socket);
}

/** soisdisconnected: the connection is over; what was queued to send is dropped, what was received stays readable. [C.3] */
export function soisdisconnected(socket: Socket): void {
  socket.connecting = false;
  socket.connected = false;
  socket.disconnecting = false;
  socket.disconnected = true;
  socantrcvmore(socket);
  socantsendmore(socket);
  socket.snd.cc = 0;
}
