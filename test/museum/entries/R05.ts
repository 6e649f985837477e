/** R05: two threads send with an address; the second finds the connection that the first has made, and takes that for an error. */
import { when } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R05',
  title: 'an implied connect does not look whether there is a connection by now',
  source: 'a send connects a socket that is before SYN_SENT, and no other (D.2 send)',
  about: 'tcp_implied goes by what sosend has tested, without the lock of the pcb',
  changes: [
    {
      file: 'impl/netinet/tcp_usrreq.ts',
      change: (source) => when(source.in('tcp_implied').branch('NO_ADDRESS'), () => 'host === NO_ADDRESS'),
    },
  ],
  scenario: 'implied-implied',
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
