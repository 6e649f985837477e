/** G44: a connection inherits what only its listener should have. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G44',
  title: 'a child inherits the wrong flags',
  source: 'DragonFly 2011, mended by 15d2bc79d6',
  about: 'a child takes all options of its listener, with the one that says that it listens',
  changes: [
    {
      file: 'impl/kern/listen.ts',
      change: (source) =>
        instead(source.in('sonewconn_inherit').call('store', 'so + so_options'), 'store(k, so + so_options, load(k, head + so_options));'),
    },
  ],
  scenario: 'accept-connect',
  breaks: ['final-state'],
  strategy: 'states',
  bounds: {},
};
