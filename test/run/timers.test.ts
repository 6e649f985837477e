/** What a timer of the implementation means when it runs out: a kernel in which only its words are written. */
import { beforeEach, describe, expect, it } from 'vitest';
import { ticks } from '../../impl/layout.ts';
import { type Kernel, put, store, viewKernel } from '../../impl/memory.ts';
import * as N from '../../impl/netinet/layout.ts';
import { activeEnd, type End, passiveEnd, writes } from '../../oracle/run/end.ts';
import { keyOf } from '../../oracle/run/segment.ts';
import { timers, wrongTimers } from '../../oracle/run/timers.ts';
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
    { due: 10, kind: 'again', pcb: INP, key: 0 },
    { due: 80, kind: 'msl', pcb: INP, key: 0 },
  ]);
});

it('what is sent again, or asked again, is for a connection', () => {
  set(TP + N.t_2msl, N.CALLOUT_REXMT, TP, 20, TP + N.t_persist);
  set(TP + N.t_persist, N.CALLOUT_PERSIST, TP, 30);
  expect(timers(k).map(({ kind, pcb }) => [kind, pcb])).toEqual([
    ['again', INP],
    ['probe', INP],
  ]);
});

it('TIME_WAIT ends', () => {
  set(TP + N.t_2msl, N.CALLOUT_TIMEWAIT, TW, 20);
  expect(timers(k)).toEqual([{ due: 10, kind: 'msl', pcb: INP, key: 0 }]);
});

it('a SYN|ACK that has no answer is for a handshake', () => {
  set(TP + N.t_2msl, N.CALLOUT_SYNCACHE, HALF_OPEN, 20);
  words(HALF_OPEN, { [N.sc_lport]: 7, [N.sc_faddr]: N.HOST_REMOTE, [N.sc_fport]: 9 });
  expect(timers(k)).toEqual([{ due: 10, kind: 'handshake', pcb: 0, key: keyOf(7, N.HOST_REMOTE, 9) }]);
});

it('a timer for nothing that there is is an error', () => {
  set(TP + N.t_2msl, 99, TP, 20);
  expect(() => timers(k)).toThrow(BrokenList);
});

it('the timer of a connection that is over means nothing', () => {
  set(TP + N.t_2msl, N.CALLOUT_2MSL, TP, 20);
  put(k, INP + N.inp_flags, N.INP_DROPPED);
  expect(timers(k)).toEqual([{ due: 10, kind: 'msl', pcb: 0, key: 0 }]);
});

it('a wheel that goes round is an error, not a loop', () => {
  set(TP + N.t_2msl, N.CALLOUT_2MSL, TP, 20, TP + N.t_2msl);
  expect(() => timers(k)).toThrow(BrokenList);
});

describe('the timers of a connection', () => {
  const ours = { state: 'ESTABLISHED', closed: false, deaf: false, queued: 0, unread: 0, buffer: 3 };
  let end: End;
  const wrong = (...running: readonly number[]): boolean => {
    for (const timer of [N.t_rexmt, N.t_persist]) put(k, TP + timer + N.c_flags, running.includes(timer) ? N.CALLOUT_PENDING : 0);
    return wrongTimers(k, INP, end, ours) !== null;
  };
  /** Without any; with the one for retransmission; for the window; with both. */
  const verdicts = (): readonly boolean[] => [wrong(), wrong(N.t_rexmt), wrong(N.t_persist), wrong(N.t_rexmt, N.t_persist)];

  beforeEach(() => {
    end = passiveEnd(0, 99, 499, 48);
    end.window = 48;
  });

  it('are none as long as it waits for nothing', () => {
    expect(verdicts()).toEqual([false, true, true, true]);
  });

  it('are the one for retransmission while something is not acknowledged', () => {
    writes(end, [1]);
    end.sent = end.written;
    expect(verdicts()).toEqual([true, false, true, true]);
    end = activeEnd(0, 99);
    expect(verdicts()).toEqual([true, false, true, true]);
  });

  it('are the one for the window while that is closed', () => {
    writes(end, [1]);
    end.window = 0;
    expect(verdicts()).toEqual([true, true, false, true]);
    // What had left before may still be acknowledged.
    end.sent = end.written;
    expect(verdicts()).toEqual([true, false, false, true]);
  });
});
