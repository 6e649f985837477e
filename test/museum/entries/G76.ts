/** G76, first half: sorflush waits behind the reader that it is to wake. */
import { moveBehind } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G76',
  title: 'sorflush takes the transfer lock before it kicks the reader out',
  source: 'FreeBSD up to 6, mended with the sx-based sblock in FreeBSD 7; regression test unix_sorflush',
  about: 'sorflush calls socantrcvmore when it has the transfer lock, which a sleeping reader holds',
  changes: [
    {
      file: 'impl/kern/shutdown.ts',
      change: (source) => moveBehind(source.in('sorflush').call('socantrcvmore'), source.in('sorflush').call('sblock')),
    },
  ],
  scenario: 'receive-shutdown',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
