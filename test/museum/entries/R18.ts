/** R18: what comes to one while another is looked at is forgotten. */
import { precede, remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R18',
  title: 'a poll forgets what it was told of the first while it looks at the second',
  source: 'td_selpending is taken back before the first look (C.8 selwakeup, E.9 G12)',
  about: 'kern_poll calls seltdinit after pollscan',
  changes: [
    {
      file: 'impl/kern/poll.ts',
      change: (source) => {
        remove(source.in('kern_poll').call('seltdinit'));
        precede(source.in('kern_poll').declaration('left'), 'if (timo !== 0) seltdinit(k, td);');
      },
    },
  ],
  scenario: 'polls-send',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
