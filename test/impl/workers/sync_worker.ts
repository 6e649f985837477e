/**
 * One of several workers that hammer the locks of one kernel. What it does is named by the job; `scratch` is the first of a few
 * words of user memory that the test has prepared: a lock, and plain words that the lock guards.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { thread_attach, thread_detach } from '../../../impl/kern/thread.ts';
import { add, get, type Kernel, load, put, viewKernel } from '../../../impl/memory.ts';
import { mtx_lock, mtx_unlock } from '../../../impl/sync/mutex.ts';
import { rw_rlock, rw_runlock, rw_wlock, rw_wunlock } from '../../../impl/sync/rwlock.ts';
import { msleep, wakeup, wakeup_one } from '../../../impl/sync/sleepqueue.ts';
import { sx_xlock, sx_xunlock } from '../../../impl/sync/sx.ts';
import { INTERRUPTED, LOCK, ROOM, SHADOW, STARTED, type SyncJob, VALUE } from './sync_job.ts';

/** A number that must be moved from one word to another in one piece. */
function bump(k: Kernel, at: number): void {
  const value = get(k, at + VALUE);
  if (get(k, at + SHADOW) !== value) throw new Error('two threads were inside');
  put(k, at + VALUE, value + 1);
  put(k, at + SHADOW, value + 1);
}

function run(k: Kernel, td: number, { job, scratch, count }: SyncJob): number {
  const lock = scratch + LOCK;
  let answer = 0;
  for (let i = 0; i < count; i++) {
    switch (job) {
      case 'mutex':
        mtx_lock(k, td, lock);
        bump(k, scratch);
        mtx_unlock(k, td, lock);
        break;
      case 'rw-read':
        rw_rlock(k, td, lock);
        if (get(k, scratch + VALUE) !== get(k, scratch + SHADOW)) throw new Error('a reader saw a writer at work');
        rw_runlock(k, td, lock);
        break;
      case 'rw-write':
        rw_wlock(k, td, lock);
        rw_wlock(k, td, lock);
        bump(k, scratch);
        rw_wunlock(k, td, lock);
        rw_wunlock(k, td, lock);
        break;
      case 'sx':
        sx_xlock(k, td, lock, 0);
        bump(k, scratch);
        sx_xunlock(k, td, lock);
        break;
      case 'sx-interruptible':
        while (sx_xlock(k, td, lock, 1) !== 0) add(k, scratch + INTERRUPTED, 1);
        bump(k, scratch);
        sx_xunlock(k, td, lock);
        break;
      case 'produce':
        mtx_lock(k, td, lock);
        while (get(k, scratch + VALUE) === ROOM) msleep(k, td, scratch + SHADOW, lock, 0, 0);
        put(k, scratch + VALUE, get(k, scratch + VALUE) + 1);
        wakeup_one(k, td, scratch + VALUE);
        mtx_unlock(k, td, lock);
        break;
      case 'consume':
        mtx_lock(k, td, lock);
        while (get(k, scratch + VALUE) === 0) msleep(k, td, scratch + VALUE, lock, 0, 0);
        put(k, scratch + VALUE, get(k, scratch + VALUE) - 1);
        wakeup_one(k, td, scratch + SHADOW);
        mtx_unlock(k, td, lock);
        break;
      case 'sleep':
        mtx_lock(k, td, lock);
        add(k, scratch + STARTED, 1);
        answer = msleep(k, td, scratch + VALUE, lock, 1, 5);
        mtx_unlock(k, td, lock);
        break;
      case 'wake-all':
        // A round trip: everybody adds one to the round, the last one starts the next, the others sleep for it.
        mtx_lock(k, td, lock);
        put(k, scratch + VALUE, get(k, scratch + VALUE) + 1);
        if (get(k, scratch + VALUE) === load(k, scratch + STARTED)) {
          put(k, scratch + VALUE, 0);
          put(k, scratch + SHADOW, get(k, scratch + SHADOW) + 1);
          wakeup(k, td, scratch + SHADOW);
        } else {
          const round = get(k, scratch + SHADOW);
          while (get(k, scratch + SHADOW) === round) msleep(k, td, scratch + SHADOW, lock, 0, 0);
        }
        mtx_unlock(k, td, lock);
        break;
    }
  }
  return answer;
}

const job = workerData as SyncJob;
const k = viewKernel(job.buffer);
const td = thread_attach(k, job.blocking ? 1 : 0);
parentPort?.postMessage({ thread: td });
const answer = run(k, td, job);
thread_detach(k, td);
parentPort?.postMessage({ answer });
