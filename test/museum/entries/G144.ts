/** G144: two threads of the protocol each send the other a message and wait. */
import { precede } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G144',
  title: 'synchronous messages in both directions',
  source: 'DragonFly 2008, mended by 4402d8a2a5',
  about: 'a datagram is delivered by its sender, with its own pcb locked',
  changes: [
    {
      file: 'impl/netinet/udp_usrreq.ts',
      change: (source) => {
        precede(source.in('udp_send').call('rw_wunlock'), 'wire_deliver(k, td);');
        source.needs('../net/wire.ts', 'wire_deliver');
      },
    },
  ],
  scenario: {
    id: 'send-send-each-other',
    about: 'two sockets of this host send each other a datagram',
    citation: 'G143, G144',
    prologue: [
      call('socket', { asked: 'udp' }),
      call('bind', { fd: 0, name: 0 }),
      call('socket', { asked: 'udp' }),
      call('bind', { fd: 1, name: 1 }),
      call('connect', { fd: 0, name: 1 }),
      call('connect', { fd: 1, name: 0 }),
    ],
    threads: [[call('send', { fd: 0, amount: 1 })], [call('send', { fd: 1, amount: 1 })]],
    events: [{ event: 'datagram', times: 2 }],
  },
  breaks: ['lock-cycle', 'deadlock'],
  strategy: 'states',
  bounds: {},
};
