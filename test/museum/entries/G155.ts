/** G155: a datagram is appended to the receiver's buffer whether there is room for it or not. */
import { replace } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G155',
  title: 'a receive buffer grows without limit',
  source: 'FreeBSD 9.3 alone; 9.1 and 10.4 look at the space',
  about: 'the datagram is appended by the variant without the space check',
  changes: [
    {
      file: 'impl/unix/uipc_dgram.ts',
      change: (source) => {
        replace(source.in('unp_append').call('sbappendaddr_locked').getExpression(), 'sbappendaddr_nospacecheck_locked');
        source.needs('../kern/sockbuf.ts', 'sbappendaddr_nospacecheck_locked');
      },
    },
  ],
  scenario: 'dgram-send-full',
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
