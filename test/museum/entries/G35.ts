/** G35: a connection is accepted before the protocol has filled it in. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import { call, resultOf } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { tcpListener, wire, once } from '../settings.ts';

export const entry: Entry = {
  id: 'G35',
  title: 'accept returns a connection without its address',
  source: 'FreeBSD 6, mended in r175612',
  about: 'tcp_usr_accept does not wait for tcbinfo, which the thread holds that makes the connection',
  changes: [
    {
      file: 'impl/netinet/tcp_usrreq.ts',
      change: (source) => {
        const accept = source.in('tcp_usr_accept');
        remove(accept.call('rw_rlock'));
        remove(accept.call('rw_runlock'));
      },
    },
  ],
  scenario: {
    id: 'accept-send-handshake',
    about: 'a handshake ends, and whoever accepts the connection sends at once',
    citation: 'G35',
    prologue: tcpListener,
    segments: [{ what: 'handshake', fd: 0 }],
    threads: [[call('accept', { fd: 0 }), call('send', { fd: resultOf(0), amount: 1 })]],
    actors: wire(1),
    events: [once('handshake')],
  },
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
