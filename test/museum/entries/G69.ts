/** G69: two threads read one stream, and the bytes of one come between those of the other. */
import { follow, precede } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import type { Node } from 'ts-morph';

export const entry: Entry = {
  id: 'G69',
  title: 'the transfer lock is given back in the middle',
  source: 'FreeBSD up to 6; mended by 20848234d9',
  about: 'receive gives the transfer lock back while it copies, and takes it again',
  changes: [
    {
      file: 'impl/kern/receive.ts',
      change: (source) => {
        const copy = source.in('soreceive_copy');
        follow(copy.calls(1, 'mtx_unlock')[0] as Node, 'sbunlock(k, td, rcv);');
        precede(copy.calls(1, 'mtx_lock')[0] as Node, 'sblock(k, td, rcv, SBL_WAIT | SBL_NOINTR);');
        source.needs('../layout.ts', 'SBL_NOINTR');
      },
    },
  ],
  scenario: 'receive-receive',
  breaks: ['final-state'],
  strategy: 'states',
  bounds: {},
};
