/** R25: the last descriptor of a socket in flight is closed, which is not the last reference, and the collector sleeps on. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R25',
  title: 'a close that leaves a socket only in flight wakes nobody',
  source:
    'what nobody can reach is collected (E.9 G11, D.1 GC); F93, found by reading: its collector runs after a detach, and this is none',
  about: 'unp_fdrop drops the reference and is done',
  changes: [
    {
      file: 'impl/unix/uipc_rights.ts',
      change: (source) => remove(source.in('unp_fdrop').call('unp_gc_wanted')),
    },
  ],
  scenario: 'collector-close',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
