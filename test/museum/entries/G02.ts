/** G02: close looks whether there is a pcb, and when it asks it to detach there is none any more. */
import { follow, instead, precede } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G02',
  title: 'close reads so_pcb unlocked and fails with EINVAL',
  source: 'FreeBSD up to 6 (soclose, label drop); mended by the sockref work of July 2006, in FreeBSD 7',
  about:
    'soclose looks without a lock whether the connection is over; if the protocol then finds that it is, its EINVAL becomes the result',
  changes: [
    {
      file: 'impl/netinet/tcp_usrreq.ts',
      change: (source) => {
        const close = source.in('tcp_usr_close');
        follow(close.declaration('inp'), 'const error = tcp_usr_over(k, inp) ? EINVAL : 0;');
        close.returns('number', 'error');
      },
    },
    {
      file: 'impl/kern/protosw.ts',
      change: (source) => {
        const close = source.in('pru_close');
        instead(close.call('tcp_usr_close'), 'return tcp_usr_close(k, td, so);');
        close.returns('number', '0');
      },
    },
    {
      file: 'impl/kern/close.ts',
      change: (source) => {
        const soclose = source.in('soclose');
        instead(soclose.call('pru_close'), 'const late = pru_close(k, td, so);');
        precede(soclose.declaration('late'), 'const attached = (load(k, so + so_state) & SS_ISDISCONNECTED) === 0;');
        instead(soclose.answer('error'), 'return error === 0 && attached ? late : error;');
        source.needs('../layout.ts', 'SS_ISDISCONNECTED');
      },
    },
  ],
  scenario: 'close-rst',
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
