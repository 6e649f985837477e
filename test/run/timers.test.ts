/** What a timer of the implementation means when it runs out: a kernel in which only its words are written. */
import { beforeEach, expect, it } from 'vitest';
import { ticks } from '../../impl/layout.ts';
import { type Kernel, put, store, viewKernel } from '../../impl/memory.ts';
import * as N from '../../impl/netinet/layout.ts';
import { SYNCACHE_MAXREXMTS, TCP_MAXRXTSHIFT } from '../../impl/netinet/tcp_fsm.ts';
import { activeEnd, passiveEnd, writes } from '../../oracle/run/end.ts';
import { keyOf } from '../../oracle/run/segment.ts';
import { stuck, timers } from '../../oracle/run/timers.ts';
import { BrokenList } from '../../oracle/run/walk.ts';

// Where things are in the kernel of these tests; no code of the implementation runs in it.
const INP = 1200;
const TP = 1300;
const TW = 1350;
const HALF_OPEN = 1500;
const WHEEL = 1700;

let k: Kernel;

const words = (at: number, fields: Readonly<Record<number, number>>): void => {
  for (const [field, value] of Object.entries(fields)) put(k, at + Number(field), value);
};

const set = (callout: number, func: number, arg: number, due: number, next = 0): void =>
  words(callout, { [N.c_func]: func, [N.c_arg]: arg, [N.c_time]: due, [N.c_flags]: N.CALLOUT_PENDING, [N.c_next]: next });

beforeEach(() => {
  k = viewKernel(new SharedArrayBuffer(4 * 2000));
  put(k, INP + N.inp_ppcb, TP);
  put(k, TP + N.t_inpcb, INP);
  put(k, TW + N.tw_inpcb, INP);
  put(k, N.h_callwheel, WHEEL);
  put(k, N.h_callwheel_mask, 0);
  put(k, WHEEL + N.cw_first, TP + N.t_2msl);
  store(k, ticks, 10);
});

it('the soonest comes first', () => {
  set(TP + N.t_2msl, N.CALLOUT_2MSL, TP, 90, TP + N.t_rexmt);
  set(TP + N.t_rexmt, N.CALLOUT_REXMT, TP, 20);
  expect(timers(k)).toEqual([
    { due: 10, expiry: 'again', pcb: INP, key: 0 },
    { due: 80, expiry: 'msl', pcb: INP, key: 0 },
  ]);
});

it('sending again, and asking again, are given up at last', () => {
  set(TP + N.t_2msl, N.CALLOUT_REXMT, TP, 20, TP + N.t_persist);
  set(TP + N.t_persist, N.CALLOUT_PERSIST, TP, 30);
  expect(timers(k).map(({ expiry }) => expiry)).toEqual(['again', 'probe']);
  put(k, TP + N.t_rxtshift, TCP_MAXRXTSHIFT);
  put(k, TP + N.t_probes, TCP_MAXRXTSHIFT);
  expect(timers(k).map(({ expiry }) => expiry)).toEqual(['timeout', 'timeout']);
});

it('TIME_WAIT ends', () => {
  set(TP + N.t_2msl, N.CALLOUT_TIMEWAIT, TW, 20);
  expect(timers(k)).toEqual([{ due: 10, expiry: 'msl', pcb: INP, key: 0 }]);
});

it('a SYN|ACK is sent again, and the handshake forgotten at last', () => {
  set(TP + N.t_2msl, N.CALLOUT_SYNCACHE, HALF_OPEN, 20);
  words(HALF_OPEN, { [N.sc_lport]: 7, [N.sc_faddr]: N.HOST_REMOTE, [N.sc_fport]: 9 });
  const key = keyOf(7, N.HOST_REMOTE, 9);
  expect(timers(k)).toEqual([{ due: 10, expiry: 'synack', pcb: 0, key }]);
  put(k, HALF_OPEN + N.sc_rxmits, SYNCACHE_MAXREXMTS);
  expect(timers(k)).toEqual([{ due: 10, expiry: 'forget', pcb: 0, key }]);
});

it('the timer of a connection that is over means nothing', () => {
  set(TP + N.t_2msl, N.CALLOUT_2MSL, TP, 20);
  put(k, INP + N.inp_flags, N.INP_DROPPED);
  expect(timers(k)).toEqual([{ due: 10, expiry: 'msl', pcb: 0, key: 0 }]);
});

it('a wheel that goes round is an error, not a loop', () => {
  set(TP + N.t_2msl, N.CALLOUT_2MSL, TP, 20, TP + N.t_2msl);
  expect(() => timers(k)).toThrow(BrokenList);
});

it('who waits for the peer without a timer is stuck', () => {
  const ours = { state: 'ESTABLISHED', closed: false, deaf: false, queued: 0, unread: 0, buffer: 3 };
  const end = passiveEnd(0, 99, 499, 48);
  const check = (state: string): string | null => stuck(k, INP, end, { ...ours, state });
  expect(check('ESTABLISHED')).toBeNull();
  expect(check('LAST_ACK')).toMatch(/a FIN is due/);
  expect(stuck(k, INP, activeEnd(0, 99), { ...ours, state: 'SYN_SENT' })).toMatch(/SYN_SENT/);
  writes(end, [1]);
  expect(check('ESTABLISHED')).toMatch(/16 bytes are queued/);
  end.sent = end.written;
  expect(check('ESTABLISHED')).toMatch(/16 sequence numbers are not acknowledged/);
  put(k, TP + N.t_rexmt + N.c_flags, N.CALLOUT_PENDING);
  expect(check('ESTABLISHED')).toBeNull();
});
