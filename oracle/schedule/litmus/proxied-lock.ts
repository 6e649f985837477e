/**
 * A thread that does other work while it should wait (emscripten#24570). The main thread may not block: where the allocator's lock is held by
 * another it works off its queue of messages meanwhile, for which it takes the lock of the queue. But it was in the middle of adding to
 * that queue, with that very lock in hand, when it came to allocate.
 */
import { Mutex } from './mutex.ts';

const QUEUE = 0;
const HEAP = 1;
const TASKS = 2;
const BLOCKS = 3;

export function main(cells: Int32Array): void {
  const queue = new Mutex(cells, QUEUE);
  queue.lock();
  allocateOrWork(cells, queue);
  cells[TASKS]++;
  queue.unlock();
}

/** Repaired: what is needed is allocated before the queue is locked. */
export function careful(cells: Int32Array): void {
  const queue = new Mutex(cells, QUEUE);
  allocateOrWork(cells, queue);
  queue.lock();
  cells[TASKS]++;
  queue.unlock();
}

function allocateOrWork(cells: Int32Array, queue: Mutex): void {
  const heap = new Mutex(cells, HEAP);
  while (!heap.tryLock()) {
    queue.lock();
    cells[TASKS] = 0;
    queue.unlock();
  }
  cells[BLOCKS]++;
  heap.unlock();
}

export function worker(cells: Int32Array, ops: number): void {
  const heap = new Mutex(cells, HEAP);
  for (let i = 0; i < ops; i++) {
    heap.lock();
    cells[BLOCKS]++;
    heap.unlock();
  }
}
