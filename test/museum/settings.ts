/** *Settings*: situations in which several scenarios of the museum begin, and what happens in them besides calls. */
import type { Happening } from '../../oracle/schedule/kernel/elements.ts';
import { type Actor, call, type Segment } from '../../oracle/schedule/kernel/scenario.ts';

export const tcpSocket = [call('socket', { asked: 'tcp' })];
/** Descriptor 0 is connected to the remote host. */
export const tcpConnected = [...tcpSocket, call('connect', { fd: 0, name: 0, remote: true }), call('remote-synack', { which: 0 })];
/** And has sent what is not acknowledged. */
export const tcpUnsent = [...tcpConnected, call('send', { fd: 0, amount: 1 })];
/** Descriptor 0 listens under name 0. */
export const tcpListener = [...tcpSocket, call('bind', { fd: 0, name: 0 }), call('listen', { fd: 0, backlog: 1 })];
/** A connection of this very host waits to be accepted: its other end is descriptor 1. */
export const tcpLoopback = [
  ...tcpListener,
  call('socket', { asked: 'tcp' }),
  call('setnbio', { fd: 1, on: true }),
  call('connect', { fd: 1, name: 0 }),
  call('settle', {}),
];

export const udpConnected = [
  call('socket', { asked: 'udp' }),
  call('bind', { fd: 0, name: 0 }),
  call('connect', { fd: 0, name: 0, remote: true }),
];

/** Descriptor 0 listens under name 0. */
export const unixListener = [call('socket', { asked: 'unix' }), call('bind', { fd: 0, name: 0 }), call('listen', { fd: 0, backlog: 1 })];
/** Descriptor 1 may connect to it. */
export const unixClient = [...unixListener, call('socket', { asked: 'unix' })];

export const unixPair = [call('socketpair', { asked: 'unix' })];
/** Something to read for descriptor 0. */
export const unixWaiting = [...unixPair, call('send', { fd: 1, amount: 1 })];
/** No room for descriptor 0 to send. */
export const unixFull = [...unixPair, call('send', { fd: 0, amount: 2 })];

export const rst: readonly Segment[] = [{ what: 'rst', fd: 0 }];

export function wire(deliveries: number): readonly Actor[] {
  return [{ kind: 'wire', deliveries }];
}

export function once(event: string): Happening {
  return { event, times: 1 };
}
