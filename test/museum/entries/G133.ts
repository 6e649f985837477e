/** G133: a socketpair that can not have its second descriptor keeps the first. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixPair } from '../settings.ts';

export const entry: Entry = {
  id: 'G133',
  title: 'a failed socketpair leaks a descriptor',
  source: 'DragonFly 2011, mended by 8b8ad33640',
  about: 'the way out of socketpair does not give the first descriptor back',
  changes: [
    {
      file: 'impl/kern/connect.ts',
      change: (source) => remove(source.in('socketpair_files').call('fdunused', 'fd1')),
    },
  ],
  scenario: {
    id: 'socketpair-exhausted',
    about: 'a socketpair needs two descriptors and there is one, while another thread sends',
    citation: 'G133, C.4',
    sizes: { SOCKETS: 4, PCBS: 4, FDS: 3 },
    prologue: unixPair,
    threads: [[call('socketpair', { asked: 'unix' })], [call('send', { fd: 0, amount: 1 })]],
  },
  breaks: ['leak'],
  strategy: 'states',
  bounds: {},
};
