/** G101: the peer of a sender goes while the sender has given back what kept it. */
import { precede, remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import type { Node } from 'ts-morph';

export const entry: Entry = {
  id: 'G101',
  title: 'the peer is freed while the sender still points to it',
  source: 'DragonFly 2011, mended by 76d4bfa31c',
  about: 'send gives the link lock back between finding its peer and locking it',
  changes: [
    {
      file: 'impl/unix/uipc_usrreq.ts',
      change: (source) => {
        const send = source.in('unp_send');
        const [, atEnd] = send.calls(2, 'rw_runlock');
        remove(atEnd as Node);
        precede(send.call('mtx_lock', 'peer + unp_mtx'), 'rw_runlock(k, td, unp_link_rwlock);');
      },
    },
  ],
  scenario: 'send-close',
  breaks: ['leak', 'data-race', 'final-state'],
  strategy: 'states',
  bounds: {},
};
