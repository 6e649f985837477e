/** G157: a datagram socket is disconnected, and can never be used again. */
import { follow } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { udpConnected } from '../settings.ts';

export const entry: Entry = {
  id: 'G157',
  title: 'a disconnect that can not be taken back',
  source: 'FreeBSD, AppleTalk (ddp_disconnect), found by reading',
  about: 'UDP tells a socket that it is disconnected for good when it is to have another peer',
  changes: [
    {
      file: 'impl/netinet/udp_usrreq.ts',
      change: (source) => follow(source.in('udp_connect').call('in_pcbdisconnect'), 'soisdisconnected(k, td, so, 0);'),
    },
  ],
  scenario: {
    id: 'connect-send-udp',
    about: 'a datagram socket is given another peer while it sends: it is never without one',
    citation: 'G157, D.3 disconnect',
    prologue: udpConnected,
    threads: [[call('connect', { fd: 0, name: 1, remote: true })], [call('send', { fd: 0, amount: 1 })]],
  },
  breaks: ['final-state', 'history'],
  strategy: 'states',
  bounds: {},
};
