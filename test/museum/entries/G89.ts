/** G89: a datagram socket without a peer is shut down to end a receive. */
import { precede } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G89',
  title: 'shutdown of an unconnected datagram socket',
  source: 'FreeBSD 10, kern/84761, D10351, D3039; mended by doing both',
  about: 'shutdown refuses a socket that is not connected, and does nothing',
  changes: [
    {
      file: 'impl/kern/shutdown.ts',
      change: (source) => {
        precede(source.in('soshutdown').branch('SHUT_WR'), 'if ((load(k, so + so_state) & SS_ISCONNECTED) === 0) return ENOTCONN;');
        source.needs('../layout.ts', 'so_state', 'SS_ISCONNECTED');
        source.needs('../memory.ts', 'load');
        source.needs('../errno.ts', 'ENOTCONN');
      },
    },
  ],
  scenario: {
    id: 'receive-shutdown-unconnected-udp',
    about: 'a datagram socket without a peer is shut down while a thread is about to sleep in receive',
    citation: 'G89, C.7',
    prologue: [call('socket', { asked: 'udp' })],
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('shutdown', { fd: 0, how: 'both' })]],
  },
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
