/** G98: two threads connect the same socket, each to another. */
import { instead, moveBefore, precede } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G98',
  title: 'a socket is connected twice',
  source: 'FreeBSD, mended by r365764',
  about: 'whether the sockets have peers is looked at before the link lock is taken',
  changes: [
    {
      file: 'impl/unix/uipc_usrreq.ts',
      change: (source) => {
        const connect = source.in('uipc_connect2');
        const looks = connect
          .branch('unp_conn')
          .getText()
          .replace(/else if \(dgram\).*$/s, '');
        instead(connect.branch('unp_conn'), 'if (error === 0) unp_connect2(k, td, unp, unp2, 0);');
        moveBefore(connect.declaration('error'), connect.call('rw_wlock'));
        precede(connect.call('rw_wlock'), looks);
      },
    },
  ],
  scenario: 'connect2-connect2',
  breaks: ['data-race'],
  strategy: 'states',
  bounds: {},
};
