/** G22: a connection is over and its port is still taken. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { tcpSocket, wire, rst, once } from '../settings.ts';

export const entry: Entry = {
  id: 'G22',
  title: 'the port of a dropped connection stays reserved',
  source: 'FreeBSD 7.0, a consequence of the sockref work; mended by 10702a2840',
  about: 'in_pcbdrop leaves the pcb in the hash',
  changes: [
    {
      file: 'impl/netinet/inpcb.ts',
      change: (source) => remove(source.in('in_pcbdrop').call('in_pcbunhash')),
    },
  ],
  scenario: {
    id: 'rst-bind',
    about: 'who has seen the end of a connection may have its port',
    citation: 'G22, D.2 tcp_close',
    prologue: [
      ...tcpSocket,
      call('bind', { fd: 0, name: 0 }),
      call('connect', { fd: 0, name: 0, remote: true }),
      call('remote-synack', { which: 0 }),
      call('socket', { asked: 'tcp' }),
    ],
    segments: rst,
    threads: [[call('receive', { fd: 0, amount: 1 }), call('bind', { fd: 1, name: 0 })]],
    actors: wire(1),
    events: [once('rst')],
  },
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
