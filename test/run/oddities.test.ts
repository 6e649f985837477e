/** Segments that nobody should send, that come late, twice or out of order: the implementation takes each for what it is, and goes on. */
import { describe, it } from 'vitest';
import { ODDITIES } from '../../oracle/run/oddities.ts';
import type { Operation } from '../../oracle/run/operations.ts';
import { agree, lockstep, op } from './rig.ts';

const OPENING = [op('socket', { asked: 'tcp' }), op('connect', { fd: 0, name: 0, remote: true })];
const CONNECTED = [...OPENING, op('remote-synack', { which: 0 })];
const DATA = op('remote-data', { which: 0 });

function send(fd: number, amount: number): Operation {
  return op('send', { fd, amount, addressed: false, remote: false });
}

function receive(fd: number, amount: number): Operation {
  return op('receive', { fd, amount });
}

describe.each(ODDITIES)('%s', (what) => {
  const odd = op('remote-odd', { which: 0, what });

  it.each([
    ['before the SYN is answered', [...OPENING, odd, odd, op('remote-synack', { which: 0 })]],
    ['when all is quiet', [...CONNECTED, odd, odd]],
    ['in the middle of a transfer', [...CONNECTED, DATA, send(0, 2), odd, DATA, odd, receive(0, 2)]],
    ['where the buffer is full', [...CONNECTED, DATA, DATA, DATA, odd, receive(0, 3), odd]],
    [
      'after we have finished',
      [...CONNECTED, op('shutdown', { fd: 0, how: 'write' }), odd, op('remote-ack', { which: 0, part: false }), odd],
    ],
    ['after the peer has finished', [...CONNECTED, op('remote-fin', { which: 0, ack: false }), odd, send(0, 1), odd]],
    ['in TIME_WAIT', [...CONNECTED, op('close', { fd: 0 }), op('remote-fin', { which: 0, ack: true }), odd, odd]],
  ])('%s: both sides agree', async (_when, program) => {
    agree(await lockstep(), [...program, op('drain')]);
  });
});

describe('segments on the wire of this host', () => {
  const PAIR = [
    op('socket', { asked: 'tcp' }),
    op('bind', { fd: 0, name: 0 }),
    op('listen', { fd: 0, backlog: 1 }),
    op('socket', { asked: 'tcp' }),
    op('connect', { fd: 1, name: 0, remote: false }),
    op('settle'),
    op('accept', { fd: 0 }),
    op('settle'),
  ];

  it.each([
    ['that overtake each other', [op('defer'), op('settle')]],
    ['that come twice', [op('duplicate'), op('duplicate'), op('settle')]],
    ['that do both', [op('duplicate'), op('defer'), op('deliver'), op('defer'), op('settle')]],
    ['of which one is missing', [op('lose'), op('settle'), op('timer'), op('settle')]],
  ])('%s bring every byte once and in order', async (_what, disorder) => {
    const both = await lockstep();
    agree(both, [...PAIR, send(1, 3), ...disorder, receive(2, 3), op('settle'), send(2, 2), ...disorder, op('drain'), receive(2, 2)]);
  });
});
