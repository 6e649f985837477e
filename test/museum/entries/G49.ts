/** G49: a shutdown that comes between a thread's last look and its sleep in accept. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G49',
  title: 'lost wakeup of shutdown against accept',
  source: 'FreeBSD 7 to 12; since FreeBSD 13 one lock is for the flag and for the sleep',
  about: 'soshutdown wakes the listener without the accept mutex, under which accept looks and falls asleep',
  changes: [
    {
      file: 'impl/kern/shutdown.ts',
      change: (source) => {
        remove(source.in('soshutdown').call('mtx_lock', 'accept_mtx'));
        remove(source.in('soshutdown').call('mtx_unlock', 'accept_mtx'));
      },
    },
  ],
  scenario: 'accept-shutdown',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
