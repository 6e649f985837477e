/** G96: the mutex of a buffer is taken before its transfer lock. */
import { moveBefore } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G96',
  title: 'the transfer lock comes after the lock of the socket',
  source: 'OpenBSD, c3ed56ccf7 (what the order depends on)',
  about: 'sorflush takes the mutex and then waits for the transfer lock',
  changes: [
    {
      file: 'impl/kern/shutdown.ts',
      change: (source) =>
        moveBefore(source.in('sorflush').call('mtx_lock', 'k', 'td', 'rcv + sb_mtx'), source.in('sorflush').call('sblock')),
    },
  ],
  scenario: 'receive-shutdown',
  breaks: ['lock-order'],
  strategy: 'states',
  bounds: {},
};
