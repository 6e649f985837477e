/** G20: an option is set on a connection whose control block was freed. */
import { precede, remove, when } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { freeTcpcbAtOnce } from '../changes.ts';

export const entry: Entry = {
  id: 'G20',
  title: 'options of a pcb that was freed',
  source: 'Darwin, CVE-2019-8605 (SockPuppet); mended by clearing the pointer after the free',
  about: 'the end of a connection frees the tcpcb and keeps the pointer to it, and options may still be set then',
  changes: [
    ...freeTcpcbAtOnce,
    {
      file: 'impl/netinet/tcp_subr.ts',
      change: (source) => remove(source.in('tcp_discardcb').call('put', 'inp + inp_ppcb')),
    },
    {
      file: 'impl/netinet/tcp_usrreq.ts',
      change: (source) => {
        const ctloutput = source.in('tcp_ctloutput');
        for (const look of ctloutput.branches(2, 'tcp_usr_over')) when(look, () => 'false');
        precede(ctloutput.declaration('was'), 'KASSERT(k, get(k, get(k, inp + inp_ppcb) + t_inpcb) === inp, PANIC_TCP_DETACH_PPCB, so);');
        source.needs('./layout.ts', 't_inpcb');
      },
    },
  ],
  scenario: 'setsockopt-rst',
  breaks: ['panic-tcp-detach-ppcb'],
  strategy: 'states',
  bounds: {},
};
