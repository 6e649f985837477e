/** G36: accept reads the address of a connection while the protocol writes it. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G36',
  title: 'accept reads the pcb from the context of the user',
  source: 'DragonFly 2011, mended by 88da620340 and f328adf5da',
  about: 'tcp_usr_accept reads the address without any lock',
  changes: [
    {
      file: 'impl/netinet/tcp_usrreq.ts',
      change: (source) => {
        const accept = source.in('tcp_usr_accept');
        for (const name of ['rw_rlock', 'rw_runlock', 'rw_wlock', 'rw_wunlock']) remove(accept.call(name));
      },
    },
  ],
  scenario: 'accept-handshake',
  breaks: ['data-race'],
  strategy: 'states',
  bounds: {},
};
