/**
 * Locks as *primitives*: mutexes and reader-writer locks of which taking one is a single step, possible only while nobody is in the way, and
 * giving it back another. WITNESS keeps its lists as before, and the words mean what they do in impl/sync/, but for LK_CONTESTED: nobody
 * marks a lock that he waits for, since nobody sleeps for it in a way that needs a wakeup. With `--atomic-locks` these bodies
 * stand in the step machines for those of the functions they are named for (atomic-locks.ts), once those have been proved.
 *
 * 1. A thread's own pointer is in a lock word only if the thread put it there, so that it need not be a step to look for it.
 * 2. A reader waits for the writer that is inside, not for one that waits. Where a schedule of the real lock has a reader wait for a
 *    writer that waits, this one has the reader come first. A deadlock could hide in that only if the reader holds what those
 *    inside ask for: by the order of ranks that is a lock of the same class, or this very lock. Such a reader is refused at once.
 *
 * An sx lock stays as it is: who waits for it sleeps in a sleep queue, where signals find him.
 */
import { h_flags, KF_WITNESS, lk_class, lk_word, RW_WRITER, rw_recurse, td_locks, td_nlocks } from '../../../impl/layout.ts';
import { add, compareExchange, exchange, fixed, get, type Kernel, load, panic, pause, put, store } from '../../../impl/memory.ts';
import {
  PANIC_LOCK_ORDER,
  PANIC_MTX_NOT_OWNED,
  PANIC_MTX_RECURSED,
  PANIC_RW_NOT_OWNED,
  PANIC_RW_READER_WRITES,
} from '../../../impl/panic.ts';
import { witness_lock, witness_unlock } from '../../../impl/sync/witness.ts';

const ANY = -1;

/** Adds the amount when none of the busy bits is there. The machine makes one step of it, which waits for the word. */
export function acquire(k: Kernel, at: number, busy: number, amount: number): void {
  for (;;) {
    const word = load(k, at);
    if ((word & busy) === 0 && compareExchange(k, at, word, word + amount) === word) return;
    pause(k);
  }
}

export function primitive_mtx_lock(k: Kernel, td: number, m: number): void {
  witness_lock(k, td, m);
  if (fixed(k, m + lk_word) === td) panic(k, PANIC_MTX_RECURSED, m);
  acquire(k, m + lk_word, ANY, td);
}

export function primitive_mtx_unlock(k: Kernel, td: number, m: number): void {
  witness_unlock(k, td, m);
  if (exchange(k, m + lk_word, 0) !== td) panic(k, PANIC_MTX_NOT_OWNED, m);
}

export function primitive_mtx_assert(k: Kernel, td: number, m: number): void {
  if (fixed(k, m + lk_word) !== td) panic(k, PANIC_MTX_NOT_OWNED, m);
}

export function primitive_rw_wlock(k: Kernel, td: number, rw: number): void {
  witness_lock(k, td, rw);
  if (fixed(k, rw + lk_word) === (td | RW_WRITER)) put(k, rw + rw_recurse, get(k, rw + rw_recurse) + 1);
  else acquire(k, rw + lk_word, ANY, td | RW_WRITER);
}

export function primitive_rw_wunlock(k: Kernel, td: number, rw: number): void {
  witness_unlock(k, td, rw);
  primitive_rw_assert_w(k, td, rw);
  const depth = get(k, rw + rw_recurse);
  if (depth > 0) put(k, rw + rw_recurse, depth - 1);
  else store(k, rw + lk_word, 0);
}

export function primitive_rw_rlock(k: Kernel, td: number, rw: number): void {
  witness_lock(k, td, rw);
  if (fixed(k, rw + lk_word) === (td | RW_WRITER)) panic(k, PANIC_RW_READER_WRITES, rw);
  if (holds_class(k, td, rw)) panic(k, PANIC_LOCK_ORDER, rw);
  acquire(k, rw + lk_word, RW_WRITER, 1);
}

export function primitive_rw_runlock(k: Kernel, td: number, rw: number): void {
  witness_unlock(k, td, rw);
  const word = add(k, rw + lk_word, -1);
  if (word === 0 || (word & RW_WRITER) !== 0) panic(k, PANIC_RW_NOT_OWNED, rw);
}

export function primitive_rw_assert_w(k: Kernel, td: number, rw: number): void {
  if (fixed(k, rw + lk_word) !== (td | RW_WRITER)) panic(k, PANIC_RW_NOT_OWNED, rw);
}

/** Whether the thread has a lock of the same class besides: the one it asks for is in its list already. */
function holds_class(k: Kernel, td: number, lock: number): boolean {
  if ((fixed(k, h_flags) & KF_WITNESS) === 0) return false;
  const held = get(k, td + td_nlocks);
  let count = 0;
  for (let i = 0; i < held; i++) if (get(k, get(k, td + td_locks + i) + lk_class) === get(k, lock + lk_class)) count++;
  return count > 1;
}
