/** G65: a connection shares with its listener what both will give back. */
import { follow } from '../../../oracle/run/faults/edit.ts';
import { call, resultOf } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixClient } from '../settings.ts';

export const entry: Entry = {
  id: 'G65',
  title: 'a child is given a pointer of its listener',
  source: 'Linux, CVE-2017-8890 (inet_csk_clone_lock)',
  about: 'a child takes over the name of its listener, and gives it up when it is closed',
  changes: [
    {
      file: 'impl/unix/uipc_usrreq.ts',
      change: (source) => {
        const connect = source.in('unp_connect');
        follow(connect.declaration('address'), 'const vnode = get(k, listener + unp_vnode);');
        follow(connect.call('put', 'child + unp_addr'), 'put(k, child + unp_vnode, vnode);');
      },
    },
  ],
  scenario: {
    id: 'accept-close-while-connect',
    about: 'a connection is made, accepted and closed at once',
    citation: 'G65, T01',
    prologue: unixClient,
    threads: [[call('accept', { fd: 0 }), call('close', { fd: resultOf(0) })], [call('connect', { fd: 1, name: 0 })]],
  },
  breaks: ['panic-unp-detach-name'],
  strategy: 'states',
  bounds: {},
};
