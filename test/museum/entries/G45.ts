/** G45: a signal comes while a thread sleeps in accept. */
import { argument } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G45',
  title: 'a blocked accept can not be interrupted',
  source: 'DragonFly 2007, mended by e0383bf316',
  about: 'accept sleeps so that signals do not wake it',
  changes: [
    {
      file: 'impl/kern/accept.ts',
      change: (source) => argument(source.in('soaccept_dequeue').call('msleep'), 4, '0'),
    },
  ],
  scenario: 'accept-signal',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
