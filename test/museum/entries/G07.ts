/** G07: a connection ends while its listener, which is being closed, is about to abort it. */
import { follow, precede } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G07',
  title: 'a child is aborted twice',
  source: 'DragonFly 2008, mended by 4402d8a2a5 and 9116be8e26',
  about:
    'whoever disconnects from a socket that nobody has frees it, as the thread that closes the listener does when its abort comes through',
  changes: [
    {
      file: 'impl/unix/uipc_usrreq.ts',
      change: (source) => {
        const disconnect = source.in('unp_leave');
        follow(disconnect.declaration('peer'), 'const so2 = peer === 0 ? 0 : get(k, peer + unp_socket);');
        precede(
          disconnect.answer(),
          'if (so2 !== 0) { mtx_lock(k, td, accept_mtx); mtx_lock(k, td, so2 + so_rcv + sb_mtx); sofree(k, td, so2); }',
        );
        source.needs('../layout.ts', 'accept_mtx');
        source.needs('../kern/socket.ts', 'sofree');
      },
    },
  ],
  scenario: 'close-queued-client',
  breaks: ['data-race', 'panic-pcb-null', 'panic-double-free'],
  strategy: 'states',
  bounds: {},
};
