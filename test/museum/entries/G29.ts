/** G29: a timer and a segment change the same connection. */
import { precede } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { tcpUnsent, wire } from '../settings.ts';

export const entry: Entry = {
  id: 'G29',
  title: 'timers run beside the protocol',
  source: 'DragonFly 2008, mended by 0f75852384',
  about: 'the retransmission handler gives the pcb back before it changes the tcpcb, and takes it again to send',
  changes: [
    {
      file: 'impl/netinet/tcp_timer.ts',
      change: (source) => {
        const rexmt = source.in('tcp_timer_rexmt');
        precede(rexmt.call('put', 'tp + t_dupacks'), 'rw_wunlock(k, td, inp + inp_lock);');
        precede(rexmt.call('tcp_output'), 'rw_wlock(k, td, inp + inp_lock);');
      },
    },
  ],
  scenario: {
    id: 'tick-ack',
    about: 'the retransmission timer fires while the acknowledgement comes',
    citation: 'G29, D.2 timers',
    prologue: tcpUnsent,
    segments: [{ what: 'ack', fd: 0, units: 0, fin: false }],
    threads: [],
    actors: [...wire(1), { kind: 'clock', ticks: 4 }],
    events: [{ event: 'ack', times: 1, most: 2 }],
  },
  breaks: ['data-race'],
  strategy: 'states',
  bounds: {},
};
