/** G67: a listener is closed while the protocol is attached to a new connection of its. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G67',
  title: 'the listener is not looked at again after its lock was given back',
  source: 'OpenBSD, b11de491e7 (what sonewconn had to do)',
  about: 'sonewconn does not look again whether the socket listens',
  changes: [{ file: 'impl/kern/listen.ts', change: (source) => remove(source.in('sonewconn').branch('SO_ACCEPTCONN')) }],
  scenario: 'connect-close',
  breaks: ['leak', 'final-state'],
  strategy: 'states',
  bounds: {},
};
