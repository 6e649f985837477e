/**
 * Races about netisr: two threads that hand segments on and process them, each its own workstream. Whoever finds the wire first carries; in the end no
 * segment may have overtaken another of its connection (ending.ts).
 */
import { type Actor, call, type Scenario } from '../scenario.ts';

/** One has a round more: it may carry, and process what either has carried. Which one owns the connection's workstream, the hash decides. */
const threads: readonly Actor[] = [
  { kind: 'netisr', rounds: 1 },
  { kind: 'netisr', rounds: 2 },
];
const connected = [
  call('socket', { asked: 'tcp' }),
  call('connect', { fd: 0, name: 0, remote: true }),
  call('remote-synack', { which: 0 }),
];

export const NETISR: readonly Scenario[] = [
  {
    id: 'netisr-data-fin',
    about: 'two netisr threads and one connection: data and the FIN are carried by either, and processed in their order',
    citation: 'seed 003, I.6',
    prologue: connected,
    segments: [
      { what: 'data', fd: 0, units: 1 },
      { what: 'fin', fd: 0 },
    ],
    threads: [[call('receive', { fd: 0, amount: 1 })]],
    actors: threads,
    preemptions: 3,
    events: [
      { event: 'data', times: 1 },
      { event: 'fin', times: 1 },
    ],
  },
  {
    id: 'netisr-close-data',
    about: 'a segment waits in a workstream while its socket is closed',
    citation: 'seed 003, D.2 input, E.9 G5, G6',
    prologue: connected,
    segments: [{ what: 'data', fd: 0, units: 1 }],
    threads: [[call('close', { fd: 0 })]],
    actors: threads,
    preemptions: 3,
    events: [{ event: 'data', times: 1 }],
  },
  {
    id: 'netisr-close-datagram',
    about: 'a datagram waits in a workstream while its socket is closed',
    citation: 'seed 003, E5.21',
    prologue: [call('socket', { asked: 'udp' }), call('bind', { fd: 0, name: 0 }), call('connect', { fd: 0, name: 0, remote: true })],
    segments: [{ what: 'datagram', fd: 0 }],
    threads: [[call('close', { fd: 0 })]],
    actors: threads,
    events: [{ event: 'datagram', times: 1 }],
  },
];
