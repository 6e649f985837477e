/** G72: a reader takes an mbuf out of the buffer while the sender puts one in. */
import { instead, moveBehind } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixWaiting } from '../settings.ts';

export const entry: Entry = {
  id: 'G72',
  title: 'receive lacks the token that excludes the protocol',
  source: 'DragonFly 2010, mended by 20156c7a50',
  about: 'receive removes what it has copied before it takes the mutex again',
  changes: [
    {
      file: 'impl/kern/receive.ts',
      change: (source) => {
        const copy = source.in('soreceive_copy');
        moveBehind(copy.call('mtx_lock'), copy.call('soreceive_take'));
        instead(copy.branch('error'), 'if (error !== 0) { mtx_lock(k, td, rcv + sb_mtx); return error; }');
      },
    },
  ],
  scenario: {
    id: 'receive-send-behind',
    about: 'data comes behind what a thread is just reading',
    citation: 'G72, E.9 G13',
    prologue: unixWaiting,
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('send', { fd: 1, amount: 1 })]],
  },
  breaks: ['data-race'],
  strategy: 'states',
  bounds: {},
};
