/** G01: setsockopt sleeps in its copy, and the connection goes away under it. */
import { follow, remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { freeTcpcbAtOnce } from '../changes.ts';
import type { Node } from 'ts-morph';

export const entry: Entry = {
  id: 'G01',
  title: 'tcp_ctloutput dereferences a pcb that is gone',
  source: 'FreeBSD 5 and 6 (mail of March 2006, seed 004); mended by the sockref work of July 2006, in FreeBSD 7',
  about: 'the end of a connection frees its tcpcb at once, and tcp_ctloutput does not look again after the copy',
  changes: [
    ...freeTcpcbAtOnce,
    {
      file: 'impl/netinet/tcp_usrreq.ts',
      change: (source) => {
        const ctloutput = source.in('tcp_ctloutput');
        remove(ctloutput.branches(2, 'tcp_usr_over')[1] as Node);
        follow(ctloutput.declaration('tp'), 'KASSERT(k, tp !== 0, PANIC_TCP_CTLOUTPUT_PCB, so);');
      },
    },
  ],
  scenario: 'setsockopt-rst',
  breaks: ['panic-tcp-ctloutput-pcb'],
  strategy: 'states',
  bounds: {},
};
