/** R07: urgent data is read, and so whoever waits for it is entered nowhere where readers are. */
import { when } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R07',
  title: 'who polls for urgent data alone is entered with those who send',
  source:
    'a poll enters its thread wherever what it asks for may change (C.8 sopoll); a fault of ours, until POLLPRI was in the specification',
  about: 'sopoll_record enters with the readers only who asks for POLLIN',
  changes: [
    {
      file: 'impl/kern/poll.ts',
      change: (source) =>
        when(source.in('sopoll_record').branches(2, 'asked')[0] ?? source.lost('the first of two'), () => '(asked & POLLIN) !== 0'),
    },
  ],
  scenario: 'urgent-poll',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
