/**
 * *Clients* of the implementation's own synchronisation: what scenarios run to see that a lock excludes, and that whoever waits is
 * woken. Like the code below the face these are functions over words, and are compiled with it. The words they work on are plain and
 * nobody else's, so that two threads inside at once are a data race as well as a wrong sum.
 */
import { mtod } from '../../../impl/kern/mbuf.ts';
import { sys_getsockopt, sys_kevent, sys_mfreem, sys_mgetm, sys_poll, sys_recvmbuf, sys_sendmbuf } from '../../../impl/kern/syscalls.ts';
import { EV_EOF, h_user, m_len, m_next, td_retval1 } from '../../../impl/layout.ts';
import { copy, fixed, get, type Kernel, load, put } from '../../../impl/memory.ts';
import { mtx_lock, mtx_unlock } from '../../../impl/sync/mutex.ts';
import { rw_rlock, rw_runlock, rw_wlock, rw_wunlock } from '../../../impl/sync/rwlock.ts';
import { netisr_carry, netisr_poll, netisr_wait } from '../../../impl/net/netisr.ts';
import { wire_deliver, wire_wait } from '../../../impl/net/wire.ts';
import { msleep, wakeup, wakeup_one } from '../../../impl/sync/sleepqueue.ts';
import { sx_try_xlock, sx_xlock, sx_xunlock } from '../../../impl/sync/sx.ts';

/** Adds one to the word under the mutex; what it was before. */
export function client_mutex(k: Kernel, td: number, m: number, at: number): number {
  mtx_lock(k, td, m);
  const was = get(k, at);
  put(k, at, was + 1);
  mtx_unlock(k, td, m);
  return was;
}

/** The same with the lock held for writing, and taken a second time by its owner. */
export function client_write(k: Kernel, td: number, rw: number, at: number): number {
  rw_wlock(k, td, rw);
  const was = get(k, at);
  rw_wlock(k, td, rw);
  put(k, at, was + 1);
  rw_wunlock(k, td, rw);
  rw_wunlock(k, td, rw);
  return was;
}

/** The same of a lock that its owner may not take again. */
export function client_write_once(k: Kernel, td: number, rw: number, at: number): number {
  rw_wlock(k, td, rw);
  const was = get(k, at);
  put(k, at, was + 1);
  rw_wunlock(k, td, rw);
  return was;
}

/** What the word holds, read twice with the lock held for reading; -1 if the two differ. */
export function client_read(k: Kernel, td: number, rw: number, at: number): number {
  rw_rlock(k, td, rw);
  const first = get(k, at);
  // Something atomic in between, so that a writer could come.
  load(k, at + 1);
  const second = get(k, at);
  rw_runlock(k, td, rw);
  return first === second ? first : -1;
}

/** Adds one to the word under the sx lock; -EINTR if interrupted. */
export function client_sx(k: Kernel, td: number, sx: number, at: number, interruptible: number): number {
  const error = sx_xlock(k, td, sx, interruptible);
  if (error !== 0) return -error;
  const was = get(k, at);
  put(k, at, was + 1);
  sx_xunlock(k, td, sx);
  return was;
}

/** The same if the lock is free; -1 if it is not. */
export function client_try(k: Kernel, td: number, sx: number, at: number): number {
  if (sx_try_xlock(k, td, sx) === 0) return -1;
  const was = get(k, at);
  put(k, at, was + 1);
  sx_xunlock(k, td, sx);
  return was;
}

/** Takes one from the word, and sleeps as long as there is none. 0, or -EINTR, or -EWOULDBLOCK after `timo` ticks. */
export function client_take(k: Kernel, td: number, m: number, at: number, timo: number): number {
  let error = 0;
  mtx_lock(k, td, m);
  while (error === 0 && get(k, at) === 0) error = msleep(k, td, at, m, 1, timo);
  if (error === 0) put(k, at, get(k, at) - 1);
  mtx_unlock(k, td, m);
  return -error;
}

/** Puts one there, and wakes one sleeper, or all. */
export function client_give(k: Kernel, td: number, m: number, at: number, all: number): number {
  mtx_lock(k, td, m);
  put(k, at, get(k, at) + 1);
  if (all !== 0) wakeup(k, td, at);
  else wakeup_one(k, td, at);
  mtx_unlock(k, td, m);
  return 0;
}

const NOTHING = 1_000_000;

/** What an option is, which getsockopt leaves in user memory: a history sees only what is returned. Negative: an errno. */
export function client_getsockopt(k: Kernel, td: number, fd: number, level: number, name: number, uaddr: number): number {
  const word = (fixed(k, h_user) + uaddr) >> 2;
  // Neither an option nor an error is that: what is not written shows.
  put(k, word, NOTHING);
  const error = sys_getsockopt(k, td, fd, level, name, uaddr);
  return error < 0 ? error : get(k, word);
}

/** Polls one descriptor, with its pollfd at a user address: what it found, not how many. Negative: an errno. */
export function client_poll(k: Kernel, td: number, fd: number, uaddr: number, timo: number, events: number): number {
  const word = (fixed(k, h_user) + uaddr) >> 2;
  put(k, word, fd);
  put(k, word + 1, events);
  put(k, word + 2, NOTHING);
  const result = sys_poll(k, td, uaddr, 1, timo);
  return result < 0 ? result : get(k, word + 2);
}

/**
 * Polls two descriptors, with their pollfds at a user address: one until there is something to say of it, and the other, the first of the two or the
 * last, until it was told of that. So what it found of the one is what a poll of that alone may find. Negative: an errno.
 */
export function client_poll_besides(
  k: Kernel,
  td: number,
  fd: number,
  uaddr: number,
  timo: number,
  events: number,
  besides: number,
  first: number,
): number {
  const word = (fixed(k, h_user) + uaddr) >> 2;
  const own = first !== 0 ? word + 3 : word;
  const other = first !== 0 ? word : word + 3;
  put(k, own, fd);
  put(k, own + 1, events);
  put(k, other, besides);
  put(k, other + 1, events);
  for (;;) {
    put(k, own + 2, NOTHING);
    put(k, other + 2, NOTHING);
    const result = sys_poll(k, td, uaddr, 2, timo);
    if (result < 0) return result;
    const found = get(k, own + 2);
    // A poll that waits for ever has something to say when it ends.
    if (result === 0 && timo !== 0) return NOTHING;
    // How many have something to say: a wrong number is no answer of the specification.
    if (result !== (found !== 0 ? 1 : 0) + (get(k, other + 2) !== 0 ? 1 : 0)) return NOTHING;
    if (found !== 0 || timo === 0) return found;
    put(k, other, -1);
  }
}

/** Makes one change of an event, with the six words of it at a user address. */
export function client_knote(k: Kernel, td: number, kq: number, fd: number, filter: number, flags: number, uaddr: number): number {
  const word = (fixed(k, h_user) + uaddr) >> 2;
  put(k, word, fd);
  put(k, word + 1, filter);
  put(k, word + 2, flags);
  for (let at = 3; at < 6; at++) put(k, word + at, 0);
  return sys_kevent(k, td, kq, uaddr, 1, 0, 0, 0);
}

/** What one event says as one number, as the adapter has it: 0 for none. */
export function client_kevent(k: Kernel, td: number, kq: number, timo: number, uaddr: number): number {
  const result = sys_kevent(k, td, kq, 0, 0, uaddr, 1, timo);
  if (result <= 0) return result;
  const word = (fixed(k, h_user) + uaddr) >> 2;
  return 1 + ((get(k, word + 2) & EV_EOF) !== 0 ? 2 : 0) + 4 * get(k, word) + 65536 * get(k, word + 3);
}

/**
 * Receives on loan, reads what it is lent (to a user address), and gives it back: how many bytes. Whoever else touches what is lent meanwhile is in
 * a race with that. Negative: an errno.
 */
export function client_recvmbuf(k: Kernel, td: number, fd: number, length: number, flags: number, uaddr: number): number {
  const result = sys_recvmbuf(k, td, fd, length, flags);
  const chain = get(k, td + td_retval1);
  let to = fixed(k, h_user) + uaddr;
  for (let m = chain; m !== 0; m = get(k, m + m_next)) {
    copy(k, to, mtod(k, m), get(k, m + m_len));
    to += get(k, m + m_len);
  }
  const back = chain === 0 ? 0 : sys_mfreem(k, td, chain);
  return back < 0 ? back : result;
}

/** Sends what lies at a user address in mbufs on loan, and gives back what is not taken of them: how many bytes. Negative: an errno. */
export function client_sendmbuf(k: Kernel, td: number, fd: number, length: number, flags: number, uaddr: number): number {
  const lent = sys_mgetm(k, td, length);
  if (lent < 0) return lent;
  const chain = get(k, td + td_retval1);
  let from = fixed(k, h_user) + uaddr;
  for (let m = chain; m !== 0; m = get(k, m + m_next)) {
    copy(k, mtod(k, m), from, get(k, m + m_len));
    from += get(k, m + m_len);
  }
  const sent = sys_sendmbuf(k, td, fd, chain, length, flags);
  const rest = get(k, td + td_retval1);
  const back = rest === 0 ? 0 : sys_mfreem(k, td, rest);
  return back < 0 ? back : sent;
}

/** What a netisr thread does at a time: processes what is in its workstream, else carries; and sleeps until there is one or the other. */
export function client_netisr(k: Kernel, td: number, nws: number): number {
  let done = netisr_poll(k, td, nws);
  if (done === 0) done = netisr_carry(k, td);
  while (done === 0) {
    netisr_wait(k, td, nws, 0);
    done = netisr_poll(k, td, nws);
    if (done === 0) done = netisr_carry(k, td);
  }
  return done;
}

/** Carries one segment, and sleeps until there is one. */
export function client_carry(k: Kernel, td: number): number {
  let carried = wire_deliver(k, td);
  while (carried === 0) {
    wire_wait(k, td, 0);
    carried = wire_deliver(k, td);
  }
  return carried;
}
