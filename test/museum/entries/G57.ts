/** G57: an upcall is made after the buffer's mutex was given back, when whoever set it may have taken it away. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G57',
  title: 'an upcall without the lock of its buffer',
  source: 'FreeBSD 2009, accept filters and the servers of NFS and RPC, mended by 74fb0ba732',
  about: 'sowakeup asks the filter after it has given the mutex back, and takes that again to clear the upcall',
  changes: [
    {
      file: 'impl/kern/sockbuf.ts',
      change: (source) => {
        const sowakeup = source.in('sowakeup');
        instead(sowakeup.declaration('ready'), 'const asks = (get(k, sb + sb_flags) & SB_UPCALL) !== 0;');
        const [clear, promote] = sowakeup.branches(2, 'ready');
        if (promote !== undefined)
          instead(
            promote,
            `if (asks && soupcall(k, so) === SU_ISCONNECTED) {
              mtx_lock(k, td, sb + sb_mtx);
              soupcall_clear(k, td, so);
              mtx_unlock(k, td, sb + sb_mtx);
              soispromoted(k, td, so);
            }`,
          );
        if (clear !== undefined) instead(clear, '{}');
        source.needs('../sync/mutex.ts', 'mtx_lock');
      },
    },
  ],
  scenario: 'filter-removed-send',
  breaks: ['data-race'],
  strategy: 'states',
  bounds: {},
};
