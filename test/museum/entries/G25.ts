/** G25: a timer has fired, and before its handler has the locks the tcpcb is freed. */
import { follow, when } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { tcpUnsent } from '../settings.ts';

export const entry: Entry = {
  id: 'G25',
  title: 'use of a tcpcb by its timer after it was freed',
  source: 'FreeBSD up to 11, D2079; mended by a reference and a free that waits for the handlers',
  about: 'handlers do not look whether they are still meant',
  changes: [
    {
      file: 'impl/netinet/tcp_timer.ts',
      change: (source) => {
        const enter = source.in('tcp_timer_enter');
        follow(enter.declaration('inp'), 'KASSERT(k, inp !== 0, PANIC_PCB_NULL, tp);');
        when(enter.branch('callout_fired'), () => 'true');
        source.needs('../panic.ts', 'PANIC_PCB_NULL');
      },
    },
  ],
  scenario: {
    id: 'close-reset-tick',
    about: 'a connection is reset by its close while the retransmission timer fires',
    citation: 'G25, D.2 timers',
    prologue: [...tcpUnsent, call('setlinger', { fd: 0, linger: 'reset' })],
    threads: [[call('close', { fd: 0 })]],
    actors: [{ kind: 'clock', ticks: 4 }],
  },
  breaks: ['panic-pcb-null'],
  strategy: 'states',
  bounds: {},
};
