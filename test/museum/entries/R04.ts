/** R04: word of a port that takes nothing reaches a socket that has another peer by now. */
import { argument, when } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { once, udpConnected, wire } from '../settings.ts';

export const entry: Entry = {
  id: 'R04',
  title: 'an error of the net is given to whoever has the port',
  source: 'udp_notify reaches the socket that is connected to whom the datagram was for (D.3, A.2 so_error)',
  about: 'udp_ctlinput finds a socket by its local port alone, and does not look at its peer',
  changes: [
    {
      file: 'impl/netinet/udp_usrreq.ts',
      change: (source) => {
        const lookup = source.in('udp_ctlinput').call('in_pcblookup');
        argument(lookup, 7, '1');
        when(source.in('udp_ctlinput').branch('inp_faddr'), () => 'so !== 0');
      },
    },
  ],
  scenario: {
    id: 'disconnect-unreachable',
    about: 'a socket is parted from its peer while word comes that this takes nothing: later it hears no more of that',
    citation: 'D.3, A.2 so_error, G97',
    prologue: udpConnected,
    segments: [{ what: 'unreachable', fd: 0 }],
    threads: [[call('disconnect', { fd: 0 }), call('geterror', { fd: 0 }), call('geterror', { fd: 0 })]],
    actors: wire(1),
    events: [once('unreachable')],
  },
  breaks: ['history', 'final-state', 'state-at-rest'],
  strategy: 'states',
  bounds: {},
};
