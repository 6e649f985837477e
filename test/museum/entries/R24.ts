/** R24: a right is given up, and the collector sleeps on. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R24',
  title: 'a right that is given up wakes nobody',
  source: 'what is given up is dropped (D.1 discard)',
  about: 'unp_defer puts it on the list and is done',
  changes: [
    {
      file: 'impl/unix/uipc_rights.ts',
      change: (source) => remove(source.in('unp_defer').call('unp_gc_wakeup')),
    },
  ],
  scenario: 'collector-receive-close',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
