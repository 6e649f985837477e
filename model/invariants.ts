/**
 * What must hold in every reachable state, by id. Each predicate is one promise of the 2006 design or one assertion of its
 * code; together they say that a socket is freed exactly when nobody can refer to it any more (reference E, J).
 */
import { soupcall } from './calls/accept_filter.ts';
import { designs } from './designs.ts';
import { count, type Nat, type Predicates } from './lang.ts';
import { BACKLOG, UNITS } from './limits.ts';
import { sharesNames } from './protocols/pcb.ts';
// biome-ignore format: a list of names
import {
  isLocal, keepsRecords, type Pcb, pairs, pcbs, rights, type Socket, type SocketId, type State, sockets, socketOf, type Thread,
} from './state.ts';

/** 3/2 of the largest backlog, and the one that was let in when the queue was just full. */
export const MOST_COMPLETE = BACKLOG + (BACKLOG >= 2 ? 1 : 0) + 1;
/** One beyond the limit on its way, and all of them let through by a filter, which asks nobody for room. */
export const MOST_QUEUED = MOST_COMPLETE + BACKLOG + 1;

export const invariants: Predicates<State> = {
  /** From attach to detach so_pcb is set: every valid socket has its pcb, until its soclose detaches it where that does. [F000.2, R1] */
  'pcb-while-valid': (s) =>
    sockets.every((so) => {
      const { protocol, pcb } = s.sockets[so];
      return protocol === 'none' || pcb !== null || (designs[s.design].detachInClose && wasDetached(s, so));
    }),

  /** A socket and its pcb point at each other; only in TIME_WAIT may a pcb be without a socket, in FreeBSD 14 never. [G4, G27] */
  'pcb-points-back': (s) =>
    sockets.every((so) => {
      const { pcb, protocol } = s.sockets[so];
      return pcb === null || (s.pcbs[pcb].socket === so && s.pcbs[pcb].protocol === protocol);
    }) &&
    pcbs.every((pcb) => {
      const { socket, protocol, timeWait } = s.pcbs[pcb];
      if (designs[s.design].timeWaitKeepsSocket && socket === null) return protocol === 'none';
      return socket !== null ? s.sockets[socket].pcb === pcb : protocol === 'none' || timeWait;
    }),

  /** so_pcb is never NULL when a call goes on to use it: the panic of tcp_ctloutput. [G01, F004.1] */
  'pcb-while-used': (s) => s.panic !== 'null-pcb',

  /** A listener is freed only when no child is left on its queues: none is queued after they were drained. [E1.07, E1.08, G30] */
  'listener-freed-empty': (s) => s.panic !== 'sofree-listener',

  /** No other assertion of the code fires: nothing is freed, closed, accepted or aborted twice, or in the wrong state. [E.1, E.5] */
  'no-panic': (s) => s.panic === 'none' || s.panic === 'null-pcb' || s.panic === 'sofree-listener',

  /** f_count is the number of descriptors, of calls that use the file, of its rights in flight, and one for the collector. [C.10, G10] */
  'file-count': (s) =>
    sockets.every((so) => {
      const calls = count(s.threads, (thread) => thread.file === so || thread.after === so);
      const flying = count(s.rights, (right) => right.file === so) + (s.sockets[so].garbage === 'found' ? 1 : 0);
      return s.sockets[so].file === count(s.fds, (each) => each === so) + calls + flying;
    }),

  /** so_count is the number of owners: the descriptor side until soclose, accept's until soaccept, the handles, in FreeBSD 14 the queue. [J.1, J.2] */
  'socket-count': (s) =>
    sockets.every((so) => {
      const { queueHoldsReference, drainHoldsReference } = designs[s.design];
      const owner = s.sockets[so].protocol !== 'none' && !s.sockets[so].noFdRef ? 1 : 0;
      const hands = count(
        s.threads,
        (thread) => thread.child === so && (thread.hand === 'accepted' || (drainHoldsReference && thread.hand === 'unlinked')),
      );
      const queued = queueHoldsReference && s.sockets[so].queue !== 'none' ? 1 : 0;
      return s.sockets[so].count === owner + count(s.handles, (each) => each === so) + hands + queued;
    }),

  /** Whatever refers to a socket refers to one that exists: nothing is used after it was freed. [E1.25] */
  'no-dangling-reference': (s) =>
    s.fds.every((so) => exists(s, so)) &&
    s.handles.every((so) => exists(s, so)) &&
    s.rights.every(({ file, holder }) => exists(s, file) && exists(s, holder)) &&
    s.threads.every(
      ({ file, closing, child, twin, target }) =>
        exists(s, file) && exists(s, closing) && exists(s, child) && exists(s, twin) && exists(s, target),
    ) &&
    s.sockets.every(
      ({ head, incomplete, complete }) =>
        exists(s, head) && incomplete.every((child) => exists(s, child)) && complete.every((child) => exists(s, child)),
    ),

  /** A socket exists only while something will lead to its end: a descriptor or a reference, a queue, the protocol, or a thread that has it in hand. [G1, G6] */
  'nothing-leaks': (s) => sockets.every((so) => s.sockets[so].protocol === 'none' || owned(s, so)),

  /** A child is on the queue that its so_qstate names, of the listener that its so_head names, once. [G2] */
  'queue-membership': (s) =>
    sockets.every((so) => {
      const { queue, head } = s.sockets[so];
      return (
        (queue === 'none') === (head === null) &&
        sockets.every(
          (listener) =>
            count(s.sockets[listener].complete, (child) => child === so) === (queue === 'complete' && head === listener ? 1 : 0) &&
            count(s.sockets[listener].incomplete, (child) => child === so) === (queue === 'incomplete' && head === listener ? 1 : 0),
        )
      );
    }),

  /** A queued socket has so_count 0, or the queue's reference, and no descriptor; the queue alone owns it. [G3, J.2] */
  'queued-unreferenced': (s) =>
    s.sockets.every(({ queue, count: references, file, noFdRef, protoRef }) => {
      const queued = designs[s.design].queueHoldsReference ? 1 : 0;
      return queue === 'none' || (references === queued && file === 0 && noFdRef && !protoRef);
    }),

  /** Only a listener, or one whose close is under way, has children; no child listens. [E1.07, E1.08, G17] */
  'only-listeners-have-children': (s) =>
    sockets.every((so) => {
      const { acceptConn, queue } = s.sockets[so];
      const children = hasChildren(s.sockets[so]);
      return (!children || acceptConn || beingClosed(s, so)) && (queue === 'none' || (!acceptConn && !children));
    }),

  /** The completed queue stays within 3/2 of the largest backlog, and one; of incomplete children there is one at most. A filter keeps back one beyond the backlog. [C.1, T25] */
  'queue-lengths': (s) =>
    s.sockets.every(({ complete, incomplete, everFiltered }) =>
      everFiltered
        ? incomplete.length <= BACKLOG + 1 && complete.length + incomplete.length <= MOST_QUEUED
        : complete.length <= MOST_COMPLETE && incomplete.length <= 1,
    ),

  /** A connection waits on so_incomp only while its listener has a filter, and there is nothing to accept it for. [T14, G148] */
  'filter-keeps-unready': (s) =>
    s.sockets.every((socket) => {
      const { queue, head, connected, filter } = socket;
      if (queue !== 'incomplete' || !connected) return true;
      return filter === 'asks' && !soupcall(socket) && head !== null && s.sockets[head].filter === 'set';
    }),

  /** CONNECTED and CONNECTING exclude each other, and so do the two orderly ends. [B.1] */
  'connection-states': (s) => s.sockets.every((so) => !(so.connected && so.connecting) && !(so.connecting && so.disconnecting)),

  /** A socket that is disconnecting or was disconnected neither sends nor receives more. [B.1, J.3] */
  'disconnected-is-shut': (s) => s.sockets.every((so) => !(so.disconnecting || so.disconnected) || (so.rcv.cantMore && so.snd.cantMore)),

  /** CANTSENDMORE and CANTRCVMORE, once set, stay. [G13, B.3] */
  'cant-more-monotone': (s) => s.sockets.every(({ rcv, snd }) => rcv.cantMore === rcv.everCantMore && snd.cantMore === snd.everCantMore),

  /** SS_PROTOREF is set exactly while the pcb says that TCP owns it: claimed once, released once, by the same. [E5.27, G5] */
  'protoref-is-sockref': (s) =>
    s.sockets.every((so) => so.protoRef === (so.pcb !== null && s.pcbs[so.pcb].sockRef)) &&
    s.pcbs.every((inp) => !inp.sockRef || inp.socket !== null),

  /** The protocol keeps a socket only after its user closed it, and only while the connection is not over. [T13, G5] */
  'protoref-keeps-closed': (s) =>
    sockets.every((so) => {
      const { protoRef, noFdRef, pcb } = s.sockets[so];
      return !protoRef || ((noFdRef || beingClosed(s, so)) && pcb !== null && !s.pcbs[pcb].dropped);
    }),

  /** UNIX: a peer's peer is oneself, of the same type. Only datagram sockets have peers one way: some datagram socket that is there. [G9, D.1] */
  'peers-symmetric': (s) =>
    pcbs.every((pcb) => {
      const { peer, protocol } = s.pcbs[pcb];
      if (peer === null) return true;
      if (protocol === 'dgram') return s.pcbs[peer].protocol === 'dgram';
      return peer !== pcb && pairs(protocol) && s.pcbs[peer].protocol === protocol && s.pcbs[peer].peer === pcb;
    }),

  /** UNIX: connected, or waiting for the other end to be accepted, is having a peer. [D.1] */
  'connected-has-peer': (s) =>
    s.pcbs.every((unp) => {
      if (!isLocal(unp.protocol) || unp.socket === null) return true;
      const { connected, connecting } = socketOf(s, unp);
      return (connected || connecting) === (unp.peer !== null);
    }),

  /** The records in a receive buffer are what it holds, none of them empty; only datagrams and sequenced packets are kept in records. [E3.04] */
  'records-add-up': (s) =>
    s.sockets.every((socket) =>
      keepsRecords(socket.protocol)
        ? unitsOf(socket) === socket.rcv.cc && socket.records.every((length) => length > 0)
        : socket.records.length === 0,
    ),

  /** After INP_DROPPED the connection is over: nothing connected, nothing sent, no port held. [R6, G22] */
  'dropped-is-over': (s) =>
    s.pcbs.every((inp) => !inp.dropped || (inp.name === null && (inp.socket === null || unplugged(socketOf(s, inp))))),

  /** Of two pcbs of one protocol with the same name, one came to it when somebody had it: accepted under it, or allowed to share it. [J.4 bind] */
  'names-unique': (s) =>
    pcbs.every((a) => pcbs.every((b) => a === b || !sameName(s.pcbs[a], s.pcbs[b]) || s.pcbs[a].shared || s.pcbs[b].shared)),

  /** Who has a peer takes only what is of its family; and only Internet pcbs are of one. [D.2 IPv6] */
  'peer-in-one-family': (s) => s.pcbs.every((inp) => (inp.foreign ? inp.vflag !== 'both' : !isLocal(inp.protocol) || inp.vflag === 'v4')),

  /** Locks are given back: the link lock is held exactly while a connect is between its steps, a send lock while its sender is in the call. [G7] */
  'locks-conserved': (s) =>
    (s.link ? 1 : 0) === count(s.threads, (thread) => connects(thread)) &&
    sockets.every((so) => (s.sockets[so].sending ? 1 : 0) === count(s.threads, (thread) => thread.sends && thread.file === so)) &&
    sockets.every((so) => (s.sockets[so].receiving ? 1 : 0) === count(s.threads, (thread) => reads(s, thread, so))),

  /** A right is in one place: a UNIX buffer, the hand of one thread, or the deferred list. Its file has a reference for it (file-count). [G10] */
  'rights-conserved': (s) =>
    rights.every((right) => {
      const { file, place, holder } = s.rights[right];
      return (
        (file === null) === (place === 'none') &&
        (holder === null ? place !== 'buffer' : place === 'buffer' && isLocal(s.sockets[holder].protocol)) &&
        count(s.threads, (thread) => thread.right === right) === (place === 'hand' ? 1 : 0)
      );
    }),

  /** The collector throws away only what nobody can reach: what it has found lies in buffers of what it has found, and nowhere else. [G11] */
  'collector-spares-reachable': (s) => sockets.every((so) => s.sockets[so].garbage === 'no' || outOfReach(s, so)),

  /** A registered event is of an open descriptor: who closes one takes its events away. [C.8 kqueue, G135] */
  'knote-has-descriptor': (s) => s.knotes.every(({ fd }) => fd === null || s.fds[fd] !== null),

  /** A free slot of the socket table and a free pcb are as new: nothing of the last life is left. [C.1 soalloc] */
  'free-is-zero': (s) =>
    s.sockets.every((socket) => socket.protocol !== 'none' || unused(socket)) &&
    s.pcbs.every((inp) => inp.protocol !== 'none' || blank(inp)) &&
    s.rights.every(({ file, before }) => file !== null || before === 0),
};

/** The thread has the sx lock of this receive buffer. A datagram reader takes none. */
function reads(s: State, thread: Thread, so: SocketId): boolean {
  return thread.receives && thread.file === so && s.sockets[so].protocol !== 'dgram';
}

/** Nobody outside has it, or ever will: it lies only in buffers of which the same is true, and what is to be accepted only in such a queue. */
function outOfReach(s: State, so: SocketId): boolean {
  const { queue, head } = s.sockets[so];
  const used = s.threads.some(
    ({ file, after, child, twin, hand }) => file === so || after === so || twin === so || (child === so && hand !== 'unlinked'),
  );
  return (
    !used &&
    s.fds.every((each) => each !== so) &&
    (queue === 'none' || (head !== null && s.sockets[head].garbage !== 'no')) &&
    s.rights.every(
      ({ file, place, holder }) => file !== so || place === 'deferred' || (holder !== null && s.sockets[holder].garbage !== 'no'),
    )
  );
}

function exists(s: State, so: SocketId | null): boolean {
  return so === null || s.sockets[so].protocol !== 'none';
}

/** It is past the detach in its soclose. */
export function wasDetached(s: State, so: SocketId): boolean {
  const { noFdRef, queue } = s.sockets[so];
  const told = s.threads.some((thread) => thread.closing === so && thread.told);
  return told || (noFdRef && queue === 'none' && !inHand(s, so));
}

function owned(s: State, so: SocketId): boolean {
  const { file, queue, protoRef, noFdRef, count: references, pcb, reaped } = s.sockets[so];
  const kept = protoRef || (designs[s.design].pcbKeepsSocket && pcb !== null);
  return file > 0 || reaped || queue !== 'none' || kept || (noFdRef && references > 0) || beingClosed(s, so) || inHand(s, so);
}

export function beingClosed(s: State, so: SocketId): boolean {
  return s.threads.some((thread) => thread.closing === so);
}

/** Some thread holds it. */
export function inHand(s: State, so: SocketId): boolean {
  return s.threads.some((thread) => thread.child === so || thread.twin === so);
}

export function hasChildren(socket: Socket): boolean {
  return socket.complete.length > 0 || socket.incomplete.length > 0;
}

function unplugged(socket: Socket): boolean {
  return socket.disconnected && !socket.connected && socket.snd.cc === 0;
}

function unitsOf(socket: Socket): Nat<typeof UNITS> {
  let units: Nat<typeof UNITS> = 0;
  // No sum of what may be there is more than that; said so that nobody has to show it.
  for (const length of socket.records) units = Math.min(units + length, UNITS);
  return units;
}

/** A UNIX connect between its steps. */
export function connects(thread: Thread): boolean {
  return thread.hand === 'made' || thread.hand === 'published';
}

function sameName(a: Pcb, b: Pcb): boolean {
  return a.name !== null && a.name === b.name && sharesNames(a, b);
}

function unused(socket: Socket): boolean {
  const flags =
    socket.noFdRef || socket.protoRef || socket.nonBlocking || socket.acceptConn || socket.sending || socket.atMark || socket.keepAlive;
  const options = socket.broadcast || socket.reuseAddress || socket.reusePort;
  const filters = socket.filter !== 'no' || socket.everFiltered;
  const state = socket.connected || socket.connecting || socket.disconnecting || socket.disconnected;
  const queues = socket.queue !== 'none' || socket.head !== null || hasChildren(socket);
  const buffers =
    socket.mark > 0 || socket.rcv.cc > 0 || socket.records.length > 0 || socket.snd.cc > 0 || socket.rcv.cantMore || socket.snd.cantMore;
  const counts =
    socket.count > 0 ||
    socket.file > 0 ||
    socket.pcb !== null ||
    socket.reached ||
    socket.grey ||
    socket.receiving ||
    socket.garbage !== 'no' ||
    socket.reaped;
  return !flags && !options && !filters && !state && !queues && !buffers && !counts && socket.error === 'none' && socket.linger === 'off';
}

function blank(inp: Pcb): boolean {
  const links = inp.socket !== null || inp.peer !== null || inp.name !== null;
  const flags =
    inp.bound ||
    inp.shared ||
    inp.foreign ||
    inp.vflag !== 'v4' ||
    inp.dropped ||
    inp.timeWait ||
    inp.sockRef ||
    inp.needFin ||
    inp.msl ||
    inp.oob !== 'none' ||
    inp.soft !== 'none';
  return !links && !flags && inp.charged === 0 && inp.state === 'CLOSED';
}
