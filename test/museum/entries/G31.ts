/** G31: a handshake ends at a listener whose queues have been emptied already. */
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { drainFirst } from '../changes.ts';

export const entry: Entry = {
  id: 'G31',
  title: 'a child queued between drain and detach',
  source: 'DragonFly 2004, mended by 19be7d321e',
  about: 'soclose empties the queues before the protocol forgets the listener, and sonewconn does not look again',
  changes: [...drainFirst],
  scenario: 'close-handshake',
  breaks: ['panic-sofree-comp'],
  strategy: 'states',
  bounds: {},
};
