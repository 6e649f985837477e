/** R21: what was found is closed before its turn to be swept comes, since the buffer that kept it was emptied first. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R21',
  title: 'the collector sweeps what it has no reference to',
  source: 'the collector has a reference to each file that it has found (D.1 GC: fhold each, E4.08)',
  about: 'unp_gc_condemn takes none, and unp_gc_sweep gives none back',
  changes: [
    {
      file: 'impl/unix/unp_gc.ts',
      change: (source) => {
        remove(source.in('unp_gc_condemn').call('add'));
        remove(source.in('unp_gc_sweep').call('fdrop'));
      },
    },
  ],
  scenario: 'collector-close-socket',
  // The list of those that were found is written by who closes one and by who sweeps another, before a state at rest could show it.
  breaks: ['data-race'],
  strategy: 'states',
  bounds: {},
};
