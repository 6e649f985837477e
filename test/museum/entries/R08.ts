/** R08: a poll looks, gives the locks back, and then says where it is to be found. */
import { precede } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R08',
  title: 'a poll tests first and is entered afterwards',
  source: 'selrecord under the lock under which sopoll has found nothing (C.8 sopoll, E.9 G12)',
  about: 'sopoll gives both mutexes back between its test and selrecord',
  changes: [
    {
      file: 'impl/kern/poll.ts',
      change: (source) => {
        const apart =
          'if (revents === 0 && index >= 0) { mtx_unlock(k, td, so + so_rcv + sb_mtx); mtx_unlock(k, td, so + so_snd + sb_mtx); mtx_lock(k, td, so + so_snd + sb_mtx); mtx_lock(k, td, so + so_rcv + sb_mtx); }';
        precede(source.in('sopoll').call('sopoll_record'), apart);
      },
    },
  ],
  scenario: 'urgent-poll',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
