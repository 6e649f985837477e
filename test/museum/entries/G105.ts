/** G105: who waits to be accepted is not looked at, and what lies in its buffer is taken for lost. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G105',
  title: 'the collector forgets who waits to be accepted',
  source: 'NetBSD, mended by 9f81ab06ab, one of several',
  about: 'a socket in the queue of a listener can be reached by nobody',
  changes: [
    {
      file: 'impl/unix/unp_gc.ts',
      change: (source) => instead(source.in('unp_gc_root').declaration('reached'), 'const reached = !acceptable;'),
    },
  ],
  scenario: 'accept-collect',
  breaks: ['final-state', 'state-at-rest', 'leak', 'history'],
  strategy: 'states',
  bounds: {},
};
