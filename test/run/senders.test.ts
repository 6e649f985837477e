/** Who sends: a run makes each send as a user of its own, and expects that user, or nobody, where a message is read with a control buffer. */
import { expect, it } from 'vitest';
import { m_next, sb_mb, so_pcb, so_rcv, unp_flags } from '../../impl/layout.ts';
import { get, put } from '../../impl/memory.ts';
import { m_cred, UNP_WANTCRED } from '../../impl/unix/layout.ts';
import { socketOf } from '../../oracle/adapter.ts';
import type { Operation } from '../../oracle/run/operations.ts';
import { SIZES } from '../../oracle/run/program.ts';
import { agree, lockstep, op } from './rig.ts';

const pair = (asked: string): Operation => op('socketpair', { asked });
const ask = (fd: number, on = true): Operation => op('ask-sender', { fd, on });
const send = (fd: number, amount = 1): Operation => op('send', { fd, amount, addressed: false, remote: false });
const say = (fd: number, amount = 1): Operation => op('send-saying', { fd, amount });
const hear = (fd: number, amount = 1): Operation => op('receive-message', { fd, amount });
const read = (fd: number, amount = 1): Operation => op('receive', { fd, amount });

it.each(['unix', 'dgram', 'seqpacket'])('is told to who asks, or to whom it is said: %s', async (asked) => {
  const both = await lockstep();
  agree(both, [pair(asked), ask(1), send(0), hear(1), send(0), hear(1), say(0), hear(1), send(0), hear(1), ask(1), send(0), read(1)]);
  agree(both, [pair(asked), ask(1), ask(1, false), send(0), hear(1), ask(1), say(0), send(0), hear(1), hear(1), ask(1)]);
  // A send that fails says nothing, nor does the next one for it.
  agree(both, [pair(asked), send(0, 3), send(0, 3), say(0, 3), hear(1, 3), hear(1, 3), send(0), hear(1)]);
});

it('is told by a stream only where that ends no stretch which the specification does not know', async () => {
  const both = await lockstep();
  // The second send comes to a buffer that is not empty: it says nothing, and the two are read at once.
  agree(both, [pair('unix'), say(0), say(0), hear(1, 2), ask(1), send(0), send(0), hear(1, 2)]);
  agree(both, [pair('unix'), send(0), ask(1), send(0), hear(1, 2), ask(1), send(0), op('receive-lent', { fd: 1, amount: 1 })]);
  // With a right there is an end in any case.
  const passes = op('sendmsg-saying', { fd: 0, passed: 0 });
  agree(both, [pair('unix'), send(0), passes, op('recvmsg', { fd: 1, amount: 2 }), op('recvmsg', { fd: 1, amount: 2 })]);
});

it('goes before the first byte: with a right that is lost, and also where no byte is asked for', async () => {
  const both = await lockstep();
  const [full, message] = [Array.from({ length: SIZES.FDS - 2 }, () => op('dup', { fd: 0 })), op('recvmsg', { fd: 1, amount: 1 })];
  const steps = agree(both, [pair('unix'), ask(1), ...full, op('sendmsg', { fd: 0, passed: 0 }), message, op('close', { fd: 2 }), message]);
  expect(steps).toHaveLength(SIZES.FDS + 4);
  agree(both, [pair('unix'), ask(1), send(0), hear(1, 0), hear(1), ask(1), send(0), read(1, 0), hear(1)]);
});

it.each(['unix', 'seqpacket'])('is asked by whoever is accepted if the listener does: %s', async (asked) => {
  const both = await lockstep();
  const connect = op('connect', { fd: 1, name: 1, remote: false });
  const [head, client] = [op('socket', { asked }), op('socket', { asked })];
  const listener = [head, op('bind', { fd: 0, name: 1 }), op('listen', { fd: 0, backlog: 1 }), ask(0)];
  agree(both, [...listener, client, connect, op('accept', { fd: 0 }), send(1), send(1), hear(2), hear(2), send(2), hear(1)]);
});

it('has a name, if it is bound, which a datagram says however it is sent', async () => {
  const both = await lockstep();
  const to = (name: string): Operation => op(name, { fd: 1, amount: 1, addressed: true, remote: false });
  const sockets = [op('socket', { asked: 'dgram' }), op('bind', { fd: 0, name: 0 }), op('socket', { asked: 'dgram' })];
  const heard = [to('send'), to('send-message'), hear(0), hear(0)];
  agree(both, [...sockets, ...heard, op('bind', { fd: 1, name: 2 }), ...heard, op('unlink', { name: 2 }), ...heard]);
  // Of other protocols an address in a message header does what it does in sendto.
  agree(both, [
    op('socket', { asked: 'udp' }),
    op('bind', { fd: 0, name: 0 }),
    op('socket', { asked: 'udp' }),
    to('send-message'),
    op('settle'),
    read(0),
  ]);
  const listener = [op('socket', { asked: 'tcp' }), op('bind', { fd: 0, name: 0 }), op('listen', { fd: 0, backlog: 1 })];
  agree(both, [...listener, op('socket', { asked: 'tcp' }), to('send-message'), op('settle'), op('accept', { fd: 0 }), read(2)]);
});

it('is looked at: who is somebody else, or did not say so, is a mismatch', async () => {
  const both = await lockstep();
  const { kernel } = both.machine;
  const credential = (): number => get(kernel, get(kernel, socketOf(kernel, 1) + so_rcv + sb_mb) + m_next) + m_cred;
  agree(both, [pair('seqpacket'), ask(1), send(0)]);
  put(kernel, credential(), 9);
  expect(both.perform(hear(1))).toEqual({
    breaks: 'same-sender',
    seen: 'socket 1 is told that user 9 sent it',
    allowed: 'user 2, who sent it',
  });
  agree(both, [pair('seqpacket'), send(0)]);
  const unp = get(kernel, socketOf(kernel, 1) + so_pcb);
  put(kernel, unp + unp_flags, UNP_WANTCRED);
  expect(both.perform(ask(1))).toEqual({ breaks: 'same-sender', seen: 'socket 1, LOCAL_CREDS: 1', allowed: '0' });
  expect(both.perform(send(0))).toBeNull();
  expect(both.perform(hear(1))).toBeNull();
  expect(both.perform(hear(1))).toMatchObject({ seen: 'socket 1 is told that user 3 sent it', allowed: expect.stringContaining('nobody') });
});
