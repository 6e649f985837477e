/** G68: a thread is interrupted while it waits for the transfer lock, and goes on as if it had it. */
import { instead, remove } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixPair } from '../settings.ts';

export const entry: Entry = {
  id: 'G68',
  title: 'sblock always says that it has the lock',
  source: 'FreeBSD up to 6 (macro in socketvar.h), regression test sblock; mended by 20848234d9',
  about: 'sblock drops what the lock answers, so that neither EWOULDBLOCK nor EINTR reaches the caller',
  changes: [
    {
      file: 'impl/kern/sockbuf.ts',
      change: (source) => {
        const sblock = source.in('sblock');
        instead(sblock.branch('sx_try_xlock'), 'sx_try_xlock(k, td, sb + sb_sx);');
        remove(sblock.branch('error'));
      },
    },
  ],
  scenario: {
    id: 'receive-receive-signal',
    about: 'of two threads that receive the one is interrupted that waits for the other',
    citation: 'G68, E.9 G14',
    prologue: unixPair,
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('receive', { fd: 0, amount: 1 })]],
    actors: [{ kind: 'signal', thread: 1 }],
  },
  breaks: ['panic-not-held', 'panic-sx-not-owned'],
  strategy: 'states',
  bounds: {},
};
