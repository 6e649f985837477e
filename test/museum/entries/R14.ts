/** R14: who is connected takes what it took before. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R14',
  title: 'a socket that is connected over IPv6 keeps its port from IPv4',
  source: 'a connect takes INP_IPV4 or INP_IPV6 away (D.3; FreeBSD udp6_connect)',
  about: 'in_pcbconnect leaves inp_vflag as it was',
  changes: [
    {
      file: 'impl/netinet/inpcb.ts',
      change: (source) => remove(source.in('in_pcbconnect').call('put', 'inp + inp_vflag')),
    },
  ],
  scenario: 'connect-bind-inet6',
  breaks: ['history', 'state'],
  strategy: 'states',
  bounds: {},
};
