/** G149: a send that connects fails to connect, and what it was to send goes with the next one. */
import { follow, instead } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

const implied = call('send', { fd: 0, amount: 1, addressed: true });

export const entry: Entry = {
  id: 'G149',
  title: 'an implied connect that fails leaves its data queued',
  source: 'FreeBSD 9.3, found by reading',
  about: 'tcp_usr_send appends before it connects (D.2 send); a listener that must not connect has data to send',
  changes: [
    {
      file: 'impl/netinet/tcp_usrreq.ts',
      change: (source) => {
        const failed =
          'if (error === EOPNOTSUPP) { mtx_lock(k, td, so + so_snd + sb_mtx); sbappendstream_locked(k, td, so + so_snd, m); mtx_unlock(k, td, so + so_snd + sb_mtx); }';
        follow(source.in('tcp_usr_send').declaration('error'), failed);
        instead(source.in('tcp_usr_send').call('m_freem'), 'if (error !== EOPNOTSUPP) m_freem(k, td, m);');
      },
    },
  ],
  scenario: {
    id: 'implied-listen',
    about: 'a thread makes a socket listen on which another sends with an address: what fails leaves nothing behind',
    citation: 'D.2 send, G149, J.4 send',
    prologue: [call('socket', { asked: 'tcp' }), call('bind', { fd: 0, name: 0 })],
    threads: [[call('listen', { fd: 0, backlog: 1 })], [implied]],
  },
  breaks: ['final-state', 'state-at-rest', 'leak'],
  strategy: 'states',
  bounds: {},
};
