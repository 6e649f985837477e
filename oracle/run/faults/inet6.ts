/** Planted faults in what sockets of IPv6 take. */
import { type Fault, instead, remove, when } from './edit.ts';

export const INET6_FAULTS: readonly Fault[] = [
  {
    id: 'inet6-v6only-unheard',
    file: 'impl/netinet/inpcb.ts',
    text: 'a socket of IPv6 with IPV6_V6ONLY is found for IPv4 all the same',
    change: (source) =>
      when(source.in('in_pcbfind').branch('in_pcblocal', 'vflag'), (was) => was.replace('(vflag & family) === 0 || ', '')),
  },
  {
    id: 'inet6-mapped-first',
    file: 'impl/netinet/inpcb.ts',
    text: 'a socket of IPv6 that takes IPv4 as well comes before the one of IPv4',
    change: (source) => instead(source.in('in_pcbfind').answer('mapped'), 'return mapped !== 0 ? mapped : any;'),
  },
  {
    id: 'inet6-port-shared',
    file: 'impl/netinet/inpcb.ts',
    text: 'a port that somebody has for both families is free for one of them',
    change: (source) =>
      when(source.in('in_pcbtaken').branch('inp_lport', 'families'), (was) => was.replace('(theirs & families) === 0', 'theirs !== vflag')),
  },
  {
    id: 'inet6-connected-for-both',
    file: 'impl/netinet/inpcb.ts',
    text: 'a socket that is connected over one family goes on to take the other',
    change: (source) => remove(source.in('in_pcbconnect').call('put', 'inp + inp_vflag')),
  },
  {
    id: 'inet6-child-as-listener',
    file: 'impl/netinet/tcp_syncache.ts',
    text: 'a connection that came over IPv4 is one of IPv6',
    change: (source) => remove(source.in('syncache_socket').call('put', 'inp + inp_vflag')),
  },
  {
    id: 'inet6-option-too-late',
    file: 'impl/netinet/ip6_output.ts',
    text: 'IPV6_V6ONLY can be changed of a socket that is bound',
    change: (source) => instead(source.in('ip6_ctloutput').declaration('bound'), 'const bound = false;'),
  },
];
