/** G23: the lock of the pcb is given back to take the one before it, and nothing keeps the pcb meanwhile. */
import { replace } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { tcpConnected, wire } from '../settings.ts';

export const entry: Entry = {
  id: 'G23',
  title: 'upgrade of a lock without a reference',
  source: 'FreeBSD 7 (context of r185773), found by reading; mended by in_pcbref and a second look',
  about: 'tcp_input takes tcbinfo and then the pcb it had before, instead of looking it up again',
  changes: [
    {
      file: 'impl/netinet/tcp_input.ts',
      change: (source) => {
        replace(
          source.in('tcp_input').branch('info', 'TCPS_ESTABLISHED').getThenStatement(),
          `{
        rw_wunlock(k, td, inp + inp_lock);
        rw_wlock(k, td, tcbinfo + ipi_lock);
        info = true;
        rw_wlock(k, td, inp + inp_lock);
        KASSERT(k, get(k, inp + inp_ppcb) !== 0, PANIC_PCB_NULL, inp);
      }`,
        );
        source.needs('../kern/kassert.ts', 'KASSERT');
        source.needs('../panic.ts', 'PANIC_PCB_NULL');
      },
    },
  ],
  scenario: {
    id: 'close-reset-ack',
    about: 'a half-closed connection is reset by its close while an acknowledgement comes',
    citation: 'G23, E5.12',
    prologue: [...tcpConnected, call('remote-fin', { which: 0, ack: false }), call('setlinger', { fd: 0, linger: 'reset' })],
    segments: [{ what: 'ack', fd: 0, units: 0, fin: false }],
    threads: [[call('close', { fd: 0 })]],
    actors: wire(1),
  },
  breaks: ['panic-pcb-null'],
  strategy: 'states',
  bounds: {},
};
