/**
 * Claims about *states*: what the mails of 2000 to 2008 say of a socket at any moment, as predicates over the specification as it is. Which
 * design each is asked of, whose words they are and what comes out stands in `../claims.ts`; the ids are those of the reference, section F.
 */
import { designs } from '../designs.ts';
import { calls, events } from '../index.ts';
import { inHand, invariants, wasDetached } from '../invariants.ts';
import { count, defineModel, type Predicates } from '../lang.ts';
import { lemmas } from '../lemmas.ts';
import { THREADS } from '../limits.ts';
import { tcp_synchronized } from '../protocols/tcp.ts';
import { initial, type Pcb, type PcbId, type SocketId, type State, sockets, type Thread, threads } from '../state.ts';

export const claims: Predicates<State> = {
  /** Whether so_pcb is set says no more than that there is a socket: who would decide by it could not decide anything. */
  'F000.1': (s) => s.sockets.every(({ protocol, pcb }) => (protocol !== 'none') === (pcb !== null)),

  /** From attach to detach so_pcb is set, to a pcb of the socket's own. */
  'F000.2': (s) =>
    sockets.every((so) => {
      const { protocol, pcb } = s.sockets[so];
      if (pcb === null) return protocol === 'none' || (designs[s.design].detachInClose && wasDetached(s, so));
      return s.pcbs[pcb].socket === so && s.pcbs[pcb].protocol === protocol;
    }),

  /** A TCP socket whose connection is over still has its pcb, and this says so: dropped, in TIME_WAIT, or on the way there by the clock. */
  'F000.3': (s) => s.sockets.every(({ protocol, disconnected, pcb }) => protocol !== 'tcp' || !disconnected || isMarkedOver(s, pcb)),

  /** A TCP connection that is not over has its socket and buffers; where no user keeps the socket any more, SS_PROTOREF does. */
  'F000.4': (s) =>
    s.pcbs.every((inp) => !isUnderWay(inp) || (inp.socket !== null && (hasUser(s, inp.socket) || s.sockets[inp.socket].protoRef))),

  /** INP_SOCKREF is set in the pcb exactly while SS_PROTOREF is in its socket. */
  'F000.6': (s) =>
    s.sockets.every(({ pcb, protoRef }) => protoRef === (pcb !== null && s.pcbs[pcb].sockRef)) &&
    s.pcbs.every(({ sockRef, socket }) => !sockRef || socket !== null),

  /** Nobody who has a socket, by descriptor, in a call or by soref, has one that was closed. */
  'F000.8': (s) =>
    s.fds.every((so) => isOpen(s, so)) && s.handles.every((so) => isOpen(s, so)) && s.threads.every(({ file }) => isOpen(s, file)),

  /** Abort and detach never come upon a pcb or a socket that they can't end. */
  'F000.9a': (s) => s.panic !== 'tcp-detach' && s.panic !== 'sodealloc' && s.panic !== 'soabort',

  /** A socket that was closed, is on no queue and in nobody's hands is there only if SS_PROTOREF is set. */
  'F000.9b': (s) =>
    sockets.every((so) => {
      const { protocol, noFdRef, protoRef, queue } = s.sockets[so];
      return protocol === 'none' || !noFdRef || protoRef || queue !== 'none' || inHand(s, so);
    }),

  /** No assertion of the code fails. */
  'F000.11': (s) => s.panic === 'none',

  /** Some assertion of the code fails. */
  'F000.14': (s) => s.panic !== 'none',

  /** The user has shut the receive side, TCP waits in FIN_WAIT_2 as if he hadn't, and no timer will end it. */
  'F001.13b': (s) =>
    s.pcbs.some(({ socket, state, msl }) => socket !== null && state === 'FIN_WAIT_2' && !msl && s.sockets[socket].rcv.cantMore),

  /** When SS_NOFDREF is about to be cleared by accept, or set by close, no descriptor and no call leads to the socket. */
  'F001.17a': (s) => sockets.every((so) => !threads.some((t) => changesNoFdRef(s.threads[t], so)) || !isInUse(s, so)),

  /** When accept is about to clear SS_NOFDREF, what comes in from the network can't reach the socket. */
  'F001.17b': (s) => s.threads.every(({ child, hand }) => child === null || hand !== 'accepted' || !isLive(s, s.sockets[child].pcb)),

  /** A child that waits to be accepted, or is just being accepted, has a connection on which TCP does not look at SS_NOFDREF. */
  'F001.17c': (s) =>
    sockets.every((so) => {
      const { protocol, pcb, queue } = s.sockets[so];
      const waits = queue !== 'none' || s.threads.some(({ child, hand }) => child === so && hand === 'accepted');
      return protocol !== 'tcp' || !waits || pcb === null || !isLive(s, pcb) || isOpenState(s.pcbs[pcb]);
    }),

  /** Who closes a socket has taken the last descriptor away before, and no call is on it. */
  'F001.19': (s) => s.threads.every(({ closing }) => closing === null || (s.sockets[closing].file === 0 && !isInUse(s, closing))),

  /** A child that others can see, on a queue or about to be put on one, has SS_NOFDREF. */
  'F001.20': (s) =>
    s.sockets.every(({ queue, noFdRef }) => queue === 'none' || noFdRef) &&
    s.threads.every(({ child, hand }) => child === null || (hand !== 'made' && hand !== 'published') || s.sockets[child].noFdRef),

  /** A child that its connect has queued as incomplete stays there until that connect completes it. */
  'F001.22': (s) => s.threads.every(({ child, hand }) => child === null || hand !== 'published' || s.sockets[child].queue === 'incomplete'),

  /** No two threads are at work on one socket. */
  'F001.26': (s) => sockets.every((so) => count(s.threads, (thread) => isAtWork(thread, so)) <= 1),

  /** No thread that holds the UNIX link lock, the one lock that is held from step to step, is asleep. */
  'F002.2b': (s) => !s.link || s.threads.every(({ hand, sleep }) => (hand !== 'made' && hand !== 'published') || sleep === 'awake'),

  /** A listener is freed while children are on its queues. */
  'F003.3': (s) => s.panic === 'sofree-listener',

  /** One thread is asleep in a send on a socket, another asleep in a receive on it. */
  'F003.5': (s) =>
    sockets.some(
      (so) =>
        s.threads.some(({ file, sends, sleep }) => file === so && sends && sleep === 'asleep') &&
        s.threads.some(({ file, sends, sleep }) => file === so && !sends && sleep === 'asleep'),
    ),

  /** so_pcb, or a pcb that is gone, is used. */
  'F004.1': (s) => s.panic === 'null-pcb',
};

/** By flag or, after FIN_WAIT_2 without a reader, by the timer that runs. */
function isMarkedOver(s: State, pcb: PcbId | null): boolean {
  return pcb !== null && (s.pcbs[pcb].dropped || s.pcbs[pcb].timeWait || s.pcbs[pcb].msl);
}

function isLive(s: State, pcb: PcbId | null): boolean {
  return pcb !== null && s.pcbs[pcb].protocol === 'tcp' && !s.pcbs[pcb].dropped && !s.pcbs[pcb].timeWait;
}

/** A connection that was made and is not over. */
function isUnderWay(inp: Pcb): boolean {
  return inp.protocol === 'tcp' && !inp.dropped && !inp.timeWait && tcp_synchronized(inp);
}

/** States in which TCP takes data without asking whether there is still a descriptor. */
function isOpenState(inp: Pcb): boolean {
  return inp.state === 'ESTABLISHED' || inp.state === 'CLOSE_WAIT';
}

/** A descriptor side that was not closed, a queue, or a thread that has it in hand. */
function hasUser(s: State, so: SocketId): boolean {
  return !s.sockets[so].noFdRef || s.sockets[so].queue !== 'none' || inHand(s, so);
}

function isOpen(s: State, so: SocketId | null): boolean {
  return so === null || (s.sockets[so].protocol !== 'none' && !s.sockets[so].noFdRef);
}

/** A descriptor leads to it, or a call is on it. */
function isInUse(s: State, so: SocketId): boolean {
  return s.fds.some((each) => each === so) || s.threads.some(({ file }) => file === so);
}

function changesNoFdRef(thread: Thread, so: SocketId): boolean {
  return thread.closing === so || (thread.child === so && thread.hand === 'accepted');
}

function isAtWork(thread: Thread, so: SocketId): boolean {
  return thread.file === so || thread.closing === so;
}

/** The program that is compiled: the specification with these claims for promises beside its own, which carry the proofs. */
export const model = defineModel({
  initial,
  agents: { thread: { size: THREADS, procedures: calls }, wire: { size: 1, procedures: events } },
  invariants: { ...invariants, ...claims },
  lemmas,
});
