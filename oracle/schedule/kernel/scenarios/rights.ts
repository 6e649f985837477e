/** Races about descriptors in flight: received, given up, and found by the collector while others still use them. */
import { call, type Scenario } from '../scenario.ts';

const pair = [call('socketpair', { asked: 'unix' })];
/** Descriptor 2 is closed; its right lies in the buffer of descriptor 1. */
const mailed = [...pair, call('socket', { asked: 'unix' }), call('sendmsg', { fd: 0, passed: 2 }), call('close', { fd: 2 })];
/** Descriptor 0 lies in its own buffer. */
const itself = [...pair, call('sendmsg', { fd: 1, passed: 0 })];
/** Each end of a pair lies in its own buffer; in the other's. */
const selves = [...itself, call('sendmsg', { fd: 0, passed: 1 })];
const crossed = [...pair, call('sendmsg', { fd: 0, passed: 0 }), call('sendmsg', { fd: 1, passed: 1 })];
/** A connection from descriptor 1 waits at 0, with the listener's own right in its buffer. */
const queued = [
  call('socket', { asked: 'unix' }),
  call('bind', { fd: 0, name: 0 }),
  call('listen', { fd: 0, backlog: 1 }),
  call('socket', { asked: 'unix' }),
  call('connect', { fd: 1, name: 0 }),
  call('sendmsg', { fd: 1, passed: 0 }),
];
const collect = [call('collect', {})];
/** As `mailed`, with a record. */
const recorded = (asked: string) => [
  call('socketpair', { asked }),
  call('socket', { asked: 'unix' }),
  call('sendmsg', { fd: 0, passed: 2 }),
  call('close', { fd: 2 }),
  call('setnbio', { fd: 1, on: true }),
];
/** As `queued`, with a second socket that may connect. */
const queuing = [...queued.slice(0, 2), call('listen', { fd: 0, backlog: 2 }), ...queued.slice(3), call('socket', { asked: 'unix' })];
/** Descriptor 1 has in its buffer a TCP connection that lingers, and behind it the other end of its pair; no descriptor leads to either. */
const lingering = [
  ...pair,
  call('socket', { asked: 'tcp' }),
  call('connect', { fd: 2, name: 0, remote: true }),
  call('remote-synack', { which: 0 }),
  call('setlinger', { fd: 2, linger: 'wait' }),
  call('sendmsg', { fd: 0, passed: 2 }),
  call('sendmsg', { fd: 0, passed: 0 }),
  call('close', { fd: 2 }),
  call('close', { fd: 0 }),
];
/** Of records: how they are asked for, and where the reference has them. */
const RECORDS = [
  ['dgram', 'soreceive_dgram'],
  ['seqpacket', 'step 6'],
] as const;

/** As `mailed`, by what keeps other readers out until the right is a descriptor and the data has gone. */
const sealed = (asked: string) => [
  call('socketpair', { asked }),
  call('socket', { asked: 'unix' }),
  call('sendmsg', { fd: 0, passed: 2 }),
  call('close', { fd: 2 }),
];
/** And no room for more. */
const full = (asked: string) => [...sealed(asked), call('send', { fd: 0, amount: 1 }), call('setnbio', { fd: 0, on: true })];

export const RIGHTS: readonly Scenario[] = [
  {
    id: 'recvmsg-collect',
    about: 'the collector looks while a right is in the hand of its receiver, and in no buffer',
    citation: 'G116, E.9 G11, D.1 GC',
    prologue: mailed,
    threads: [[call('recvmsg', { fd: 1, amount: 1 })], collect],
  },
  {
    id: 'recvmsg-close-collect',
    about: 'a socket that lies in its own buffer is closed while a call receives from it: the call still reaches it',
    citation: 'G116, G118, E.9 G11',
    prologue: itself,
    threads: [[call('recvmsg', { fd: 0, amount: 1 })], [call('close', { fd: 0 })], collect],
  },
  {
    id: 'sendmsg-close-collect',
    about: 'what is being passed is closed meanwhile, and the collector looks while its right is in the hand of its sender',
    citation: 'G116, E.9 G10, G11',
    prologue: pair,
    threads: [[call('sendmsg', { fd: 0, passed: 1 })], [call('close', { fd: 1 })], collect],
  },
  {
    id: 'sendmsg-close',
    about: 'a descriptor is closed while it is being passed: its file goes, or it is EBADF',
    citation: 'D.1 send, E.9 G10',
    prologue: [...pair, call('socket', { asked: 'unix' })],
    threads: [[call('sendmsg', { fd: 0, passed: 2 })], [call('close', { fd: 2 })]],
  },
  {
    id: 'close-close-collect',
    about: 'both ends of a pair are closed, one of which lies in its own buffer, while the collector works',
    citation: 'T16, E.9 G11',
    prologue: itself,
    threads: [[call('close', { fd: 0 })], [call('close', { fd: 1 })], collect],
  },
  {
    id: 'collect-collect',
    about: 'two threads work as collectors: what nobody can reach is swept once',
    citation: 'T16, E4.08',
    prologue: [...itself, call('close', { fd: 0 })],
    threads: [collect, collect],
  },
  {
    id: 'recvmsg-close',
    about: 'a descriptor is closed while a right is received from it: it becomes a descriptor, or is given up, once',
    citation: 'T18, E.9 G10',
    prologue: mailed,
    threads: [[call('recvmsg', { fd: 1, amount: 1 })], [call('close', { fd: 1 })]],
  },
  {
    id: 'recvmsg-shutdown',
    about: 'the receive side is shut while a right is received: the shutdown waits for the reader, and finds what is left',
    citation: 'C.7 sorflush, H.3 send_and_shutdown',
    prologue: mailed,
    threads: [[call('recvmsg', { fd: 1, amount: 1 })], [call('shutdown', { fd: 1, how: 'read' })]],
  },
  {
    id: 'recvmsg-recvmsg',
    about: 'two threads receive, and one right comes: it becomes one descriptor',
    citation: 'E.9 G10, G14',
    prologue: [...mailed, call('setnbio', { fd: 1, on: true })],
    threads: [[call('recvmsg', { fd: 1, amount: 1 })], [call('recvmsg', { fd: 1, amount: 1 })]],
  },
  {
    id: 'recvmsg-receive',
    about: 'of two readers one does not ask for the right that comes: it is received, or given up',
    citation: 'C.6 step 6',
    prologue: [...mailed, call('setnbio', { fd: 1, on: true })],
    threads: [[call('recvmsg', { fd: 1, amount: 1 })], [call('receive', { fd: 1, amount: 1 })]],
  },
  {
    id: 'accept-collect',
    about: 'a connection is accepted, with a right in its buffer, while the collector looks at the queue that it leaves',
    citation: 'T17, G121',
    prologue: queued,
    threads: [[call('accept', { fd: 0 })], collect],
  },
  {
    id: 'close-listener-collect',
    about: 'a listener whose right lies in the buffer of who waits to be accepted is closed while the collector looks',
    citation: 'T17, G105',
    prologue: queued,
    threads: [[call('close', { fd: 0 })], collect],
  },
  ...RECORDS.flatMap(([asked, where]): readonly Scenario[] => [
    {
      id: `${asked}-recvmsg-collect`,
      about: 'the collector looks while a record is received with its right',
      citation: `G116, C.6 ${where}, D.1 GC`,
      prologue: recorded(asked),
      threads: [[call('recvmsg', { fd: 1, amount: 1 })], collect],
    },
    {
      id: `${asked}-recvmsg-receive`,
      about: 'two threads read, and one record comes with a right: it is received, or given up, once',
      citation: `E.9 G10, C.6 ${where}`,
      prologue: recorded(asked),
      threads: [[call('recvmsg', { fd: 1, amount: 1 })], [call('receive', { fd: 1, amount: 1 })]],
    },
    {
      id: `${asked}-recvmsg-close`,
      about: 'a descriptor is closed, or its receive side shut, while a record with a right is received from it',
      citation: `T18, C.7 sorflush, C.6 ${where}`,
      prologue: recorded(asked),
      threads: [[call('recvmsg', { fd: 1, amount: 1 })], [call('shutdown', { fd: 1, how: 'read' }), call('close', { fd: 1 })]],
    },
    {
      id: `${asked}-sendmsg-close-collect`,
      about: 'what is passed with a record, over itself, is closed meanwhile, and the collector looks at any time',
      citation: 'T16, G116, E.9 G10, G11',
      prologue: [call('socketpair', { asked })],
      threads: [[call('sendmsg', { fd: 0, passed: 1 })], [call('close', { fd: 1 })], collect],
    },
  ]),
  ...['unix', 'seqpacket'].flatMap((asked): readonly Scenario[] => [
    {
      id: `${asked}-recvmsg-send-close`,
      about: 'data is received with a right, and sent meanwhile: there is room where it was no sooner than the right is a descriptor',
      citation: 'C.6 step 6, step 9, D.1 rcvd',
      prologue: [...sealed(asked), call('setnbio', { fd: 0, on: true })],
      threads: [
        [call('recvmsg', { fd: 1, amount: 1 })],
        [call('send', { fd: 0, amount: 1 }), call('send', { fd: 0, amount: 1 }), call('close', { fd: 2 })],
      ],
    },
    {
      id: `${asked}-recvmsg-close-send`,
      about: 'a right is received, and closed as soon as it is a descriptor: the room where its data was may come after that',
      citation: 'C.6 step 9, D.1 rcvd',
      prologue: full(asked),
      threads: [[call('recvmsg', { fd: 1, amount: 1 })], [call('close', { fd: 2 }), call('send', { fd: 0, amount: 1 })]],
    },
    {
      id: `${asked}-recvmsg-poll-close`,
      about: 'data is received with a right, and looked for: it is in the buffer until the right is a descriptor',
      citation: 'C.6 step 6, C.8 sopoll',
      prologue: sealed(asked),
      threads: [[call('recvmsg', { fd: 1, amount: 1 })], [call('poll', { fd: 1, wanted: 'in', wait: false }), call('close', { fd: 2 })]],
    },
    {
      id: `${asked}-recvmsg-receive-close`,
      about:
        'two threads read, of whom the first receives a right: the other has what is behind it no sooner than the right is a descriptor',
      citation: 'C.6 step 3, step 6, step 11',
      prologue: [...full(asked), call('setnbio', { fd: 1, on: true })],
      threads: [
        [call('recvmsg', { fd: 1, amount: 1 }), call('close', { fd: 2 })],
        [call('receive', { fd: 1, amount: 1 }), call('close', { fd: 2 })],
      ],
    },
  ]),
  {
    id: 'collector-close',
    about:
      'the only descriptor of a socket that lies in its own buffer is closed, which is not the last reference: the collector, asleep, is told',
    citation: 'T16, D.1 GC',
    prologue: itself,
    threads: [[call('close', { fd: 0 })]],
    actors: [{ kind: 'collector' }],
  },
  {
    id: 'collector-close-close',
    about: 'both ends of a pair are closed, one of which lies in its own buffer, and the collector works and sleeps at any time',
    citation: 'T16, E.9 G11',
    prologue: itself,
    threads: [[call('close', { fd: 0 })], [call('close', { fd: 1 })]],
    actors: [{ kind: 'collector' }],
  },
  {
    id: 'collector-close-both',
    about: 'two sockets that lie in their own buffers are closed: the collector may be told of one while it looks for the other',
    citation: 'T16, E.9 G11, I.6',
    prologue: selves,
    threads: [[call('close', { fd: 0 })], [call('close', { fd: 1 })]],
    actors: [{ kind: 'collector' }],
  },
  {
    id: 'collector-close-socket',
    about:
      'both ends of a pair, each in the buffer of the other, are closed, and a socket is made meanwhile: not of what the collector has yet to sweep',
    citation: 'T16, D.1 GC, E4.08',
    prologue: [...crossed, call('close', { fd: 1 })],
    threads: [[call('close', { fd: 0 })], [call('socket', { asked: 'unix' })]],
    actors: [{ kind: 'collector' }],
  },
  {
    id: 'collector-setnbio-close',
    about:
      'a socket that lies in its own buffer is closed while a call looks it up, or uses it: whoever lets go of it last tells the collector',
    citation: 'T16, C.10 fget, E.9 G11',
    prologue: itself,
    threads: [[call('setnbio', { fd: 0, on: true })], [call('close', { fd: 0 })]],
    actors: [{ kind: 'collector' }],
  },
  {
    id: 'collector-recvmsg-close',
    about: 'a socket that lies in its own buffer is closed while a call receives from it, and the collector looks at any time',
    citation: 'G116, G118, E.9 G11',
    prologue: itself,
    threads: [[call('recvmsg', { fd: 0, amount: 1 })], [call('close', { fd: 0 })]],
    actors: [{ kind: 'collector' }],
  },
  {
    id: 'collector-sendmsg-close',
    about:
      'what is being passed over itself is closed meanwhile: when it comes to lie in the buffer nobody can reach it, and the collector is told',
    citation: 'T16, E.9 G10, G11',
    prologue: pair,
    threads: [[call('sendmsg', { fd: 0, passed: 1 })], [call('close', { fd: 1 })]],
    actors: [{ kind: 'collector' }],
  },
  {
    id: 'collector-receive-close',
    about: 'a right is given up, by a reader who does not want it or by the close of its buffer, and the collector, asleep, is told',
    citation: 'T18, D.1 discard',
    prologue: [...mailed, call('setnbio', { fd: 1, on: true })],
    threads: [[call('receive', { fd: 1, amount: 1 })], [call('close', { fd: 1 })]],
    actors: [{ kind: 'collector' }],
  },
  {
    id: 'collector-accept-close',
    about:
      'a listener whose right lies in the buffer of who waits to be accepted is closed while somebody accepts, and the collector looks at any time',
    citation: 'T17, G105, G121',
    prologue: queued,
    threads: [[call('accept', { fd: 0 })], [call('close', { fd: 0 })]],
    actors: [{ kind: 'collector' }],
  },
  {
    id: 'collector-connect-close',
    about: 'somebody connects to a listener that nobody can reach while the collector looks, finds, and closes it',
    citation: 'T17, G121',
    sizes: { SOCKETS: 5, PCBS: 5, BACKLOG: 2 },
    prologue: queuing,
    threads: [[call('connect', { fd: 2, name: 0 })], [call('close', { fd: 0 })]],
    actors: [{ kind: 'collector' }],
  },
  {
    id: 'collector-linger',
    about: 'the collector closes a connection that lingers: it does not wait for that, and what lies behind it is closed as well',
    citation: 'T22, D.1 discard, C.2 soclose 2',
    prologue: lingering,
    threads: [[call('close', { fd: 1 })]],
    actors: [{ kind: 'collector' }],
  },
];
