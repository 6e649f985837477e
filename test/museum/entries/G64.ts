/** G64: a pcb is found, and freed before it is locked. */
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { lookupWithoutReference } from '../changes.ts';
import { tcpConnected, wire } from '../settings.ts';

export const entry: Entry = {
  id: 'G64',
  title: 'nothing holds what a handler works on',
  source: 'cxgbe(4), mended by 626d8465fb',
  about: 'in_pcblookup takes no reference between finding a pcb and locking it',
  changes: [...lookupWithoutReference],
  scenario: {
    id: 'close-socket-ack',
    about: 'a thread resets its connection by closing it and makes another socket, while an acknowledgement comes',
    citation: 'G05, G64, E5.21',
    sizes: { SOCKETS: 2 },
    prologue: [...tcpConnected, call('setlinger', { fd: 0, linger: 'reset' })],
    segments: [{ what: 'ack', fd: 0, units: 0, fin: false }],
    threads: [[call('close', { fd: 0 }), call('socket', { asked: 'tcp' })]],
    actors: wire(1),
  },
  breaks: ['data-race'],
  strategy: 'states',
  bounds: {},
};
