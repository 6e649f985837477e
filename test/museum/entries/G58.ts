/** G58: an event registered before listen is never told of connections. */
import { argument, replace } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G58',
  title: 'an event registered before listen never fires',
  source: 'FreeBSD, mended by r313043; test listen_kqueue',
  about: 'which filter an event has is decided when it is registered, not when it is asked',
  changes: [
    {
      file: 'impl/kern/kqueue.ts',
      change: (source) => {
        const attach = source.in('knote_attach');
        const flags = attach.call('put', 'kn + kn_flags');
        argument(flags, 2, `(${flags.getArguments()[2]?.getText()}) | (load(k, get(k, fp + f_data) + so_options) & SO_ACCEPTCONN) << 20`);
        const listens = source.in('filt_soread').declaration('listens');
        replace(listens, 'const listens = (fixed(k, kn + kn_flags) & (SO_ACCEPTCONN << 20)) !== 0;');
      },
    },
  ],
  scenario: 'kevent-listen',
  breaks: ['lost-wakeup'],
  strategy: 'states',
  bounds: {},
};
