/** G51: a shutdown wakes one of two threads that sleep in accept. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G51',
  title: 'shutdown wakes only one of several acceptors',
  source: 'FreeBSD 13; up to 12 all are woken',
  about: 'soshutdown wakes the first sleeper only',
  changes: [
    {
      file: 'impl/kern/shutdown.ts',
      change: (source) => {
        instead(source.in('soshutdown').call('wakeup'), 'wakeup_one(k, td, so + so_timeo);');
        source.needs('../sync/sleepqueue.ts', 'wakeup_one');
      },
    },
  ],
  scenario: 'accept-accept-shutdown',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: { preemptions: 1 },
};
