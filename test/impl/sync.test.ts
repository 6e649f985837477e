/** The locks and the sleep queue keep their promises: under real workers, and one thread at a time where a wrong use must be seen. */
import { describe, expect, it, vi } from 'vitest';
import { EINTR, EINVAL, EWOULDBLOCK } from '../../impl/errno.ts';
import {
  accept_mtx,
  h_sleepq,
  h_user,
  LC_ACCEPT,
  LC_RCV,
  LC_SND,
  LC_SX,
  LC_UNP,
  LC_UNP_LINK,
  LK_CONTESTED,
  lk_word,
  SLEEPING,
  slpq_mtx,
  td_wait,
  td_wchan,
  unp_link_rwlock,
} from '../../impl/layout.ts';
import { bufferOf, fixed, KernelPanic, load, put, store } from '../../impl/memory.ts';
import {
  PANIC_LOCK_LEAKED,
  PANIC_LOCK_ORDER,
  PANIC_MTX_NOT_OWNED,
  PANIC_MTX_RECURSED,
  PANIC_RW_NOT_OWNED,
  PANIC_RW_READER_WRITES,
  PANIC_SLEEP_WITH_LOCK,
  PANIC_SX_RECURSED,
} from '../../impl/panic.ts';
import { type Kernel, rawKernel, sys_dup, sys_interrupt, sys_tick, thread_attach, thread_detach } from '../../impl/raw.ts';
import { mtx_assert, mtx_init, mtx_lock, mtx_unlock } from '../../impl/sync/mutex.ts';
import { rw_init, rw_rlock, rw_runlock, rw_wlock, rw_wowned, rw_wunlock } from '../../impl/sync/rwlock.ts';
import { msleep, sleepq_add, sleepq_lock, wakeup } from '../../impl/sync/sleepqueue.ts';
import { sx_init, sx_try_xlock, sx_xlock, sx_xunlock } from '../../impl/sync/sx.ts';
import { spawn } from './workers/spawn.ts';
import { INTERRUPTED, LOCK, ROOM, SCRATCH_WORDS, SHADOW, STARTED, type SyncJob, VALUE } from './workers/sync_job.ts';

const TINY = { sockets: 1, mbufs: 1, names: 1, threads: 16, userBytes: 64, sleepChains: 1 } as const;

/** A kernel whose user memory begins with a lock and the words it guards. */
function arena(spin: number, witness = true): { readonly k: Kernel; readonly td: number; readonly scratch: number } {
  const { k, td } = rawKernel({ ...TINY, spin, witness });
  const scratch = fixed(k, h_user) >> 2;
  for (let i = 0; i < SCRATCH_WORDS; i++) put(k, scratch + i, 0);
  return { k, td, scratch };
}

/** Runs the jobs on a worker each, all on one arena, to the end. */
function hammer(k: Kernel, scratch: number, jobs: readonly (readonly [SyncJob['job'], number])[], blocking = true) {
  return jobs.map(([job, count]) => spawn('sync_worker', { buffer: bufferOf(k), job, scratch, count, blocking } satisfies SyncJob));
}

/** The code of the panic that the action ends in. */
function panicOf(action: () => void): number {
  try {
    action();
  } catch (error) {
    if (error instanceof KernelPanic) return error.panicCode;
    throw error;
  }
  return 0;
}

/** Waits until the worker's thread sleeps on some channel. */
async function asleep(k: Kernel, thread: number): Promise<void> {
  while (load(k, thread + td_wchan) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe('a mutex', () => {
  it.each([0, 100])('lets one thread in at a time, with %i looks before it sleeps', async (spin) => {
    const { k, scratch } = arena(spin);
    mtx_init(k, scratch + LOCK, LC_RCV);
    await Promise.all(hammer(k, scratch, Array(4).fill(['mutex', 20_000])).map((worker) => worker.answer));
    expect(load(k, scratch + VALUE)).toBe(80_000);
    expect(load(k, scratch + LOCK + lk_word)).toBe(0);
  });

  it('can be shared by threads that sleep and threads that must not', async () => {
    const { k, scratch } = arena(0);
    mtx_init(k, scratch + LOCK, LC_RCV);
    const workers = [
      ...hammer(k, scratch, [
        ['mutex', 10_000],
        ['mutex', 10_000],
      ]),
      ...hammer(k, scratch, [['mutex', 10_000]], false),
    ];
    await Promise.all(workers.map((worker) => worker.answer));
    expect(load(k, scratch + VALUE)).toBe(30_000);
  });

  it('panics when its owner asks for it again, and when another gives it back', () => {
    const one = arena(0, false);
    mtx_init(one.k, one.scratch, LC_RCV);
    mtx_lock(one.k, one.td, one.scratch);
    expect(panicOf(() => mtx_lock(one.k, one.td, one.scratch))).toBe(PANIC_MTX_RECURSED);
    const two = arena(0, false);
    const other = thread_attach(two.k, 1);
    mtx_init(two.k, two.scratch, LC_RCV);
    mtx_lock(two.k, two.td, two.scratch);
    mtx_assert(two.k, two.td, two.scratch);
    expect(panicOf(() => mtx_unlock(two.k, other, two.scratch))).toBe(PANIC_MTX_NOT_OWNED);
  });
});

describe('a reader-writer lock', () => {
  it('keeps readers from seeing a writer at work, and starves nobody', async () => {
    const { k, scratch } = arena(0);
    rw_init(k, scratch + LOCK, LC_UNP_LINK);
    const jobs = [
      ['rw-read', 20_000],
      ['rw-read', 20_000],
      ['rw-write', 10_000],
      ['rw-write', 10_000],
    ] as const;
    await Promise.all(hammer(k, scratch, jobs).map((worker) => worker.answer));
    expect(load(k, scratch + VALUE)).toBe(20_000);
    expect(load(k, scratch + LOCK + lk_word)).toBe(0);
  });

  it('counts readers, and how often its writer has it', () => {
    const { k, td } = arena(0);
    const other = thread_attach(k, 1);
    const state = () => load(k, unp_link_rwlock + lk_word);
    rw_rlock(k, td, unp_link_rwlock);
    rw_rlock(k, other, unp_link_rwlock);
    expect(state()).toBe(2);
    rw_runlock(k, td, unp_link_rwlock);
    rw_runlock(k, other, unp_link_rwlock);
    rw_wlock(k, td, unp_link_rwlock);
    rw_wlock(k, td, unp_link_rwlock);
    rw_wunlock(k, td, unp_link_rwlock);
    expect([rw_wowned(k, td, unp_link_rwlock), rw_wowned(k, other, unp_link_rwlock)]).toEqual([true, false]);
    rw_wunlock(k, td, unp_link_rwlock);
    expect(state()).toBe(0);
  });

  it('panics when its writer wants to read, and when it is given back by who does not hold it', () => {
    const { k, td } = arena(0, false);
    rw_wlock(k, td, unp_link_rwlock);
    expect(panicOf(() => rw_rlock(k, td, unp_link_rwlock))).toBe(PANIC_RW_READER_WRITES);
    const two = arena(0, false);
    expect(panicOf(() => rw_runlock(two.k, two.td, unp_link_rwlock))).toBe(PANIC_RW_NOT_OWNED);
  });
});

describe('an sx lock', () => {
  it('lets one thread in at a time', async () => {
    const { k, scratch } = arena(0);
    sx_init(k, scratch + LOCK, LC_SX);
    await Promise.all(hammer(k, scratch, Array(4).fill(['sx', 10_000])).map((worker) => worker.answer));
    expect(load(k, scratch + VALUE)).toBe(40_000);
  });

  it('leaves nobody behind when those who wait for it are interrupted', async () => {
    const { k, td, scratch } = arena(0);
    sx_init(k, scratch + LOCK, LC_SX);
    const holder = thread_attach(k, 0);
    expect(sx_try_xlock(k, holder, scratch + LOCK)).toBe(1);
    const workers = hammer(k, scratch, Array(3).fill(['sx-interruptible', 10_000]));
    const threads = await Promise.all(workers.map((worker) => worker.thread));
    // While the lock is held here they can only sleep, be interrupted, and try again.
    for (let round = 1; round <= 5; round++) {
      for (const thread of threads) {
        await asleep(k, thread);
        sys_interrupt(k, td, thread);
      }
      while (load(k, scratch + INTERRUPTED) < round * threads.length) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    sx_xunlock(k, holder, scratch + LOCK);
    let running = true;
    const done = Promise.all(workers.map((worker) => worker.answer)).finally(() => {
      running = false;
    });
    for (let i = 0; running; i++) {
      sys_interrupt(k, td, threads[i % threads.length] as number);
      if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await done;
    expect(load(k, scratch + VALUE)).toBe(30_000);
  });

  it('is taken or refused at once by who only tries, and panics when taken twice', () => {
    const { k, td, scratch } = arena(0, false);
    const other = thread_attach(k, 0);
    sx_init(k, scratch, LC_SX);
    expect(sx_try_xlock(k, td, scratch)).toBe(1);
    expect(sx_try_xlock(k, other, scratch)).toBe(0);
    expect(sx_xlock(k, other, scratch, 1)).toBe(EINTR);
    expect(panicOf(() => sx_xlock(k, td, scratch, 0))).toBe(PANIC_SX_RECURSED);
  });
});

describe('giving back a lock', () => {
  /** Takes the lock here, lets a worker go to sleep for it, gives it back, and says how many sleepers that woke. */
  async function woken(job: SyncJob['job'], rank: number, take: Use, give: Use): Promise<number> {
    for (let attempt = 0; attempt < 10; attempt++) {
      const { k, td, scratch } = arena(0);
      const lock = scratch + LOCK;
      rw_init(k, lock, rank);
      take(k, td, lock);
      const [worker] = hammer(k, scratch, [[job, 1]]);
      while ((load(k, lock + lk_word) & LK_CONTESTED) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      // The worker has said that it will sleep, and needs a moment to do so; if that was too short, once more.
      await new Promise((resolve) => setTimeout(resolve, 50));
      const notify = vi.spyOn(Atomics, 'notify');
      give(k, td, lock);
      // Whoever is awake may already want the mutex of the sleep queue, which is given back after the wakeup: that is another lock.
      const chain = fixed(k, h_sleepq) + slpq_mtx + lk_word;
      const count = notify.mock.results.reduce((sum, { value }, i) => sum + (notify.mock.calls[i]?.[1] === chain ? 0 : Number(value)), 0);
      notify.mockRestore();
      await worker?.answer;
      if (count > 0) return count;
    }
    return 0;
  }
  type Use = (k: Kernel, td: number, lock: number) => void;

  it.each([
    ['a mutex', 'mutex', LC_RCV, mtx_lock, mtx_unlock],
    ['a writer to a reader', 'rw-read', LC_UNP_LINK, rw_wlock, rw_wunlock],
    ['a writer to a writer', 'rw-write', LC_UNP_LINK, rw_wlock, rw_wunlock],
    ['a reader to a writer', 'rw-write', LC_UNP_LINK, rw_rlock, rw_runlock],
    ['an sx lock', 'sx', LC_SX, (k: Kernel, td: number, lock: number) => sx_xlock(k, td, lock, 0), sx_xunlock],
  ] as const)('wakes who sleeps for it: %s', async (_what, job, rank, take, give) => {
    // Without this wakeup the sleeper would go on all the same, when its slice is over: late, and nobody would see why.
    expect(await woken(job, rank, take, give)).toBe(1);
  });
});

describe('the sleep queue', () => {
  it('loses no wakeup between producers and consumers', async () => {
    const { k, scratch } = arena(0);
    mtx_init(k, scratch + LOCK, LC_RCV);
    const jobs = [
      ['produce', 10_000],
      ['produce', 10_000],
      ['consume', 10_000],
      ['consume', 10_000],
    ] as const;
    await Promise.all(hammer(k, scratch, jobs).map((worker) => worker.answer));
    expect(load(k, scratch + VALUE)).toBe(0);
    expect(ROOM).toBeLessThan(10);
  });

  it('wakes all who sleep, round after round', async () => {
    const { k, scratch } = arena(0);
    mtx_init(k, scratch + LOCK, LC_RCV);
    store(k, scratch + STARTED, 3);
    await Promise.all(hammer(k, scratch, Array(3).fill(['wake-all', 3_000])).map((worker) => worker.answer));
    expect(load(k, scratch + SHADOW)).toBe(3_000);
  });

  it('ends a sleep with EWOULDBLOCK at its tick, not before, and with EINTR at a signal', async () => {
    const { k, td, scratch } = arena(0);
    mtx_init(k, scratch + LOCK, LC_RCV);
    const [timed] = hammer(k, scratch, [['sleep', 1]]);
    if (timed === undefined) throw new Error('no worker');
    const thread = await timed.thread;
    await asleep(k, thread);
    for (let i = 0; i < 4; i++) sys_tick(k, td);
    expect(load(k, thread + td_wait)).toBe(SLEEPING);
    sys_tick(k, td);
    expect(await timed.answer).toBe(EWOULDBLOCK);
    const [signalled] = hammer(k, scratch, [['sleep', 1]]);
    if (signalled === undefined) throw new Error('no worker');
    const second = await signalled.thread;
    await asleep(k, second);
    sys_interrupt(k, td, second);
    expect(await signalled.answer).toBe(EINTR);
    const [woken] = hammer(k, scratch, [['sleep', 1]]);
    if (woken === undefined) throw new Error('no worker');
    await asleep(k, await woken.thread);
    wakeup(k, td, scratch + VALUE);
    expect(await woken.answer).toBe(0);
  });

  it('ends the next sleep at once if the signal came before it', () => {
    const { k, td, scratch } = arena(0);
    const sleeper = thread_attach(k, 1);
    sys_interrupt(k, td, sleeper);
    expect(msleep(k, sleeper, scratch, 0, 1, 0)).toBe(EINTR);
    expect(load(k, sleeper + td_wchan)).toBe(0);
  });

  it('takes no signal for a thread record that nobody has', () => {
    const { k, td } = arena(0);
    const gone = thread_attach(k, 1);
    thread_detach(k, gone);
    expect(sys_interrupt(k, td, gone)).toBe(-EINVAL);
    expect(thread_attach(k, 1)).toBe(gone);
    expect([sys_interrupt(k, td, gone + 1), sys_interrupt(k, td, 0), sys_interrupt(k, td, -1)]).toEqual(Array(3).fill(-EINVAL));
  });

  it('interrupts at once a thread that can not sleep, which keeps the interlock', () => {
    const { k, td, scratch } = arena(0);
    mtx_init(k, scratch, LC_RCV);
    mtx_lock(k, td, scratch);
    expect(msleep(k, td, scratch + VALUE, scratch, 0, 0)).toBe(EINTR);
    mtx_assert(k, td, scratch);
  });

  it('is first come, first served', () => {
    const { k, td, scratch } = arena(0);
    const sleepers = [thread_attach(k, 1), thread_attach(k, 1), thread_attach(k, 1)];
    for (const [i, sleeper] of sleepers.entries()) {
      const chain = sleepq_lock(k, sleeper, scratch + (i === 1 ? 1 : 0));
      sleepq_add(k, sleeper, chain, scratch + (i === 1 ? 1 : 0), 0, 0);
      mtx_unlock(k, sleeper, chain);
    }
    const states = () => sleepers.map((sleeper) => load(k, sleeper + td_wchan) === 0);
    wakeup(k, td, scratch + 1);
    expect(states()).toEqual([false, true, false]);
    wakeup(k, td, scratch);
    expect(states()).toEqual([true, true, true]);
  });
});

describe('WITNESS', () => {
  it('sees a lock taken against the order, and two of a class that allows one', () => {
    const one = arena(0);
    mtx_init(one.k, one.scratch, LC_RCV);
    mtx_lock(one.k, one.td, one.scratch);
    expect(panicOf(() => mtx_lock(one.k, one.td, accept_mtx))).toBe(PANIC_LOCK_ORDER);
    const two = arena(0);
    mtx_init(two.k, two.scratch, LC_SND);
    mtx_init(two.k, two.scratch + 2, LC_SND);
    mtx_lock(two.k, two.td, two.scratch);
    expect(panicOf(() => mtx_lock(two.k, two.td, two.scratch + 2))).toBe(PANIC_LOCK_ORDER);
  });

  it('lets pass what is allowed: the order, two control blocks, the link lock again', () => {
    const { k, td, scratch } = arena(0);
    mtx_init(k, scratch, LC_UNP);
    mtx_init(k, scratch + 2, LC_UNP);
    mtx_init(k, scratch + 4, LC_ACCEPT);
    rw_wlock(k, td, unp_link_rwlock);
    mtx_lock(k, td, scratch);
    mtx_lock(k, td, scratch + 2);
    rw_wlock(k, td, unp_link_rwlock);
    mtx_lock(k, td, scratch + 4);
    for (const m of [scratch, scratch + 4, scratch + 2]) mtx_unlock(k, td, m);
    rw_wunlock(k, td, unp_link_rwlock);
    rw_wunlock(k, td, unp_link_rwlock);
    expect(sys_dup(k, td, 0)).toBeLessThan(0);
  });

  it('sees a sleep with a lock held, and a system call that leaves one behind', () => {
    const one = arena(0);
    const sleeper = thread_attach(one.k, 1);
    mtx_init(one.k, one.scratch, LC_SND);
    mtx_init(one.k, one.scratch + 2, LC_RCV);
    mtx_lock(one.k, sleeper, one.scratch);
    mtx_lock(one.k, sleeper, one.scratch + 2);
    expect(panicOf(() => msleep(one.k, sleeper, one.scratch, one.scratch + 2, 0, 0))).toBe(PANIC_SLEEP_WITH_LOCK);
    const two = arena(0);
    mtx_init(two.k, two.scratch, LC_SND);
    mtx_lock(two.k, two.td, two.scratch);
    expect(panicOf(() => sys_dup(two.k, two.td, 0))).toBe(PANIC_LOCK_LEAKED);
  });

  it('is silent in a kernel made without it', () => {
    const { k, td, scratch } = arena(0, false);
    mtx_init(k, scratch, LC_RCV);
    mtx_lock(k, td, scratch);
    mtx_lock(k, td, accept_mtx);
    mtx_unlock(k, td, scratch);
    mtx_unlock(k, td, accept_mtx);
    expect(sys_dup(k, td, 0)).toBeLessThan(0);
  });
});
