/** G154: a name is looked up, and what was tested before is not tested again. */
import { follow } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixClient } from '../settings.ts';

export const entry: Entry = {
  id: 'G154',
  title: 'connect does not look again after the name was found',
  source: 'FreeBSD up to 12, found by reading; r365764 answers EISCONN',
  about: 'unp_connect gives the link lock back after it has looked whether the socket may be connected',
  changes: [
    {
      file: 'impl/unix/uipc_usrreq.ts',
      change: (source) => {
        follow(source.in('unp_connect').branch('refused'), 'rw_wunlock(k, td, unp_link_rwlock); rw_wlock(k, td, unp_link_rwlock);');
      },
    },
  ],
  scenario: {
    id: 'connect-listen',
    about: 'a socket is connected and made to listen: one of the two comes first',
    citation: 'G154, C.3 solisten_proto_check, E6.08',
    prologue: [...unixClient, call('bind', { fd: 1, name: 1 })],
    threads: [[call('connect', { fd: 1, name: 0 })], [call('listen', { fd: 1, backlog: 1 })]],
  },
  breaks: ['history', 'final-state'],
  strategy: 'states',
  bounds: {},
};
