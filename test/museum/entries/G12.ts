/** G12: the protocol detaches a socket that its last consumer is just closing. */
import { follow, remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G12',
  title: 'self-detach of a socket that is being closed',
  source: 'FreeBSD up to 6, netatm (atm_sock_cleared); removed with the sockref work of 2006',
  about: 'soclose sets SS_NOFDREF before it gives its reference up, and TCP detaches a socket that it finds so',
  changes: [
    {
      file: 'impl/kern/close.ts',
      change: (source) => {
        const soclose = source.in('soclose');
        follow(soclose.call('pru_close'), 'so_changestate(k, td, so, 0, SS_NOFDREF);');
        remove(soclose.call('KASSERT', 'PANIC_SOCLOSE_NOFDREF'));
        source.needs('./sockstate.ts', 'so_changestate');
      },
    },
    {
      file: 'impl/netinet/tcp_subr.ts',
      change: (source) => {
        follow(
          source.in('tcp_release_socket').call('and'),
          `if ((load(k, so + so_state) & SS_NOFDREF) !== 0 && get(k, so + so_count) > 0) {
         mtx_unlock(k, td, so + so_rcv + sb_mtx);
         mtx_unlock(k, td, accept_mtx);
         tcp_usr_detach(k, td, so);
         mtx_lock(k, td, accept_mtx);
         mtx_lock(k, td, so + so_rcv + sb_mtx);
       }`,
        );
        source.needs('../layout.ts', 'SS_NOFDREF', 'so_count');
        source.needs('../sync/mutex.ts', 'mtx_unlock');
        source.needs('./tcp_usrreq.ts', 'tcp_usr_detach');
      },
    },
  ],
  scenario: 'close-rst',
  breaks: ['panic-tcp-usr-pcb', 'data-race'],
  strategy: 'states',
  bounds: {},
};
