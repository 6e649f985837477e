/** What a segment or a timer means, by the numbers of the pcb it is for: small cases, each with a kernel in which only those numbers are written. */
import { beforeEach, describe, expect, it } from 'vitest';
import { SO_ACCEPTCONN, SS_NOFDREF, sb_cc, sb_hiwat, so_options, so_rcv, so_snd, so_state, ticks } from '../../impl/layout.ts';
import { type Kernel, put, store, viewKernel } from '../../impl/memory.ts';
import * as N from '../../impl/netinet/layout.ts';
import * as F from '../../impl/netinet/tcp_fsm.ts';
import { CHILD, classifySegment, timers } from '../../oracle/run/wire.ts';

// Where things are in the kernel of these tests; no code of the implementation runs in it.
const SO = 1000;
const INP = 1200;
const TP = 1300;
const SEGMENT = 1400;
const HALF_OPEN = 1500;
const QUEUED = 1600;
const WHEEL = 1700;

/** The connection is between port 7 here and port 9 there; our numbers go from 100, theirs from 500. */
const HERE = 7;
const THERE = 9;
const WINDOW = 48;

let k: Kernel;

const words = (at: number, fields: Readonly<Record<number, number>>): void => {
  for (const [field, value] of Object.entries(fields)) put(k, at + Number(field), value);
};

interface Segment {
  readonly flags: number;
  readonly seq?: number;
  readonly ack?: number;
  readonly len?: number;
  readonly proto?: number;
  readonly src?: number;
}

/** The oldest segment on the wire, from the remote host to port 7. */
function arrives({ flags, seq = 500, ack = 100, len = 0, proto = 6, src = N.HOST_REMOTE }: Segment): ReturnType<typeof classifySegment> {
  put(k, N.wire_first, SEGMENT);
  words(SEGMENT, { [N.ws_proto]: proto, [N.ws_src]: src, [N.ws_sport]: THERE, [N.ws_dst]: N.HOST_LOCAL, [N.ws_dport]: HERE });
  words(SEGMENT, { [N.ws_seq]: seq, [N.ws_ack]: ack, [N.ws_flags]: flags, [N.ws_len]: len });
  return classifySegment(k);
}

/** A pcb in this state: `unacked` bytes on their way and in the send buffer, `unread` in the receive buffer. */
function connection(state: number, { unacked = 0, unread = 0, finSent = false } = {}): void {
  put(k, N.tcbinfo + N.ipi_list, INP);
  words(INP, {
    [N.inp_socket]: SO,
    [N.inp_ppcb]: TP,
    [N.inp_laddr]: N.HOST_LOCAL,
    [N.inp_lport]: HERE,
    [N.inp_faddr]: N.HOST_REMOTE,
    [N.inp_fport]: THERE,
  });
  words(TP, {
    [N.t_state]: state,
    [N.rcv_nxt]: 500,
    [N.rcv_adv]: 500,
    [N.iss]: 99,
    [N.snd_una]: 100,
    [N.snd_max]: 100 + unacked + (finSent ? 1 : 0),
  });
  words(TP, { [N.t_flags]: finSent ? F.TF_SENTFIN : 0, [N.t_inpcb]: INP });
  put(k, SO + so_rcv + sb_hiwat, WINDOW);
  put(k, SO + so_rcv + sb_cc, unread);
  put(k, SO + so_snd + sb_cc, unacked);
}

function listener(): void {
  connection(F.TCPS_LISTEN);
  words(INP, { [N.inp_laddr]: 0, [N.inp_faddr]: 0, [N.inp_fport]: 0 });
  store(k, SO + so_options, SO_ACCEPTCONN);
}

beforeEach(() => {
  k = viewKernel(new SharedArrayBuffer(4 * 2000));
});

describe('a segment for nobody', () => {
  it('means nothing', () => {
    expect(classifySegment(k)).toEqual([]);
    expect(arrives({ flags: F.TH_ACK })).toEqual([]);
  });

  it('or for a connection that is over, closed or in TIME_WAIT, neither', () => {
    for (const flag of [N.INP_DROPPED, N.INP_TIMEWAIT]) {
      connection(F.TCPS_ESTABLISHED);
      put(k, INP + N.inp_flags, flag);
      expect(arrives({ flags: F.TH_ACK | F.TH_FIN })).toEqual([]);
    }
    connection(F.TCPS_CLOSED);
    expect(arrives({ flags: F.TH_RST })).toEqual([]);
  });

  it('or from another port or host than the peer', () => {
    connection(F.TCPS_ESTABLISHED);
    expect(arrives({ flags: F.TH_ACK | F.TH_FIN, src: N.HOST_LOCAL })).toEqual([]);
  });
});

describe('in SYN_SENT', () => {
  beforeEach(() => {
    connection(F.TCPS_SYN_SENT);
    words(TP, { [N.iss]: 99, [N.snd_una]: 99, [N.snd_max]: 100 });
  });

  it.each([
    ['SYN and ACK of our SYN', { flags: F.TH_SYN | F.TH_ACK }, ['synack']],
    ['a SYN alone: a simultaneous open, which there is not', { flags: F.TH_SYN }, []],
    ['SYN and ACK of something we never sent', { flags: F.TH_SYN | F.TH_ACK, ack: 101 }, []],
    ['SYN and ACK of something older', { flags: F.TH_SYN | F.TH_ACK, ack: 99 }, []],
    ['RST with the ACK of our SYN', { flags: F.TH_RST | F.TH_ACK, seq: 0 }, ['rst']],
    ['RST without', { flags: F.TH_RST }, []],
  ])('%s', (_what, segment, events) => {
    expect(arrives(segment).map(({ event }) => event)).toEqual(events);
  });
});

describe('in ESTABLISHED', () => {
  it.each([
    ['data', { flags: F.TH_ACK, len: 16 }, [{ event: 'data', pcb: INP, bytes: 16 }]],
    [
      'data and FIN',
      { flags: F.TH_ACK | F.TH_FIN, len: 16 },
      [
        { event: 'data', pcb: INP, bytes: 16 },
        { event: 'fin', pcb: INP },
      ],
    ],
    ['data that came before', { flags: F.TH_ACK, seq: 484, len: 16 }, []],
    ['data of which half came before', { flags: F.TH_ACK, seq: 492, len: 16 }, [{ event: 'data', pcb: INP, bytes: 8 }]],
    ['data behind a gap', { flags: F.TH_ACK, seq: 516, len: 16 }, []],
    [
      'more data than the window takes: the FIN behind it waits',
      { flags: F.TH_ACK | F.TH_FIN, len: 64 },
      [{ event: 'data', pcb: INP, bytes: WINDOW }],
    ],
    ['data without ACK', { flags: 0, len: 16 }, []],
    ['FIN', { flags: F.TH_ACK | F.TH_FIN }, [{ event: 'fin', pcb: INP }]],
    ['FIN that came before', { flags: F.TH_ACK | F.TH_FIN, seq: 499 }, []],
    ['RST in the window', { flags: F.TH_RST, seq: 500 + WINDOW }, [{ event: 'rst', pcb: INP }]],
    ['RST before it', { flags: F.TH_RST, seq: 499 }, []],
    ['RST behind it', { flags: F.TH_RST, seq: 502 + WINDOW }, []],
    ['nothing new', { flags: F.TH_ACK }, []],
  ] as const)('%s', (_what, segment, events) => {
    connection(F.TCPS_ESTABLISHED);
    expect(arrives(segment)).toEqual(events);
  });

  it('data behind a gap arrives with what fills the gap', () => {
    connection(F.TCPS_ESTABLISHED);
    put(k, TP + N.t_segq, QUEUED);
    words(QUEUED, { [N.tqe_seq]: 516, [N.tqe_len]: 16, [N.tqe_fin]: 1 });
    expect(arrives({ flags: F.TH_ACK, len: 16 })).toEqual([
      { event: 'data', pcb: INP, bytes: 32 },
      { event: 'fin', pcb: INP },
    ]);
  });

  it('a full buffer takes nothing', () => {
    connection(F.TCPS_ESTABLISHED, { unread: WINDOW });
    expect(arrives({ flags: F.TH_ACK, len: 16 })).toEqual([]);
  });

  it.each([
    ['of a part', 116, [{ event: 'ack', pcb: INP, bytes: 16, fin: false }]],
    ['of everything', 132, [{ event: 'ack', pcb: INP, bytes: 32, fin: false }]],
    ['of more than was sent', 133, []],
    ['that was given before', 100, []],
  ])('an acknowledgement %s', (_what, ack, events) => {
    connection(F.TCPS_ESTABLISHED, { unacked: 32 });
    expect(arrives({ flags: F.TH_ACK, ack })).toEqual(events);
  });
});

describe('when we have sent our FIN', () => {
  it.each([
    ['its acknowledgement counts with the data before it', F.TCPS_FIN_WAIT_1, 117, [{ event: 'ack', pcb: INP, bytes: 16, fin: true }]],
    ['one of the data alone does not count for it', F.TCPS_FIN_WAIT_1, 116, [{ event: 'ack', pcb: INP, bytes: 16, fin: false }]],
    ['the last one of LAST_ACK ends it', F.TCPS_LAST_ACK, 117, [{ event: 'ack', pcb: INP, bytes: 16, fin: true }]],
  ])('%s', (_what, state, ack, events) => {
    connection(state, { unacked: 16, finSent: true });
    expect(arrives({ flags: F.TH_ACK, ack })).toEqual(events);
  });

  it("the same segment may carry the peer's FIN, which is looked at after", () => {
    connection(F.TCPS_FIN_WAIT_1, { finSent: true });
    expect(arrives({ flags: F.TH_ACK | F.TH_FIN, ack: 101 })).toEqual([
      { event: 'ack', pcb: INP, bytes: 0, fin: true },
      { event: 'fin', pcb: INP },
    ]);
  });

  it('and closed, data that is new is for nobody', () => {
    connection(F.TCPS_FIN_WAIT_1, { finSent: true });
    store(k, SO + so_state, SS_NOFDREF);
    expect(arrives({ flags: F.TH_ACK, ack: 101, len: 16 })).toEqual([{ event: 'data', pcb: INP, bytes: 16 }]);
  });

  it("behind the peer's FIN there is no other", () => {
    connection(F.TCPS_CLOSE_WAIT);
    expect(arrives({ flags: F.TH_ACK | F.TH_FIN })).toEqual([]);
  });
});

describe('for a listener', () => {
  beforeEach(() => {
    listener();
    put(k, N.syncache_first, HALF_OPEN);
    words(HALF_OPEN, { [N.sc_laddr]: N.HOST_LOCAL, [N.sc_lport]: HERE, [N.sc_faddr]: N.HOST_REMOTE, [N.sc_fport]: THERE });
    words(HALF_OPEN, { [N.sc_iss]: 99, [N.sc_irs]: 499, [N.sc_wnd]: WINDOW });
  });

  it.each([
    ['the acknowledgement of our SYN makes a connection', { flags: F.TH_ACK }, [{ event: 'handshake', pcb: INP }]],
    ['of anything else does not', { flags: F.TH_ACK, ack: 101 }, []],
    ['a SYN makes no connection yet', { flags: F.TH_SYN }, []],
    ['nor does a RST', { flags: F.TH_RST | F.TH_ACK }, []],
    [
      'a FIN may come with it',
      { flags: F.TH_ACK | F.TH_FIN },
      [
        { event: 'handshake', pcb: INP },
        { event: 'fin', pcb: CHILD },
      ],
    ],
    [
      'and data',
      { flags: F.TH_ACK, len: 16 },
      [
        { event: 'handshake', pcb: INP },
        { event: 'data', pcb: CHILD, bytes: 16 },
      ],
    ],
    ['which waits if something before it was lost', { flags: F.TH_ACK, seq: 516, len: 16 }, [{ event: 'handshake', pcb: INP }]],
    ['but what lies outside the window does not count', { flags: F.TH_ACK, seq: 501 + WINDOW }, []],
    ['nor what lies before it', { flags: F.TH_ACK, seq: 499 }, []],
  ] as const)('%s', (_what, segment, events) => {
    expect(arrives(segment)).toEqual(events);
  });

  it('that has stopped listening nothing happens', () => {
    store(k, SO + so_options, 0);
    expect(arrives({ flags: F.TH_ACK })).toEqual([]);
  });

  it('nothing happens either when the handshake is not known', () => {
    put(k, N.syncache_first, 0);
    expect(arrives({ flags: F.TH_ACK })).toEqual([]);
  });
});

describe('a datagram', () => {
  const bound = (faddr: number): void => {
    put(k, N.udbinfo + N.ipi_list, INP);
    words(INP, { [N.inp_socket]: SO, [N.inp_lport]: HERE, [N.inp_faddr]: faddr, [N.inp_fport]: faddr === 0 ? 0 : THERE });
  };

  it('is for the socket that has its port, if that takes from anybody or from just this peer', () => {
    bound(0);
    expect(arrives({ flags: 0, proto: 17 })).toEqual([{ event: 'datagram', pcb: INP }]);
    bound(N.HOST_REMOTE);
    expect(arrives({ flags: 0, proto: 17 })).toEqual([{ event: 'datagram', pcb: INP }]);
    bound(N.HOST_LOCAL);
    expect(arrives({ flags: 0, proto: 17 })).toEqual([]);
  });

  it('that could not be delivered is an error for a connected socket only', () => {
    bound(0);
    expect(arrives({ flags: 17, proto: N.IPPROTO_ICMP })).toEqual([]);
    bound(N.HOST_REMOTE);
    expect(arrives({ flags: 17, proto: N.IPPROTO_ICMP })).toEqual([{ event: 'unreachable', pcb: INP }]);
  });
});

describe('a timer', () => {
  const set = (callout: number, func: number, arg: number, due: number, next = 0): void =>
    words(callout, { [N.c_func]: func, [N.c_arg]: arg, [N.c_time]: due, [N.c_flags]: N.CALLOUT_PENDING, [N.c_next]: next });

  beforeEach(() => {
    connection(F.TCPS_FIN_WAIT_2);
    put(k, N.h_callwheel, WHEEL);
    put(k, N.h_callwheel_mask, 0);
    put(k, WHEEL + N.cw_first, TP + N.t_2msl);
    store(k, ticks, 10);
  });

  it('says what it means and when, soonest first', () => {
    set(TP + N.t_2msl, N.CALLOUT_2MSL, TP, 90, TP + N.t_rexmt);
    set(TP + N.t_rexmt, N.CALLOUT_REXMT, TP, 20);
    expect(timers(k)).toEqual([
      { due: 10, event: null, probe: false },
      { due: 80, event: { event: 'msl', pcb: INP }, probe: false },
    ]);
  });

  it('for a retransmission gives up at the last one', () => {
    set(TP + N.t_2msl, N.CALLOUT_REXMT, TP, 20);
    put(k, TP + N.t_rxtshift, F.TCP_MAXRXTSHIFT);
    expect(timers(k)).toEqual([{ due: 10, event: { event: 'timeout', pcb: INP }, probe: false }]);
  });

  it('of a connection that is over means nothing', () => {
    set(TP + N.t_2msl, N.CALLOUT_2MSL, TP, 20);
    put(k, INP + N.inp_flags, N.INP_DROPPED);
    expect(timers(k)).toEqual([{ due: 10, event: null, probe: false }]);
  });

  it('for a window probe is one that a run leaves alone', () => {
    set(TP + N.t_2msl, N.CALLOUT_PERSIST, TP, 20);
    expect(timers(k)).toEqual([{ due: 10, event: null, probe: true }]);
  });
});
