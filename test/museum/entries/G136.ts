/** G136: a walk over a list goes on where it was, although the lock was given back in between. */
import { follow } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G136',
  title: 'the list of knotes is walked on after its lock was given back',
  source: 'quacker, mended by 6ae26d06dc',
  about: 'who closes a descriptor waits for a knote that is being looked at, and then goes on behind it',
  changes: [
    {
      file: 'impl/kern/kqueue.ts',
      change: (source) => follow(source.in('knote_fdclose').call('knote_wait'), 'kn = next; continue;'),
    },
  ],
  scenario: 'kevent-close',
  breaks: ['final-state', 'history', 'leak'],
  strategy: 'states',
  bounds: {},
};
