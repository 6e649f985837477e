/** G127: a call tries again, and gives the reference of the first try back twice. */
import { follow, instead, precede } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import type { Node } from 'ts-morph';

export const entry: Entry = {
  id: 'G127',
  title: 'a retry keeps a pointer that it has given back',
  source: 'Linux, CVE-2017-11176 (mq_notify)',
  about: 'when the second try of fget finds the descriptor closed, it drops the file of the first try once more',
  changes: [
    {
      file: 'impl/kern/file.ts',
      change: (source) => {
        const fget = source.in('fget_any');
        precede(fget.loop(), 'let tried = 0;');
        follow(fget.call('file_letgo'), 'tried = fp;');
        const empty = fget.branches(3, 'fp')[0] as Node;
        instead(empty, 'if (fp === 0) { if (tried !== 0) file_letgo(k, td, tried); return -EBADF; }');
      },
    },
  ],
  scenario: 'dup-close',
  breaks: ['leak'],
  strategy: 'states',
  bounds: {},
};
