/** G21: two threads set options of one socket. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { tcpConnected } from '../settings.ts';
import type { Node } from 'ts-morph';

export const entry: Entry = {
  id: 'G21',
  title: 'options set without the lock of the pcb',
  source: 'FreeBSD, CVE-2020-7457 (IPV6_2292PKTOPTIONS)',
  about: 'tcp_ctloutput does not lock the pcb again after the copy',
  changes: [
    {
      file: 'impl/netinet/tcp_usrreq.ts',
      change: (source) => {
        const ctloutput = source.in('tcp_ctloutput');
        const [, again] = ctloutput.calls(2, 'rw_wlock');
        const unlocks = ctloutput.calls(4, 'rw_wunlock');
        for (const each of [again, unlocks[2], unlocks[3]]) remove(each as Node);
      },
    },
  ],
  scenario: {
    id: 'setsockopt-setsockopt',
    about: 'two threads set the same option',
    citation: 'G21',
    prologue: tcpConnected,
    threads: [[call('setsockopt', { fd: 0, on: true })], [call('setsockopt', { fd: 0, on: false })]],
  },
  breaks: ['data-race'],
  strategy: 'states',
  bounds: {},
};
