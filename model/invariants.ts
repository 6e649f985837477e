/**
 * What must hold in every reachable state, by id. Each predicate is one promise of the 2006 design or one assertion of its
 * code; together they say that a socket is freed exactly when nobody can refer to it any more (reference E, J).
 */
import { count } from './lang.ts';
import { BACKLOG } from './limits.ts';
import { descriptors, handles, type PcbId, pcbs, type SocketId, type State, sockets, type ThreadId, threads } from './state.ts';

const used = (s: State, so: SocketId): boolean => s.sockets[so].protocol !== 'none';

/** From attach to detach so_pcb is set: every valid socket has its pcb. [F000.2, R1] */
export function pcbWhileValid(s: State): boolean {
  return sockets.every((so) => !used(s, so) || s.sockets[so].pcb !== null);
}

/** A socket and its pcb point at each other; only in TIME_WAIT may a pcb be without a socket. [G4] */
export function pcbPointsBack(s: State): boolean {
  return (
    sockets.every((so) => {
      const pcb = s.sockets[so].pcb;
      return pcb === null || (s.pcbs[pcb].socket === so && s.pcbs[pcb].protocol === s.sockets[so].protocol);
    }) &&
    pcbs.every((pcb) => {
      const so = s.pcbs[pcb].socket;
      return so !== null ? s.sockets[so].pcb === pcb : s.pcbs[pcb].protocol === 'none' || s.pcbs[pcb].timeWait;
    })
  );
}

/** so_pcb is never NULL when a call goes on to use it: the panic of tcp_ctloutput. [G01, F004.1] */
export function pcbWhileUsed(s: State): boolean {
  return s.panic !== 'null-pcb';
}

/** A listener is freed only when no child is left on its queues: none is queued after they were drained. [E1.07, E1.08, G30] */
export function listenerFreedEmpty(s: State): boolean {
  return s.panic !== 'sofree-listener';
}

/** No other assertion of the code fires: nothing is freed, closed, accepted or aborted twice, or in the wrong state. [E.1, E.5] */
export function noPanic(s: State): boolean {
  return s.panic === 'none' || s.panic === 'null-pcb' || s.panic === 'sofree-listener';
}

/** f_count is the number of descriptors and of calls that use the file. [C.10] */
export function fileCount(s: State): boolean {
  return sockets.every(
    (so) =>
      s.sockets[so].file ===
      count(descriptors, (fd) => s.fds[fd] === so) + count(threads, (t) => s.threads[t].file === so || s.threads[t].after === so),
  );
}

/** so_count is the number of owners: the descriptor side until soclose, accept's until soaccept, and the handles. [J.1, J.2] */
export function socketCount(s: State): boolean {
  return sockets.every(
    (so) =>
      s.sockets[so].count ===
      (used(s, so) && !s.sockets[so].noFdRef ? 1 : 0) +
        count(handles, (handle) => s.handles[handle] === so) +
        count(threads, (t) => s.threads[t].child === so && s.threads[t].hand === 'accepted'),
  );
}

/** Whatever refers to a socket refers to one that exists: nothing is used after it was freed. [E1.25] */
export function noDanglingReference(s: State): boolean {
  return (
    descriptors.every((fd) => exists(s, s.fds[fd])) &&
    handles.every((handle) => exists(s, s.handles[handle])) &&
    threads.every(
      (t) =>
        exists(s, s.threads[t].file) && exists(s, s.threads[t].closing) && exists(s, s.threads[t].child) && exists(s, s.threads[t].target),
    ) &&
    sockets.every(
      (so) =>
        exists(s, s.sockets[so].head) &&
        sockets.every((child) => used(s, child) || (!s.sockets[so].incomplete.includes(child) && !s.sockets[so].complete.includes(child))),
    )
  );
}

function exists(s: State, so: SocketId | null): boolean {
  return so === null || used(s, so);
}

/** A socket exists only while something will lead to its end: a descriptor or a reference, a queue, the protocol, or a thread that has it in hand. [G1, G6] */
export function nothingLeaks(s: State): boolean {
  return sockets.every((so) => !used(s, so) || owned(s, so));
}

function owned(s: State, so: SocketId): boolean {
  const socket = s.sockets[so];
  return (
    socket.file > 0 ||
    socket.queue !== 'none' ||
    socket.protoRef ||
    (socket.noFdRef && socket.count > 0) ||
    threads.some((t) => s.threads[t].closing === so || s.threads[t].child === so) ||
    // P06: the protocol keeps a closed socket by so_pcb
    (s.design === 'p06' && socket.pcb !== null)
  );
}

/** A child is on the queue that its so_qstate names, of the listener that its so_head names, once. [G2] */
export function queueMembership(s: State): boolean {
  return sockets.every(
    (so) =>
      (s.sockets[so].queue === 'none') === (s.sockets[so].head === null) &&
      sockets.every(
        (head) =>
          count(sockets, (place) => place < s.sockets[head].complete.length && s.sockets[head].complete[place] === so) ===
            (s.sockets[so].queue === 'complete' && s.sockets[so].head === head ? 1 : 0) &&
          count(sockets, (place) => place < s.sockets[head].incomplete.length && s.sockets[head].incomplete[place] === so) ===
            (s.sockets[so].queue === 'incomplete' && s.sockets[so].head === head ? 1 : 0),
      ),
  );
}

/** A queued socket has so_count 0 and no descriptor; the queue alone owns it. [G3, J.2] */
export function queuedUnreferenced(s: State): boolean {
  return sockets.every(
    (so) =>
      s.sockets[so].queue === 'none' ||
      (s.sockets[so].count === 0 && s.sockets[so].file === 0 && s.sockets[so].noFdRef && !s.sockets[so].protoRef),
  );
}

/** Only a listener, or one whose close is under way, has children; no child listens. [E1.07, E1.08, G17] */
export function onlyListenersHaveChildren(s: State): boolean {
  return sockets.every((so) => {
    const socket = s.sockets[so];
    const children = socket.complete.length > 0 || socket.incomplete.length > 0;
    return (
      (!children || socket.acceptConn || threads.some((t) => s.threads[t].closing === so)) &&
      (socket.queue === 'none' || (!socket.acceptConn && !children))
    );
  });
}

/** 3/2 of the largest backlog, and the one that was let in when the queue was just full. */
const MOST_COMPLETE = BACKLOG + (BACKLOG >= 2 ? 1 : 0) + 1;

/** The completed queue stays within 3/2 of the largest backlog, and one; of incomplete children there is one at most. [C.1, T25] */
export function queueLengths(s: State): boolean {
  return sockets.every((so) => {
    const socket = s.sockets[so];
    return socket.complete.length <= MOST_COMPLETE && socket.incomplete.length <= 1;
  });
}

/** CONNECTED and CONNECTING exclude each other, and so do the two orderly ends. [B.1] */
export function connectionStates(s: State): boolean {
  return sockets.every((so) => {
    const socket = s.sockets[so];
    return !(socket.connected && socket.connecting) && !(socket.connecting && socket.disconnecting);
  });
}

/** A socket that is disconnecting or was disconnected neither sends nor receives more. [B.1, J.3] */
export function disconnectedIsShut(s: State): boolean {
  return sockets.every((so) => {
    const socket = s.sockets[so];
    return !(socket.disconnecting || socket.disconnected) || (socket.rcv.cantMore && socket.snd.cantMore);
  });
}

/** CANTSENDMORE and CANTRCVMORE, once set, stay. [G13, B.3] */
export function cantMoreMonotone(s: State): boolean {
  return sockets.every(
    (so) => s.sockets[so].rcv.cantMore === s.sockets[so].rcv.everCantMore && s.sockets[so].snd.cantMore === s.sockets[so].snd.everCantMore,
  );
}

/** SS_PROTOREF is set exactly while the pcb says that TCP owns it: claimed once, released once, by the same. [E5.27, G5] */
export function protorefIsSockref(s: State): boolean {
  return (
    sockets.every((so) => {
      const pcb = s.sockets[so].pcb;
      return s.sockets[so].protoRef === (pcb !== null && s.pcbs[pcb].sockRef);
    }) && pcbs.every((pcb) => !s.pcbs[pcb].sockRef || s.pcbs[pcb].socket !== null)
  );
}

/** The protocol keeps a socket only after its user closed it, and only while the connection is not over. [T13, G5] */
export function protorefKeepsClosed(s: State): boolean {
  return sockets.every((so) => {
    const pcb = s.sockets[so].pcb;
    return (
      !s.sockets[so].protoRef ||
      ((s.sockets[so].noFdRef || threads.some((t) => s.threads[t].closing === so)) && pcb !== null && !s.pcbs[pcb].dropped)
    );
  });
}

/** UNIX: a peer's peer is oneself. [G9] */
export function peersSymmetric(s: State): boolean {
  return pcbs.every((pcb) => {
    const peer = s.pcbs[pcb].peer;
    return peer === null || (peer !== pcb && s.pcbs[pcb].protocol === 'unix' && s.pcbs[peer].peer === pcb);
  });
}

/** UNIX: connected is having a peer. [D.1] */
export function connectedHasPeer(s: State): boolean {
  return pcbs.every((pcb) => {
    const so = s.pcbs[pcb].socket;
    return s.pcbs[pcb].protocol !== 'unix' || so === null || s.sockets[so].connected === (s.pcbs[pcb].peer !== null);
  });
}

/** After INP_DROPPED the connection is over: nothing connected, nothing sent, no port held. [R6, G22] */
export function droppedIsOver(s: State): boolean {
  return pcbs.every((pcb) => {
    const so = s.pcbs[pcb].socket;
    const over = so === null || (s.sockets[so].disconnected && !s.sockets[so].connected && s.sockets[so].snd.cc === 0);
    return !s.pcbs[pcb].dropped || (s.pcbs[pcb].name === null && over);
  });
}

/** Of two pcbs of one protocol with the same name, one is a TCP connection that was accepted under it. [J.4 bind] */
export function namesUnique(s: State): boolean {
  return pcbs.every((a) => pcbs.every((b) => a === b || !sameName(s, a, b) || accepted(s, a) || accepted(s, b)));
}

function accepted(s: State, pcb: PcbId): boolean {
  return s.pcbs[pcb].protocol === 'tcp' && s.pcbs[pcb].foreign;
}

function sameName(s: State, a: PcbId, b: PcbId): boolean {
  return s.pcbs[a].name !== null && s.pcbs[a].name === s.pcbs[b].name && s.pcbs[a].protocol === s.pcbs[b].protocol;
}

/** Locks are given back: the link lock is held exactly while a connect is between its steps, a send lock while its sender is in the call. [G7] */
export function locksConserved(s: State): boolean {
  return (
    (s.link ? 1 : 0) === count(threads, (t) => connects(s, t)) &&
    sockets.every((so) => (s.sockets[so].sending ? 1 : 0) === count(threads, (t) => s.threads[t].sends && s.threads[t].file === so))
  );
}

function connects(s: State, t: ThreadId): boolean {
  return s.threads[t].hand === 'made' || s.threads[t].hand === 'published';
}

/** A free slot of the socket table and a free pcb are as new: nothing of the last life is left. [C.1 soalloc] */
export function freeIsZero(s: State): boolean {
  return sockets.every((so) => used(s, so) || unused(s, so)) && pcbs.every((pcb) => s.pcbs[pcb].protocol !== 'none' || blank(s, pcb));
}

function unused(s: State, so: SocketId): boolean {
  const socket = s.sockets[so];
  const flags = socket.noFdRef || socket.protoRef || socket.nonBlocking || socket.acceptConn || socket.sending;
  const state = socket.connected || socket.connecting || socket.disconnecting || socket.disconnected;
  const queues = socket.queue !== 'none' || socket.head !== null || socket.incomplete.length > 0 || socket.complete.length > 0;
  const buffers = socket.rcv.cc > 0 || socket.snd.cc > 0 || socket.rcv.cantMore || socket.snd.cantMore;
  const counts = socket.count > 0 || socket.file > 0 || socket.pcb !== null;
  return !flags && !state && !queues && !buffers && !counts && socket.error === 'none' && socket.linger === 'off';
}

function blank(s: State, pcb: PcbId): boolean {
  const inp = s.pcbs[pcb];
  const links = inp.socket !== null || inp.peer !== null || inp.name !== null;
  const flags = inp.bound || inp.foreign || inp.dropped || inp.timeWait || inp.sockRef || inp.needFin || inp.msl;
  return !links && !flags && inp.charged === 0 && inp.state === 'CLOSED';
}
