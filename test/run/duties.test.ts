/** What the wire must show, and what it may: a segment slipped onto it behind the implementation's back is seen, whatever it is. */
import { describe, expect, it } from 'vitest';
import * as L from '../../impl/layout.ts';
import { get, put } from '../../impl/memory.ts';
import { wire_output } from '../../impl/net/wire.ts';
import * as N from '../../impl/netinet/layout.ts';
import { TH_ACK, TH_FIN, TH_RST, TH_SYN } from '../../impl/netinet/tcp_fsm.ts';
import type { Lockstep } from '../../oracle/run/lockstep.ts';
import type { Mismatch } from '../../oracle/run/mismatch.ts';
import { agree, lockstep, op } from './rig.ts';

/** Nothing to either side, but both, and the wire, are looked at after it. */
const LOOK = op('geterror', { fd: 6 });

const CONNECTED = [
  op('socket', { asked: 'tcp' }),
  op('connect', { fd: 0, name: 0, remote: true }),
  op('remote-synack', { which: 0 }),
  op('send', { fd: 0, amount: 2, addressed: false, remote: false }),
];

/** The tcpcb of the only connection. */
function connection({ machine: { kernel: k } }: Lockstep): { readonly inp: number; readonly tp: number } {
  const inp = get(k, N.tcbinfo + N.ipi_list);
  return { inp, tp: get(k, inp + N.inp_ppcb) };
}

interface Slip {
  readonly flags?: number;
  /** Beyond what the connection would say itself. */
  readonly seq?: number;
  readonly ack?: number;
  readonly window?: number;
  readonly port?: number;
  readonly src?: number;
}

/** A segment without data from the connection, or from another port, to its peer. */
function slips(both: Lockstep, { flags = TH_ACK, seq = 0, ack = 0, window = 0, port, src = N.HOST_LOCAL }: Slip): Mismatch | null {
  const { kernel: k, td } = both.machine;
  const { inp, tp } = connection(both);
  wire_output(
    k,
    td,
    L.IPPROTO_TCP,
    src,
    port ?? get(k, inp + N.inp_lport),
    get(k, inp + N.inp_faddr),
    get(k, inp + N.inp_fport),
    get(k, tp + N.snd_max) + seq,
    get(k, tp + N.rcv_nxt) + ack,
    flags,
    get(k, tp + N.rcv_adv) - get(k, tp + N.rcv_nxt) + window,
    0,
    0,
  );
  return both.perform(LOOK);
}

describe('a segment', () => {
  it('that says what is true is allowed at any time', async () => {
    const both = await lockstep();
    agree(both, CONNECTED);
    expect(slips(both, {})).toBeNull();
    expect(slips(both, { seq: -32 })).toBeNull();
  });

  it.each([
    ['that acknowledges what has not come', { ack: 1 }, /acknowledgement of what has arrived/],
    ['that forgets what has come', { ack: -1 }, /acknowledgement of what has arrived/],
    ['that promises room that is not there', { window: 1 }, /window/],
    ['that takes a promise back', { window: -1 }, /window/],
    ['from behind what has been sent', { seq: 1 }, /a number from/],
    ['from before what is acknowledged', { seq: -33 }, /a number from/],
    ['with a FIN that nobody asked for', { flags: TH_ACK | TH_FIN }, /no FIN in ESTABLISHED/],
    ['that resets what goes on', { flags: TH_RST }, /no reset/],
    ['that opens what is open', { flags: TH_SYN }, /no SYN/],
    ['that answers a SYN which nobody sent', { flags: TH_SYN | TH_ACK }, /no SYN\|ACK/],
    ['without an acknowledgement', { flags: 0 }, /in every segment/],
    ['from a port that nobody has', { port: 5 }, /no connection/],
    ['from a host that is not this one', { src: 0 }, /the address of this host/],
  ] as const)('%s is not', async (_what, slip, allowed) => {
    const both = await lockstep();
    agree(both, CONNECTED);
    const mismatch = slips(both, slip);
    expect(mismatch?.breaks).toBe('same-wire');
    expect(mismatch?.allowed).toMatch(allowed);
  });

  it('of UDP that nobody sent is not', async () => {
    const both = await lockstep();
    agree(both, CONNECTED);
    const { kernel: k, td } = both.machine;
    wire_output(k, td, L.IPPROTO_UDP, N.HOST_LOCAL, 5, N.HOST_REMOTE, 6, 0, 0, 0, 0, 0, 0);
    expect(both.perform(LOOK)).toMatchObject({ breaks: 'same-wire', allowed: 'nothing' });
  });
});

describe('the numbers of the implementation', () => {
  // Whoever counts wrong says or does something wrong on the wire; a look at the numbers themselves is not needed.
  it.each([
    ['what has come', (both: Lockstep) => bump(both, N.rcv_nxt), op('remote-data', { which: 0 })],
    ['what has been sent', (both: Lockstep) => bump(both, N.snd_nxt), op('send', { fd: 0, amount: 1, addressed: false, remote: false })],
    ['what is acknowledged', (both: Lockstep) => bump(both, N.snd_una), op('timer')],
  ])('are found out if wrong: %s', async (_what, spoil, next) => {
    const both = await lockstep();
    agree(both, CONNECTED);
    spoil(both);
    const mismatch = both.perform(next) ?? both.perform(op('settle')) ?? both.perform(op('drain'));
    expect(mismatch).not.toBeNull();
  });
});

function bump(both: Lockstep, field: number): void {
  const { kernel: k } = both.machine;
  const { tp } = connection(both);
  put(k, tp + field, get(k, tp + field) + 1);
}

describe('at the end of a program', () => {
  it('a connection that nothing can end is stuck', async () => {
    const both = await lockstep();
    agree(both, [...CONNECTED, op('close', { fd: 0 }), op('remote-ack', { which: 0, part: false })]);
    // The timer that would end FIN_WAIT_2 says that it runs, and is on no list: it never will.
    const { kernel: k } = both.machine;
    const wheel = get(k, N.h_callwheel);
    for (let slot = 0; slot <= get(k, N.h_callwheel_mask); slot++) put(k, wheel + slot * N.CALLWHEEL_WORDS + N.cw_first, 0);
    expect(both.perform(op('drain'))).toMatchObject({
      breaks: 'nothing-stuck',
      seen: expect.stringMatching(/pcb 0 is still in FIN_WAIT_2$/),
    });
  });

  it('one whose peer does not read may wait, and goes on when it does', async () => {
    const both = await lockstep();
    const send = op('send', { fd: 1, amount: 3, addressed: false, remote: false });
    agree(both, [
      op('socket', { asked: 'tcp' }),
      op('bind', { fd: 0, name: 0 }),
      op('listen', { fd: 0, backlog: 1 }),
      op('socket', { asked: 'tcp' }),
      op('connect', { fd: 1, name: 0, remote: false }),
      op('settle'),
      op('accept', { fd: 0 }),
      send,
      op('settle'),
      send,
      op('drain'),
      op('close', { fd: 1 }),
      op('timer'),
      op('drain'),
      op('receive', { fd: 2, amount: 3 }),
      op('lose'),
      // The window update is lost: only a probe can tell that there is room again.
      op('drain'),
      op('receive', { fd: 2, amount: 3 }),
      op('receive', { fd: 2, amount: 3 }),
    ]);
    expect(both.probesLost).toBe(0);
  });

  it('a probe that would bring half a unit and no more is lost, and counted', async () => {
    const both = await lockstep();
    const send = op('send', { fd: 1, amount: 3, addressed: false, remote: false });
    agree(both, [
      op('socket', { asked: 'tcp' }),
      op('bind', { fd: 0, name: 0 }),
      op('listen', { fd: 0, backlog: 1 }),
      op('socket', { asked: 'tcp' }),
      op('connect', { fd: 1, name: 0, remote: false }),
      op('settle'),
      op('accept', { fd: 0 }),
      send,
      op('settle'),
      send,
      op('receive', { fd: 2, amount: 1 }),
      op('timer'),
      op('receive', { fd: 2, amount: 3 }),
      op('settle'),
      op('receive', { fd: 2, amount: 3 }),
    ]);
    expect(both.probesLost).toBe(1);
  });
});
