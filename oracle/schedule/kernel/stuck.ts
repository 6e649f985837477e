/** Connections that have something to say and nothing that will make them: a SYN, data or a FIN not sent or not acknowledged, and no timer. */
import { sb_cc, so_snd } from '../../../impl/layout.ts';
import { get, type Kernel } from '../../../impl/memory.ts';
import * as N from '../../../impl/netinet/layout.ts';
import {
  TCPS_CLOSED,
  TCPS_CLOSING,
  TCPS_FIN_WAIT_1,
  TCPS_LAST_ACK,
  TCPS_LISTEN,
  TCPS_SYN_SENT,
  TF_SENTFIN,
} from '../../../impl/netinet/tcp_fsm.ts';
import { walk } from '../../run/walk.ts';

/** What the first of them waits for, or null. That segments really leave is not seen here, only that somebody will try again. */
export function stuckConnection(k: Kernel): string | null {
  for (const inp of walk(k, get(k, N.tcbinfo + N.ipi_list), N.inp_list_next)) {
    if ((get(k, inp + N.inp_flags) & (N.INP_DROPPED | N.INP_TIMEWAIT)) !== 0) continue;
    const waits = stuck(k, inp);
    if (waits !== null) return waits;
  }
  return null;
}

function stuck(k: Kernel, inp: number): string | null {
  const tp = get(k, inp + N.inp_ppcb);
  const state = get(k, tp + N.t_state);
  if (state === TCPS_CLOSED || state === TCPS_LISTEN || isSet(k, tp + N.t_rexmt) || isSet(k, tp + N.t_persist)) return null;
  if (state === TCPS_SYN_SENT) return 'a connection in SYN_SENT has no retransmission timer';
  const outstanding = (get(k, tp + N.snd_max) - get(k, tp + N.snd_una)) | 0;
  if (outstanding > 0) return `${outstanding} sequence numbers are not acknowledged and no timer runs`;
  const queued = get(k, get(k, inp + N.inp_socket) + so_snd + sb_cc);
  if (queued > 0) return `${queued} bytes are queued and not sent, and no timer runs`;
  const due = state === TCPS_FIN_WAIT_1 || state === TCPS_CLOSING || state === TCPS_LAST_ACK;
  return due && (get(k, tp + N.t_flags) & TF_SENTFIN) === 0 ? 'a FIN is due and not sent, and no timer runs' : null;
}

function isSet(k: Kernel, callout: number): boolean {
  return (get(k, callout + N.c_flags) & N.CALLOUT_PENDING) !== 0;
}
