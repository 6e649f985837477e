/** G104: the peer of a sender goes between the look and the send. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G104',
  title: 'a send follows a peer that is not there',
  source: 'FreeBSD, regression test unix_sendtorace; mended by ENOTCONN',
  about: 'send does not look whether there still is a peer',
  changes: [
    {
      file: 'impl/unix/uipc_usrreq.ts',
      change: (source) => instead(source.in('unp_send').branch('peer'), 'KASSERT(k, peer !== 0, PANIC_UNP_PEER, unp);'),
    },
  ],
  scenario: 'send-close',
  breaks: ['panic-unp-peer'],
  strategy: 'states',
  bounds: {},
};
