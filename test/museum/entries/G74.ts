/** G74: data comes between the last look of a reader and its sleep. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G74',
  title: 'a predicate is looked at without what excludes its change',
  source: 'DragonFly 2010, mended by 5dfe1a1a74',
  about: 'sbwait gives the mutex back before it enters the sleep queue',
  changes: [
    {
      file: 'impl/kern/sockbuf.ts',
      change: (source) => {
        instead(
          source.in('sbwait').answer('msleep'),
          `{
        const timo = get(k, sb + sb_timeo);
        mtx_unlock(k, td, sb + sb_mtx);
        const error = msleep(k, td, sb + sb_cc, 0, 1, timo);
        mtx_lock(k, td, sb + sb_mtx);
        return error;
      }`,
        );
      },
    },
  ],
  scenario: 'receive-send',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
