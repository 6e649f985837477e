/** G99: a reader looks for its peer with its own pcb locked. */
import { precede } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G99',
  title: 'the link lock is taken after the lock of a pcb',
  source: 'FreeBSD 14, mended by 61a14ddfe0 (D41884)',
  about: 'uipc_rcvd takes the link lock inside the lock of the pcb',
  changes: [
    {
      file: 'impl/unix/uipc_usrreq.ts',
      change: (source) => {
        const rcvd = source.in('uipc_rcvd');
        precede(rcvd.declaration('peer'), 'rw_rlock(k, td, unp_link_rwlock);');
        precede(rcvd.call('mtx_unlock', 'unp + unp_mtx'), 'rw_runlock(k, td, unp_link_rwlock);');
      },
    },
  ],
  scenario: 'receive-send',
  breaks: ['lock-order'],
  strategy: 'states',
  bounds: {},
};
