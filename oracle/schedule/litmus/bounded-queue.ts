/**
 * A queue of bounded length between threads: a ring of items under a mutex, and two conditions, "not full" for those who put and "not
 * empty" for those who take.
 */
import assert from 'node:assert';
import { Condition } from './condition.ts';
import { Mutex } from './mutex.ts';

const LOCK = 0;
const NOT_FULL = 1;
const NOT_EMPTY = 2;
const HEAD = 3;
const COUNT = 4;
const ITEMS = 5;

class BoundedQueue {
  private readonly cells: Int32Array;
  private readonly capacity: number;
  private readonly mutex: Mutex;
  private readonly notFull: Condition;
  private readonly notEmpty: Condition;

  /** With one condition for both, a wakeup may go to one who can do nothing with it. */
  constructor(cells: Int32Array, notEmpty: number) {
    this.cells = cells;
    this.capacity = cells.length - ITEMS;
    this.mutex = new Mutex(cells, LOCK);
    this.notFull = new Condition(cells, NOT_FULL, this.mutex);
    this.notEmpty = new Condition(cells, notEmpty, this.mutex);
  }

  put(item: number): void {
    const { cells, capacity } = this;
    this.mutex.lock();
    while (cells[COUNT] === capacity) this.notFull.wait();
    cells[ITEMS + ((cells[HEAD] + cells[COUNT]) % capacity)] = item;
    cells[COUNT]++;
    this.notEmpty.signal();
    this.mutex.unlock();
  }

  take(): number {
    const { cells, capacity } = this;
    this.mutex.lock();
    while (cells[COUNT] === 0) this.notEmpty.wait();
    const item = cells[ITEMS + cells[HEAD]];
    assert(item !== 0, 'nothing was there');
    cells[ITEMS + cells[HEAD]] = 0;
    cells[HEAD] = (cells[HEAD] + 1) % capacity;
    cells[COUNT]--;
    this.notFull.signal();
    this.mutex.unlock();
    return item;
  }
}

export function producer(cells: Int32Array, first: number, ops: number): void {
  const queue = new BoundedQueue(cells, NOT_EMPTY);
  for (let i = 0; i < ops; i++) queue.put(first + i);
}

/** Gives the sum of what it took. */
export function consumer(cells: Int32Array, ops: number): number {
  const queue = new BoundedQueue(cells, NOT_EMPTY);
  let sum = 0;
  for (let i = 0; i < ops; i++) sum += queue.take();
  return sum;
}

export function producerOfOne(cells: Int32Array, first: number, ops: number): void {
  const queue = new BoundedQueue(cells, NOT_FULL);
  for (let i = 0; i < ops; i++) queue.put(first + i);
}

export function consumerOfOne(cells: Int32Array, ops: number): number {
  const queue = new BoundedQueue(cells, NOT_FULL);
  let sum = 0;
  for (let i = 0; i < ops; i++) sum += queue.take();
  return sum;
}

export function check(cells: Int32Array): void {
  assert.equal(cells[COUNT], 0, 'something is left in the queue');
}
