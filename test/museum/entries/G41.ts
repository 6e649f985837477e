/** G41: a second listen on the same socket. */
import { precede } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { tcpSocket } from '../settings.ts';

export const entry: Entry = {
  id: 'G41',
  title: 'a second listen breaks the hash',
  source: 'DragonFly 2011, mended by f7b29de575',
  about: 'listen enters a socket that listens already into the hash once more',
  changes: [
    {
      file: 'impl/netinet/tcp_usrreq.ts',
      change: (source) => {
        precede(
          source.in('tcp_usr_listen').call('put', 'TCPS_LISTEN'),
          'if (get(k, tp + t_state) === TCPS_LISTEN) in_pcbinshash(k, td, inp);',
        );
        source.needs('./inpcb.ts', 'in_pcbinshash');
      },
    },
  ],
  scenario: {
    id: 'listen-listen',
    about: 'two threads make one socket listen',
    citation: 'G41, C.3',
    prologue: [...tcpSocket, call('bind', { fd: 0, name: 0 })],
    threads: [[call('listen', { fd: 0, backlog: 1 })], [call('listen', { fd: 0, backlog: 0 })]],
  },
  breaks: ['panic-inp-hashed'],
  strategy: 'states',
  bounds: {},
};
