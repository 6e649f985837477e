/** R23: what is passed over itself was closed before it came to lie in the buffer, and nobody drops a reference any more. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R23',
  title: 'a right that goes into a buffer wakes nobody',
  source: 'what nobody can reach is collected (E.9 G11, T16)',
  about: 'unp_into does not look whether the references are all in buffers now',
  changes: [
    {
      file: 'impl/unix/uipc_rights.ts',
      change: (source) => remove(source.in('unp_into').branch('F_FLYING')),
    },
  ],
  scenario: 'collector-sendmsg-close',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
