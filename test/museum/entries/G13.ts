/** G13: the protocol sleeps when it is detached, although its caller may hold locks. */
import { follow } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G13',
  title: 'pru_detach sleeps',
  source: 'FreeBSD 7 and later, rfcomm; not mended in the version of the reference',
  about:
    'uipc_detach waits a tick for a connection that was never made; a connect to a listener that is being closed comes there with the link lock',
  changes: [
    {
      file: 'impl/unix/uipc_usrreq.ts',
      change: (source) => {
        follow(
          source.in('uipc_detach').declaration('unp'),
          'if (get(k, unp + unp_addr) === 0 && (load(k, so + so_state) & SS_ISDISCONNECTED) === 0) msleep(k, td, so + so_timeo, 0, 0, 1);',
        );
        source.needs('../layout.ts', 'SS_ISDISCONNECTED', 'so_timeo');
        source.needs('../sync/sleepqueue.ts', 'msleep');
      },
    },
  ],
  scenario: 'connect-close',
  breaks: ['sleep-with-lock'],
  strategy: 'states',
  bounds: {},
};
