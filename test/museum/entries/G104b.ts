/** G104, as it was with datagram sockets: sendto connects, sends and disconnects, and the receiver goes in between. */
import { moveBefore } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G104b',
  title: 'a datagram goes to a receiver that is being closed',
  source: 'FreeBSD, found by the test unix_sendtorace',
  about: 'the link lock is given back between finding the receiver and the append to its buffer',
  changes: [
    {
      file: 'impl/unix/uipc_dgram.ts',
      change: (source) => {
        const send = source.in('uipc_send_dgram');
        const [, append] = send.calls(2, 'unp_append');
        if (append !== undefined) moveBefore(send.call('rw_wunlock'), append);
      },
    },
  ],
  scenario: 'dgram-sendto-close',
  breaks: ['data-race'],
  strategy: 'states',
  bounds: {},
};
