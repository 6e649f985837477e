/**
 * A look at a connection from outside, for whoever compares it with a specification. Nothing is locked and nothing changes: call it
 * only while no thread is inside the kernel. `inp` is a pcb of TCP (so_pcb of a TCP socket); what its tcpcb, or tcptw, does not have
 * reads as 0.
 */

import { get, type Kernel } from '../memory.ts';
import {
  CALLOUT_PENDING,
  CALLOUT_SYNCACHE,
  CALLOUT_TIMEWAIT,
  c_arg,
  c_flags,
  c_func,
  INP_TIMEWAIT,
  inp_flags,
  inp_ppcb,
  irs,
  iss,
  rcv_adv,
  rcv_nxt,
  snd_max,
  snd_nxt,
  snd_una,
  snd_wnd,
  t_2msl,
  t_flags,
  t_inpcb,
  t_persist,
  t_rexmt,
  t_rxtshift,
  t_state,
  tw_2msl,
  tw_inpcb,
  tw_irs,
  tw_iss,
  tw_rcv_nxt,
  tw_snd_nxt,
} from './layout.ts';
import { TCPS_CLOSED, TCPS_TIME_WAIT, TF_SENTFIN } from './tcp_fsm.ts';

/** TCPS_*: TIME_WAIT while there is a tcptw, CLOSED when there is neither tcptw nor tcpcb. */
export function tcp_probe_state(k: Kernel, inp: number): number {
  if (get(k, inp + inp_ppcb) === 0) return TCPS_CLOSED;
  return tcp_probe_timewait(k, inp) ? TCPS_TIME_WAIT : get(k, get(k, inp + inp_ppcb) + t_state);
}

/** INP_* */
export function tcp_probe_inp_flags(k: Kernel, inp: number): number {
  return get(k, inp + inp_flags);
}

/** TF_* */
export function tcp_probe_flags(k: Kernel, inp: number): number {
  return tcp_probe_word(k, inp, t_flags, 0);
}

/** 1 if our FIN has left. */
export function tcp_probe_sentfin(k: Kernel, inp: number): number {
  return tcp_probe_timewait(k, inp) || (tcp_probe_flags(k, inp) & TF_SENTFIN) !== 0 ? 1 : 0;
}

export function tcp_probe_snd_una(k: Kernel, inp: number): number {
  return tcp_probe_word(k, inp, snd_una, tw_snd_nxt);
}

export function tcp_probe_snd_nxt(k: Kernel, inp: number): number {
  return tcp_probe_word(k, inp, snd_nxt, tw_snd_nxt);
}

export function tcp_probe_snd_max(k: Kernel, inp: number): number {
  return tcp_probe_word(k, inp, snd_max, tw_snd_nxt);
}

export function tcp_probe_snd_wnd(k: Kernel, inp: number): number {
  return tcp_probe_word(k, inp, snd_wnd, 0);
}

export function tcp_probe_rcv_nxt(k: Kernel, inp: number): number {
  return tcp_probe_word(k, inp, rcv_nxt, tw_rcv_nxt);
}

export function tcp_probe_rcv_adv(k: Kernel, inp: number): number {
  return tcp_probe_word(k, inp, rcv_adv, tw_rcv_nxt);
}

export function tcp_probe_iss(k: Kernel, inp: number): number {
  return tcp_probe_word(k, inp, iss, tw_iss);
}

export function tcp_probe_irs(k: Kernel, inp: number): number {
  return tcp_probe_word(k, inp, irs, tw_irs);
}

export function tcp_probe_rxtshift(k: Kernel, inp: number): number {
  return tcp_probe_word(k, inp, t_rxtshift, 0);
}

/** The callouts of the connection, for callout_fire; 0 if it is not pending (or there is none such). */
export function tcp_probe_rexmt(k: Kernel, inp: number): number {
  return tcp_probe_callout(k, inp, t_rexmt, 0);
}

export function tcp_probe_persist(k: Kernel, inp: number): number {
  return tcp_probe_callout(k, inp, t_persist, 0);
}

/** The end of FIN_WAIT_2 or of TIME_WAIT. */
export function tcp_probe_2msl(k: Kernel, inp: number): number {
  return tcp_probe_callout(k, inp, t_2msl, tw_2msl);
}

/** The pcb whose timer a callout is (callout_peek); 0 for one of the syncache. Its c_func says which timer. */
export function tcp_probe_owner(k: Kernel, c: number): number {
  const func = get(k, c + c_func);
  if (func === CALLOUT_SYNCACHE) return 0;
  return get(k, get(k, c + c_arg) + (func === CALLOUT_TIMEWAIT ? tw_inpcb : t_inpcb));
}

function tcp_probe_timewait(k: Kernel, inp: number): boolean {
  return get(k, inp + inp_ppcb) !== 0 && (get(k, inp + inp_flags) & INP_TIMEWAIT) !== 0;
}

/** A word of the tcpcb, or of the tcptw; the offset 0 means that there is none. */
function tcp_probe_word(k: Kernel, inp: number, field: number, twField: number): number {
  const pcb = get(k, inp + inp_ppcb);
  if (pcb === 0) return 0;
  if (!tcp_probe_timewait(k, inp)) return get(k, pcb + field);
  return twField === 0 ? 0 : get(k, pcb + twField);
}

function tcp_probe_callout(k: Kernel, inp: number, field: number, twField: number): number {
  const pcb = get(k, inp + inp_ppcb);
  if (pcb === 0) return 0;
  const offset = tcp_probe_timewait(k, inp) ? twField : field;
  return offset !== 0 && (get(k, pcb + offset + c_flags) & CALLOUT_PENDING) !== 0 ? pcb + offset : 0;
}
