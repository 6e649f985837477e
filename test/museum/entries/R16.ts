/** R16: readers of records are not kept apart while rights are on their way. */
import { guard, replace } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R16',
  title: 'the second reader of sequenced packets overtakes the first',
  source: 'the transfer lock is held while rights are made descriptors (C.6 step 3, step 11)',
  about: 'soreceive_generic takes no transfer lock where records are kept',
  changes: [
    {
      file: 'impl/kern/receive.ts',
      change: (source) => {
        const generic = source.in('soreceive_generic');
        const taken = generic.call('sblock');
        replace(taken, `(atomic ? 0 : ${taken.getText()})`);
        guard(generic.call('sbunlock'), '!atomic');
      },
    },
  ],
  scenario: 'seqpacket-recvmsg-receive-close',
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
