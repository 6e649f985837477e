/** G73: two sides change flags in one word, each under a lock of its own. */
import { instead, precede } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixPair } from '../settings.ts';

export const entry: Entry = {
  id: 'G73',
  title: 'SB_WAIT is lost in an update that is not atomic',
  source: 'DragonFly 2010, mended by 14343ad3b8',
  about: 'who wants the transfer lock says so in sb_flags, which it reads and writes back without the mutex',
  changes: [
    {
      file: 'impl/kern/sockbuf.ts',
      change: (source) => {
        const wait = source.in('sbwait');
        instead(wait.call('put', 'sb + sb_flags'), 'store(k, sb + sb_flags, load(k, sb + sb_flags) | SB_WAIT);');
        const ready = source.in('sowakeup').call('get', 'sb + sb_flags');
        ready.replaceWithText('load(k, sb + sb_flags)');
        const wakes = source.in('sotell');
        instead(wakes.declaration('flags'), 'const flags = load(k, sb + sb_flags);');
        instead(wakes.call('put', 'sb + sb_flags'), 'store(k, sb + sb_flags, flags & ~SB_WAIT);');
        precede(source.in('sblock').branch('SBL_WAIT'), 'store(k, sb + sb_flags, load(k, sb + sb_flags) | 2);');
        source.needs('../memory.ts', 'store');
      },
    },
  ],
  scenario: {
    id: 'receive-receive-send',
    about: 'two threads receive and there is data for one of them',
    citation: 'G73, E.9 G12',
    prologue: unixPair,
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('receive', { fd: 0, amount: 1 })], [call('send', { fd: 1, amount: 1 })]],
  },
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: { preemptions: 2 },
};
