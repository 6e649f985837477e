/**
 * A socket: the object between a descriptor and a protocol. This file makes, counts and frees it; it is the heart of the 2006
 * socket reference model.
 *
 *   from          to            by
 *   –             count 0       soalloc
 *   count 0       count 1       socreate: one consumer, who must call soclose once
 *   count 0       on a queue    sonewconn (listen.ts): SS_NOFDREF, no count; the queue or its closing thread answers for it
 *   on a queue    count 1       kern_accept (accept.ts), which then clears SS_NOFDREF
 *   count n       count n ± 1   soref, sorele
 *   any           freed         sofree, if and only if SS_NOFDREF and count 0 and not SS_PROTOREF and not SQ_COMP
 *
 * 1. so_pcb is not 0 from the moment pru_attach succeeds until pru_detach; only the protocol looks at it.
 * 2. Every change of a count and every test for freeing happens under accept_mtx and SOCK_LOCK, so exactly one thread finds
 *    all four conditions true; from then on nobody else can reach the socket.
 * 3. A protocol calls sofree only right after it has cleared an SS_PROTOREF that it set itself, and then forgets the socket.
 */

import { ENOBUFS } from '../errno.ts';
import {
  accept_mtx,
  LC_RCV,
  LC_SND,
  LC_SX,
  numopensockets,
  PR_RIGHTS,
  SO_ACCEPTCONN,
  SQ_COMP,
  SQ_INCOMP,
  SS_NOFDREF,
  SS_PROTOREF,
  STAT_FREED,
  STAT_SOCKETS,
  sb_mtx,
  sb_sx,
  so_comp_first,
  so_count,
  so_gencnt,
  so_gencnt_global,
  so_global_mtx,
  so_head,
  so_incomp_first,
  so_incqlen,
  so_list_next,
  so_options,
  so_pcb,
  so_proto,
  so_qstate,
  so_rcv,
  so_snd,
  so_state,
  so_type,
  socket_zone,
} from '../layout.ts';
import { fixed, get, type Kernel, load, panic, put } from '../memory.ts';
import {
  PANIC_ATTACH_PCB,
  PANIC_SOCREATE_COUNT,
  PANIC_SODEALLOC_COUNT,
  PANIC_SODEALLOC_PCB,
  PANIC_SOFREE_BOTH,
  PANIC_SOFREE_COMP,
  PANIC_SOFREE_HEAD,
  PANIC_SOFREE_INCOMP,
  PANIC_SOFREE_QUEUED,
  PANIC_SORELE,
} from '../panic.ts';
import { mtx_assert, mtx_init, mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { sx_init } from '../sync/sx.ts';
import { KASSERT } from './kassert.ts';
import { pffindproto, pr_flags, pr_type, pru_attach, pru_detach } from './protosw.ts';
import { TAILQ_REMOVE } from './queue.ts';
import { sbdestroy } from './sockbuf.ts';
import { stat_add } from './stat.ts';
import { uma_zalloc, uma_zfree } from './uma.ts';
import { unp_dispose_all } from '../unix/uipc_rights.ts';

/** An empty socket with count 0, or 0 if there is none left. Never sleeps. */
export function soalloc(k: Kernel, td: number): number {
  const so = uma_zalloc(k, td, socket_zone);
  if (so === 0) return 0;
  mtx_init(k, so + so_rcv + sb_mtx, LC_RCV);
  mtx_init(k, so + so_snd + sb_mtx, LC_SND);
  sx_init(k, so + so_rcv + sb_sx, LC_SX);
  sx_init(k, so + so_snd + sb_sx, LC_SX);
  so_count_open(k, td, so, 1);
  return so;
}

/** Gives the memory back. The caller is the only thread that can reach the socket. */
export function sodealloc(k: Kernel, td: number, so: number): void {
  KASSERT(k, get(k, so + so_count) === 0, PANIC_SODEALLOC_COUNT, so);
  KASSERT(k, get(k, so + so_pcb) === 0, PANIC_SODEALLOC_PCB, so);
  so_count_open(k, td, so, -1);
  uma_zfree(k, td, socket_zone, so);
}

/** Makes a socket with one reference, for soclose to take back. Returns it, or an errno negated; a failed attach leaves nothing. */
export function socreate(k: Kernel, td: number, domain: number, type: number, protocol: number): number {
  const proto = pffindproto(domain, type, protocol);
  if (proto < 0) return proto;
  const so = soalloc(k, td);
  if (so === 0) return -ENOBUFS;
  put(k, so + so_type, pr_type(proto));
  put(k, so + so_proto, proto);
  put(k, so + so_count, 1);
  const error = pru_attach(k, td, so, protocol);
  if (error !== 0) {
    KASSERT(k, get(k, so + so_count) === 1, PANIC_SOCREATE_COUNT, so);
    put(k, so + so_count, 0);
    sodealloc(k, td, so);
    return -error;
  }
  KASSERT(k, get(k, so + so_pcb) !== 0, PANIC_ATTACH_PCB, so);
  return so;
}

/** One more consumer. SOCK_LOCK is held, and something else keeps the socket alive. */
export function soref(k: Kernel, td: number, so: number): void {
  mtx_assert(k, td, so + so_rcv + sb_mtx);
  put(k, so + so_count, get(k, so + so_count) + 1);
}

/** One consumer less. accept_mtx and SOCK_LOCK are held before, neither after; the socket may be gone. */
export function sorele(k: Kernel, td: number, so: number): void {
  mtx_assert(k, td, accept_mtx);
  mtx_assert(k, td, so + so_rcv + sb_mtx);
  const count = get(k, so + so_count);
  if (count <= 0) panic(k, PANIC_SORELE, so);
  put(k, so + so_count, count - 1);
  if (count === 1) {
    sofree(k, td, so);
  } else {
    mtx_unlock(k, td, so + so_rcv + sb_mtx);
    mtx_unlock(k, td, accept_mtx);
  }
}

/** Frees the socket if nothing holds it. accept_mtx and SOCK_LOCK are held before, neither after, whatever happens. */
export function sofree(k: Kernel, td: number, so: number): void {
  mtx_assert(k, td, accept_mtx);
  mtx_assert(k, td, so + so_rcv + sb_mtx);
  const state = load(k, so + so_state);
  if (
    (state & SS_NOFDREF) === 0 ||
    get(k, so + so_count) !== 0 ||
    (state & SS_PROTOREF) !== 0 ||
    (get(k, so + so_qstate) & SQ_COMP) !== 0
  ) {
    mtx_unlock(k, td, so + so_rcv + sb_mtx);
    mtx_unlock(k, td, accept_mtx);
    return;
  }
  const head = get(k, so + so_head);
  if (head !== 0) {
    // On so_comp it would not have come here, so it is on so_incomp, which does not keep a socket.
    KASSERT(k, (get(k, so + so_qstate) & (SQ_INCOMP | SQ_COMP)) !== 0, PANIC_SOFREE_HEAD, so);
    KASSERT(k, (get(k, so + so_qstate) & (SQ_INCOMP | SQ_COMP)) !== (SQ_INCOMP | SQ_COMP), PANIC_SOFREE_BOTH, so);
    TAILQ_REMOVE(k, head + so_incomp_first, so, so_list_next);
    put(k, head + so_incqlen, get(k, head + so_incqlen) - 1);
    put(k, so + so_qstate, get(k, so + so_qstate) & ~SQ_INCOMP);
    put(k, so + so_head, 0);
  }
  KASSERT(k, (get(k, so + so_qstate) & (SQ_INCOMP | SQ_COMP)) === 0, PANIC_SOFREE_QUEUED, so);
  if ((load(k, so + so_options) & SO_ACCEPTCONN) !== 0) {
    KASSERT(k, get(k, so + so_comp_first) === 0, PANIC_SOFREE_COMP, so);
    KASSERT(k, get(k, so + so_incomp_first) === 0, PANIC_SOFREE_INCOMP, so);
  }
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  mtx_unlock(k, td, accept_mtx);
  // The point of no return: only the protocol knows the socket now, and after pru_detach nobody does. Hence no locks below.
  if ((pr_flags(fixed(k, so + so_proto)) & PR_RIGHTS) !== 0) unp_dispose_all(k, td, so + so_rcv);
  pru_detach(k, td, so);
  sbdestroy(k, td, so + so_snd);
  sbdestroy(k, td, so + so_rcv);
  sodealloc(k, td, so);
}

/** Counts an open socket in or out, and stamps it. */
function so_count_open(k: Kernel, td: number, so: number, change: number): void {
  stat_add(k, td, change > 0 ? STAT_SOCKETS : STAT_FREED, 1);
  mtx_lock(k, td, so_global_mtx);
  const generation = get(k, so_gencnt_global) + 1;
  put(k, so_gencnt_global, generation);
  put(k, so + so_gencnt, generation);
  put(k, numopensockets, get(k, numopensockets) + change);
  mtx_unlock(k, td, so_global_mtx);
}
