/** R20: between its look and its sleep the collector gives the lock back, and is asked then. */
import { precede } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R20',
  title: 'the collector looks, and goes to sleep later',
  source: 'no wakeup is lost (I.6, E.9 G12)',
  about: 'unp_gc_sleep gives unp_rights_mtx back before it counts itself as a sleeper',
  changes: [
    {
      file: 'impl/unix/unp_gc.ts',
      change: (source) =>
        precede(
          source.in('unp_gc_sleep').call('put', 'get(k, unp_gc_sleepers) + 1'),
          'mtx_unlock(k, td, unp_rights_mtx); mtx_lock(k, td, unp_rights_mtx);',
        ),
    },
  ],
  scenario: 'collector-close',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
