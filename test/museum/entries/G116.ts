/** G116: a receiver has a right in hand, in no buffer, and the collector takes its socket for lost. */
import { precede, remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G116',
  title: 'the collector empties a socket whose right a receiver has in hand',
  source: 'Linux, CVE-2021-0920; FreeBSD 9 as well, found by reading',
  about: 'a right counts as in a buffer until it is a descriptor',
  changes: [
    {
      file: 'impl/unix/uipc_rights.ts',
      change: (source) => {
        remove(source.in('unp_take').call('unp_out'));
        precede(
          source.in('unp_externalize').call('unp_landed'),
          'mtx_lock(k, td, unp_rights_mtx); for (let i = 0; i < count; i++) { const unp = unp_behind(k, load(k, fixed(k, h_fd_table) + get(k, control + m_rights + i))); put(k, unp + unp_msgcount, 0); put(k, unp + unp_file, 0); } mtx_unlock(k, td, unp_rights_mtx);',
        );
        source.needs('../memory.ts', 'load');
        source.needs('../layout.ts', 'h_fd_table');
      },
    },
  ],
  scenario: 'recvmsg-collect',
  breaks: ['final-state', 'state-at-rest', 'leak', 'history'],
  strategy: 'states',
  bounds: {},
};
