/** R01: a port is free when it is looked for, and taken when it is entered. */
import { precede } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R01',
  title: 'a port is tested and taken under two holds of the hash lock',
  source: 'of two binds to one name one is EADDRINUSE (J.4 bind; A.4, lock h of the hash)',
  about: 'a bind gives the lock back between in_pcbtaken and in_pcbinshash',
  changes: [
    {
      file: 'impl/netinet/inpcb.ts',
      change: (source) => {
        const again = 'rw_wunlock(k, td, pcbinfo + ipi_hash_lock); rw_wlock(k, td, pcbinfo + ipi_hash_lock);';
        precede(source.in('in_pcbsetport').call('put', 'inp + inp_lport'), again);
      },
    },
  ],
  scenario: {
    id: 'bind-bind-port',
    about: 'two threads bind two sockets to one port: one of them has it',
    citation: 'J.4 bind, A.4',
    prologue: [call('socket', { asked: 'udp' }), call('socket', { asked: 'udp' })],
    threads: [[call('bind', { fd: 0, name: 0 })], [call('bind', { fd: 1, name: 0 })]],
  },
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
