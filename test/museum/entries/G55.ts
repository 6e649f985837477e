/** G55: another thread guesses the descriptor of a connection that is just being accepted, and closes it. */
import { moveBefore } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G55',
  title: 'close of a descriptor before soaccept',
  source: 'FreeBSD 7 to 13, found by reading; gone with SS_NOFDREF in FreeBSD 14',
  about: 'accept publishes the descriptor before the socket is accepted',
  changes: [
    {
      file: 'impl/kern/accept.ts',
      change: (source) => {
        const accept = source.in('kern_accept_head');
        moveBefore(accept.call('finit'), accept.declaration('error'));
        moveBefore(accept.call('finstall'), accept.declaration('error'));
      },
    },
  ],
  scenario: 'accept-guess',
  breaks: ['panic-soclose-enter', 'data-race'],
  strategy: 'states',
  bounds: {},
};
