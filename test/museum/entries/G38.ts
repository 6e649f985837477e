/** G38: a handshake ends at a listener that was closed while its segment was on the way. */
import { precede, when } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { freeTcpcbAtOnce } from '../changes.ts';

export const entry: Entry = {
  id: 'G38',
  title: 'a handshake completes on a listener whose tcpcb is gone',
  source: 'DragonFly 2011, 068a5b708c, taken back by 4617a5595d, mended by ce6f0462a2',
  about: 'the end of a listener frees its tcpcb at once, and input does not look whether the pcb it found was dropped meanwhile',
  changes: [
    ...freeTcpcbAtOnce,
    {
      file: 'impl/netinet/tcp_input.ts',
      change: (source) => {
        const input = source.in('tcp_input');
        when(input.branch('INP_DROPPED'), () => 'false');
        precede(input.declaration('state'), 'KASSERT(k, get(k, inp + inp_ppcb) !== 0, PANIC_PCB_NULL, inp);');
        source.needs('../kern/kassert.ts', 'KASSERT');
        source.needs('../panic.ts', 'PANIC_PCB_NULL');
      },
    },
  ],
  scenario: 'close-handshake',
  breaks: ['panic-pcb-null'],
  strategy: 'states',
  bounds: {},
};
