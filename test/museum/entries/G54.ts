/** G54: so many connections wait for a filter that the oldest is aborted, by a thread that has the link lock already. */
import { when } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G54',
  title: 'the oldest is aborted under the link lock',
  source: 'FreeBSD 7 to 12, found by reading; FreeBSD 13 locks otherwise',
  about: 'the link lock is not recursive, as it was: connect holds it, and so does the abort of the one that gives room',
  changes: [
    {
      file: 'impl/sync/rwlock.ts',
      change: (source) => {
        when(source.in('rw_wlock').branch('RW_WRITER'), (was) => `${was} && get(k, rw + lk_class) !== LC_UNP_LINK`);
        source.needs('../layout.ts', 'LC_UNP_LINK');
      },
    },
  ],
  scenario: 'filter-evict-send',
  breaks: ['deadlock', 'lock-cycle'],
  strategy: 'states',
  bounds: {},
};
