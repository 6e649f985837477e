/** R17: who polls several waits for the first alone. */
import { argument } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R17',
  title: 'a poll of two is entered with the first alone',
  source: 'who polls is entered wherever there is nothing to report (C.8 sopoll, E.9 G12)',
  about: 'pollscan enters the thread for its first descriptor, and only looks at the others',
  changes: [
    {
      file: 'impl/kern/poll.ts',
      change: (source) => argument(source.in('pollscan').call('pollfd'), 3, 'timo === 0 || index > 0 ? -1 : index'),
    },
  ],
  scenario: 'polls-send-last',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
