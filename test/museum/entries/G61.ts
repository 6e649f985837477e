/** G61: accept fails and closes a descriptor that is not its own. */
import { precede } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G61',
  title: 'a failed accept closes descriptor 0',
  source: 'FreeBSD, accept of the Linux emulation, mended by r362833',
  about: 'when there is no connection to accept, descriptor 0 is closed',
  changes: [
    {
      file: 'impl/kern/accept.ts',
      change: (source) => {
        precede(
          source.in('kern_accept_head').under('so').answer('so'),
          'const wrong = fdclose(k, td, 0); if (wrong > 0) fdrop(k, td, wrong);',
        );
        source.needs('./file.ts', 'fdclose');
      },
    },
  ],
  scenario: 'accept-shutdown',
  breaks: ['final-state', 'history', 'leak'],
  strategy: 'states',
  bounds: {},
};
