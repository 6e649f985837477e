/** G40: the timer of a half-open connection has fired, and before its handler has the lock the connection is complete. */
import { follow, when } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { tcpListener, wire, once } from '../settings.ts';

export const entry: Entry = {
  id: 'G40',
  title: 'use of a syncache entry by its timer after it was freed',
  source: 'DragonFly 2010, mended by e5fe3477cd, c1d0893d66 and 1696176312',
  about: 'the handler does not look whether it is still meant',
  changes: [
    {
      file: 'impl/netinet/tcp_syncache.ts',
      change: (source) => {
        const timer = source.in('syncache_timer');
        when(timer.branch('callout_fired'), () => 'true');
        follow(timer.call('mtx_lock'), 'KASSERT(k, get(k, sc + z_link) === Z_ALLOCATED, PANIC_FREE_FOREIGN, sc);');
        source.needs('../layout.ts', 'z_link', 'Z_ALLOCATED');
        source.needs('../kern/kassert.ts', 'KASSERT');
        source.needs('../panic.ts', 'PANIC_FREE_FOREIGN');
      },
    },
  ],
  scenario: {
    id: 'handshake-tick',
    about: 'a handshake ends while the timer fires that would repeat its SYN|ACK',
    citation: 'G40',
    prologue: tcpListener,
    segments: [{ what: 'handshake', fd: 0 }],
    threads: [],
    actors: [...wire(1), { kind: 'clock', ticks: 4 }],
    events: [once('handshake')],
  },
  breaks: ['panic-free-foreign'],
  strategy: 'states',
  bounds: {},
};
