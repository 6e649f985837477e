/** G03: close finds that the peer has ended the connection a moment ago. */
import { replace } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G03',
  title: 'close fails with EINVAL after the peer has closed',
  source: 'DragonFly 2008, mended by 698917579a',
  about: 'TCP answers the disconnect of a connection that is over with EINVAL, and soclose forgives only ENOTCONN',
  changes: [
    {
      file: 'impl/netinet/tcp_usrreq.ts',
      change: (source) => replace(source.in('tcp_usr_disconnect').call('sodisconnect_check'), 'tcp_usr_over(k, inp) ? EINVAL : 0'),
    },
  ],
  scenario: 'close-rst',
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
