/** R13: what a socket takes is changed when others have looked at it already. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R13',
  title: 'IPV6_V6ONLY is taken off a socket that is bound',
  source: 'EINVAL once there is a port (FreeBSD ip6_ctloutput)',
  about: 'ip6_ctloutput does not look whether the socket is bound: it takes a port for IPv4 that somebody has',
  changes: [
    {
      file: 'impl/netinet/ip6_output.ts',
      change: (source) => instead(source.in('ip6_ctloutput').declaration('bound'), 'const bound = false;'),
    },
  ],
  scenario: 'setv6only-bind',
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
