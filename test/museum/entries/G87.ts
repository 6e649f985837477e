/** G87: a datagram socket was told that its peer is not there, and is given another. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { udpConnected } from '../settings.ts';

export const entry: Entry = {
  id: 'G87',
  title: 'a stale error makes a connect fail',
  source: 'DragonFly, mended by 59429d2874; FreeBSD, mended in revision 1.225 of uipc_socket.c',
  about: 'a connect does not forget the pending error',
  changes: [
    {
      file: 'impl/netinet/udp_usrreq.ts',
      change: (source) => remove(source.in('udp_connect').call('store', 'so + so_error')),
    },
  ],
  scenario: {
    id: 'connect-again-udp',
    about: 'a socket with a pending error is given another peer',
    citation: 'G87, C.4',
    prologue: [...udpConnected, call('remote-unreachable', { which: 0 }), call('deliver', {})],
    threads: [[call('connect', { fd: 0, name: 1, remote: true })]],
  },
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
