/** G05: a datagram was meant for a socket whose pcb another socket has by now. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { lookupWithoutReference } from '../changes.ts';
import { udpConnected, wire, once } from '../settings.ts';

export const entry: Entry = {
  id: 'G05',
  title: 'the pcb belongs to another socket meanwhile',
  source: 'DragonFly 2011, mended by b25d27f40e',
  about: 'nothing keeps a pcb between finding and locking it, and udp_input does not look whose it is then',
  changes: [
    ...lookupWithoutReference,
    {
      file: 'impl/netinet/udp_usrreq.ts',
      change: (source) => instead(source.in('udp_input').declaration('wanted'), 'const wanted = so !== 0;'),
    },
  ],
  scenario: {
    id: 'close-socket-datagram',
    about: 'a thread closes a socket and makes another, while a datagram comes for the first',
    citation: 'G05, E5.21',
    sizes: { SOCKETS: 2 },
    prologue: udpConnected,
    segments: [{ what: 'datagram', fd: 0 }],
    threads: [[call('close', { fd: 0 }), call('socket', { asked: 'udp' })]],
    actors: wire(1),
    events: [once('datagram')],
  },
  breaks: ['data-race', 'final-state'],
  strategy: 'states',
  bounds: {},
};
