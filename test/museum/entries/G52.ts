/** G52: a connection is made to a name whose listener is being closed. */
import { precede, remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G52',
  title: 'connect to a closing listener',
  source: 'FreeBSD, found when the accept mutex was removed (D9770)',
  about: 'unp_connect gives the link lock back between finding the listener and making the child, and sonewconn does not look again',
  changes: [
    {
      file: 'impl/unix/uipc_usrreq.ts',
      change: (source) =>
        precede(source.in('unp_connect').declaration('so3'), 'rw_wunlock(k, td, unp_link_rwlock); rw_wlock(k, td, unp_link_rwlock);'),
    },
    { file: 'impl/kern/listen.ts', change: (source) => remove(source.in('sonewconn').branch('SO_ACCEPTCONN')) },
  ],
  scenario: 'connect-close',
  breaks: ['panic-no-request', 'data-race'],
  strategy: 'states',
  bounds: {},
};
