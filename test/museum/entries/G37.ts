/** G37: a connection is in the queue and its protocol is not attached yet. */
import { precede, when } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G37',
  title: 'a child is published before it is complete',
  source: 'DragonFly 2010, mended by 0ce0603ec4',
  about: 'sonewconn queues a complete connection and attaches the protocol afterwards',
  changes: [
    {
      file: 'impl/kern/listen.ts',
      change: (source) => {
        const sonewconn = source.in('sonewconn');
        precede(sonewconn.under('complete').answer('so'), 'sonewconn_attach(k, td, head, so);');
        when(sonewconn.branch('sonewconn_attach'), (was) => `connstatus === 0 && ${was}`);
      },
    },
  ],
  scenario: 'accept-handshake',
  breaks: ['data-race', 'panic-tcp-usr-pcb'],
  strategy: 'states',
  bounds: {},
};
