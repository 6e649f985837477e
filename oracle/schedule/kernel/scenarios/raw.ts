/** Races about raw IP: what arrives goes to each socket that wants it, one after the other. */
import { call, type Scenario } from '../scenario.ts';

const raw = [call('socket', { asked: 'raw' })];
const connected = [...raw, call('connect', { fd: 0, name: 0, remote: true })];

export const RAW: readonly Scenario[] = [
  {
    id: 'close-raw-datagram',
    about: 'a raw datagram comes for two sockets, one of which is being closed: the other has its copy, whole',
    citation: 'D.4, H.2 rawconnect, G17, G23',
    prologue: [...connected, ...raw],
    segments: [{ what: 'datagram', fd: 0 }],
    threads: [[call('close', { fd: 0 })], [call('receive', { fd: 1, amount: 1 })]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'datagram', times: 2 }],
  },
  {
    id: 'connect-raw-datagram',
    about: 'a raw socket is connected to somebody else while a datagram comes for it',
    citation: 'D.4 rip_connect, C.4',
    prologue: connected,
    segments: [{ what: 'datagram', fd: 0 }],
    threads: [[call('connect', { fd: 0, name: 0, remote: false }), call('disconnect', { fd: 0 })]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'datagram', times: 1 }],
  },
  {
    id: 'send-disconnect-raw',
    about: 'a raw sender that has passed its tests finds itself without a peer',
    citation: 'D.4 rip_send, C.5',
    prologue: connected,
    threads: [[call('send', { fd: 0, amount: 1 })], [call('disconnect', { fd: 0 })]],
  },
  {
    id: 'socket-raw-datagram',
    about: 'a raw socket is made and closed while a datagram goes from socket to socket',
    citation: 'D.4 rip_input, I.3',
    prologue: raw,
    segments: [{ what: 'datagram', fd: 0 }],
    threads: [[call('socket', { asked: 'raw' }), call('close', { fd: 1 })]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'datagram', times: 2 }],
  },
];
