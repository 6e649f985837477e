/** G103: the peer disconnects between the two looks of close. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G103',
  title: 'close fails with ENOTCONN',
  source: 'FreeBSD, regression test unix_close_race; mended by forgiving it',
  about: 'soclose passes on whatever the disconnect answers',
  changes: [
    {
      file: 'impl/kern/close.ts',
      change: (source) => instead(source.in('soclose_disconnect').answer('ENOTCONN', 'error'), 'return error;'),
    },
  ],
  scenario: 'pair-close-close',
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
