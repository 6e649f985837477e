/** G06: the abort of a connection that nobody accepted does not free its socket. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G06',
  title: 'soabort loses the final sofree',
  source: 'DragonFly 2010, mended by c3d495a1d6',
  about: 'soabort ends the connection and leaves the socket',
  changes: [
    {
      file: 'impl/kern/close.ts',
      change: (source) =>
        instead(source.in('soabort').call('sofree'), '{ mtx_unlock(k, td, so + so_rcv + sb_mtx); mtx_unlock(k, td, accept_mtx); }'),
    },
  ],
  scenario: 'close-queued-client',
  breaks: ['leak'],
  strategy: 'states',
  bounds: {},
};
