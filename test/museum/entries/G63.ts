/** G63: a segment comes for a pcb that listens, whose socket listens no more. */
import { follow, instead, remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G63',
  title: 'LISTEN without SO_ACCEPTCONN',
  source: 'FreeBSD 7 to 12 (comment in tcp_input)',
  about: 'soclose stops listening before it tells the protocol, and input asserts that whoever is in LISTEN listens',
  changes: [
    {
      file: 'impl/kern/close.ts',
      change: (source) => {
        const soclose = source.in('soclose');
        remove(soclose.call('pru_close'));
        follow(soclose.branch('SO_ACCEPTCONN'), 'mtx_unlock(k, td, accept_mtx); pru_close(k, td, so); mtx_lock(k, td, accept_mtx);');
      },
    },
    {
      file: 'impl/netinet/tcp_input.ts',
      change: (source) => {
        const input = source.in('tcp_listen_input');
        instead(input.branch('SO_ACCEPTCONN'), 'KASSERT(k, (load(k, so + so_options) & SO_ACCEPTCONN) !== 0, PANIC_NO_REQUEST, so);');
        source.needs('../kern/kassert.ts', 'KASSERT');
        source.needs('../panic.ts', 'PANIC_NO_REQUEST');
      },
    },
  ],
  scenario: 'close-handshake',
  breaks: ['panic-no-request'],
  strategy: 'states',
  bounds: {},
};
