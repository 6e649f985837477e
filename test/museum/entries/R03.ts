/** R03: a host that is unreachable for a moment ends a connection that has been made. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { once, tcpConnected, wire } from '../settings.ts';

export const entry: Entry = {
  id: 'R03',
  title: 'a soft error ends an established connection',
  source: 'what ICMP says is remembered; a connection ends by it only while it is made (D.2 tcp_drop, softerror)',
  about: 'tcp_notify drops where it should remember, or not even that',
  changes: [
    {
      file: 'impl/netinet/tcp_subr.ts',
      change: (source) => instead(source.in('tcp_notify').branch('EHOSTUNREACH').getThenStatement(), 'return tcp_drop(k, td, tp, error);'),
    },
  ],
  scenario: {
    id: 'receive-icmp',
    about: 'ICMP says of the peer of a connection that it is unreachable, and then its data comes: a reader has that',
    citation: 'D.2 tcp_drop softerror, H.7',
    prologue: tcpConnected,
    segments: [
      { what: 'icmp', fd: 0, error: 'EHOSTUNREACH' },
      { what: 'data', fd: 0, units: 1 },
    ],
    threads: [[call('receive', { fd: 0, amount: 1 })]],
    actors: wire(2),
    events: [once('unroutable'), once('data')],
  },
  breaks: ['history', 'final-state', 'state-at-rest'],
  strategy: 'states',
  bounds: {},
};
