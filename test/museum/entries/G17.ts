/** G17: the close of a connected socket does not disconnect it. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G17',
  title: 'detach of a connected socket',
  source: 'FreeBSD, regression test rawconnect; mended by disconnecting in rip_close',
  about: 'a disconnect tells the socket, but leaves the pcb its peer, and so does close',
  changes: [
    {
      file: 'impl/netinet/udp_usrreq.ts',
      change: (source) => {
        remove(source.in('udp_disconnect').call('in_pcbdisconnect'));
        remove(source.in('udp_close').call('in_pcbdisconnect'));
      },
    },
  ],
  scenario: 'close-datagram',
  breaks: ['panic-udp-detach'],
  strategy: 'states',
  bounds: {},
};
