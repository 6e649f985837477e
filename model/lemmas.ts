/**
 * Lemmas: what holds in every reachable state and is no promise to anybody, but carries the promises from one step to the next.
 * Each is proved like an invariant.
 */
import { BUFFER, AMOUNT } from './limits.ts';
import { type Amount, type PcbId, pcbs, type SocketId, type State, sockets, type ThreadId, threads } from './state.ts';

/** What a thread has in its record fits together: a reason for every socket in hand, a call around everything else. */
export function threadRecords(s: State): boolean {
  return threads.every((t) => {
    const thread = s.threads[t];
    const inCall = thread.file !== null && thread.closing === null;
    return (
      (thread.child === null) === (thread.hand === 'empty') &&
      (thread.target === null) === (thread.hand !== 'made') &&
      (!(thread.hand === 'made' || thread.hand === 'published') || inCall) &&
      (thread.hand !== 'accepted' || (inCall && thread.reserved !== null)) &&
      (thread.hand !== 'unlinked' || (thread.closing !== null && thread.told)) &&
      (thread.reserved === null || inCall) &&
      (!thread.sends || inCall) &&
      (!thread.told || thread.closing !== null) &&
      (!thread.reportsClose || thread.closing !== null) &&
      (thread.after === null || (thread.closing !== null && thread.after !== thread.closing && !thread.reportsClose)) &&
      (thread.file === null || thread.closing === null) &&
      (thread.sleep === 'awake' || thread.file !== null || thread.closing !== null) &&
      (thread.sleep !== 'timeout' || thread.closing !== null)
    );
  });
}

/** The close that an accept left behind is of a TCP child whose connection was over. */
export function acceptedWasOver(s: State): boolean {
  return threads.every((t) => {
    const so = s.threads[t].closing;
    return s.threads[t].after === null || (so !== null && s.sockets[so].protocol === 'tcp' && s.sockets[so].disconnected && isPlain(s, so));
  });
}

/** Neither connected nor a listener. */
function isPlain(s: State, so: SocketId): boolean {
  const socket = s.sockets[so];
  return !socket.connected && !socket.acceptConn && socket.complete.length === 0 && socket.incomplete.length === 0;
}

/** A send has asked for no more than there is, and copies no more than it has left. */
export function transfersAddUp(s: State): boolean {
  return threads.every((t) => {
    const thread = s.threads[t];
    const idle = thread.left === 0 && thread.sent === 0 && thread.chunk === 0;
    return (
      thread.left + thread.sent <= AMOUNT &&
      thread.chunk <= thread.left &&
      (thread.left === 0 || thread.sends || isUdp(s, thread.file)) &&
      (idle || (thread.file !== null && thread.closing === null))
    );
  });
}

function isUdp(s: State, so: SocketId | null): boolean {
  return so !== null && s.sockets[so].protocol === 'udp';
}

/** While a chunk is copied in by the holder of the send lock there is room for it, or it will be refused. */
export function chunkFits(s: State): boolean {
  return threads.every((t) => {
    const so = s.threads[t].file;
    return (
      so === null ||
      s.threads[t].chunk === 0 ||
      s.sockets[so].protocol === 'udp' ||
      (s.threads[t].sends && roomFor(s, so, s.threads[t].chunk))
    );
  });
}

function roomFor(s: State, so: SocketId, amount: Amount): boolean {
  const pcb = s.sockets[so].pcb;
  if (s.sockets[so].snd.cantMore || pcb === null) return true;
  if (!s.sockets[so].connected) return false;
  const peer = s.pcbs[pcb].peer;
  if (s.sockets[so].protocol === 'tcp') return s.sockets[so].snd.cc + amount <= BUFFER;
  return peer === null || s.pcbs[peer].charged + amount <= BUFFER;
}

/** A socket that a thread closes has no file any more, but its owner's reference, and is that thread's alone. */
export function closingIsExclusive(s: State): boolean {
  return threads.every((t) => {
    const so = s.threads[t].closing;
    return (
      so === null ||
      (s.sockets[so].file === 0 &&
        !s.sockets[so].noFdRef &&
        s.sockets[so].queue === 'none' &&
        s.threads[t].file !== so &&
        threads.every((other) => (other === t || s.threads[other].closing !== so) && s.threads[other].child !== so))
    );
  });
}

/** An open socket has a file, or is being closed. */
export function openHasFile(s: State): boolean {
  return sockets.every(
    (so) =>
      s.sockets[so].protocol === 'none' ||
      s.sockets[so].noFdRef !== (s.sockets[so].file > 0 || threads.some((t) => s.threads[t].closing === so)),
  );
}

/** Once the protocol was told of the close, its part of the connection is over or keeps the socket. */
export function toldIsOver(s: State): boolean {
  return threads.every((t) => {
    const so = s.threads[t].closing;
    return so === null || !s.threads[t].told || overOrKept(s, so);
  });
}

function overOrKept(s: State, so: SocketId): boolean {
  const pcb = s.sockets[so].pcb;
  if (pcb === null) return false;
  if (s.sockets[so].protocol === 'tcp') return s.pcbs[pcb].dropped || s.pcbs[pcb].timeWait || s.sockets[so].protoRef;
  return !s.pcbs[pcb].foreign && s.pcbs[pcb].peer === null;
}

/** A socket without descriptor that nobody has in hand and no queue holds is over for its protocol, or kept by it. */
export function closedIsOver(s: State): boolean {
  return sockets.every(
    (so) =>
      s.sockets[so].protocol === 'none' ||
      !s.sockets[so].noFdRef ||
      s.sockets[so].queue !== 'none' ||
      threads.some((t) => s.threads[t].child === so) ||
      overOrKept(s, so),
  );
}

/** A socket that nobody can name any more listens no more and has no children. */
export function closedHasNoChildren(s: State): boolean {
  return sockets.every((so) => {
    const socket = s.sockets[so];
    return !socket.noFdRef || (!socket.acceptConn && socket.complete.length === 0 && socket.incomplete.length === 0);
  });
}

/** What a thread has in hand is as the reason says, and in no other hand but as a published child that its listener gave up. */
export function handsAreExclusive(s: State): boolean {
  return threads.every((t) => {
    const so = s.threads[t].child;
    return (
      so === null ||
      (inHand(s, t, so) &&
        threads.every(
          (other) =>
            other === t || s.threads[other].child !== so || (s.threads[t].hand === 'published') !== (s.threads[other].hand === 'published'),
        ))
    );
  });
}

function inHand(s: State, t: ThreadId, so: SocketId): boolean {
  const socket = s.sockets[so];
  if (!socket.noFdRef || socket.file > 0 || socket.protoRef || socket.protocol === 'udp') return false;
  const alone = socket.queue === 'none' && socket.head === null;
  if (s.threads[t].hand === 'accepted') return alone;
  if (socket.count > 0) return false;
  if (s.threads[t].hand === 'made') return alone && fresh(s, so);
  if (s.threads[t].hand === 'unlinked') return alone;
  return (
    fresh(s, so) &&
    (socket.queue === 'incomplete' ||
      (alone && threads.some((other) => s.threads[other].child === so && s.threads[other].hand === 'unlinked')))
  );
}

/** A UNIX child that was not connected yet. */
function fresh(s: State, so: SocketId): boolean {
  const pcb = s.sockets[so].pcb;
  return s.sockets[so].protocol === 'unix' && !s.sockets[so].connected && pcb !== null && s.pcbs[pcb].peer === null;
}

/** A connect with a child in hand is on a UNIX socket without a peer, and its target is a UNIX socket that was listening. */
export function connectIsUnix(s: State): boolean {
  return threads.every((t) => {
    const so = s.threads[t].file;
    const target = s.threads[t].target;
    const connects = s.threads[t].hand === 'made' || s.threads[t].hand === 'published';
    return (
      (target === null || (s.sockets[target].protocol === 'unix' && s.sockets[target].queue === 'none' && target !== s.threads[t].child)) &&
      (!connects || (so !== null && s.sockets[so].protocol === 'unix' && withoutPeer(s, so) && so !== s.threads[t].child))
    );
  });
}

function withoutPeer(s: State, so: SocketId): boolean {
  const pcb = s.sockets[so].pcb;
  return pcb !== null && s.pcbs[pcb].peer === null;
}

/** An incomplete child is a UNIX child that a connect has published; a completed one has its protocol's connection, or had. */
export function childrenAreConnected(s: State): boolean {
  return sockets.every(
    (so) =>
      (s.sockets[so].queue !== 'incomplete' || threads.some((t) => s.threads[t].child === so && s.threads[t].hand === 'published')) &&
      (s.sockets[so].queue !== 'complete' || s.sockets[so].connected || s.sockets[so].disconnected) &&
      (s.sockets[so].queue === 'none' || s.sockets[so].protocol !== 'udp') &&
      (s.sockets[so].queue !== 'complete' || threads.every((t) => s.threads[t].child !== so)),
  );
}

/** A listener has never been connected as far as TCP goes, and is in the state of one. */
export function listenersListen(s: State): boolean {
  return sockets.every((so) => {
    const socket = s.sockets[so];
    const pcb = socket.pcb;
    return (
      !socket.acceptConn ||
      (pcb !== null &&
        socket.protocol !== 'udp' &&
        !socket.noFdRef &&
        (socket.protocol === 'unix' || s.pcbs[pcb].dropped || s.pcbs[pcb].state === 'LISTEN'))
    );
  });
}

/** The flags of the socket are those of its TCP connection. */
export function tcpFlagsFit(s: State): boolean {
  return pcbs.every((pcb) => {
    const so = s.pcbs[pcb].socket;
    return s.pcbs[pcb].protocol !== 'tcp' || so === null || flagsFit(s, pcb, so);
  });
}

function flagsFit(s: State, pcb: PcbId, so: SocketId): boolean {
  const socket = s.sockets[so];
  const inp = s.pcbs[pcb];
  if (inp.needFin && !socket.snd.cantMore) return false;
  if (inp.sockRef && !(socket.snd.cantMore && socket.rcv.cantMore)) return false;
  if (inp.dropped || inp.timeWait) return over(s, so);
  if (inp.state === 'CLOSED' || inp.state === 'LISTEN') return untouched(s, so);
  if (inp.state === 'SYN_SENT') return socket.connecting && !socket.connected && halfway(s, so) && socket.snd.cantMore === inp.needFin;
  if (inp.state === 'ESTABLISHED' || inp.state === 'CLOSE_WAIT') return socket.connected && !socket.disconnecting && !socket.snd.cantMore;
  if (inp.state === 'FIN_WAIT_2') return socket.snd.cantMore && socket.snd.cc === 0 && socket.connected !== socket.disconnected;
  return socket.snd.cantMore && socket.connected && !socket.disconnected;
}

function halfway(s: State, so: SocketId): boolean {
  const socket = s.sockets[so];
  return !socket.disconnecting && !socket.disconnected && socket.snd.cc === 0;
}

function over(s: State, so: SocketId): boolean {
  const socket = s.sockets[so];
  return socket.disconnected && !socket.connected && !socket.connecting && !socket.disconnecting && socket.snd.cc === 0;
}

function untouched(s: State, so: SocketId): boolean {
  const socket = s.sockets[so];
  return (
    !socket.connected && !socket.connecting && !socket.disconnecting && !socket.disconnected && !socket.snd.cantMore && socket.snd.cc === 0
  );
}

/** Each flag of a pcb belongs to its protocol and state. */
export function pcbFlagsFit(s: State): boolean {
  return pcbs.every((pcb) => {
    const inp = s.pcbs[pcb];
    const tcp = inp.protocol === 'tcp';
    return (
      (tcp || (!inp.dropped && !inp.timeWait && !inp.sockRef && !inp.needFin && !inp.msl && inp.state === 'CLOSED')) &&
      (inp.protocol === 'unix' || (inp.peer === null && inp.charged === 0)) &&
      (inp.protocol !== 'unix' || !inp.foreign) &&
      (inp.peer !== null || inp.charged === 0) &&
      (inp.state === 'TIME_WAIT') === inp.timeWait &&
      (!inp.needFin || inp.state === 'SYN_SENT') &&
      (!inp.timeWait || inp.dropped || inp.msl) &&
      (!inp.sockRef || (inp.state !== 'CLOSED' && inp.state !== 'LISTEN' && inp.state !== 'SYN_SENT')) &&
      (!inp.msl || inp.state === 'FIN_WAIT_2' || (inp.timeWait && !inp.dropped)) &&
      (!inp.dropped || inp.timeWait || inp.state === 'CLOSED') &&
      (!inp.dropped || (inp.socket !== null && !inp.sockRef)) &&
      (inp.socket !== null || inp.protocol === 'none' || (inp.timeWait && inp.msl)) &&
      (inp.name === null || inp.bound)
    );
  });
}

/** UDP: connected is having a foreign address; nothing is ever left to send. */
export function udpConnectedIsForeign(s: State): boolean {
  return pcbs.every((pcb) => s.pcbs[pcb].protocol !== 'udp' || udpFits(s, pcb, s.pcbs[pcb].socket));
}

function udpFits(s: State, pcb: PcbId, so: SocketId | null): boolean {
  if (so === null) return false;
  const socket = s.sockets[so];
  return (
    s.pcbs[pcb].foreign === socket.connected && !socket.connecting && !socket.disconnecting && socket.snd.cc === 0 && !socket.acceptConn
  );
}

/** UNIX: never connecting nor disconnecting; the send buffer is the peer's; the sender is charged for at least what is unread. */
export function unixBuffers(s: State): boolean {
  return pcbs.every((pcb) => s.pcbs[pcb].protocol !== 'unix' || unixFits(s, pcb, s.pcbs[pcb].socket));
}

function unixFits(s: State, pcb: PcbId, so: SocketId | null): boolean {
  if (so === null) return false;
  const socket = s.sockets[so];
  const charged = s.pcbs[pcb].peer === null || socket.rcv.cc <= s.pcbs[pcb].charged;
  return !socket.connecting && !socket.disconnecting && socket.snd.cc === 0 && charged;
}

/** The pcb's child relation: a listener's children have its protocol. */
export function childrenHaveProtocol(s: State): boolean {
  return sockets.every((so) => {
    const head = s.sockets[so].head;
    return (
      head === null ||
      (head !== so &&
        s.sockets[head].protocol === s.sockets[so].protocol &&
        (s.sockets[head].acceptConn || threads.some((t) => s.threads[t].closing === head && s.threads[t].told)))
    );
  });
}

/** While a listener's children are taken off its queues it listens no more. */
export function drainedListensNoMore(s: State): boolean {
  return threads.every((t) => {
    const so = s.threads[t].closing;
    return so === null || s.threads[t].hand !== 'unlinked' || !s.sockets[so].acceptConn;
  });
}

/** A reserved descriptor leads nowhere and is one thread's. */
export function reservedIsFree(s: State): boolean {
  return threads.every((t) => {
    const fd = s.threads[t].reserved;
    return fd === null || (s.fds[fd] === null && threads.every((other) => other === t || s.threads[other].reserved !== fd));
  });
}
