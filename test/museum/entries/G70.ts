/** G70: data comes while a reader copies, and the reader writes back what it knew of the buffer before. */
import { follow, precede } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixWaiting } from '../settings.ts';

export const entry: Entry = {
  id: 'G70',
  title: 'receive writes stale pointers back',
  source: 'FreeBSD 5, mended 2004 by a294c3664f',
  about: 'receive notes what follows an mbuf before it gives the mutex back to copy, and makes that the first mbuf afterwards',
  changes: [
    {
      file: 'impl/kern/receive.ts',
      change: (source) => {
        const copy = source.in('soreceive_copy');
        precede(copy.call('mtx_unlock'), 'const stale = get(k, m + m_next);');
        follow(
          copy.call('soreceive_take'),
          'if (!peek && count === length) { put(k, rcv + sb_mb, stale); m = stale; SB_EMPTY_FIXUP(k, rcv); }',
        );
      },
    },
  ],
  scenario: {
    id: 'receive-send-behind',
    about: 'data comes behind what a thread is just reading',
    citation: 'G70, E2.05',
    prologue: unixWaiting,
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('send', { fd: 1, amount: 1 })]],
  },
  breaks: ['leak'],
  strategy: 'states',
  bounds: {},
};
