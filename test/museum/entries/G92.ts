/** G92: a wakeup comes before the sleep that it was for. */
import { moveBefore } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import type { Node } from 'ts-morph';

export const entry: Entry = {
  id: 'G92',
  title: 'wakeup before sleep',
  source: 'DragonFly 2011, mended by ca3321f809',
  about: 'msleep gives the interlock back before it enters the sleep queue',
  changes: [
    {
      file: 'impl/sync/sleepqueue.ts',
      change: (source) => {
        const msleep = source.in('msleep');
        moveBefore(msleep.branches(2, 'interlock')[0] as Node, msleep.declaration('chain'));
      },
    },
  ],
  scenario: 'receive-close',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
