/** G148: a filter is taken away, and those who wait for data are not among those whom it lets go. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G148',
  title: 'the wrong children are let go',
  source: 'FreeBSD 13, found by reading',
  about: 'the bit by which a child has a filter is cleared when its upcall is set, and the end of the filter looks for the bit',
  changes: [
    {
      file: 'impl/kern/accept_filter.ts',
      change: (source) => {
        instead(source.in('accf_release').declaration('waits'), 'const waits = (load(k, child + so_options) & SO_ACCEPTFILTER) !== 0;');
      },
    },
  ],
  scenario: 'filter-removed-send',
  breaks: ['state-at-rest', 'final-state', 'history', 'lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
