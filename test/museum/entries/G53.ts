/** G53: a connection is refused because its listener is being closed, and its socket is freed under the link lock. */
import { when } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G53',
  title: 'the link lock is taken twice',
  source: 'FreeBSD 7 to 12, found by reading; FreeBSD 13 locks otherwise',
  about: 'the link lock is not recursive, as it was',
  changes: [
    {
      file: 'impl/sync/rwlock.ts',
      change: (source) => {
        when(source.in('rw_wlock').branch('RW_WRITER'), (was) => `${was} && get(k, rw + lk_class) !== LC_UNP_LINK`);
        source.needs('../layout.ts', 'LC_UNP_LINK');
      },
    },
  ],
  scenario: 'connect-close',
  breaks: ['deadlock', 'lock-cycle'],
  strategy: 'states',
  bounds: {},
};
