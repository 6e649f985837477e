/** G18: a protocol without an entry of the protocol switch. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G18',
  title: 'a request that the protocol does not have',
  source: 'FreeBSD-SA-08:13.protosw, CVE-2008-5736; mended by defaults for empty slots',
  about: 'the switch has no answer for listen on a datagram socket',
  changes: [
    {
      file: 'impl/kern/protosw.ts',
      change: (source) => instead(source.in('pru_listen').answer('EOPNOTSUPP'), 'return panic(k, PANIC_NO_REQUEST, so);'),
    },
  ],
  scenario: {
    id: 'listen-udp',
    about: 'listen on a datagram socket that is being closed: EOPNOTSUPP or EBADF',
    citation: 'G18, E1.32',
    prologue: [call('socket', { asked: 'udp' })],
    threads: [[call('listen', { fd: 0, backlog: 1 })], [call('close', { fd: 0 })]],
  },
  breaks: ['panic-no-request'],
  strategy: 'states',
  bounds: {},
};
