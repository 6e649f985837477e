/** G66: a segment that a listener can not use is freed twice. */
import { follow } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { tcpListener, wire, once } from '../settings.ts';
import type { Node } from 'ts-morph';

export const entry: Entry = {
  id: 'G66',
  title: 'the request of a listener is freed twice',
  source: 'Linux, CVE-2017-6074 (DCCP)',
  about: 'a handshake that can not be completed frees its segment, which whoever delivers it frees as well',
  changes: [
    {
      file: 'impl/netinet/tcp_input.ts',
      change: (source) => {
        follow(source.in('tcp_listen_input').calls(2, 'tcp_reset')[0] as Node, 'uma_zfree(k, td, wseg_zone, th);');
        source.needs('../kern/uma.ts', 'uma_zfree');
        source.needs('./layout.ts', 'wseg_zone');
      },
    },
  ],
  scenario: {
    id: 'accept-handshake-full',
    about: 'a handshake ends at a listener whose queue is full, while a thread accepts',
    citation: 'G66, C.1 sonewconn step 1',
    sizes: { SOCKETS: 4 },
    prologue: [...tcpListener, call('listen', { fd: 0, backlog: 0 }), call('remote-connect', { which: 0 }), call('deliver', {})],
    segments: [{ what: 'handshake', fd: 0 }],
    threads: [[call('accept', { fd: 0 })]],
    actors: wire(1),
    events: [once('handshake')],
  },
  breaks: ['panic-double-free'],
  strategy: 'states',
  bounds: {},
};
