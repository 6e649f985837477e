/**
 * A mutex and a bounded queue between threads, as one might write them. `explore-queue.mjs` beside it takes them through every schedule of a
 * few threads. Word 0 is the mutex, 1 and 2 the conditions, 3 the first item, 4 how many there are; the items follow.
 */
const [LOCK, NOT_FULL, NOT_EMPTY, FIRST, COUNT, ITEMS] = [0, 1, 2, 3, 4, 5];

export class Mutex {
  constructor(cells, at) {
    this.cells = cells;
    this.at = at;
  }

  lock() {
    if (Atomics.compareExchange(this.cells, this.at, 0, 1) === 0) return;
    while (Atomics.exchange(this.cells, this.at, 2) !== 0) Atomics.wait(this.cells, this.at, 2);
  }

  unlock() {
    if (Atomics.exchange(this.cells, this.at, 0) === 2) Atomics.notify(this.cells, this.at, 1);
  }

  /** Does something with the mutex held. */
  run(work) {
    this.lock();
    try {
      return work();
    } finally {
      this.unlock();
    }
  }
}

export class BoundedQueue {
  /** With one word for both conditions, whoever is woken may be one who can do nothing with it. */
  constructor(cells, notEmpty = NOT_EMPTY) {
    this.cells = cells;
    this.capacity = cells.length - ITEMS;
    this.notEmpty = notEmpty;
    this.mutex = new Mutex(cells, LOCK);
  }

  put(item) {
    const { cells, capacity } = this;
    this.mutex.run(() => {
      while (cells[COUNT] === capacity) this.wait(NOT_FULL);
      cells[ITEMS + ((cells[FIRST] + cells[COUNT]) % capacity)] = item;
      cells[COUNT]++;
      this.wake(this.notEmpty);
    });
  }

  take() {
    const { cells, capacity } = this;
    return this.mutex.run(() => {
      while (cells[COUNT] === 0) this.wait(this.notEmpty);
      const item = cells[ITEMS + cells[FIRST]];
      cells[FIRST] = (cells[FIRST] + 1) % capacity;
      cells[COUNT]--;
      this.wake(NOT_FULL);
      return item;
    });
  }

  wait(condition) {
    const seen = Atomics.load(this.cells, condition);
    this.mutex.unlock();
    Atomics.wait(this.cells, condition, seen);
    this.mutex.lock();
  }

  wake(condition) {
    Atomics.add(this.cells, condition, 1);
    Atomics.notify(this.cells, condition, 1);
  }
}

// What the threads call.

export function count(cells, times) {
  const mutex = new Mutex(cells, 0);
  for (let i = 0; i < times; i++) mutex.run(() => cells[1]++);
}

export function producer(cells, first, items) {
  const queue = new BoundedQueue(cells);
  for (let i = 0; i < items; i++) queue.put(first + i);
}

export function consumer(cells, items) {
  const queue = new BoundedQueue(cells);
  let sum = 0;
  for (let i = 0; i < items; i++) sum += queue.take();
  return sum;
}

export function producerOfOne(cells, first, items) {
  const queue = new BoundedQueue(cells, NOT_FULL);
  for (let i = 0; i < items; i++) queue.put(first + i);
}

export function consumerOfOne(cells, items) {
  const queue = new BoundedQueue(cells, NOT_FULL);
  let sum = 0;
  for (let i = 0; i < items; i++) sum += queue.take();
  return sum;
}
