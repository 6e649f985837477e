/** G15: a connection is made for a listener and then found to be impossible. */
import { follow, remove } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G15',
  title: 'an incomplete child stays behind',
  source: 'FreeBSD, SPX (exit drop of its input); not mended in the version of the reference',
  about: 'unp_connect makes the child first and then refuses a socket that is connected already, without taking the child back',
  changes: [
    {
      file: 'impl/unix/uipc_usrreq.ts',
      change: (source) => {
        const connect = source.in('unp_connect');
        remove(connect.branch('refused'));
        follow(connect.branch('so3'), 'if (refused !== 0) return refused;');
      },
    },
  ],
  scenario: 'connect-connect',
  breaks: ['leak'],
  strategy: 'states',
  bounds: {},
};
