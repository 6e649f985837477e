/** G135: a descriptor is closed between finding its file and making something of it. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G135',
  title: 'a descriptor and what was made of it no longer agree',
  source: 'FreeBSD, PR 293382 (kevent); mended by a second look',
  about: 'dup does not look again whether the descriptor still leads to the file that it copies',
  changes: [
    {
      file: 'impl/kern/file.ts',
      change: (source) => instead(source.in('fddup').declaration('copy'), 'const copy = fd_first_free(k);'),
    },
  ],
  scenario: 'dup-close',
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
