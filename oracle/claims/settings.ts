/**
 * The *settings* of claims: parts of the specification, as `check` has its configurations, with the calls and events that claims are about and
 * few others. What is watched (`…Watched`, `receiveLocked`) is of model/claims/steps.ts.
 */
import { type Configuration, limitsOf } from '../check/configurations.ts';
import type { Calls } from '../compile/restrict.ts';
import type { Limits } from '../specification.ts';
import type { Setting } from '../../model/claims/claim.ts';

const CLOSE: Calls = { close: [], soclose: [] };
const SOCKET: Calls = { ...CLOSE, socket: [['tcp']], connect: [null, [0]] };
const LISTENER: Calls = { listen: [null, [1]], accept: [], handshake: [] };
const SEGMENTS: Calls = { synack: [], rst: [], fin: [], ack: [null, [0], [true]], timeout: [], msl: [] };
const PAIR: Calls = { ...CLOSE, socketpair: [['unix']] };
const SEND: Calls = { send: [null, [1], [false]] };

interface Part {
  readonly text: string;
  readonly sockets: number;
  readonly calls: Calls;
}

export const SETTINGS: Readonly<Record<Setting, Part>> = {
  tcp: {
    text: 'TCP connections from both sides, accepted, reset, shut down and closed',
    sockets: 2,
    calls: { ...SOCKET, ...LISTENER, ...SEGMENTS, shutdown: [null, ['write']] },
  },
  'tcp-data': {
    text: 'a TCP socket that connects, sends, receives, shuts down and closes',
    sockets: 1,
    calls: { ...SOCKET, ...SEGMENTS, ...SEND, ack: [], data: [null, [1]], receive: [null, [1]], shutdown: [], signal: [] },
  },
  'tcp-options': {
    text: 'options of a TCP socket, set while its connection ends',
    sockets: 1,
    calls: { ...SOCKET, ...SEGMENTS, shutdown: [null, ['write']], setsockopt: [null, [true], null], getsockopt: [] },
  },
  unix: {
    text: 'UNIX streams: listeners by name, connects that hold the link lock',
    sockets: 3,
    calls: { ...CLOSE, socket: [['unix']], bind: [null, [0]], listen: [null, [1]], accept: [], connect: [null, [0]] },
  },
  'unix-data': {
    text: 'UNIX pairs that send, receive, shut down and close',
    sockets: 2,
    calls: { ...PAIR, ...SEND, receive: [null, [1]], shutdown: [], signal: [] },
  },
  udp: {
    text: 'a UDP socket that is connected, disconnected, sent to and received from',
    sockets: 1,
    calls: {
      ...CLOSE,
      socket: [['udp']],
      bind: [null, [0]],
      connectWatched: [null, [0]],
      disconnect: [],
      sendWatched: [null, [1], null],
      receiveWatched: [null, [1]],
      datagram: [],
      unreachable: [],
    },
  },
  soref: {
    text: 'TCP sockets that kernel consumers hold by soref while they are closed',
    sockets: 2,
    calls: { ...SOCKET, ...SEGMENTS, dup: [], fgetsock: [], fputsock: [] },
  },
  events: {
    text: 'TCP connections from both sides, and each event of the network, watched',
    sockets: 2,
    calls: {
      ...SOCKET,
      ...LISTENER,
      synack: [],
      shutdown: [null, ['write']],
      rstWatched: [],
      finWatched: [],
      ackWatched: [null, [0], [true]],
      timeoutWatched: [],
      mslWatched: [],
      dataWatched: [null, [1]],
    },
  },
  calls: {
    text: 'a TCP socket, and each connect, send and receive, watched',
    sockets: 1,
    calls: {
      ...CLOSE,
      socket: [['tcp']],
      connectWatched: [null, [0]],
      sendWatched: [null, [1], [false]],
      receiveWatched: [null, [1]],
      synack: [],
      rst: [],
      fin: [],
      ack: [null, [1], [false]],
      data: [null, [1]],
    },
  },
  shutdown: {
    text: 'a TCP socket that is shut down while data arrives, which is watched',
    sockets: 1,
    calls: { ...SOCKET, synack: [], rst: [], dataWatched: [null, [1]], receive: [null, [1]], shutdown: [] },
  },
  locked: {
    text: 'a UNIX pair, a receive that keeps the lock while it waits, and a send',
    sockets: 2,
    calls: { ...PAIR, ...SEND, receiveLocked: [] },
  },
  'full-buffer': { text: 'a UNIX pair that sends and receives', sockets: 2, calls: { ...PAIR, ...SEND, receive: [null, [1]] } },
};

/** A setting as a configuration of the program of states, where nothing is watched, or of steps. */
export function configurationOf(id: Setting, threads: number, kind: 'states' | 'steps'): Configuration {
  const { text, sockets, calls } = SETTINGS[id];
  const named = Object.entries(calls).map(([name, values]) => [kind === 'states' ? name.replace(/Watched$/, '') : name, values] as const);
  return { id, text, sockets, threads, names: 1, calls: Object.fromEntries(named), quick: true };
}

/** The limits of the model for it. The socket of a pcb may be gone before it, and the model is of no less than two: one pcb is one socket at a time. */
export function limitsOfSetting(configuration: Configuration): Limits {
  return { ...limitsOf(configuration), SOCKETS: Math.max(2, configuration.sockets) };
}

/** "tcp: 2 sockets, 2 threads" */
export function whereOf({ id, sockets, threads }: Configuration): string {
  return `${id}: ${sockets} socket${sockets === 1 ? '' : 's'}, ${threads} thread${threads === 1 ? '' : 's'}`;
}
