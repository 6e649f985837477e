/** G131: one thread that goes beyond the limit makes another fail that would not. */
import { precede } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixPair } from '../settings.ts';

export const entry: Entry = {
  id: 'G131',
  title: 'limits as counters that overflow for a moment',
  source: 'OpenBSD, mended by 46d8bbe61c',
  about: 'soalloc counts first and takes it back when that was too much',
  changes: [
    {
      file: 'impl/kern/socket.ts',
      change: (source) => {
        // Words 41 and 42 of the header are free.
        precede(source.in('soalloc').declaration('so'), 'if (add(k, 41, 1) >= fixed(k, h_maxsockets)) { add(k, 41, -1); return 0; }');
        precede(source.in('sodealloc').call('uma_zfree'), 'add(k, 41, -1);');
        source.needs('../memory.ts', 'add', 'fixed');
        source.needs('../layout.ts', 'h_maxsockets');
      },
    },
  ],
  scenario: {
    id: 'socket-close-socket',
    about: 'two threads want the last socket, and one of them has just closed one',
    citation: 'G131, C.1',
    sizes: { SOCKETS: 2 },
    prologue: unixPair,
    threads: [[call('socket', { asked: 'unix' })], [call('close', { fd: 0 }), call('socket', { asked: 'unix' })]],
  },
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
