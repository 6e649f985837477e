/**
 * The *timers* of the implementation: what each that is set will mean when it runs out, and which connection needs one and has none.
 * Sending again is below the specification, which sees only where that ends: a connection is given up, the wait of 2MSL is over.
 */
import { ticks } from '../../impl/layout.ts';
import { get, type Kernel, load } from '../../impl/memory.ts';
import * as N from '../../impl/netinet/layout.ts';
import { type End, leftOf, type Ours, waitsForWindow } from './end.ts';
import type { Wrong } from './mismatch.ts';
import { distance, keyOf } from './segment.ts';
import { BrokenList, walk } from './walk.ts';

export interface Timer {
  /** Ticks from now. */
  readonly due: number;
  /** For what: something that is not acknowledged, a window that is closed, a silent peer, the end of 2MSL; a SYN|ACK that has had no answer. */
  readonly kind: 'again' | 'probe' | 'keep' | 'msl' | 'handshake';
  /** The implementation's pcb (a word index); 0 for a handshake, and for a connection that is over. */
  readonly pcb: number;
  /** Of the handshake. */
  readonly key: number;
}

/** All timers that run, soonest first. */
export function timers(k: Kernel): readonly Timer[] {
  const found: Timer[] = [];
  const wheel = get(k, N.h_callwheel);
  for (let slot = 0; slot <= get(k, N.h_callwheel_mask); slot++) {
    for (const c of walk(k, get(k, wheel + slot * N.CALLWHEEL_WORDS + N.cw_first), N.c_next)) {
      if (isSet(k, c)) found.push(timer(k, c));
    }
  }
  return found.sort((a, b) => a.due - b.due);
}

function timer(k: Kernel, c: number): Timer {
  const due = distance(get(k, c + N.c_time), load(k, ticks));
  const arg = get(k, c + N.c_arg);
  switch (get(k, c + N.c_func)) {
    case N.CALLOUT_REXMT:
      return { due, kind: 'again', pcb: living(k, get(k, arg + N.t_inpcb)), key: 0 };
    case N.CALLOUT_PERSIST:
      return { due, kind: 'probe', pcb: living(k, get(k, arg + N.t_inpcb)), key: 0 };
    case N.CALLOUT_KEEP:
      return { due, kind: 'keep', pcb: living(k, get(k, arg + N.t_inpcb)), key: 0 };
    case N.CALLOUT_2MSL:
      return { due, kind: 'msl', pcb: living(k, get(k, arg + N.t_inpcb)), key: 0 };
    case N.CALLOUT_TIMEWAIT:
      return { due, kind: 'msl', pcb: living(k, get(k, arg + N.tw_inpcb)), key: 0 };
    case N.CALLOUT_SYNCACHE:
      return { due, kind: 'handshake', pcb: 0, key: keyOf(get(k, arg + N.sc_lport), get(k, arg + N.sc_faddr), get(k, arg + N.sc_fport)) };
    default:
      throw new BrokenList(`the timer at word ${c} is for nothing that there is`);
  }
}

/** The timer of a pcb whose connection is over may still run, and means nothing. */
function living(k: Kernel, pcb: number): number {
  return pcb === 0 || (get(k, pcb + N.inp_flags) & N.INP_DROPPED) !== 0 ? 0 : pcb;
}

/**
 * A connection that waits for its peer needs a timer that will make it try again, and one that waits for nothing has none: what is wrong
 * with its timers, or null. `pcb` is the implementation's.
 */
export function wrongTimers(k: Kernel, pcb: number, end: End, ours: Ours): Wrong | null {
  const tp = get(k, pcb + N.inp_ppcb);
  if (tp === 0) return null;
  const runs = isSet(k, tp + N.t_rexmt) ? 'again' : isSet(k, tp + N.t_persist) ? 'probe' : 'none';
  const outstanding = end.sent !== end.acked;
  const waits = waitsForWindow(end) ? 'probe' : outstanding ? 'again' : 'none';
  const both = isSet(k, tp + N.t_rexmt) && isSet(k, tp + N.t_persist);
  // What was sent before the window closed may still be acknowledged: the persist timer comes after.
  if (!both && (runs === waits || (runs === 'again' && outstanding))) return null;
  return {
    seen: `${both ? 'both timers run' : TIMERS[runs]} in ${ours.state}`,
    allowed: `${TIMERS[waits]}: ${distance(end.sent, end.acked)} sequence numbers are not acknowledged, ${leftOf(end)} bytes are queued, the peer's window is ${end.window}`,
  };
}

const TIMERS = { again: 'the retransmission timer runs', probe: 'the persist timer runs', none: 'no timer runs' } as const;

function isSet(k: Kernel, callout: number): boolean {
  return (get(k, callout + N.c_flags) & N.CALLOUT_PENDING) !== 0;
}
