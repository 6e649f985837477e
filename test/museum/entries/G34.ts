/** G34: a child is moved between queues by one who has read its listener before. */
import { follow, moveBefore, replace } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G34',
  title: 'so_head is read before the lock that guards it',
  source: 'DragonFly 2010, mended by 5217bcbc2e',
  about: 'soisconnected reads the listener of a child, and in which queue it is, before it takes the accept mutex',
  changes: [
    {
      file: 'impl/kern/sockstate.ts',
      change: (source) => {
        const connected = source.in('soisconnected');
        const queued = connected.branch('so_qstate');
        const condition = queued.getExpression().getText();
        replace(queued.getExpression(), 'queued');
        moveBefore(connected.declaration('head'), connected.call('mtx_lock', 'accept_mtx'));
        follow(connected.declaration('head'), `const queued = ${condition};`);
      },
    },
  ],
  scenario: 'connect-close',
  breaks: ['data-race'],
  strategy: 'states',
  bounds: {},
};
