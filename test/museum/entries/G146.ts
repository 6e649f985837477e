/** G146: a flag is cleared early to close a race, and a later step refuses because it is clear. */
import { when } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixClient } from '../settings.ts';

export const entry: Entry = {
  id: 'G146',
  title: 'a mended race leaves a leak',
  source: 'FreeBSD 7 to 12, accept filters, found by reading; gone in FreeBSD 13',
  about: 'the name of a socket that has listened is given up only if it still listens, and soclose has ended that',
  changes: [
    {
      file: 'impl/unix/uipc_usrreq.ts',
      change: (source) => {
        when(
          source.in('uipc_detach').branch('name'),
          (was) => `${was} && ((get(k, unp + unp_flags) & UNP_HAVEPCCACHED) === 0 || (load(k, so + so_options) & SO_ACCEPTCONN) !== 0)`,
        );
      },
    },
  ],
  scenario: {
    id: 'close-bind',
    about: 'the name of a listener is free when it is closed',
    citation: 'G146, D.1 detach',
    prologue: unixClient,
    threads: [[call('close', { fd: 0 }), call('bind', { fd: 1, name: 0 })], [call('accept', { fd: 0 })]],
  },
  breaks: ['history', 'final-state'],
  strategy: 'states',
  bounds: {},
};
