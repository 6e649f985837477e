/** G98, as it was with datagram sockets: two threads connect one, each to another peer. */
import { follow, remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G98b',
  title: 'a datagram socket is on two lists of referrers',
  source: 'FreeBSD, mended by r365764',
  about: 'the link lock is given back after it was looked whether the socket has a peer, and nothing asserts that it has none',
  changes: [
    {
      file: 'impl/unix/uipc_dgram.ts',
      change: (source) => {
        const had = source.in('unp_connect_dgram').declaration('had');
        follow(had, 'rw_wunlock(k, td, unp_link_rwlock); rw_wlock(k, td, unp_link_rwlock);');
        remove(source.in('unp_connect1').call('KASSERT'));
      },
    },
  ],
  scenario: 'dgram-connect-connect',
  breaks: ['final-state'],
  strategy: 'states',
  bounds: {},
};
