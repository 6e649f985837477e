/** R22: the collector waits until a connection that nobody has any more has sent its data, and what lies behind it waits as well. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R22',
  title: 'the collector lingers',
  source: 'what is given up is dropped (D.1 discard); as F93 does it, whose task sleeps in soclose like anybody (C.2)',
  about: 'soclose does not ask who closes',
  changes: [
    {
      file: 'impl/kern/close.ts',
      change: (source) => remove(source.in('soclose_disconnect').branch('td_collects')),
    },
  ],
  scenario: 'collector-linger',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
