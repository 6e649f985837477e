/** G85: two threads send, and each has looked for room before the other has used it. */
import { remove, replace } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixPair } from '../settings.ts';

export const entry: Entry = {
  id: 'G85',
  title: 'concurrent sends overrun the buffer',
  source: 'DragonFly 2012, mended by f786a6ac5c',
  about: 'send takes no transfer lock',
  changes: [
    {
      file: 'impl/kern/send.ts',
      change: (source) => {
        const send = source.in('sosend_generic');
        replace(send.call('sblock'), '0');
        remove(send.call('sbunlock'));
      },
    },
  ],
  scenario: {
    id: 'send-send-full',
    about: 'two threads each send as much as there is room for: one of them must wait',
    citation: 'G85, E.9 G14',
    prologue: unixPair,
    threads: [[call('send', { fd: 0, amount: 2 })], [call('send', { fd: 0, amount: 2 })]],
  },
  breaks: ['history', 'final-state'],
  strategy: 'states',
  bounds: {},
};
