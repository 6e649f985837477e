/** G19: a protocol without an entry for shutdown. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { udpConnected } from '../settings.ts';

export const entry: Entry = {
  id: 'G19',
  title: 'the shutdown slot is empty',
  source: 'DragonFly 2008, netgraph sockets, mended by a95455e59f',
  about: 'the switch has no shutdown for datagram sockets',
  changes: [
    {
      file: 'impl/kern/protosw.ts',
      change: (source) => instead(source.in('pru_shutdown').answer('udp_shutdown'), 'return panic(k, PANIC_NO_REQUEST, so);'),
    },
  ],
  scenario: {
    id: 'receive-shutdown-udp',
    about: 'a datagram socket is shut down in both directions while a thread is about to sleep in receive',
    citation: 'G19, G89, E1.32',
    prologue: udpConnected,
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('shutdown', { fd: 0, how: 'both' })]],
  },
  breaks: ['panic-no-request'],
  strategy: 'states',
  bounds: {},
};
