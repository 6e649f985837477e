/** R06: a thread polls for urgent data, and is not told when that is announced. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R06',
  title: 'who polls for urgent data sleeps on when it is announced',
  source: 'whatever makes the answer of sopoll another wakes who waits for it (C.8 sopoll, E.9 G12)',
  about: 'sohasoutofband sets the mark and wakes nobody: the data before it did that already',
  changes: [
    {
      file: 'impl/kern/oob.ts',
      change: (source) => {
        instead(source.in('sohasoutofband').call('sorwakeup_locked'), 'mtx_unlock(k, td, so + so_rcv + sb_mtx);');
      },
    },
  ],
  scenario: 'urgent-poll',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
