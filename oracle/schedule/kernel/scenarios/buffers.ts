/** Races about data: readers, senders, and those who end either. */
import { call, type Scenario } from '../scenario.ts';

const pair = [call('socketpair', { asked: 'unix' })];
/** Something to read for descriptor 0. */
const waiting = [...pair, call('send', { fd: 1, amount: 1 })];
/** No room for descriptor 0 to send. */
const full = [...pair, call('send', { fd: 0, amount: 2 })];

export const BUFFERS: readonly Scenario[] = [
  {
    id: 'receive-send',
    about: 'data comes while a thread is about to sleep in receive',
    citation: 'I.6, E.9 G12',
    prologue: pair,
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('send', { fd: 1, amount: 1 })]],
  },
  {
    id: 'receive-close',
    about: 'the peer closes while a thread is about to sleep in receive',
    citation: 'H.8, I.6, E.9 G12',
    prologue: pair,
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('close', { fd: 1 })]],
  },
  {
    id: 'receive-receive-close',
    about: 'two readers, data for one of them, and the peer closes: data for one, end of file for the other',
    citation: 'H.8, G68, G76, E.9 G14',
    prologue: waiting,
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('receive', { fd: 0, amount: 1 })], [call('close', { fd: 1 })]],
  },
  {
    id: 'receive-receive',
    about: 'two readers and data for both: no byte twice, none lost',
    citation: 'G68, G69, E.9 G14',
    prologue: [...pair, call('send', { fd: 1, amount: 2 })],
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('receive', { fd: 0, amount: 1 })]],
  },
  {
    id: 'receive-shutdown',
    about: 'a reader that sleeps is shut down: end of file, and the shutdown does not wait for it',
    citation: 'H.8, G76, T15, I.10.4',
    prologue: pair,
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('shutdown', { fd: 0, how: 'read' })]],
  },
  {
    id: 'receive-shutdown-send',
    about: 'reader, shutdown of its side, and a sender',
    citation: 'H.8, G76-G78, T15',
    prologue: pair,
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('shutdown', { fd: 0, how: 'read' })], [call('send', { fd: 1, amount: 1 })]],
  },
  {
    id: 'receive-signal',
    about: 'a signal comes while a thread is about to sleep in receive',
    citation: 'C.6, I.6',
    prologue: pair,
    threads: [[call('receive', { fd: 0, amount: 1 })]],
    actors: [{ kind: 'signal', thread: 0 }],
  },
  {
    id: 'receive-dup-close',
    about: 'the descriptor under a reader is closed; the file lives as long as the call, whatever other descriptors it had',
    citation: 'C.10, J.1',
    prologue: [...pair, call('dup', { fd: 0 })],
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('close', { fd: 0 }), call('close', { fd: 2 })], [call('close', { fd: 1 })]],
  },
  {
    id: 'receive-close-own',
    about: 'the descriptor under a reader is closed, then the peer closes: the reader closes the socket when it leaves',
    citation: 'C.10, J.1',
    prologue: pair,
    threads: [[call('receive', { fd: 0, amount: 1 })], [call('close', { fd: 0 }), call('close', { fd: 1 })]],
  },
  {
    id: 'send-receive-full',
    about: 'a sender sleeps for room, and the reader makes some',
    citation: 'I.6, D.1 rcvd, E.9 G12',
    prologue: full,
    threads: [[call('send', { fd: 0, amount: 1 })], [call('receive', { fd: 1, amount: 2 })]],
  },
  {
    id: 'send-close-full',
    about: 'a sender sleeps for room, and the peer closes',
    citation: 'I.6, E.9 G12',
    prologue: full,
    threads: [[call('send', { fd: 0, amount: 1 })], [call('close', { fd: 1 })]],
  },
  {
    id: 'send-send',
    about: 'two senders on one socket: one after the other',
    citation: 'G68, G69, C.5 step 2',
    prologue: pair,
    threads: [[call('send', { fd: 0, amount: 1 })], [call('send', { fd: 0, amount: 1 })]],
  },
  {
    id: 'send-send-receive',
    about: 'two senders and no room; a reader makes some for both, one after the other',
    citation: 'G68, G69, E.9 G12, G14',
    prologue: full,
    threads: [[call('send', { fd: 0, amount: 1 })], [call('send', { fd: 0, amount: 1 })], [call('receive', { fd: 1, amount: 2 })]],
  },
  {
    id: 'send-shutdown',
    about: 'a sender that has passed its tests is shut down before the protocol has the data',
    citation: 'H.8, G78',
    prologue: pair,
    threads: [[call('send', { fd: 0, amount: 1 })], [call('shutdown', { fd: 0, how: 'write' })]],
  },
  {
    id: 'send-close',
    about: 'the peer goes away while a sender copies its data in',
    citation: 'G104, C.5',
    prologue: pair,
    threads: [[call('send', { fd: 0, amount: 1 })], [call('close', { fd: 1 })]],
  },
  {
    id: 'send-signal',
    about: 'a signal comes while a sender is about to sleep for room',
    citation: 'C.5 step 7',
    prologue: full,
    threads: [[call('send', { fd: 0, amount: 1 })]],
    actors: [{ kind: 'signal', thread: 0 }],
  },
];
