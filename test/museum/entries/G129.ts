/** G129: a socket that is dying is bound once more. */
import { replace } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { tcpConnected, wire, rst, once } from '../settings.ts';

export const entry: Entry = {
  id: 'G129',
  title: 'a dying socket is entered into the tables again',
  source: 'Linux, CVE-2026-31504 and CVE-2025-38617 (AF_PACKET)',
  about: 'connect does not look whether the connection is over, and gives the dropped pcb a new one',
  changes: [
    {
      file: 'impl/netinet/tcp_usrreq.ts',
      change: (source) => replace(source.in('tcp_usr_connect').call('tcp_usr_over'), 'false'),
    },
  ],
  scenario: {
    id: 'connect-rst-again',
    about: 'a thread connects anew while its connection is reset: it has one, or it is over for good',
    citation: 'G129, D.2 connect',
    prologue: [...tcpConnected, call('setnbio', { fd: 0, on: true })],
    segments: rst,
    threads: [[call('connect', { fd: 0, name: 1, remote: true })]],
    actors: wire(1),
    events: [once('rst')],
  },
  breaks: ['history', 'panic-inp-hashed'],
  strategy: 'states',
  bounds: {},
};
