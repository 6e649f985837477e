/** G50: threads that sleep in accept are not told of a shutdown. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G50',
  title: 'shutdown of a listener never wakes those who accept',
  source: 'FreeBSD up to 6; later soshutdown wakes so_timeo (PR 227259 has what that should mean)',
  about: 'soshutdown wakes nobody',
  changes: [{ file: 'impl/kern/shutdown.ts', change: (source) => remove(source.in('soshutdown').call('wakeup')) }],
  scenario: 'accept-shutdown',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
