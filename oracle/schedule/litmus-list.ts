/** The *list* of litmus programs (litmus.ts): of each, what is in it, its file, its memory, and who calls what. */
import type { MemoryDeclaration } from '../compile/atoms-memory.ts';
import type { Argument, EntryCall } from '../compile/atoms-program.ts';

export interface Litmus {
  readonly id: string;
  /** One line: what happens in it. */
  readonly text: string;
  /** The ids of the violations that are in it; which of several is met depends on the search. None: it is right. */
  readonly violations: readonly string[];
  /** Where it was met in the field: "emscripten#27492". */
  readonly citation?: string;
  readonly threads: Sizes;
  readonly ops: Sizes;
}

export interface Sizes {
  readonly usual: number;
  readonly least: number;
  readonly most: number;
}

export interface LitmusEntry extends Omit<Litmus, 'threads' | 'ops'> {
  readonly threads?: Sizes;
  readonly ops?: Sizes;
  readonly memory: (threads: number, ops: number) => Readonly<Record<string, MemoryDeclaration>>;
  readonly file: string;
  readonly calls: (threads: number, ops: number) => readonly EntryCall[];
  readonly init?: (threads: number) => EntryCall;
  readonly check?: (threads: number, ops: number) => EntryCall;
}

const MOST_THREADS = 8;
export const sizes = (usual: number, least = 1, most = MOST_THREADS): Sizes => ({ usual, least, most });
const exactly = (count: number): Sizes => sizes(count, count, count);
export const OPS = sizes(2, 1, 100);
const ONE = exactly(1);

const cells = (length: number) => () => ({ cells: { type: 'Int32Array', length } }) as const;
const call = (name: string, ...args: readonly Argument[]): EntryCall => ({ call: name, args });
const each = (threads: number, of: (index: number) => EntryCall): readonly EntryCall[] =>
  Array.from({ length: threads }, (_, index) => of(index));
const total =
  (name = 'check') =>
  (threads: number, ops: number) =>
    call(name, 'cells', threads * ops);

/** Half of the threads put, half take, and as much is taken as put. */
function producersAndConsumers(threads: number, ops: number, producer: string, consumer: string): readonly EntryCall[] {
  const producers = Math.max(1, threads >> 1);
  const consumers = Math.max(1, threads - producers);
  const items = producers * ops;
  const shares = each(consumers, (index) => call(consumer, 'cells', Math.floor((items + index) / consumers)));
  return [...each(producers, (index) => call(producer, 'cells', 1 + index * ops, ops)), ...shares];
}

export const ENTRIES: readonly LitmusEntry[] = [
  {
    id: 'fetch-add',
    text: 'threads add to one cell; every order of the additions can be told apart',
    violations: [],
    file: 'fetch-add',
    memory: cells(1),
    threads: sizes(3),
    calls: (threads, ops) => each(threads, () => call('worker', 'cells', ops)),
    check: total(),
  },
  {
    id: 'futex-mutex',
    text: 'increments of a plain counter under a mutex made of a futex',
    violations: [],
    file: 'futex-mutex',
    memory: cells(2),
    threads: sizes(3),
    calls: (threads, ops) => each(threads, () => call('worker', 'cells', ops)),
    check: total(),
  },
  {
    id: 'futex-mutex-forgetful',
    text: 'the same, but nobody leaves a mark that he sleeps',
    violations: ['missing-notify'],
    file: 'futex-mutex',
    memory: cells(2),
    threads: sizes(2, 2),
    calls: (threads, ops) => each(threads, () => call('forgetful', 'cells', ops)),
    check: total(),
  },
  {
    id: 'bounded-queue',
    text: 'a ring of two items under a mutex, with a condition for each side',
    violations: [],
    file: 'bounded-queue',
    memory: cells(7),
    threads: sizes(2, 2),
    calls: (threads, ops) => producersAndConsumers(threads, ops, 'producer', 'consumer'),
    check: () => call('check', 'cells'),
  },
  {
    id: 'bounded-queue-wrong',
    text: 'a ring of one item with one condition for both sides: a wakeup goes to one who can do nothing with it',
    violations: ['swallowed-notify'],
    file: 'bounded-queue',
    memory: cells(6),
    threads: sizes(3, 3),
    calls: (threads, ops) => producersAndConsumers(threads, ops, 'producerOfOne', 'consumerOfOne'),
    check: () => call('check', 'cells'),
  },
  {
    id: 'condvar',
    text: 'one thread waits on a condition variable until the others have come',
    violations: [],
    file: 'condvar',
    memory: cells(3),
    threads: sizes(2, 2),
    calls: (threads, ops) => [call('waitForAll', 'cells', (threads - 1) * ops), ...each(threads - 1, () => call('arrive', 'cells', ops))],
  },
  {
    id: 'condvar-late',
    text: 'the same, but the word of the condition is read after the mutex was given back',
    violations: ['lost-wakeup'],
    file: 'condvar',
    memory: cells(3),
    threads: sizes(2, 2),
    calls: (threads, ops) => [call('waitLate', 'cells', (threads - 1) * ops), ...each(threads - 1, () => call('arrive', 'cells', ops))],
  },
  {
    id: 'spinlock',
    text: 'increments of a plain counter under a lock that is spun for',
    violations: [],
    file: 'spinlock',
    memory: cells(2),
    threads: sizes(3),
    calls: (threads, ops) => each(threads, () => call('worker', 'cells', ops)),
    check: total(),
  },
  {
    id: 'spinlock-careless',
    text: 'the same, but the lock is given back with a plain write',
    violations: ['data-race'],
    file: 'spinlock',
    memory: cells(2),
    threads: sizes(2, 2),
    calls: (threads, ops) => each(threads, () => call('careless', 'cells', ops)),
    check: total(),
  },
  {
    id: 'refcount',
    text: 'an object that the last of its users frees',
    violations: [],
    file: 'refcount',
    memory: cells(3),
    threads: sizes(3),
    calls: (threads, ops) => each(threads, () => call('worker', 'cells', ops)),
    init: (threads) => call('init', 'cells', threads),
    check: () => call('check', 'cells'),
  },
  {
    id: 'refcount-two-steps',
    text: 'the same, but letting go and looking who was the last are two steps',
    violations: ['assertion'],
    file: 'refcount',
    memory: cells(3),
    threads: sizes(2, 2),
    calls: (threads, ops) => each(threads, () => call('inTwoSteps', 'cells', ops)),
    init: (threads) => call('init', 'cells', threads),
    check: () => call('check', 'cells'),
  },
  {
    id: 'peterson',
    text: "Peterson's algorithm: two threads exclude each other with loads and stores",
    violations: [],
    file: 'peterson',
    memory: cells(4),
    threads: exactly(2),
    calls: (threads, ops) => each(threads, (index) => call('worker', 'cells', index, ops)),
    check: total(),
  },
  {
    id: 'peterson-turned',
    text: 'the same with its first two stores the other way round',
    violations: ['data-race'],
    file: 'peterson',
    memory: cells(4),
    threads: exactly(2),
    calls: (threads, ops) => each(threads, (index) => call('turned', 'cells', index, ops)),
    check: total(),
  },
  {
    id: 'dekker-plain',
    text: 'two threads raise plain flags and look at the flag of the other',
    violations: ['data-race'],
    file: 'dekker-plain',
    memory: cells(2),
    threads: exactly(2),
    ops: ONE,
    calls: (threads) => each(threads, (index) => call('worker', 'cells', index)),
  },
  {
    id: 'dekker-atomic',
    text: 'the same with atomic flags',
    violations: [],
    file: 'dekker-plain',
    memory: cells(2),
    threads: exactly(2),
    ops: ONE,
    calls: (threads) => each(threads, (index) => call('atomic', 'cells', index)),
  },
  {
    id: 'seqlock',
    text: 'a reader of two words that a writer changes together, by a number that is odd meanwhile',
    violations: [],
    file: 'seqlock',
    memory: cells(3),
    threads: sizes(2, 2),
    calls: (threads, ops) => [call('writer', 'cells', ops), ...each(threads - 1, () => call('reader', 'cells', ops))],
  },
  {
    id: 'seqlock-plain',
    text: 'the same with plain words',
    violations: ['data-race'],
    file: 'seqlock',
    memory: cells(3),
    threads: sizes(2, 2),
    calls: (threads, ops) => [call('plainWriter', 'cells', ops), ...each(threads - 1, () => call('plainReader', 'cells', ops))],
  },
  {
    id: 'ring',
    text: 'a ring of bytes between one producer and one consumer, without a lock',
    violations: [],
    file: 'ring',
    memory: () => ({ indices: { type: 'Int32Array', length: 2 }, items: { type: 'Uint8Array', length: 2 } }),
    threads: exactly(2),
    ops: sizes(3, 1, 200),
    calls: (_, ops) => [call('producer', 'indices', 'items', ops), call('consumer', 'indices', 'items', ops)],
  },
  {
    id: 'ring-hasty',
    text: 'the same, but the index is published before the item',
    violations: ['data-race'],
    file: 'ring',
    memory: () => ({ indices: { type: 'Int32Array', length: 2 }, items: { type: 'Uint8Array', length: 2 } }),
    threads: exactly(2),
    ops: sizes(3, 1, 200),
    calls: (_, ops) => [call('hasty', 'indices', 'items', ops), call('consumer', 'indices', 'items', ops)],
  },
  {
    id: 'stale-waiter',
    text: 'a waitAsync of a thread that has ended swallows the wakeup of a mutex in the same memory',
    citation: 'emscripten#27492',
    violations: ['swallowed-notify'],
    file: 'stale-waiter',
    memory: cells(3),
    threads: sizes(3, 3),
    ops: sizes(1, 1, 100),
    calls: (threads, ops) => [call('shortLived', 'cells'), ...each(threads - 1, () => call('worker', 'cells', ops))],
    init: () => call('init', 'cells'),
  },
  {
    id: 'stale-waiter-repaired',
    text: 'the same, but the waiter is woken before the memory goes',
    citation: 'emscripten#27501',
    violations: [],
    file: 'stale-waiter',
    memory: cells(3),
    threads: sizes(3, 3),
    ops: sizes(1, 1, 100),
    calls: (threads, ops) => [call('tidy', 'cells'), ...each(threads - 1, () => call('worker', 'cells', ops))],
    init: () => call('init', 'cells'),
  },
  {
    id: 'proxied-lock',
    text: 'a thread that may not block works off its queue while it holds the lock of the queue',
    citation: 'emscripten#24570',
    violations: ['deadlock'],
    file: 'proxied-lock',
    memory: cells(4),
    threads: sizes(2, 2),
    ops: sizes(1, 1, 100),
    calls: (threads, ops) => [call('main', 'cells'), ...each(threads - 1, () => call('worker', 'cells', ops))],
  },
  {
    id: 'proxied-lock-repaired',
    text: 'the same, but nothing is allocated with the queue locked',
    violations: [],
    file: 'proxied-lock',
    memory: cells(4),
    threads: sizes(2, 2),
    ops: sizes(1, 1, 100),
    calls: (threads, ops) => [call('careful', 'cells'), ...each(threads - 1, () => call('worker', 'cells', ops))],
  },
  {
    id: 'wait-outside-list',
    text: 'Atomics.wait of an engine that reads the cell before it takes the list of waiters',
    citation: 'WebKit#7048',
    violations: ['deadlock'],
    file: 'wait-outside-list',
    memory: cells(4),
    threads: exactly(2),
    ops: ONE,
    calls: () => [call('wait', 'cells', 0), call('notify', 'cells')],
  },
  {
    id: 'wait-outside-list-repaired',
    text: 'the same, but the cell is read with the list in hand',
    citation: 'WebKit#7048',
    violations: [],
    file: 'wait-outside-list',
    memory: cells(4),
    threads: exactly(2),
    ops: ONE,
    calls: () => [call('waitInList', 'cells', 0), call('notify', 'cells')],
  },
  {
    id: 'single-wait',
    text: 'two threads hand a buffer to and fro, and each waits once where it should look again',
    citation: 'extism/js-sdk#52',
    violations: ['assertion', 'data-race'],
    file: 'single-wait',
    memory: () => ({ flag: { type: 'Int32Array', length: 1 }, buffer: { type: 'Uint8Array', length: 4 } }),
    threads: exactly(2),
    calls: (_, ops) => [call('host', 'flag', 'buffer', ops), call('worker', 'flag', 'buffer', ops)],
    init: () => call('init', 'flag'),
  },
  {
    id: 'single-wait-repaired',
    text: 'the same with loops',
    violations: [],
    file: 'single-wait',
    memory: () => ({ flag: { type: 'Int32Array', length: 1 }, buffer: { type: 'Uint8Array', length: 4 } }),
    threads: exactly(2),
    calls: (_, ops) => [call('patientHost', 'flag', 'buffer', ops), call('patientWorker', 'flag', 'buffer', ops)],
    init: () => call('init', 'flag'),
  },
  {
    id: 'early-notify',
    text: 'the notify of one operation wakes the wait for the next, when there is none yet',
    citation: 'sqlite-wasm#12',
    violations: ['assertion'],
    file: 'early-notify',
    memory: cells(2),
    threads: exactly(2),
    calls: (_, ops) => [call('caller', 'cells', ops), call('server', 'cells', ops)],
  },
  {
    id: 'early-notify-repaired',
    text: 'the same, but the server looks whether there is an operation',
    violations: [],
    file: 'early-notify',
    memory: cells(2),
    threads: exactly(2),
    calls: (_, ops) => [call('caller', 'cells', ops), call('patient', 'cells', ops)],
  },
  {
    id: 'double-checked',
    text: 'something made once, behind a plain flag',
    violations: ['data-race'],
    file: 'double-checked',
    memory: cells(4),
    threads: sizes(2, 2),
    ops: ONE,
    calls: (threads) => each(threads, () => call('plain', 'cells')),
    check: () => call('check', 'cells'),
  },
  {
    id: 'double-checked-repaired',
    text: 'the same behind an atomic flag',
    violations: [],
    file: 'double-checked',
    memory: cells(4),
    threads: sizes(2, 2),
    ops: ONE,
    calls: (threads) => each(threads, () => call('atomic', 'cells')),
    check: () => call('check', 'cells'),
  },
  {
    id: 'unordered-spin',
    text: 'a loop that reads a plain word until another thread has written it',
    violations: ['unordered-spin'],
    file: 'unordered-spin',
    memory: cells(2),
    threads: exactly(2),
    ops: ONE,
    calls: () => [call('plain', 'cells'), call('writer', 'cells')],
  },
  {
    id: 'unordered-spin-repaired',
    text: 'the same with an atomic load',
    violations: [],
    file: 'unordered-spin',
    memory: cells(2),
    threads: exactly(2),
    ops: ONE,
    calls: () => [call('atomic', 'cells'), call('writer', 'cells')],
  },
  {
    id: 'polite-livelock',
    text: 'two threads raise a flag, and each takes it down where the other has his up, and starts over',
    violations: ['livelock'],
    file: 'polite',
    memory: cells(4),
    threads: exactly(2),
    ops: sizes(1, 1, 100),
    calls: (threads, ops) => each(threads, (index) => call('yielding', 'cells', index, ops)),
  },
  {
    id: 'polite-livelock-repaired',
    text: 'the same, but who has not the turn waits until he has (Dekker)',
    violations: [],
    file: 'polite',
    memory: cells(4),
    threads: exactly(2),
    ops: sizes(1, 1, 100),
    calls: (threads, ops) => each(threads, (index) => call('takingTurns', 'cells', index, ops)),
  },
  {
    id: 'trylock-back-off',
    text: 'two locks in opposite order: who does not get his second one gives the first back, and starts over',
    violations: ['livelock'],
    file: 'polite',
    memory: cells(3),
    threads: exactly(2),
    ops: ONE,
    calls: () => [call('backingOff', 'cells', 0, 1), call('backingOff', 'cells', 1, 0)],
  },
  {
    id: 'trylock-back-off-repaired',
    text: 'the same, but the lower lock is taken first by both',
    violations: [],
    file: 'polite',
    memory: cells(3),
    threads: exactly(2),
    ops: ONE,
    calls: () => [call('inOrder', 'cells', 0, 1), call('inOrder', 'cells', 1, 0)],
  },
  {
    id: 'push-lock',
    text: 'a lock that is given back by an exchange which expects, time after time, what was there before a waiter came',
    citation: 'reactos#9369',
    violations: ['livelock'],
    file: 'push-lock',
    memory: cells(3),
    threads: sizes(2, 2),
    ops: sizes(1, 1, 100),
    calls: (threads, ops) => each(threads, () => call('stubborn', 'cells', ops)),
    check: total(),
  },
  {
    id: 'push-lock-repaired',
    text: 'the same, but what the exchange found is what the next one expects',
    citation: 'reactos#9369',
    violations: [],
    file: 'push-lock',
    memory: cells(3),
    threads: sizes(3, 2),
    ops: sizes(1, 1, 100),
    calls: (threads, ops) => each(threads, () => call('attentive', 'cells', ops)),
    check: total(),
  },
];
