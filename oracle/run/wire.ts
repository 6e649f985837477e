/**
 * What a segment, or a timer, means to the specification. The specification knows nothing of sequence numbers: to it a
 * segment is one or more of *acknowledgement*, *data*, *FIN*, *RST*, … for one protocol control block. This file looks at the next
 * segment and at the numbers of the pcb it is for, before the implementation does, and says which events it ought to
 * cause. It decides for itself what is acceptable (RFC 793) and calls no function of the implementation that decides.
 *
 * Sizes are in units: every transfer of a run is a whole number of units, and a segment carries one at most.
 */
import {
  CALLOUT_2MSL,
  CALLOUT_PENDING,
  CALLOUT_PERSIST,
  CALLOUT_REXMT,
  CALLOUT_TIMEWAIT,
  CALLWHEEL_WORDS,
  c_arg,
  c_flags,
  c_func,
  c_next,
  c_time,
  cw_first,
  h_callwheel,
  h_callwheel_mask,
  INP_DROPPED,
  INP_TIMEWAIT,
  inp_faddr,
  inp_flags,
  inp_fport,
  inp_laddr,
  inp_list_next,
  inp_lport,
  inp_ppcb,
  inp_socket,
  IPPROTO_ICMP,
  ipi_list,
  iss,
  rcv_adv,
  rcv_nxt,
  sc_faddr,
  sc_fport,
  sc_irs,
  sc_iss,
  sc_laddr,
  sc_lport,
  sc_next,
  sc_wnd,
  snd_max,
  snd_una,
  syncache_first,
  t_flags,
  t_inpcb,
  t_rxtshift,
  t_segq,
  t_state,
  tcbinfo,
  tqe_fin,
  tqe_len,
  tqe_next,
  tqe_seq,
  tw_inpcb,
  udbinfo,
  wire_first,
  ws_ack,
  ws_dport,
  ws_dst,
  ws_flags,
  ws_len,
  ws_proto,
  ws_seq,
  ws_sport,
  ws_src,
  t_rexmt,
  t_persist,
} from '../../impl/netinet/layout.ts';
import {
  IPPROTO_TCP,
  IPPROTO_UDP,
  SO_ACCEPTCONN,
  SS_NOFDREF,
  sb_cc,
  sb_hiwat,
  so_options,
  so_rcv,
  so_snd,
  so_state,
  ticks,
} from '../../impl/layout.ts';
import { get, type Kernel, load } from '../../impl/memory.ts';
import {
  TCP_MAXRXTSHIFT,
  TCPS_CLOSE_WAIT,
  TCPS_CLOSED,
  TCPS_CLOSING,
  TCPS_ESTABLISHED,
  TCPS_FIN_WAIT_1,
  TCPS_FIN_WAIT_2,
  TCPS_LAST_ACK,
  TCPS_LISTEN,
  TCPS_SYN_SENT,
  TF_SENTFIN,
  TH_ACK,
  TH_FIN,
  TH_RST,
  TH_SYN,
} from '../../impl/netinet/tcp_fsm.ts';

/** An event of the specification's wire, with the implementation's pcb (a word index) it is for. */
export type WireEvent =
  | { readonly event: 'handshake' | 'synack' | 'rst' | 'fin' | 'timeout' | 'msl' | 'datagram' | 'unreachable'; readonly pcb: number }
  | { readonly event: 'ack'; readonly pcb: number; readonly bytes: number; readonly fin: boolean }
  | { readonly event: 'data'; readonly pcb: number; readonly bytes: number };

/** Stands for the pcb of the connection that the event before has made. */
export const CHILD = 0;

/** a - b of two sequence numbers. */
const distance = (a: number, b: number): number => (a - b) | 0;

/** The events that the oldest segment for this host ought to cause, in their order. */
export function classifySegment(k: Kernel): readonly WireEvent[] {
  const th = get(k, wire_first);
  if (th === 0) return [];
  switch (get(k, th + ws_proto)) {
    case IPPROTO_TCP:
      return classifyTcp(k, th);
    case IPPROTO_UDP:
      return forDatagram(k, th, 'datagram');
    case IPPROTO_ICMP:
      return forDatagram(k, th, 'unreachable');
    default:
      return [];
  }
}

function forDatagram(k: Kernel, th: number, event: 'datagram' | 'unreachable'): readonly WireEvent[] {
  // A connected pcb for just this peer comes before one that takes from anybody; an error is only for the former.
  const pcb = lookup(k, udbinfo, th, event === 'datagram');
  return pcb === 0 ? [] : [{ event, pcb }];
}

/** The pcb for the segment: of this very connection, or else one that waits for anybody. */
function lookup(k: Kernel, pcbinfo: number, th: number, wildcard: boolean): number {
  let best = 0;
  for (let inp = get(k, pcbinfo + ipi_list); inp !== 0; inp = get(k, inp + inp_list_next)) {
    if (get(k, inp + inp_lport) !== get(k, th + ws_dport) || get(k, inp + inp_lport) === 0) continue;
    if ((get(k, inp + inp_flags) & INP_DROPPED) !== 0) continue;
    if (get(k, inp + inp_laddr) !== 0 && get(k, inp + inp_laddr) !== get(k, th + ws_dst)) continue;
    if (get(k, inp + inp_faddr) === get(k, th + ws_src) && get(k, inp + inp_fport) === get(k, th + ws_sport)) return inp;
    if (get(k, inp + inp_faddr) === 0 && wildcard) best = inp;
  }
  return best;
}

function classifyTcp(k: Kernel, th: number): readonly WireEvent[] {
  const pcb = lookup(k, tcbinfo, th, true);
  if (pcb === 0) return [];
  const flags = get(k, th + ws_flags);
  if ((get(k, pcb + inp_flags) & INP_TIMEWAIT) !== 0) return [];
  const tp = get(k, pcb + inp_ppcb);
  switch (get(k, tp + t_state)) {
    case TCPS_CLOSED:
      return [];
    case TCPS_LISTEN:
      return forListener(k, th, pcb, flags);
    case TCPS_SYN_SENT:
      return forSynSent(k, th, pcb, tp, flags);
    default:
      return forConnection(k, th, pcb, tp, flags);
  }
}

/**
 * The segment that ends a handshake makes a connection, and what it carries beyond that is for the new one: a FIN, or data, if
 * the bare acknowledgement was lost before.
 */
function forListener(k: Kernel, th: number, pcb: number, flags: number): readonly WireEvent[] {
  if ((flags & (TH_ACK | TH_SYN | TH_RST)) !== TH_ACK) return [];
  const so = get(k, pcb + inp_socket);
  if ((load(k, so + so_options) & SO_ACCEPTCONN) === 0) return [];
  for (let sc = get(k, syncache_first); sc !== 0; sc = get(k, sc + sc_next)) {
    const same =
      get(k, sc + sc_laddr) === get(k, th + ws_dst) &&
      get(k, sc + sc_lport) === get(k, th + ws_dport) &&
      get(k, sc + sc_faddr) === get(k, th + ws_src) &&
      get(k, sc + sc_fport) === get(k, th + ws_sport);
    if (!same) continue;
    const ahead = distance(get(k, th + ws_seq), get(k, sc + sc_irs)) - 1;
    const window = get(k, sc + sc_wnd);
    if (distance(get(k, th + ws_ack), get(k, sc + sc_iss)) !== 1 || ahead < 0 || ahead > window) return [];
    const made: WireEvent = { event: 'handshake', pcb };
    // Something before it is missing: it waits.
    if (ahead > 0) return [made];
    const bytes = Math.min(get(k, th + ws_len), window);
    const whole = bytes === get(k, th + ws_len);
    return [
      made,
      ...(bytes > 0 ? [{ event: 'data', pcb: CHILD, bytes } as const] : []),
      ...((flags & TH_FIN) !== 0 && whole ? [{ event: 'fin', pcb: CHILD } as const] : []),
    ];
  }
  return [];
}

function forSynSent(k: Kernel, th: number, pcb: number, tp: number, flags: number): readonly WireEvent[] {
  const ack = get(k, th + ws_ack);
  const acceptable = (flags & TH_ACK) !== 0 && distance(ack, get(k, tp + iss)) > 0 && distance(ack, get(k, tp + snd_max)) <= 0;
  if (!acceptable) return [];
  if ((flags & TH_RST) !== 0) return [{ event: 'rst', pcb }];
  return (flags & TH_SYN) !== 0 ? [{ event: 'synack', pcb }] : [];
}

function forConnection(k: Kernel, th: number, pcb: number, tp: number, flags: number): readonly WireEvent[] {
  const so = get(k, pcb + inp_socket);
  const state = get(k, tp + t_state);
  const next = get(k, tp + rcv_nxt);
  const seq = get(k, th + ws_seq);
  const window = windowOf(k, tp, so);
  if ((flags & TH_RST) !== 0) {
    const ahead = distance(seq, next);
    return ahead >= 0 && ahead <= window + 1 ? [{ event: 'rst', pcb }] : [];
  }
  // In the window a SYN is an error of the peer's that ends the connection; nobody in a run sends one.
  if ((flags & TH_ACK) === 0) return [];

  const begin = distance(next, seq) > 0 ? next : seq;
  const end = (seq + get(k, th + ws_len)) | 0;
  const fresh = Math.max(0, distance(end, begin));
  if (fresh > 0 && state > TCPS_CLOSE_WAIT && (load(k, so + so_state) & SS_NOFDREF) !== 0) return [{ event: 'data', pcb, bytes: fresh }];

  const offset = distance(begin, next);
  if (offset > window || (offset === window && fresh > 0 && window > 0)) return [];
  const events: WireEvent[] = [...acknowledged(k, th, pcb, tp, so)];
  const last = events.at(-1);
  if (last?.event === 'ack' && last.fin && (state === TCPS_CLOSING || state === TCPS_LAST_ACK)) return events;
  if (state !== TCPS_ESTABLISHED && state !== TCPS_FIN_WAIT_1 && state !== TCPS_FIN_WAIT_2) {
    // The peer has said that nothing follows; what comes all the same changes nothing.
    return fresh > 0 && fresh <= get(k, so + so_rcv + sb_hiwat) - get(k, so + so_rcv + sb_cc)
      ? [...events, { event: 'data', pcb, bytes: fresh }]
      : events;
  }
  return [...events, ...received(k, th, pcb, tp, window)];
}

/** The receive window: what the buffer has room for, and never less than was promised. */
function windowOf(k: Kernel, tp: number, so: number): number {
  const room = get(k, so + so_rcv + sb_hiwat) - get(k, so + so_rcv + sb_cc);
  return Math.max(0, room, distance(get(k, tp + rcv_adv), get(k, tp + rcv_nxt)));
}

function acknowledged(k: Kernel, th: number, pcb: number, tp: number, so: number): readonly WireEvent[] {
  const ack = get(k, th + ws_ack);
  const acked = distance(ack, get(k, tp + snd_una));
  if (acked <= 0 || distance(ack, get(k, tp + snd_max)) > 0) return [];
  const queued = get(k, so + so_snd + sb_cc);
  const fin = (get(k, tp + t_flags) & TF_SENTFIN) !== 0 && acked > queued;
  return [{ event: 'ack', pcb, bytes: Math.min(acked, queued), fin }];
}

/** What the segment adds to the stream, together with what waits in the reassembly queue behind it. */
function received(k: Kernel, th: number, pcb: number, tp: number, window: number): readonly WireEvent[] {
  const next = get(k, tp + rcv_nxt);
  const seq = get(k, th + ws_seq);
  const limit = (next + window) | 0;
  let end = (seq + get(k, th + ws_len)) | 0;
  let fin = (get(k, th + ws_flags) & TH_FIN) !== 0;
  if (distance(end, limit) > 0) {
    end = limit;
    fin = false;
  }
  if (distance(seq, next) > 0 || (distance(end, next) <= 0 && !(fin && distance(end, next) === 0))) return [];
  for (let tqe = get(k, tp + t_segq); tqe !== 0 && !fin; tqe = get(k, tqe + tqe_next)) {
    if (distance(get(k, tqe + tqe_seq), end) > 0) break;
    const tail = (get(k, tqe + tqe_seq) + get(k, tqe + tqe_len)) | 0;
    if (distance(tail, end) < 0) continue;
    end = tail;
    fin = get(k, tqe + tqe_fin) !== 0;
  }
  const bytes = distance(end, next);
  const events: WireEvent[] = bytes > 0 ? [{ event: 'data', pcb, bytes }] : [];
  return fin ? [...events, { event: 'fin', pcb }] : events;
}

/** Far more pcbs than a run has. */
const LIST_LIMIT = 1000;

/**
 * A connection that has something to say and nothing that will make it: a SYN, data or a FIN that is not sent or not acknowledged,
 * without a timer. That segments really leave is not seen here, only that somebody will try again.
 */
export function stuckConnection(k: Kernel): string | null {
  let seen = 0;
  for (let inp = get(k, tcbinfo + ipi_list); inp !== 0; inp = get(k, inp + inp_list_next)) {
    if (++seen > LIST_LIMIT) return 'the list of connections has no end';
    if ((get(k, inp + inp_flags) & (INP_DROPPED | INP_TIMEWAIT)) !== 0) continue;
    const tp = get(k, inp + inp_ppcb);
    const state = get(k, tp + t_state);
    if (state === TCPS_CLOSED || state === TCPS_LISTEN || isSet(k, tp + t_rexmt) || isSet(k, tp + t_persist)) continue;
    if (state === TCPS_SYN_SENT) return 'a connection in SYN_SENT has no retransmission timer';
    const outstanding = distance(get(k, tp + snd_max), get(k, tp + snd_una));
    if (outstanding > 0) return `${outstanding} sequence numbers are not acknowledged and no timer runs`;
    const queued = get(k, get(k, inp + inp_socket) + so_snd + sb_cc);
    if (queued > 0) return `${queued} bytes are queued and not sent, and no timer runs`;
    const due = state === TCPS_FIN_WAIT_1 || state === TCPS_CLOSING || state === TCPS_LAST_ACK;
    if (due && (get(k, tp + t_flags) & TF_SENTFIN) === 0) return 'a FIN is due and not sent, and no timer runs';
  }
  return null;
}

function isSet(k: Kernel, callout: number): boolean {
  return (get(k, callout + c_flags) & CALLOUT_PENDING) !== 0;
}

/** A timer that is set: what it will mean when it runs out (null: nothing that the specification can see), and when. */
export interface Timer {
  readonly due: number;
  readonly event: WireEvent | null;
  /** A window probe carries a single byte, which units can't express. */
  readonly probe: boolean;
}

/** All timers that run, soonest first. */
export function timers(k: Kernel): readonly Timer[] {
  const found: Timer[] = [];
  const wheel = get(k, h_callwheel);
  for (let slot = 0; slot <= get(k, h_callwheel_mask); slot++) {
    for (let c = get(k, wheel + slot * CALLWHEEL_WORDS + cw_first); c !== 0; c = get(k, c + c_next)) {
      if ((get(k, c + c_flags) & CALLOUT_PENDING) !== 0) found.push(timer(k, c));
    }
  }
  return found.sort((a, b) => a.due - b.due);
}

function timer(k: Kernel, c: number): Timer {
  const due = distance(get(k, c + c_time), load(k, ticks));
  const arg = get(k, c + c_arg);
  switch (get(k, c + c_func)) {
    case CALLOUT_REXMT:
      return { due, event: get(k, arg + t_rxtshift) >= TCP_MAXRXTSHIFT ? meant(k, 'timeout', get(k, arg + t_inpcb)) : null, probe: false };
    case CALLOUT_2MSL:
      return { due, event: meant(k, 'msl', get(k, arg + t_inpcb)), probe: false };
    case CALLOUT_TIMEWAIT:
      return { due, event: meant(k, 'msl', get(k, arg + tw_inpcb)), probe: false };
    case CALLOUT_PERSIST:
      return { due, event: null, probe: true };
    default:
      return { due, event: null, probe: false };
  }
}

/** The timer of a pcb whose connection is over may still run, and means nothing. */
function meant(k: Kernel, event: 'timeout' | 'msl', pcb: number): WireEvent | null {
  return pcb === 0 || (get(k, pcb + inp_flags) & INP_DROPPED) !== 0 ? null : { event, pcb };
}
