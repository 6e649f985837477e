/** R27: who was woken does not look whether it was for something. */
import { follow } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R27',
  title: 'a poll that waits for ever ends with nothing, since what woke it is gone',
  source: 'who is woken looks again, and sleeps on if there is nothing (C.8 sopoll, kern_poll)',
  about: 'kern_poll ends after its second look, whatever that finds',
  changes: [
    {
      file: 'impl/kern/poll.ts',
      change: (source) => follow(source.in('kern_poll').branch('more'), 'more = false;'),
    },
  ],
  scenario: 'polls-receive',
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
