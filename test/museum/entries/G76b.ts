/** G76b: a shutdown is interrupted while it waits for a reader to leave, and goes on without the lock. */
import { argument } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixPair } from '../settings.ts';

export const entry: Entry = {
  id: 'G76b',
  title: 'sorflush can be interrupted and does not notice',
  source: 'FreeBSD 7.0, found by reading; mended by an uninterruptible wait',
  about: 'sorflush waits for the transfer lock so that a signal ends the wait, and ignores how it ended',
  changes: [
    {
      file: 'impl/kern/shutdown.ts',
      change: (source) => argument(source.in('sorflush').call('sblock'), 3, 'SBL_WAIT'),
    },
  ],
  scenario: {
    id: 'receive-shutdown-signal',
    about: 'a shutdown is interrupted while a reader is still at the buffer',
    citation: 'G76',
    prologue: unixPair,
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('shutdown', { fd: 0, how: 'read' })]],
    actors: [{ kind: 'signal', thread: 1 }],
  },
  breaks: ['panic-not-held', 'panic-sx-not-owned'],
  strategy: 'states',
  bounds: {},
};
