/** G17, of raw IP as it was: the close of a connected socket leaves its peer behind. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G17b',
  title: 'detach of a connected raw socket',
  source: 'FreeBSD, regression test rawconnect; mended by disconnecting in rip_close',
  about: 'a disconnect of a raw socket takes SS_ISCONNECTED away and leaves the foreign address',
  changes: [
    {
      file: 'impl/netinet/raw_ip.ts',
      change: (source) => remove(source.in('rip_dodisconnect').call('put', 'inp + inp_faddr')),
    },
  ],
  scenario: {
    id: 'close-connected-raw',
    about: 'a connected raw socket is closed while a datagram comes for it',
    citation: 'D.4, H.2 rawconnect, G17',
    prologue: [call('socket', { asked: 'raw' }), call('connect', { fd: 0, name: 0, remote: true })],
    segments: [{ what: 'datagram', fd: 0 }],
    threads: [[call('close', { fd: 0 })]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'datagram', times: 1 }],
  },
  breaks: ['panic-rip-detach'],
  strategy: 'states',
  bounds: {},
};
