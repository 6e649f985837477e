/** The options of UNIX sockets: each is a flag of the pcb, or what it knows of the other end. */

import { EINVAL, ENOPROTOOPT, ENOTCONN } from '../errno.ts';
import { copyin_word, copyout_word } from '../kern/copy.ts';
import {
  LOCAL_CONNWAIT,
  LOCAL_CREDS,
  LOCAL_PEERCRED,
  SO_ACCEPTCONN,
  SOL_LOCAL,
  so_options,
  td_retval1,
  unp_flags,
  unp_link_rwlock,
  unp_mtx,
  unp_peercred,
} from '../layout.ts';
import { get, type Kernel, load, put } from '../memory.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { rw_rlock, rw_runlock } from '../sync/rwlock.ts';
import { UNP_CONNWAIT, UNP_WANTCRED } from './layout.ts';
import { isdgram } from './uipc_dgram.ts';
import { sotounpcb } from './uipc_usrreq.ts';

/**
 * LOCAL_PEERCRED: who was at the other end when the connection was made, and whoever has the descriptors since. There is none to tell of in a
 * pair, and a datagram socket has never one. LOCAL_CONNWAIT: a connect waits until the other end was accepted. LOCAL_CREDS: what is received says
 * who sent it (uipc_creds.ts).
 */
export function uipc_ctloutput(k: Kernel, td: number, so: number, set: number, level: number, name: number, uaddr: number): number {
  const unp = sotounpcb(k, so);
  if (level === SOL_LOCAL && name === LOCAL_CONNWAIT) return unp_option(k, td, unp, UNP_CONNWAIT, set, uaddr);
  if (level === SOL_LOCAL && name === LOCAL_CREDS) return unp_option(k, td, unp, UNP_WANTCRED, set, uaddr);
  if (set !== 0 || level !== SOL_LOCAL || name !== LOCAL_PEERCRED) return ENOPROTOOPT;
  rw_rlock(k, td, unp_link_rwlock);
  const cred = (load(k, so + so_options) & SO_ACCEPTCONN) !== 0 ? 0 : get(k, unp + unp_peercred);
  rw_runlock(k, td, unp_link_rwlock);
  if (cred !== 0) return copyout_word(k, uaddr, cred - 1);
  return isdgram(k, so) ? EINVAL : ENOTCONN;
}

/** An option that is a flag of the pcb. */
function unp_option(k: Kernel, td: number, unp: number, flag: number, set: number, uaddr: number): number {
  const error = set !== 0 ? copyin_word(k, td, uaddr) : 0;
  if (error !== 0) return error;
  const on = get(k, td + td_retval1) !== 0;
  mtx_lock(k, td, unp + unp_mtx);
  const flags = get(k, unp + unp_flags);
  if (set !== 0) put(k, unp + unp_flags, on ? flags | flag : flags & ~flag);
  mtx_unlock(k, td, unp + unp_mtx);
  return set !== 0 ? 0 : copyout_word(k, uaddr, (flags & flag) !== 0 ? 1 : 0);
}
