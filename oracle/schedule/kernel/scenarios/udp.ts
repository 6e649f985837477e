/** Races about UDP: datagrams and the word that nobody takes them. */
import { call, type Scenario } from '../scenario.ts';

const connected = [call('socket', { asked: 'udp' }), call('bind', { fd: 0, name: 0 }), call('connect', { fd: 0, name: 0, remote: true })];

/** A socket at name 0, which it shares. */
const sharing = (fd: number): Scenario['prologue'] => [
  call('socket', { asked: 'udp' }),
  call('setreuse', { fd, option: 'port', on: true }),
  call('bind', { fd, name: 0 }),
];

export const UDP: readonly Scenario[] = [
  {
    id: 'send-unreachable',
    about: 'two threads send while the error of an earlier datagram arrives: one of them is told, once',
    citation: 'D.3, G15, G97',
    prologue: connected,
    segments: [{ what: 'unreachable', fd: 0 }],
    threads: [[call('send', { fd: 0, amount: 1 })], [call('send', { fd: 0, amount: 1 })]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'unreachable', times: 1 }],
  },
  {
    id: 'send-disconnect-unreachable',
    about: 'a sender that has passed its tests finds itself without a peer, and the error of an earlier datagram is still to be told',
    citation: 'D.3 send, G15',
    prologue: connected,
    segments: [{ what: 'unreachable', fd: 0 }],
    threads: [[call('send', { fd: 0, amount: 1 })], [call('disconnect', { fd: 0 })]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'unreachable', times: 1 }],
  },
  {
    id: 'receive-datagram',
    about: 'a datagram comes while a thread is about to sleep in receive',
    citation: 'C.6 soreceive_dgram, E.9 G12',
    prologue: connected,
    segments: [{ what: 'datagram', fd: 0 }],
    threads: [[call('receive', { fd: 0, amount: 1 })]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'datagram', times: 1 }],
  },
  {
    id: 'receive-receive-datagram',
    about: 'two readers and one datagram: one has it, whole, the other sleeps on',
    citation: 'C.6 soreceive_dgram, E.9 G14',
    prologue: connected,
    segments: [{ what: 'datagram', fd: 0 }],
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('receive', { fd: 0, amount: 1 })]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'datagram', times: 1 }],
  },
  {
    id: 'close-datagram',
    about: 'a datagram comes for a socket that is being closed',
    citation: 'G14, G23, E5.21',
    prologue: connected,
    segments: [{ what: 'datagram', fd: 0 }],
    threads: [[call('close', { fd: 0 })]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'datagram', times: 1 }],
  },
  {
    id: 'close-broadcast',
    about: 'a datagram for everybody comes to two sockets that share its port, one of which is being closed: the other has it',
    citation: 'D.3, H.2 ipbroadcast, G23',
    prologue: [...sharing(0), ...sharing(1)],
    segments: [{ what: 'broadcast', fd: 0 }],
    threads: [[call('close', { fd: 0 })]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'datagram', times: 2 }],
  },
  {
    id: 'bind-bind-reuse',
    about: 'two threads bind two sockets to one port, and a third takes back that it shares: who comes last is told so',
    citation: 'A.4 inp_flags2, J.4 bind',
    prologue: [
      call('socket', { asked: 'udp' }),
      call('setreuse', { fd: 0, option: 'port', on: true }),
      call('socket', { asked: 'udp' }),
      call('setreuse', { fd: 1, option: 'port', on: true }),
    ],
    threads: [
      [call('bind', { fd: 0, name: 0 })],
      [call('bind', { fd: 1, name: 0 })],
      [call('setreuse', { fd: 0, option: 'port', on: false })],
    ],
  },
  {
    id: 'broadcast-setreuse',
    about: 'SO_BROADCAST is taken back while a datagram for everybody is sent',
    citation: 'D.3 send, J.4 send',
    prologue: [call('socket', { asked: 'udp' }), call('setreuse', { fd: 0, option: 'broadcast', on: true })],
    threads: [[call('broadcast', { fd: 0 })], [call('setreuse', { fd: 0, option: 'broadcast', on: false })]],
  },
  {
    id: 'close-connect-udp',
    about: 'a datagram socket is connected while its last descriptor is closed',
    citation: 'D.3 close, E5.21',
    prologue: connected,
    threads: [[call('connect', { fd: 0, name: 1, remote: true })], [call('close', { fd: 0 })]],
  },
  {
    id: 'connect-connect-udp',
    about: 'two threads give one datagram socket a new peer',
    citation: 'C.4, G87',
    prologue: connected,
    threads: [[call('connect', { fd: 0, name: 0, remote: true })], [call('connect', { fd: 0, name: 1, remote: true })]],
  },
];
