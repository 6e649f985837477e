/** R26: the collector looked while somebody looked up the descriptor that was closed, and is not told that nothing came of that. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R26',
  title: 'a lookup that comes to nothing wakes nobody',
  source: 'what nobody can reach is collected (E.9 G11); a lookup keeps a socket for as long as it lasts (C.10 fget)',
  about: 'file_letgo lets go of the record and is done',
  changes: [
    {
      file: 'impl/kern/file.ts',
      change: (source) => remove(source.in('file_letgo').call('unp_gc_ask')),
    },
  ],
  scenario: 'collector-setnbio-close',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
