/** G97: a thread sends, another receives, and both are told of one error. */
import { follow, replace } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { udpConnected, wire, once } from '../settings.ts';

export const entry: Entry = {
  id: 'G97',
  title: 'so_error is reported twice',
  source: 'OpenBSD, 62ce95a7e5 (accepted there)',
  about: 'a sender looks at the pending error and clears it afterwards',
  changes: [
    {
      file: 'impl/kern/send.ts',
      change: (source) => {
        const check = source.in('sosend_check');
        replace(check.call('exchange'), 'load(k, so + so_error)');
        follow(check.declaration('error'), 'if (error !== 0) store(k, so + so_error, 0);');
        source.needs('../memory.ts', 'store');
      },
    },
  ],
  scenario: {
    id: 'send-receive-unreachable',
    about: 'a sender and a receiver, and the error of an earlier datagram arrives: one of them is told, once',
    citation: 'G97, G15, D.3',
    prologue: udpConnected,
    segments: [{ what: 'unreachable', fd: 0 }],
    threads: [[call('send', { fd: 0, amount: 1 })], [call('receive', { fd: 0, amount: 1 })]],
    actors: wire(1),
    events: [once('unreachable')],
  },
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
