/** G90: a connection ends at the moment in which connect returns. */
import { follow, remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { Node } from 'ts-morph';

export const entry: Entry = {
  id: 'G90',
  title: 'SS_ISCONNECTING is cleared without the lock',
  source: 'FreeBSD 7 to 12, found by reading',
  about: 'kern_connect clears the bit after it has given SOCK_LOCK back, and so writes back what the state was before',
  changes: [
    {
      file: 'impl/kern/connect.ts',
      change: (source) => {
        const connect = source.in('kern_connect_socket');
        remove(connect.call('so_setstate').getFirstAncestorOrThrow(Node.isIfStatement));
        follow(connect.call('mtx_unlock'), 'if (error !== EINTR) store(k, so + so_state, load(k, so + so_state) & ~SS_ISCONNECTING);');
      },
    },
  ],
  scenario: 'connect-close',
  breaks: ['final-state'],
  strategy: 'states',
  bounds: {},
};
