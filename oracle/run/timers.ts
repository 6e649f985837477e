/**
 * The *timers* of the implementation: what each that is set will mean when it runs out, and which connection needs one and has none.
 * Sending again is below the specification, which sees only where that ends: a connection is given up, the wait of 2MSL is over.
 */
import { ticks } from '../../impl/layout.ts';
import { get, type Kernel, load } from '../../impl/memory.ts';
import * as N from '../../impl/netinet/layout.ts';
import { SYNCACHE_MAXREXMTS, TCP_MAXRXTSHIFT } from '../../impl/netinet/tcp_fsm.ts';
import { type End, findue, type Ours } from './end.ts';
import { distance, keyOf } from './segment.ts';
import { walk } from './walk.ts';

/**
 * What happens when a timer runs out: something is sent again, a probe of the peer's window, a SYN|ACK; a connection or a handshake is
 * given up; 2MSL are over.
 */
export type Expiry = 'again' | 'probe' | 'synack' | 'timeout' | 'forget' | 'msl';

export interface Timer {
  /** Ticks from now. */
  readonly due: number;
  readonly expiry: Expiry;
  /** The implementation's pcb (a word index) that it is for; 0 for a handshake, and for a connection that is over: that means nothing. */
  readonly pcb: number;
  /** The handshake it is for. */
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
  const last = (count: number, most: number): boolean => count >= most;
  switch (get(k, c + N.c_func)) {
    case N.CALLOUT_REXMT:
      return {
        due,
        expiry: last(get(k, arg + N.t_rxtshift), TCP_MAXRXTSHIFT) ? 'timeout' : 'again',
        pcb: living(k, get(k, arg + N.t_inpcb)),
        key: 0,
      };
    case N.CALLOUT_PERSIST:
      return {
        due,
        expiry: last(get(k, arg + N.t_probes), TCP_MAXRXTSHIFT) ? 'timeout' : 'probe',
        pcb: living(k, get(k, arg + N.t_inpcb)),
        key: 0,
      };
    case N.CALLOUT_2MSL:
      return { due, expiry: 'msl', pcb: living(k, get(k, arg + N.t_inpcb)), key: 0 };
    case N.CALLOUT_TIMEWAIT:
      return { due, expiry: 'msl', pcb: living(k, get(k, arg + N.tw_inpcb)), key: 0 };
    default: {
      const key = keyOf(get(k, arg + N.sc_lport), get(k, arg + N.sc_faddr), get(k, arg + N.sc_fport));
      return { due, expiry: last(get(k, arg + N.sc_rxmits), SYNCACHE_MAXREXMTS) ? 'forget' : 'synack', pcb: 0, key };
    }
  }
}

/** The timer of a pcb whose connection is over may still run, and means nothing. */
function living(k: Kernel, pcb: number): number {
  return pcb === 0 || (get(k, pcb + N.inp_flags) & N.INP_DROPPED) !== 0 ? 0 : pcb;
}

/** A connection that waits for its peer, and no timer that will make it try again: what it waits for, or null. `pcb` is the implementation's. */
export function stuck(k: Kernel, pcb: number, end: End, ours: Ours): string | null {
  const tp = get(k, pcb + N.inp_ppcb);
  if (tp === 0 || isSet(k, tp + N.t_rexmt) || isSet(k, tp + N.t_persist)) return null;
  if (ours.state === 'SYN_SENT') return 'a connection in SYN_SENT has no retransmission timer';
  const outstanding = distance(end.sent, end.acked);
  if (outstanding > 0) return `${outstanding} sequence numbers are not acknowledged and no timer runs`;
  const queued = distance(end.written, end.acked);
  if (queued > 0) return `${queued} bytes are queued and not sent, and no timer runs`;
  return findue(ours) && queued === 0 ? 'a FIN is due and not sent, and no timer runs' : null;
}

function isSet(k: Kernel, callout: number): boolean {
  return (get(k, callout + N.c_flags) & N.CALLOUT_PENDING) !== 0;
}
