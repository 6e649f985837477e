/** G30: a connection comes to a listener whose queues have been emptied already. */
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { drainFirst } from '../changes.ts';

export const entry: Entry = {
  id: 'G30',
  title: 'sonewconn after the drain',
  source: 'FreeBSD up to 6; mended by the sockref work of July 2006, in FreeBSD 7',
  about: 'soclose empties the queues before it tells the protocol, with the socket still listening, and sonewconn does not look again',
  changes: [...drainFirst],
  scenario: 'connect-close',
  breaks: ['panic-sofree-comp', 'panic-sofree-incomp'],
  strategy: 'states',
  bounds: {},
};
