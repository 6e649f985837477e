/** Races about UNIX datagrams and sequenced packets: who sends to whom, who is still there, and records that stay whole. */
import { call, type Scenario } from '../scenario.ts';

/** Descriptor 0 has name 0; 1 can send to it. */
const named = [call('socket', { asked: 'dgram' }), call('bind', { fd: 0, name: 0 }), call('socket', { asked: 'dgram' })];
const connected = [...named, call('connect', { fd: 1, name: 0 })];
/** Descriptor 2 has name 1. */
const two = [...named, call('socket', { asked: 'dgram' }), call('bind', { fd: 2, name: 1 })];
const dgrams = [call('socketpair', { asked: 'dgram' })];
const packets = [call('socketpair', { asked: 'seqpacket' })];
const client = [
  call('socket', { asked: 'seqpacket' }),
  call('bind', { fd: 0, name: 0 }),
  call('listen', { fd: 0, backlog: 1 }),
  call('socket', { asked: 'seqpacket' }),
];

export const PACKETS: readonly Scenario[] = [
  {
    id: 'dgram-connect-close',
    about: 'a datagram socket is connected to one that is being closed: it finds nobody, or is told',
    citation: 'D.1 detach, T11, G104',
    prologue: named,
    threads: [[call('connect', { fd: 1, name: 0 })], [call('close', { fd: 0 })]],
  },
  {
    id: 'dgram-sendto-close',
    about: 'a datagram is sent to the name of a socket that is being closed',
    citation: 'D.1 send dgram, G104',
    prologue: named,
    threads: [[call('send', { fd: 1, amount: 1, addressed: true })], [call('close', { fd: 0 })]],
  },
  {
    id: 'dgram-send-close',
    about: 'the same from a socket that is connected: it is told ECONNRESET, or that it has no peer',
    citation: 'D.1 detach, T11, G104',
    prologue: connected,
    threads: [[call('send', { fd: 1, amount: 1 })], [call('close', { fd: 0 })]],
  },
  {
    id: 'dgram-send-connect',
    about: 'a sender whose socket gets another peer, while the error of the one that is gone is to be told',
    citation: 'C.4 soconnect, D.1 connect, H.1 reconnect',
    prologue: [...two, call('connect', { fd: 1, name: 0 }), call('close', { fd: 0 })],
    threads: [[call('send', { fd: 1, amount: 1 })], [call('connect', { fd: 1, name: 1 })]],
  },
  {
    id: 'dgram-connect-connect',
    about: 'two threads give one datagram socket a peer: it has one, and is on one list',
    citation: 'G98, E.9 G9',
    prologue: two,
    threads: [[call('connect', { fd: 1, name: 0 })], [call('connect', { fd: 1, name: 1 })]],
  },
  {
    id: 'unlink-connect',
    about: 'a name is taken away while a socket is connected to it: it was there, or it was not',
    citation: 'H.1 unix_bindconnect, D.1 connect',
    prologue: named,
    threads: [[call('unlink', { name: 0 }), call('send', { fd: 1, amount: 1 })], [call('connect', { fd: 1, name: 0 })]],
  },
  {
    id: 'unlink-close-bind',
    about: 'a name is taken away while its socket goes, and another socket is bound to it',
    citation: 'H.1 unix_bindconnect, E4.10',
    prologue: named,
    threads: [[call('unlink', { name: 0 }), call('bind', { fd: 1, name: 0 })], [call('close', { fd: 0 })]],
  },
  {
    id: 'dgram-two-to-one',
    about: 'two sockets are connected to the same one, and it is closed',
    citation: 'D.1 unp_connect2, detach',
    prologue: [...named, call('socket', { asked: 'dgram' })],
    threads: [[call('connect', { fd: 1, name: 0 })], [call('connect', { fd: 2, name: 0 })], [call('close', { fd: 0 })]],
  },
  {
    id: 'dgram-close-close',
    about: 'a datagram socket and the one that sends to it are closed at the same time',
    citation: 'D.1 detach, E.9 G9',
    prologue: connected,
    threads: [[call('close', { fd: 0 })], [call('close', { fd: 1 })]],
  },
  {
    id: 'dgram-pair-close-close',
    about: 'two datagram sockets that send to each other are closed at the same time',
    citation: 'D.1 detach, E.9 G9',
    prologue: dgrams,
    threads: [[call('close', { fd: 0 })], [call('close', { fd: 1 })]],
  },
  {
    id: 'dgram-receive-close',
    about: 'a datagram socket whose peer goes while it sleeps in receive: it is woken and told',
    citation: 'D.1 unp_drop, E.9 G12',
    prologue: dgrams,
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('close', { fd: 1 })]],
  },
  {
    id: 'dgram-self-close',
    about: 'a datagram socket is connected to itself while its descriptor is closed',
    citation: 'D.1 unp_connect2, H.3 unix_dgram one2many',
    prologue: [call('socket', { asked: 'dgram' }), call('bind', { fd: 0, name: 0 })],
    threads: [[call('connect', { fd: 0, name: 0 })], [call('close', { fd: 0 })]],
  },
  {
    id: 'dgram-disconnect-close',
    about: 'a datagram socket is disconnected while its peer goes: it ended that itself, or is told',
    citation: 'D.1 disconnect, detach, T24',
    prologue: connected,
    threads: [[call('disconnect', { fd: 1 })], [call('close', { fd: 0 })]],
  },
  {
    id: 'dgram-send-full',
    about: 'two threads send and there is room for one record: the other is told ENOBUFS',
    citation: 'D.1 send dgram, G155',
    prologue: connected,
    threads: [[call('send', { fd: 1, amount: 2 })], [call('send', { fd: 1, amount: 1 })]],
  },
  {
    id: 'dgram-receive-receive',
    about: 'two readers and one record: one has it, whole, the other sleeps on',
    citation: 'C.6 soreceive_dgram, E.9 G14',
    prologue: connected,
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('receive', { fd: 0, amount: 1 })], [call('send', { fd: 1, amount: 1 })]],
  },
  {
    id: 'packet-send-receive',
    about: 'a record is sent while a thread is about to sleep in receive',
    citation: 'C.6 soreceive_generic, E.9 G12',
    prologue: packets,
    threads: [[call('send', { fd: 0, amount: 1 })], [call('receive', { fd: 1, amount: 1 })]],
  },
  {
    id: 'packet-send-full',
    about: 'a record waits for room, for all of it, and a reader makes some',
    citation: 'C.5 step 7, D.1 rcvd, PR 185812',
    prologue: [...packets, call('send', { fd: 0, amount: 1 })],
    threads: [[call('send', { fd: 0, amount: 2 })], [call('receive', { fd: 1, amount: 1 })]],
  },
  {
    id: 'packet-send-close',
    about: 'a record is sent to a socket that is being closed',
    citation: 'D.1 send stream, T01',
    prologue: packets,
    threads: [[call('send', { fd: 0, amount: 1 })], [call('close', { fd: 1 })]],
  },
  {
    id: 'packet-receive-receive',
    about: 'two readers and two records: each has one, whole',
    citation: 'C.6 soreceive_generic, E.9 G14',
    prologue: [...packets, call('send', { fd: 0, amount: 1 }), call('send', { fd: 0, amount: 1 })],
    threads: [[call('receive', { fd: 1, amount: 2 })], [call('receive', { fd: 1, amount: 1 })]],
  },
  {
    id: 'packet-receive-shutdown',
    about: 'the other end says that it will send no more while a thread is about to sleep in receive',
    citation: 'C.7, D.1 shutdown, G78',
    prologue: packets,
    threads: [[call('receive', { fd: 1, amount: 1 })], [call('shutdown', { fd: 0, how: 'write' })]],
  },
  {
    id: 'packet-accept-connect-close',
    about: 'a connection comes to a listener that is being closed',
    citation: 'T03, G53',
    prologue: client,
    threads: [[call('connect', { fd: 1, name: 0 })], [call('close', { fd: 0 })]],
  },
  {
    id: 'packet-accept-send',
    about: 'a connection is made and a record sent over it before it is accepted, or after',
    citation: 'C.3, D.1 unp_connect2',
    prologue: client,
    threads: [[call('connect', { fd: 1, name: 0 }), call('send', { fd: 1, amount: 1 })], [call('accept', { fd: 0 })]],
  },
];
