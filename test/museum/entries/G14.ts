/** G14: a datagram is under way to a pcb whose socket has gone. */
import { follow, instead } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G14',
  title: 'a pcb outlives its socket, and input follows its pointer',
  source: 'FreeBSD natm (the test for DRAIN, dropped), as the reference proposes',
  about: 'in_pcblookup gives out a pcb whose last reference it has just dropped, and udp_input does not look whether it has a socket',
  changes: [
    {
      file: 'impl/netinet/inpcb.ts',
      change: (source) => instead(source.in('in_pcblookup').answer('in_pcbrele'), '{ in_pcbrele(k, td, inp); return inp; }'),
    },
    {
      file: 'impl/netinet/udp_usrreq.ts',
      change: (source) => {
        follow(source.in('udp_input').declaration('so'), 'KASSERT(k, so !== 0, PANIC_PCB_NULL, inp);');
      },
    },
  ],
  scenario: 'close-datagram',
  breaks: ['panic-pcb-null'],
  strategy: 'states',
  bounds: {},
};
