/** G135, as it was: an event is registered while its descriptor is closed. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G135b',
  title: 'an event outlives its descriptor',
  source: 'FreeBSD, PR 293382; differential 173983',
  about: 'kevent does not look again whether the descriptor still leads to the file that the event is registered for',
  changes: [
    {
      file: 'impl/kern/kevent.ts',
      change: (source) => remove(source.in('knote_change').branch('fd_leads')),
    },
  ],
  scenario: 'knote-close-dup',
  breaks: ['final-state', 'history', 'leak'],
  strategy: 'states',
  bounds: {},
};
