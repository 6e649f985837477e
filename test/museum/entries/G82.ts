/** G82: a reader tells the sender how much room there is, and meanwhile more comes. */
import { moveBefore, moveBehind } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixWaiting } from '../settings.ts';

export const entry: Entry = {
  id: 'G82',
  title: 'a window update is lost',
  source: 'DragonFly 2012, mended by 96c6eb294d',
  about: 'what has been read is noted before the lock is taken under which the sender is told',
  changes: [
    {
      file: 'impl/unix/uipc_usrreq.ts',
      change: (source) => {
        const rcvd = source.in('uipc_rcvd');
        for (const each of [rcvd.call('mtx_lock', 'so + so_rcv + sb_mtx'), rcvd.declaration('cc'), rcvd.declaration('mbcnt')]) {
          moveBefore(each, rcvd.call('mtx_lock', 'unp + unp_mtx'));
        }
        moveBehind(rcvd.call('mtx_unlock', 'so + so_rcv + sb_mtx'), rcvd.declaration('mbcnt'));
      },
    },
  ],
  scenario: {
    id: 'receive-send-behind',
    about: 'data comes behind what a thread is just reading',
    citation: 'G82, D.1 rcvd',
    prologue: unixWaiting,
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('send', { fd: 1, amount: 1 })]],
  },
  breaks: ['final-state'],
  strategy: 'states',
  bounds: {},
};
