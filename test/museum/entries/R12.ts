/** R12: a port is free for IPv4, which somebody of IPv6 takes as well. */
import { when } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R12',
  title: 'a bind looks for those of its own family alone',
  source: 'who takes both families has the port of both (D.2 IPv6; FreeBSD in_pcbbind and in6_pcbbind)',
  about: 'in_pcbtaken passes over whoever takes anything else than the socket that is bound',
  changes: [
    {
      file: 'impl/netinet/inpcb.ts',
      change: (source) =>
        when(source.in('in_pcbtaken').branch('inp_lport', 'families'), (was) =>
          was.replace('(theirs & families) === 0', 'theirs !== vflag'),
        ),
    },
  ],
  scenario: 'bind-bind-inet6',
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
