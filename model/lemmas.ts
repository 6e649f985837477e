/**
 * Lemmas: what holds in every reachable state and is no promise to anybody, but carries the promises from one step to the next.
 * Each is proved like an invariant.
 */
import { designs } from './designs.ts';
import { beingClosed, connects, hasChildren, inHand, MOST_COMPLETE, MOST_QUEUED, wasDetached } from './invariants.ts';
import type { Predicates } from './lang.ts';
import { AMOUNT, BUFFER } from './limits.ts';
import { tcp_opening } from './protocols/tcp.ts';
// biome-ignore format: a list of names
import {
  type Amount, isDatagram, isInetDatagram, isLocal, keepsRecords, type Pcb, type PcbId, pairs, rights, type Socket, type SocketId, type State, sockets, socketOf, type Thread, threads,
} from './state.ts';

export const lemmas: Predicates<State> = {
  /** What a thread has in its record fits together: a reason for every socket in hand, a call around everything else. */
  'thread-records': (s) =>
    s.threads.every((thread) => (thread.child === null) === (thread.hand === 'empty') && callFits(thread) && closeFits(s, thread)),

  /** The close that an accept left behind is of a TCP child whose connection was over. */
  'accepted-was-over': (s) => s.threads.every(({ closing, after }) => after === null || (closing !== null && wasOver(s.sockets[closing]))),

  /** A send has asked for no more than there is, and copies no more than it has left. */
  'transfers-add-up': (s) =>
    s.threads.every((thread) => {
      const idle = thread.left === 0 && thread.sent === 0 && thread.chunk === 0;
      const datagram = thread.file !== null && isDatagram(s.sockets[thread.file].protocol);
      return (
        thread.left + thread.sent <= AMOUNT &&
        thread.chunk <= thread.left &&
        (thread.left === 0 || thread.sends || datagram) &&
        (idle || inCall(thread))
      );
    }),

  /** While a chunk is copied in by the holder of the send lock there is room for it, or it will be refused. */
  'chunk-fits': (s) =>
    s.threads.every(({ file, chunk, sends }) => {
      if (file === null || chunk === 0 || isDatagram(s.sockets[file].protocol)) return true;
      return sends && roomFor(s, s.sockets[file], chunk);
    }),

  /** A socket that a thread closes has no file any more, but its owner's reference, and is that thread's alone. */
  'closing-is-exclusive': (s) =>
    threads.every((t) => {
      const { closing, file } = s.threads[t];
      if (closing === null) return true;
      const { file: references, noFdRef, queue } = s.sockets[closing];
      const shared = threads.some((other) => other !== t && s.threads[other].closing === closing) || inHand(s, closing);
      return references === 0 && !noFdRef && queue === 'none' && file !== closing && !shared;
    }),

  /** The same of one that the collector has left to be closed. */
  'reaped-is-exclusive': (s) =>
    sockets.every((so) => {
      const { reaped, file, noFdRef, queue } = s.sockets[so];
      if (!reaped) return true;
      return file === 0 && !noFdRef && queue === 'none' && !s.threads.some((thread) => thread.closing === so) && !inHand(s, so);
    }),

  /** An open socket has a file, or is being closed, or is one of a pair that is being made. */
  'open-has-file': (s) =>
    sockets.every((so) => {
      const { protocol, noFdRef, file, reaped } = s.sockets[so];
      return protocol === 'none' || noFdRef !== (file > 0 || reaped || beingClosed(s, so) || isPaired(s, so));
    }),

  /** Once the protocol was told of the close, its part of the connection is over or keeps the socket. */
  'told-is-over': (s) => s.threads.every(({ closing, told }) => closing === null || !told || overOrKept(s, s.sockets[closing])),

  /** A socket without descriptor that nobody has in hand and no queue holds is over for its protocol, or kept by it. */
  'closed-is-over': (s) =>
    sockets.every((so) => {
      const { protocol, noFdRef, queue } = s.sockets[so];
      return protocol === 'none' || !noFdRef || queue !== 'none' || inHand(s, so) || overOrKept(s, s.sockets[so]);
    }),

  /** A socket that nobody can name any more has no children, and listens no more where soclose sees to that. */
  'closed-has-no-children': (s) =>
    s.sockets.every((socket) => {
      const { drainFirst, recheckListener } = designs[s.design];
      return drainFirst || !socket.noFdRef || (!(recheckListener && socket.acceptConn) && !hasChildren(socket));
    }),

  /** What a thread has in hand is as the reason says, and in no other hand but as a published child that its listener gave up. */
  'hands-are-exclusive': (s) =>
    threads.every((t) => {
      const { child, hand } = s.threads[t];
      return (
        child === null ||
        (isAsHandSays(s, s.threads[t], s.sockets[child]) &&
          threads.every(
            (other) =>
              other === t || s.threads[other].child !== child || (hand === 'published') !== (s.threads[other].hand === 'published'),
          ))
      );
    }),

  /** The second of a pair that is being made is as new as the first, of the same protocol, and in no other hand. */
  'twins-are-new': (s) =>
    threads.every((t) => {
      const { child, twin } = s.threads[t];
      if (twin === null) return true;
      const shared = threads.some((other) => s.threads[other].child === twin || (other !== t && s.threads[other].twin === twin));
      return !shared && isNew(s, s.sockets[twin]) && sameProtocol(s, twin, child);
    }),

  /** A connect with a child in hand is on a UNIX socket without a peer, and its target is a UNIX socket that was listening, or is. */
  'connect-is-unix': (s) =>
    s.threads.every((thread) => {
      const { file, target, child } = thread;
      const { drainFirst, recheckListener } = designs[s.design];
      return (
        (drainFirst || recheckListener || aimsAtListener(s, thread)) &&
        (target === null || (wasListener(s, target) && target !== child && sameProtocol(s, target, child))) &&
        (!connects(thread) || (file !== null && file !== child && isAlone(s, s.sockets[file]) && sameProtocol(s, file, child)))
      );
    }),

  /** An incomplete child is a UNIX child that a connect has published, or one that a filter keeps back; a completed one has its protocol's connection, or had. */
  'children-are-connected': (s) =>
    sockets.every((so) => {
      const { queue, protocol, connected, disconnected, filter } = s.sockets[so];
      const { timeWaitKeepsSocket } = designs[s.design];
      if (queue === 'none') return true;
      if (queue === 'incomplete' && !connected)
        return pairs(protocol) && filter !== 'asks' && s.threads.some((thread) => thread.child === so && thread.hand === 'published');
      if (queue === 'incomplete' && s.sockets[so].snd.cantMore) return false;
      if (queue === 'complete' && filter !== 'no') return false;
      return (
        !isDatagram(protocol) && (connected || disconnected) && !inHand(s, so) && (!timeWaitKeepsSocket || hasNotEnded(s, s.sockets[so]))
      );
    }),

  /** A listener has never been connected as far as TCP goes, and is in the state of one. */
  'listeners-listen': (s) =>
    sockets.every((so) => {
      const { acceptConn, protocol, noFdRef, pcb } = s.sockets[so];
      const { detachInClose, recheckListener } = designs[s.design];
      const listens = pcb === null ? detachInClose : pairs(protocol) || s.pcbs[pcb].dropped || s.pcbs[pcb].state === 'LISTEN';
      return !acceptConn || (listens && !isDatagram(protocol) && !(noFdRef && (recheckListener || inHand(s, so))));
    }),

  /** The flags of the socket are those of its TCP connection, also of one that took its pcb with it. */
  'tcp-flags-fit': (s) =>
    s.pcbs.every((inp) => inp.protocol !== 'tcp' || inp.socket === null || tcpFits(inp, socketOf(s, inp))) &&
    (!designs[s.design].dropFreesPcb || sockets.every((so) => !s.sockets[so].protoRef && (s.sockets[so].pcb !== null || goneFits(s, so)))),

  /** Each flag of a pcb belongs to its protocol and state; no UNIX name is shared. */
  'pcb-flags-fit': (s) => s.pcbs.every((inp) => protocolFits(inp) && stateFits(inp)),

  /** UDP and raw IP: connected is having a foreign address; nothing is ever left to send. */
  'datagrams-fit': (s) =>
    s.pcbs.every((inp) => !isInetDatagram(inp.protocol) || (inp.socket !== null && datagramFits(inp, socketOf(s, inp)))),

  /** UNIX: never disconnecting, and connecting only to whom nobody has accepted; the send buffer is the peer's; the sender is charged for at least what is unread. Datagram sockets are never over, and charge nobody. */
  'unix-buffers': (s) => s.pcbs.every((unp) => !isLocal(unp.protocol) || (unp.socket !== null && unixFits(s, unp, socketOf(s, unp)))),

  /** The pcb's child relation: a listener's children have its protocol. */
  'children-have-protocol': (s) =>
    sockets.every((so) => {
      const { head, protocol } = s.sockets[so];
      if (head === null) return true;
      const draining = s.threads.some((thread) => thread.closing === head && thread.told && !thread.drained);
      return head !== so && s.sockets[head].protocol === protocol && (s.sockets[head].acceptConn || draining);
    }),

  /** While a listener's children are taken off its queues it listens no more, where soclose sees to that; afterwards there are none. */
  'drained-listens-no-more': (s) =>
    s.threads.every(({ closing, hand, drained }) => {
      if (closing === null) return true;
      const acceptConn = designs[s.design].recheckListener && s.sockets[closing].acceptConn;
      return (hand !== 'unlinked' || !acceptConn) && (!drained || (!acceptConn && !hasChildren(s.sockets[closing])));
    }),

  /** Who makes a child for a listener, or has made it known, found room in the queue, and nobody has filled it since: the link lock is held. */
  'made-has-room': (s) =>
    s.sockets.every(
      ({ incomplete, complete, everFiltered }) => everFiltered || incomplete.length === 0 || complete.length < MOST_COMPLETE,
    ) &&
    s.threads.every(({ target }) => {
      if (target === null) return true;
      const { complete, incomplete, everFiltered } = s.sockets[target];
      return everFiltered ? complete.length + incomplete.length < MOST_QUEUED : complete.length < MOST_COMPLETE;
    }),

  /** Who has a filter is known to have had one; whoever that keeps back has no descriptor, and is older than whom a connect is about to connect. */
  'filters-fit': (s) =>
    s.sockets.every(
      ({ filter, everFiltered, incomplete, noFdRef }) =>
        (filter === 'no' || everFiltered) &&
        (filter !== 'asks' || noFdRef) &&
        (incomplete.length < 2 || sockets.every((each) => incomplete.indexOf(each) !== 0 || s.sockets[each].filter === 'asks')),
    ),

  /** Behind each right in a buffer there is a unit, before any other right; or it is that of a record that has no other. A reader has taken the first right. */
  'rights-lie-before-data': (s) =>
    s.sockets.every(({ reached, grey }) => !reached && !grey) &&
    rights.every((right) => {
      const { holder, before } = s.rights[right];
      if (holder === null) return before === 0;
      const alone = rights.every((other) => other === right || s.rights[other].holder !== holder || s.rights[other].before !== before);
      const { protocol, records, rcv, receiving } = s.sockets[holder];
      return (before > 0 || !receiving) && before < (keepsRecords(protocol) ? records.length : rcv.cc) && alone;
    }),

  /** A right is in the hand of a sender, or of a reader, who keeps others from the unit or the record that is behind it until that is gone, too, or has a whole datagram. */
  'hands-with-rights': (s) =>
    s.threads.every((thread) => {
      const { file, right, sends, passes, receives, chunk, left, sent } = thread;
      if (file === null) return !passes && !receives && right === null;
      const { protocol, rcv } = s.sockets[file];
      const under = sends || protocol === 'dgram';
      if (passes && (!inCall(thread) || !isLocal(protocol))) return false;
      if (passes && (under ? left !== 1 || sent !== 0 : left !== 0 || chunk !== 0)) return false;
      if (receives) return inCall(thread) && !sends && (protocol === 'dgram' ? right !== null : isLocal(protocol) && rcv.cc > 0);
      return right === null || (passes && under && chunk === 1);
    }),

  /** A reserved descriptor leads nowhere and is one thread's. */
  'reserved-is-free': (s) =>
    threads.every((t) => {
      const fd = s.threads[t].reserved;
      return fd === null || (s.fds[fd] === null && threads.every((other) => other === t || s.threads[other].reserved !== fd));
    }),
};

function inCall(thread: Thread): boolean {
  return thread.file !== null && thread.closing === null;
}

/** What only a thread inside a call has. */
function callFits(thread: Thread): boolean {
  return (
    (thread.target === null) === (thread.hand !== 'made') &&
    (!connects(thread) || inCall(thread)) &&
    (thread.hand !== 'accepted' || (inCall(thread) && thread.reserved !== null)) &&
    (thread.reserved === null || thread.closing === null) &&
    (thread.hand === 'paired' ? thread.file === null && thread.closing === null : thread.twin === null) &&
    (!thread.sends || inCall(thread)) &&
    (thread.sleep === 'awake' || thread.file !== null || thread.closing !== null || waits(thread)) &&
    (!waits(thread) || holdsNothing(thread)) &&
    (thread.polled === null || !thread.awaits)
  );
}

/** Sleeps in a poll or kevent. */
function waits(thread: Thread): boolean {
  return thread.polled !== null || thread.awaits;
}

/** As who waits for events does. */
function holdsNothing(thread: Thread): boolean {
  const { file, closing, child, twin, reserved, sleep } = thread;
  return file === null && closing === null && child === null && twin === null && reserved === null && sleep !== 'awake';
}

/** What only a thread that closes has. */
function closeFits(s: State, thread: Thread): boolean {
  const closes = thread.closing !== null;
  return (
    (thread.hand !== 'unlinked' || (designs[s.design].drainFirst ? closes : thread.told)) &&
    (!thread.told || closes) &&
    (!thread.drained || (thread.told && thread.child === null)) &&
    (!thread.reportsClose || closes) &&
    (thread.after === null || (closes && thread.after !== thread.closing && !thread.reportsClose)) &&
    (thread.file === null || !closes) &&
    (thread.sleep !== 'timeout' || closes)
  );
}

function wasOver(socket: Socket): boolean {
  return socket.protocol === 'tcp' && socket.disconnected && !socket.connected && !socket.acceptConn && !hasChildren(socket);
}

function roomFor(s: State, socket: Socket, amount: Amount): boolean {
  const { pcb } = socket;
  if (socket.snd.cantMore || pcb === null) return true;
  if (socket.protocol === 'tcp') return socket.snd.cc + amount <= BUFFER;
  if (!socket.connected) return false;
  const { peer } = s.pcbs[pcb];
  return peer === null || s.pcbs[peer].charged + amount <= BUFFER;
}

function overOrKept(s: State, socket: Socket): boolean {
  const { pcb } = socket;
  const { detachInClose, pcbKeepsSocket, closeTakesName, timeWaitKeepsSocket } = designs[s.design];
  if (pcb === null) return detachInClose;
  const inp = s.pcbs[pcb];
  return socket.protocol === 'tcp'
    ? inp.dropped || (inp.timeWait && !timeWaitKeepsSocket) || socket.protoRef || (pcbKeepsSocket && !isEarly(inp))
    : !detachInClose && !inp.foreign && inp.peer === null && !(closeTakesName && isLocal(socket.protocol) && inp.name !== null);
}

function isAsHandSays(s: State, thread: Thread, socket: Socket): boolean {
  const { child, hand } = thread;
  const { queueHoldsReference, drainHoldsReference, timeWaitKeepsSocket } = designs[s.design];
  if (hand === 'paired') return isNew(s, socket);
  if (timeWaitKeepsSocket && !hasNotEnded(s, socket)) return false;
  const off = socket.queue === 'none' && socket.head === null;
  const givenUp = off && s.threads.some((other) => other.child === child && other.hand === 'unlinked');
  if (!socket.noFdRef || socket.file > 0 || socket.protoRef || isDatagram(socket.protocol)) return false;
  if (hand === 'accepted') return off && socket.filter !== 'asks';
  const referenced = (drainHoldsReference && hand === 'unlinked') || (queueHoldsReference && socket.queue !== 'none');
  if (socket.count > (referenced ? 1 : 0)) return false;
  if (hand === 'unlinked') return off;
  return (
    isAlone(s, socket) &&
    !socket.connected &&
    !socket.snd.cantMore &&
    (hand === 'made' ? off && socket.filter === 'no' : socket.queue === 'incomplete' || givenUp)
  );
}

/** Nobody has closed or shut down what nobody has accepted: it can't get to TIME_WAIT. */
function hasNotEnded(s: State, socket: Socket): boolean {
  if (socket.pcb === null) return true;
  const { dropped, state } = s.pcbs[socket.pcb];
  return dropped || state === 'CLOSED' || state === 'ESTABLISHED' || state === 'CLOSE_WAIT';
}

function sameProtocol(s: State, a: SocketId, b: SocketId | null): boolean {
  return b !== null && s.sockets[a].protocol === s.sockets[b].protocol;
}

/** A UNIX socket that may have listened. */
function wasListener(s: State, so: SocketId): boolean {
  return pairs(s.sockets[so].protocol) && s.sockets[so].queue === 'none' && !isPaired(s, so);
}

/** Who has a child in hand has it for a listener that nobody closes. */
function aimsAtListener(s: State, thread: Thread): boolean {
  const { target, child, hand } = thread;
  if (target !== null) return stillListens(s, target);
  if (child === null || hand !== 'published') return true;
  const { head } = s.sockets[child];
  return head === null || stillListens(s, head);
}

/** Nobody has begun to take its children. */
function stillListens(s: State, so: SocketId): boolean {
  const { acceptConn, noFdRef } = s.sockets[so];
  return acceptConn && !noFdRef && !s.threads.some((thread) => thread.closing === so && thread.told);
}

/** One of a pair that is being made. */
function isPaired(s: State, so: SocketId): boolean {
  return s.threads.some(({ child, hand, twin }) => (child === so && hand === 'paired') || twin === so);
}

/** Nobody has done anything with the socket yet. */
function isNew(s: State, socket: Socket): boolean {
  const { pcb, queue, noFdRef, protoRef, file, acceptConn, connected, connecting, rcv } = socket;
  if (pcb === null || queue !== 'none' || noFdRef || protoRef || file > 0 || socket.count !== 1) return false;
  if (isLocal(socket.protocol) && rcv.cc > 0) return false;
  const { peer, name, foreign, state, dropped } = s.pcbs[pcb];
  // Nobody can find it, and so nobody has it for a peer either.
  if (name !== null || s.pcbs.some((unp) => unp.peer === pcb)) return false;
  return !acceptConn && !hasChildren(socket) && !connected && !connecting && peer === null && !foreign && state === 'CLOSED' && !dropped;
}

/** A UNIX socket without a peer. */
function isAlone(s: State, socket: Socket): boolean {
  return pairs(socket.protocol) && socket.pcb !== null && s.pcbs[socket.pcb].peer === null;
}

function tcpFits(inp: Pcb, socket: Socket): boolean {
  const { connected, connecting, disconnecting, disconnected, snd, rcv } = socket;
  const sent = snd.cc === 0;
  if (inp.needFin && !snd.cantMore) return false;
  if (inp.sockRef && !(snd.cantMore && rcv.cantMore)) return false;
  if (inp.dropped || inp.timeWait) return disconnected && !connected && !connecting && !disconnecting && sent;
  if (inp.state === 'CLOSED' || inp.state === 'LISTEN')
    return !connected && !connecting && !disconnecting && !disconnected && !snd.cantMore && sent;
  if (tcp_opening(inp)) return connecting && !connected && !disconnecting && !disconnected && snd.cantMore === inp.needFin;
  if (inp.state === 'ESTABLISHED' || inp.state === 'CLOSE_WAIT') return connected && !disconnecting && !snd.cantMore;
  if (inp.state === 'FIN_WAIT_2') return snd.cantMore && sent && connected !== disconnected;
  return snd.cantMore && connected && !disconnected;
}

/** A socket whose pcb is gone: TCP's since its connection is over, the others' since they were detached. */
function goneFits(s: State, so: SocketId): boolean {
  const { protocol, connected, connecting, disconnecting, disconnected } = s.sockets[so];
  return protocol === 'none' || (!connected && !connecting && !disconnecting && (protocol === 'tcp' ? disconnected : wasDetached(s, so)));
}

function isEarly(inp: Pcb): boolean {
  return inp.state === 'CLOSED' || inp.state === 'LISTEN' || tcp_opening(inp);
}

function protocolFits(inp: Pcb): boolean {
  const marks =
    inp.dropped ||
    inp.timeWait ||
    inp.sockRef ||
    inp.needFin ||
    inp.msl ||
    inp.oob !== 'none' ||
    inp.soft !== 'none' ||
    inp.state !== 'CLOSED';
  return (
    (inp.protocol === 'tcp' || !marks) &&
    (isLocal(inp.protocol) ? !inp.foreign : inp.peer === null) &&
    (inp.peer !== null || inp.charged === 0) &&
    (inp.bound || (inp.name === null && (inp.protocol === 'raw' || !inp.foreign))) &&
    (inp.protocol === 'raw' ? inp.vflag !== 'both' && inp.vflag !== 'mapped' : inp.vflag !== 'mapped' || inp.bound) &&
    (!inp.shared || !isLocal(inp.protocol))
  );
}

function stateFits(inp: Pcb): boolean {
  const { state, dropped, timeWait, msl, sockRef } = inp;
  const early = isEarly(inp);
  return (
    (state === 'TIME_WAIT') === timeWait &&
    (!inp.needFin || tcp_opening(inp)) &&
    (!timeWait || dropped || msl) &&
    (!sockRef || !early) &&
    (!msl || state === 'FIN_WAIT_2' || (timeWait && !dropped)) &&
    (!dropped || ((timeWait || state === 'CLOSED') && inp.socket !== null && !sockRef)) &&
    (inp.socket !== null || inp.protocol === 'none' || (timeWait && msl))
  );
}

function datagramFits(inp: Pcb, socket: Socket): boolean {
  const { connected, connecting, disconnecting, acceptConn, snd } = socket;
  return inp.foreign === connected && !connecting && !disconnecting && snd.cc === 0 && !acceptConn;
}

/** Connected, and nobody has accepted it yet. */
function waitsToBeAccepted(s: State, pcb: PcbId): boolean {
  const { socket } = s.pcbs[pcb];
  return socket !== null && s.sockets[socket].noFdRef && s.sockets[socket].connected;
}

function unixFits(s: State, unp: Pcb, socket: Socket): boolean {
  const charged = unp.peer === null || (unp.protocol === 'dgram' ? unp.charged === 0 : socket.rcv.cc <= unp.charged);
  if (unp.protocol === 'dgram' && socket.acceptConn) return false;
  const waits = !socket.connecting || (pairs(unp.protocol) && !socket.connected && unp.peer !== null && waitsToBeAccepted(s, unp.peer));
  return waits && !socket.disconnecting && socket.snd.cc === 0 && charged;
}
