/** G88: nothing is sent, and there is no room for it. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixFull } from '../settings.ts';

export const entry: Entry = {
  id: 'G88',
  title: 'a send of nothing blocks',
  source: 'FreeBSD, regression test zerosend',
  about: 'a stream sender waits for room whatever it has to send',
  changes: [
    {
      file: 'impl/kern/send.ts',
      change: (source) => instead(source.in('sosend_generic').declaration('full'), 'const full = space < get(k, snd + sb_lowat);'),
    },
  ],
  scenario: {
    id: 'send-nothing-full',
    about: 'nothing is sent although there is no room, while the descriptor is closed',
    citation: 'G88, C.5 step 7',
    prologue: unixFull,
    threads: [[call('send', { fd: 0, amount: 0 })], [call('close', { fd: 0 })]],
  },
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
