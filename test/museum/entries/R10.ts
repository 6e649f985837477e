/** R10: a filter is taken away, and whoever sleeps in accept does not hear of those whom it lets go. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R10',
  title: 'a filter lets connections go and wakes nobody',
  source: 'who accepts is woken for every connection that becomes complete (C.3, E.9 G12)',
  about: 'accf_setopt moves the children to so_comp and is done',
  changes: [
    {
      file: 'impl/kern/accept_filter.ts',
      change: (source) => remove(source.in('accf_setopt').call('wakeup')),
    },
  ],
  scenario: 'filter-removed-send',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
