/**
 * Credentials: who sends. A message says it in a control mbuf without rights, before its rights and its data, if its sender wants that (td_cred,
 * from SCM_CREDS) or its receiver (UNP_WANTCRED, from LOCAL_CREDS): a datagram socket of every message, any other of the next one, and
 * whoever is accepted from a listener with the option of his first.
 *
 * 1. The kernel writes it: nobody can be somebody else.
 * 2. A message says it once, also if both sides have asked.
 * 3. It takes storage of the buffer, but no bytes: its sender has been held to a limit without it, and nothing may be cut off for it. (In
 *    F93 it counts, is made after the room was looked for, and what then does not fit is gone without an error: PR 181741.)
 * 4. If there is no mbuf for it the message is ENOBUFS, and the option stays. (F93 sends it without, and forgets the option.)
 * 5. Whoever has no descriptor for the rights behind it (EMSGSIZE) has lost it with them; of a stream the data stays, and says it no more. So it
 *    is in F93: control data leaves the buffer as a set, before any of it is made descriptors (C.6 step 6), a recvmsg that fails frees what it
 *    has of it, and the next read gives data (H.3 send_a_lot).
 */

import { m_free, m_get } from '../kern/mbuf.ts';
import { m_next, MT_CONTROL, td_control, td_cred, td_uid, unp_flags, unp_mtx } from '../layout.ts';
import { get, type Kernel, put } from '../memory.ts';
import { mtx_assert } from '../sync/mutex.ts';
import { m_cred, UNP_WANTCRED } from './layout.ts';

/** td_control of a receive that takes control data, before it has rights. */
export const CONTROL_WANTED = -1;

/** The mbuf that says who sends to this pcb, whose mutex is held; 0 if nobody wants to know, -1 if there is none. */
export function unp_addsockcred(k: Kernel, td: number, receiver: number): number {
  mtx_assert(k, td, receiver + unp_mtx);
  if ((get(k, receiver + unp_flags) & UNP_WANTCRED) === 0 && get(k, td + td_cred) === 0) return 0;
  const m = m_get(k, td, MT_CONTROL);
  if (m === 0) return -1;
  put(k, m + m_cred, get(k, td + td_uid));
  return m;
}

/** The chain of a message: who sends (not more than 0: nobody says), its rights (0: none), its data. Returns its first mbuf. */
export function unp_message(k: Kernel, cred: number, control: number, m: number): number {
  if (control !== 0) put(k, control + m_next, m);
  const message = control === 0 ? m : control;
  if (cred > 0) put(k, cred + m_next, message);
  return cred > 0 ? cred : message;
}

/** It was not taken: the rights are by themselves again, and so is the data. */
export function unp_unmessage(k: Kernel, td: number, cred: number, control: number): void {
  if (control !== 0) put(k, control + m_next, 0);
  if (cred > 0) m_free(k, td, cred);
}

/** It has been said: not again to a receiver to whom it is said once, nor with the rest of the same stretch. The mutex is held. */
export function unp_credited(k: Kernel, td: number, receiver: number): void {
  put(k, receiver + unp_flags, get(k, receiver + unp_flags) & ~UNP_WANTCRED);
  put(k, td + td_cred, 0);
}

/** A reader who takes control data sees who sent this. */
export function unp_seecred(k: Kernel, td: number, m: number): void {
  if (get(k, td + td_control) !== 0) put(k, td + td_cred, get(k, m + m_cred) + 1);
}
