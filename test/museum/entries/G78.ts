/** G78: data goes to the peer behind the end of file of a shutdown that came after the sender had looked. */
import { when } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixPair } from '../settings.ts';

export const entry: Entry = {
  id: 'G78',
  title: 'what sosend has tested is stale at pru_send',
  source: 'FreeBSD, known and left (comment in sosend)',
  about: 'the protocol does not look again, with the lock under which a shutdown is made, whether the send side is shut',
  changes: [
    {
      file: 'impl/unix/uipc_usrreq.ts',
      change: (source) => when(source.in('unp_send').branch('SBS_CANTSENDMORE'), () => 'peer === 0'),
    },
  ],
  scenario: {
    id: 'send-shutdown-receive',
    about: 'a sender that has passed its tests is shut down, and the peer reads end of file before the data comes',
    citation: 'H.8, G78',
    prologue: unixPair,
    threads: [[call('send', { fd: 0, amount: 1 })], [call('shutdown', { fd: 0, how: 'write' }), call('receive', { fd: 1, amount: 1 })]],
  },
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
