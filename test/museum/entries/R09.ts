/** R09: a child arrives where its listener's filter was, and asks for ever what is not there. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R09',
  title: 'a child is kept back by a filter that is gone',
  source: 'so_accf is looked at when the child gets there (C.3 soisconnected: "head->so_accf is read with no lock on head")',
  about: 'accf_begin does not ask whether there is a filter, and none lets nobody through',
  changes: [
    {
      file: 'impl/kern/accept_filter.ts',
      change: (source) => {
        instead(source.in('accf_begin').declaration('ready'), 'const ready = soupcall(k, so) === SU_ISCONNECTED;');
      },
    },
  ],
  scenario: 'filter-removed-handshake',
  breaks: ['state-at-rest', 'final-state', 'lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
