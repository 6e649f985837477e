/** R02: that a socket shares its port no more is written where nobody who binds may look. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R02',
  title: 'SO_REUSEPORT is set without the lock of those who bind',
  source: 'a pcb on the hash is read under the hash lock alone (A.4 inp_flags2, E.9)',
  about: 'in_pcbreuseport takes the lock of the pcb, and not the other',
  changes: [
    {
      file: 'impl/netinet/inpcb.ts',
      change: (source) => {
        remove(source.in('in_pcbreuseport').call('rw_wlock', 'hash'));
        remove(source.in('in_pcbreuseport').call('rw_wunlock', 'hash'));
      },
    },
  ],
  scenario: 'bind-bind-reuse',
  breaks: ['data-race'],
  strategy: 'states',
  bounds: {},
};
