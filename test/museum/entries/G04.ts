/** G04: a segment ends the connection before the disconnect that was asked for comes to its turn. */
import { follow, replace } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { freeTcpcbAtOnce } from '../changes.ts';

export const entry: Entry = {
  id: 'G04',
  title: 'disconnect of a connection whose tcpcb is gone',
  source: 'DragonFly 2004, mended by 621989fd02',
  about: 'the end of a connection frees its tcpcb at once, and the request to disconnect does not look whether there still is one',
  changes: [
    ...freeTcpcbAtOnce,
    {
      file: 'impl/netinet/tcp_usrreq.ts',
      change: (source) => {
        replace(source.in('tcp_usr_disconnect').call('sodisconnect_check'), '0');
        follow(source.in('tcp_disconnect').declaration('tp'), 'KASSERT(k, tp !== 0, PANIC_TCP_USR_PCB, so);');
      },
    },
  ],
  scenario: 'close-rst',
  breaks: ['panic-tcp-usr-pcb'],
  strategy: 'states',
  bounds: {},
};
