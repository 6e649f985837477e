/** Races about descriptors, references, and what runs out. */
import { call, type Scenario } from '../scenario.ts';

const pair = [call('socketpair', { asked: 'unix' })];

export const FILES: readonly Scenario[] = [
  {
    id: 'fputsock-close',
    about: 'a kernel consumer and the last descriptor give a socket back at once: it is freed once',
    citation: 'C.2, C.10, J.1, E.9 G1',
    prologue: [...pair, call('fgetsock', { fd: 0 })],
    threads: [[call('fputsock', { handle: 0 })], [call('close', { fd: 0 })]],
  },
  {
    id: 'fgetsock-close',
    about: 'a kernel consumer takes a socket whose descriptor is being closed',
    citation: 'C.10, J.1',
    prologue: pair,
    threads: [[call('fgetsock', { fd: 0 }), call('fputsock', { handle: 0 })], [call('close', { fd: 0 })]],
  },
  {
    id: 'close-close',
    about: 'two threads close the same descriptor: one of them gets EBADF',
    citation: 'C.10',
    prologue: pair,
    threads: [[call('close', { fd: 0 })], [call('close', { fd: 0 })]],
  },
  {
    id: 'close-reuse',
    about: 'whoever finds a descriptor closed finds its number free',
    citation: 'C.10',
    prologue: pair,
    threads: [[call('close', { fd: 0 })], [call('setnbio', { fd: 0, on: true }), call('socket', { asked: 'unix' })]],
  },
  {
    id: 'dup-close',
    about: 'a descriptor is duplicated while it is closed',
    citation: 'C.10',
    prologue: pair,
    threads: [[call('dup', { fd: 0 })], [call('close', { fd: 0 })]],
  },
  {
    id: 'socketpair-close',
    about: 'a descriptor is closed between the two that a socketpair reserves: the first is the higher one',
    citation: 'C.4 kern_socketpair',
    sizes: { SOCKETS: 4, PCBS: 4 },
    prologue: pair,
    threads: [[call('socketpair', { asked: 'unix' })], [call('close', { fd: 0 })]],
  },
  {
    id: 'socketpair-socket',
    about: 'a socketpair takes the last sockets; a descriptor that a socket had reserved in vain is free again for the second of the pair',
    citation: 'C.4 kern_socketpair, C.1 socreate, J.4 socket',
    sizes: { SOCKETS: 2, PCBS: 2, FDS: 3 },
    prologue: [],
    threads: [[call('socketpair', { asked: 'unix' })], [call('socket', { asked: 'unix' })]],
  },
  {
    id: 'socket-exhausted',
    about: 'the last socket is closed and made again at once: ENOBUFS, or success',
    citation: 'C.1 socreate, E.9 G1',
    prologue: [...pair, call('socket', { asked: 'unix' })],
    threads: [[call('socket', { asked: 'unix' })], [call('close', { fd: 0 })]],
  },
  {
    id: 'connect-exhausted',
    about: 'a connection needs a socket, and the last one is just made by another',
    citation: 'C.1 sonewconn step 2',
    prologue: [
      call('socket', { asked: 'unix' }),
      call('bind', { fd: 0, name: 0 }),
      call('listen', { fd: 0, backlog: 1 }),
      call('socket', { asked: 'unix' }),
    ],
    threads: [[call('connect', { fd: 1, name: 0 })], [call('socket', { asked: 'unix' })]],
  },
];
