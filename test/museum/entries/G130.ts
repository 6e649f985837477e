/** G130: a name is looked up without the lock under which it is given up. */
import { follow, precede } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G130',
  title: 'the socket of a name is followed without a lock',
  source: 'OpenBSD, mended by 5c5d25f4a2',
  about: 'unp_connect gives the link lock back while it looks the name up',
  changes: [
    {
      file: 'impl/unix/uipc_usrreq.ts',
      change: (source) => {
        const so2 = source.in('unp_connect').declaration('so2');
        precede(so2, 'rw_wunlock(k, td, unp_link_rwlock);');
        follow(source.in('unp_connect').declaration('so2'), 'rw_wlock(k, td, unp_link_rwlock);');
      },
    },
  ],
  scenario: 'connect-close',
  breaks: ['data-race'],
  strategy: 'states',
  bounds: {},
};
