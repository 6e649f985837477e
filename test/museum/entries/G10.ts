/** G10: the protocol frees the socket and then tells it that it is disconnected. */
import { follow, precede, remove } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { tcpConnected, wire } from '../settings.ts';

export const entry: Entry = {
  id: 'G10',
  title: 'sofree before soisdisconnected',
  source: 'FreeBSD 2004, mended by a974ba0b70',
  about: 'tcp_close gives its reference back first, and tells a socket that may be gone',
  changes: [
    {
      file: 'impl/netinet/tcp_subr.ts',
      change: (source) => {
        const close = source.in('tcp_close');
        const told = close.call('soisdisconnected').getText();
        remove(close.call('soisdisconnected'));
        precede(close.branch('INP_SOCKREF'), `if ((get(k, inp + inp_flags) & INP_SOCKREF) === 0) ${told};`);
        follow(close.call('tcp_release_socket'), `${told};`);
      },
    },
  ],
  scenario: {
    id: 'close-socket-wait-ack',
    about: 'a thread closes a socket and makes another, and the acknowledgement comes that ends the connection of the first',
    citation: 'G10',
    sizes: { SOCKETS: 2 },
    prologue: [...tcpConnected, call('remote-fin', { which: 0, ack: false })],
    segments: [{ what: 'ack', fd: 0, units: 0, fin: true }],
    threads: [[call('close', { fd: 0 }), call('socket', { asked: 'tcp' })]],
    actors: wire(1),
    events: [{ event: 'ack', times: 1, most: 2 }],
  },
  breaks: ['data-race', 'final-state'],
  strategy: 'states',
  bounds: {},
};
