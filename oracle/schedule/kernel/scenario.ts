/**
 * A *scenario*: what is explored of the kernel, as data. A prologue of calls makes the situation, one call after the other; then the
 * threads run their scripts, and the *actors* do what no thread decides: the wire delivers, a tick passes, a signal comes.
 */
import type { ResultOf } from '../../adapter.ts';
import type { Argument, Configuration, Operation } from '../../run/operations.ts';
import type { Happening } from './elements.ts';

/** A call of a thread, in the words of the specification. */
export interface Scripted {
  readonly name: string;
  readonly args: Readonly<Record<string, Argument | ResultOf>>;
  /** Of bind and connect on a descriptor that is not open at the start: whether its socket is a UNIX socket. */
  readonly unix?: boolean;
  /** Of a send to a TCP peer, where there is room: its last byte is urgent. */
  readonly urgent?: boolean;
  /** Of a send or a receive over a stream: of mbufs on loan, which are filled before, or read and given back after. */
  readonly lent?: boolean;
  /**
   * Of a poll: it asks the same about this descriptor, before the other or after it, until it is told of it, and goes on. So it returns what a poll
   * of the other alone may return, which is what the specification has.
   */
  readonly besides?: { readonly fd: number; readonly first: boolean };
}

/** A segment from the remote host that is on the wire when the exploration begins. In their order; each continues its connection. */
export type Segment =
  /** The last segment of a passive handshake, for the listener; over IPv6 or not. */
  | { readonly what: 'handshake'; readonly fd: number; readonly six?: boolean }
  /** The answer to a SYN; on a bound socket that is not connecting yet, to the one that the next connect will send to name 0. */
  | { readonly what: 'syn' | 'synack' | 'rst'; readonly fd: number }
  /** For the connection that waits longest to be accepted; or, if there is none, longest on its way. */
  | { readonly what: 'queued rst' | 'queued fin' | 'queued data'; readonly fd: number }
  | { readonly what: 'fin'; readonly fd: number }
  | { readonly what: 'data'; readonly fd: number; readonly units: number }
  /** The next byte is urgent; it comes as well, or is only announced. */
  | { readonly what: 'urgent'; readonly fd: number; readonly here: boolean }
  /** Acknowledges so many units beyond what was sent at the start, and the FIN behind them. Coming before they are sent it means nothing. */
  | { readonly what: 'ack'; readonly fd: number; readonly units: number; readonly fin: boolean }
  | { readonly what: 'datagram'; readonly fd: number; readonly six?: boolean }
  /** A datagram for everybody, at this socket's port. */
  | { readonly what: 'broadcast'; readonly fd: number }
  | { readonly what: 'unreachable'; readonly fd: number }
  /** ICMP says this of the peer of a TCP connection. */
  | { readonly what: 'icmp'; readonly fd: number; readonly error: 'ECONNREFUSED' | 'EHOSTUNREACH' };

export type Actor =
  /** Delivers the segments that wait, one a call, then those sent meanwhile to this host, for which it waits. */
  | { readonly kind: 'wire'; readonly deliveries: number }
  /** A netisr thread, the owner of a workstream: hands on what waits, processes what is its own. */
  | { readonly kind: 'netisr'; readonly rounds: number }
  /** A thread that is the collector, as long as anything happens. */
  | { readonly kind: 'collector' }
  | { readonly kind: 'clock'; readonly ticks: number }
  /** Interrupts a thread: its present or next interruptible sleep. */
  | { readonly kind: 'signal'; readonly thread: number };

export interface Scenario {
  readonly id: string;
  /** The race, in a sentence. */
  readonly about: string;
  /** Where the reference speaks of it: "H.8, G49". */
  readonly citation: string;
  readonly sizes?: Partial<Configuration>;
  readonly prologue: readonly Operation[];
  readonly segments?: readonly Segment[];
  readonly threads: readonly (readonly Scripted[])[];
  readonly actors?: readonly Actor[];
  /** What the specification may let happen outside, besides the signals of the actors. */
  readonly events?: readonly Happening[];
  /** Ticks of a linger that waits. */
  readonly linger?: number;
  /** How often who is about to sleep looks whether it has been woken (h_sleep_spin), in which case wakers notify later. Not at all, mostly. */
  readonly looks?: number;
  /** Explored completely by default, or with so many preemptions. */
  readonly preemptions?: number;
}

/** A call, for prologues and scripts. */
export function call<Args extends Scripted['args']>(name: string, args: Args): { readonly name: string; readonly args: Args } {
  return { name, args };
}

/** The result of the thread's call of this number. */
export function resultOf(index: number): ResultOf {
  return { resultOf: index };
}

/** Sizes that are enough for most races; each is one more for the compiler to make a model for. */
export const TINY: Configuration = { SOCKETS: 3, PCBS: 4, FDS: 4, HANDLES: 1, NAMES: 2, BACKLOG: 1, BUFFER: 2 };

/** Which agents are collectors, by their number: actors come after the threads. */
export function collectors({ threads, actors }: Pick<Scenario, 'threads' | 'actors'>): readonly number[] {
  return (actors ?? []).flatMap(({ kind }, index) => (kind === 'collector' ? [threads.length + index] : []));
}

/** The netisr threads of a scenario. */
export function netisrs({ actors }: Pick<Scenario, 'actors'>): readonly Actor[] {
  return (actors ?? []).filter(({ kind }) => kind === 'netisr');
}
