/** G32: accept looks at the queue while the protocol or another thread changes it. */
import { precede, replace } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { Node } from 'ts-morph';

export const entry: Entry = {
  id: 'G32',
  title: 'the predicate of accept is evaluated outside the lock',
  source: 'DragonFly 2004, mended by f172717f69',
  about: 'whether a connection waits is looked at before the accept mutex is taken',
  changes: [
    {
      file: 'impl/kern/accept.ts',
      change: (source) => {
        const dequeue = source.in('soaccept_dequeue');
        precede(dequeue.call('mtx_lock', 'accept_mtx'), 'const waits = get(k, head + so_comp_first) !== 0;');
        const loop = dequeue.loop('so_comp_first');
        if (Node.isWhileStatement(loop)) replace(loop.getExpression(), `!waits && (${loop.getExpression().getText()})`);
      },
    },
  ],
  scenario: 'accept-accept',
  breaks: ['data-race'],
  strategy: 'states',
  bounds: {},
};
