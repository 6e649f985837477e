/** R19: the collector is asked once more while it has just looked, and takes that for what it has done. */
import { precede, remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R19',
  title: 'the collector forgets that it was asked after it has looked',
  source: 'no wakeup is lost (I.6, E.9 G12)',
  about: 'unp_gc_mark clears unp_gc_asked at its end, when it has given the lock back',
  changes: [
    {
      file: 'impl/unix/unp_gc.ts',
      change: (source) => {
        remove(source.in('unp_gc_mark').call('put', 'unp_gc_asked'));
        precede(
          source.in('unp_gc_mark').call('stat_add', 'STAT_GC'),
          'mtx_lock(k, td, unp_rights_mtx); put(k, unp_gc_asked, 0); mtx_unlock(k, td, unp_rights_mtx);',
        );
      },
    },
  ],
  scenario: 'collector-close-both',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
