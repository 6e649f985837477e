/** G79: a receive that fails leaves with the locks. */
import { replace } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G79',
  title: 'error paths of receive leave in the wrong lock state',
  source: 'FreeBSD 9, soreceive_stream, found by reading;  later',
  about: 'a receive that is interrupted returns with the mutex and the transfer lock',
  changes: [
    {
      file: 'impl/kern/receive.ts',
      change: (source) => replace(source.in('soreceive_generic').branch('found', 'NOTHING').getThenStatement(), '{ return found; }'),
    },
  ],
  scenario: 'receive-signal',
  breaks: ['panic-lock-leaked'],
  strategy: 'states',
  bounds: {},
};
