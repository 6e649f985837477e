/** G60: data comes for a connection that nobody accepted, while its listener is closed. */
import { follow } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { wire, once, tcpLoopback } from '../settings.ts';

export const entry: Entry = {
  id: 'G60',
  title: 'a reference of a moment frees a socket that has none',
  source: 'FreeBSD 13, text of D35679; mended by references of the queue',
  about:
    'input takes a reference to the socket for the time of the segment, and so drops it from one to none; soabort, which relies on a count that nobody can change, looks at it without a lock',
  changes: [
    {
      file: 'impl/netinet/tcp_segment.ts',
      change: (source) => {
        const segment = source.in('tcp_do_segment');
        follow(
          segment.declaration('so'),
          'mtx_lock(k, td, so + so_rcv + sb_mtx); soref(k, td, so); mtx_unlock(k, td, so + so_rcv + sb_mtx);',
        );
        follow(segment.call('rw_wunlock'), 'mtx_lock(k, td, accept_mtx); mtx_lock(k, td, so + so_rcv + sb_mtx); sorele(k, td, so);');
        source.needs('../layout.ts', 'accept_mtx');
        source.needs('../kern/socket.ts', 'soref', 'sorele');
        source.needs('../sync/mutex.ts', 'mtx_unlock');
      },
    },
  ],
  scenario: {
    id: 'close-loopback-data',
    about: 'a listener is closed while data comes for a connection in its queue',
    citation: 'G60',
    prologue: [...tcpLoopback, call('send', { fd: 1, amount: 1 })],
    threads: [[call('close', { fd: 0 })]],
    actors: wire(1),
    events: [once('data')],
  },
  breaks: ['data-race', 'panic-tcp-usr-socket', 'panic-tcp-usr-pcb', 'panic-soabort-count'],
  strategy: 'states',
  bounds: {},
};
