/** G26: a flag is set atomically, and a change of the word under the lock undoes it. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { tcpConnected, wire, rst, once } from '../settings.ts';

export const entry: Entry = {
  id: 'G26',
  title: 'a flag is lost between an atomic and a locked change',
  source: 'FreeBSD SCTP, D31811, mended by c17b531bed',
  about: 'setnbio sets its bit with one atomic operation and without SOCK_LOCK, under which others read the word and write it back',
  changes: [
    {
      file: 'impl/kern/sockopt.ts',
      change: (source) => {
        instead(
          source.in('kern_setnbio').call('so_changestate'),
          'if (on !== 0) or(k, file_socket(k, fp) + so_state, SS_NBIO); else and(k, file_socket(k, fp) + so_state, ~SS_NBIO);',
        );
        source.needs('../layout.ts', 'so_state');
      },
    },
  ],
  scenario: {
    id: 'setnbio-rst',
    about: 'a connection is reset while its socket is made non-blocking',
    citation: 'G26, G90',
    prologue: tcpConnected,
    segments: rst,
    threads: [[call('setnbio', { fd: 0, on: true })]],
    actors: wire(1),
    events: [once('rst')],
  },
  breaks: ['final-state'],
  strategy: 'states',
  bounds: {},
};
