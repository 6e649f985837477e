/** G84: a send is under way, and its socket is closed and freed. */
import { instead, precede, remove } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixPair } from '../settings.ts';

export const entry: Entry = {
  id: 'G84',
  title: 'a send outlives the socket',
  source: 'DragonFly 2011, mended by 939c81e437',
  about: 'send gives its reference to the file back before it sends',
  changes: [
    {
      file: 'impl/kern/syscalls.ts',
      change: (source) => {
        const send = source.in('sys_sendto');
        remove(send.call('fdrop'));
        const sends = send.declaration('error').getText().replace('file_socket(k, fp)', 'so');
        precede(send.declaration('error'), 'const so = file_socket(k, fp); fdrop(k, td, fp);');
        instead(send.declaration('error'), sends);
      },
    },
  ],
  scenario: {
    id: 'send-close-own',
    about: 'the descriptor under a sender is closed: the file lives as long as the call',
    citation: 'G84, C.10',
    prologue: unixPair,
    threads: [[call('send', { fd: 0, amount: 1 })], [call('close', { fd: 0 })]],
  },
  breaks: ['history', 'data-race'],
  strategy: 'states',
  bounds: {},
};
