/** Races about urgent data: the byte that lies apart, the mark that readers stop at, and what ends the connection meanwhile. */
import type { Happening } from '../elements.ts';
import { type Actor, call, type Scenario, type Segment } from '../scenario.ts';

const connected = [
  call('socket', { asked: 'tcp' }),
  call('connect', { fd: 0, name: 0, remote: true }),
  call('remote-synack', { which: 0 }),
];
const wire = (deliveries: number): readonly Actor[] => [{ kind: 'wire', deliveries }];
const once = (event: string): Happening => ({ event, times: 1 });
const byte: Segment = { what: 'urgent', fd: 0, here: true };

export const URGENT: readonly Scenario[] = [
  {
    id: 'urgent-poll',
    about: 'a thread polls for urgent data, which is announced meanwhile',
    citation: 'C.8 sopoll, C.6 step 8',
    prologue: [...connected, call('remote-data', { which: 0 })],
    segments: [{ what: 'urgent', fd: 0, here: false }],
    threads: [[call('poll', { fd: 0, wanted: 'urgent', wait: true })]],
    actors: wire(1),
    events: [once('urgent')],
  },
  {
    id: 'urgent-poll-shutdown',
    about: 'of a socket whose receive side is shut a thread polls for urgent data, and its send side is shut, too',
    citation: 'C.8 sopoll, H.2a',
    prologue: [...connected, call('shutdown', { fd: 0, how: 'read' })],
    threads: [[call('poll', { fd: 0, wanted: 'urgent', wait: true })], [call('shutdown', { fd: 0, how: 'write' })]],
  },
  {
    id: 'urgent-receive',
    about: 'a reader, and one that wants the urgent byte, while data, the byte and more data come',
    citation: 'C.6 soreceive_rcvoob, H.6 msg_oob',
    prologue: [...connected, call('remote-data', { which: 0 })],
    segments: [byte, { what: 'data', fd: 0, units: 1 }],
    threads: [[call('receive', { fd: 0, amount: 2 })], [call('receiveoob', { fd: 0 })]],
    actors: wire(2),
    events: [once('urgent'), { event: 'data', times: 1 }],
  },
  {
    id: 'urgent-twice',
    about: 'two threads want one urgent byte: one of them has it',
    citation: 'C.6 soreceive_rcvoob, D.2 rcvoob',
    prologue: [...connected, call('remote-urgent', { which: 0, here: true })],
    threads: [[call('receiveoob', { fd: 0 })], [call('receiveoob', { fd: 0 })]],
  },
  {
    id: 'urgent-announced',
    about: 'the urgent byte is announced, and comes, while a thread asks for it and where the mark is',
    citation: 'D.2 rcvoob, C.6 step 8',
    prologue: connected,
    segments: [{ what: 'urgent', fd: 0, here: false }, byte],
    threads: [[call('receiveoob', { fd: 0 }), call('receiveoob', { fd: 0 })], [call('sockatmark', { fd: 0 })]],
    actors: wire(2),
    events: [once('urgent'), once('urgentByte')],
  },
  {
    id: 'urgent-rst',
    about: 'the connection is reset while a thread takes the urgent byte',
    citation: 'D.2 rcvoob, G01',
    prologue: [...connected, call('remote-urgent', { which: 0, here: true })],
    segments: [{ what: 'rst', fd: 0 }],
    threads: [[call('receiveoob', { fd: 0 })]],
    actors: wire(1),
    events: [once('rst')],
  },
  {
    id: 'urgent-close',
    about: 'urgent data comes while the socket is closed: who has closed reads nothing, and the peer is told',
    citation: 'D.2 input, H.8',
    prologue: connected,
    segments: [byte],
    threads: [[call('close', { fd: 0 })]],
    actors: wire(1),
    events: [once('urgent'), { event: 'data', times: 1 }],
  },
  {
    id: 'send-urgent-close',
    about: 'urgent data is sent while another thread closes the descriptor, and the peer resets',
    citation: 'C.5 MSG_OOB, H.8, T10',
    prologue: connected,
    segments: [{ what: 'rst', fd: 0 }],
    threads: [[{ ...call('send', { fd: 0, amount: 1 }), urgent: true }], [call('close', { fd: 0 })]],
    actors: wire(1),
    events: [once('rst')],
  },
];
