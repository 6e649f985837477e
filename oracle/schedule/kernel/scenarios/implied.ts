/** Races about connections that a send makes (implied connect). */
import { call, type Scenario } from '../scenario.ts';

const bound = [call('socket', { asked: 'tcp' }), call('bind', { fd: 0, name: 1 })];
const implied = call('send', { fd: 0, amount: 1, addressed: true, remote: true });

export const IMPLIED: readonly Scenario[] = [
  {
    id: 'implied-implied',
    about: 'two threads send with an address on a socket that is not connected: one connection, and what both sent goes over it',
    citation: 'C.5 step 5, D.2 send',
    prologue: bound,
    threads: [[implied], [implied]],
  },
  {
    id: 'implied-connect',
    about: 'a thread connects a socket on which another sends with an address',
    citation: 'C.4 kern_connect, C.5 step 5, D.2 send',
    prologue: [...bound, call('setnbio', { fd: 0, on: true })],
    threads: [[implied], [call('connect', { fd: 0, name: 0, remote: true })]],
  },
  {
    id: 'implied-shutdown-rst',
    about: 'a connection that a send makes is shut down and refused at the same time',
    citation: 'D.2 send, RST, tcp_usrclosed',
    prologue: [...bound, implied],
    segments: [{ what: 'rst', fd: 0 }],
    threads: [[call('shutdown', { fd: 0, how: 'write' })], [implied]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'rst', times: 1 }],
  },
];
