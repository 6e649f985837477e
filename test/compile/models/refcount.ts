/** A toy for the compiler's tests: objects with counts, and a listener that queues them; the shape of sockets, in small. */
import {
  defineModel,
  first,
  type Id,
  type Nat,
  type Procedure,
  range,
  rule,
  type Seq,
  type Table,
  until,
  when,
} from '../../../model/lang.ts';

export const OBJECTS = 3;
export const THREADS = 2;
export const SLOTS = OBJECTS - 1;

export type ObjectId = Id<'object', typeof OBJECTS>;
export type ThreadId = Id<'thread', typeof THREADS>;
export type Errno = 'none' | 'EBADF' | 'ENOBUFS' | 'EINVAL';

export interface Queues {
  waiting: Seq<ObjectId, typeof SLOTS>;
  ready: Seq<ObjectId, typeof SLOTS>;
}

export interface Thing {
  count: Nat<3>;
  used: boolean;
  listens: boolean;
  head: ObjectId | null;
  queues: Queues;
}

export interface State {
  /** Forget to release when the listener is gone. */
  readonly leaky: boolean;
  things: Table<Thing, typeof OBJECTS>;
  held: Table<ObjectId | null, typeof THREADS>;
  errno: Table<Errno, typeof THREADS>;
  freed: Nat<7>;
}

export const objects = range<ObjectId>(OBJECTS);
export const threads = range<ThreadId>(THREADS);

export function free(): Thing {
  return { count: 0, used: false, listens: false, head: null, queues: { waiting: [], ready: [] } };
}

export function initial({ leaky }: { readonly leaky: boolean }): State {
  return { leaky, things: objects.map(free), held: threads.map(() => null), errno: threads.map(() => 'none'), freed: 0 };
}

function acquire(thing: Thing): void {
  thing.count += 1;
}

/** What a thread holds. */
function held(s: State, who: ThreadId): Thing {
  return s.things[s.held[who] as ObjectId];
}

function allocate(s: State): ObjectId | null {
  const o = first(objects, (each) => !s.things[each].used);
  if (o === null) return null;
  s.things[o].used = true;
  acquire(s.things[o]);
  return o;
}

/** Drops a reference; answers whether it was the last. */
function release(s: State, o: ObjectId): boolean {
  const thing = s.things[o];
  thing.count--;
  if (thing.count > 0) return false;
  if (thing.head !== null) {
    const head = s.things[thing.head];
    if (head.queues.waiting.includes(o)) head.queues.waiting.shift();
  }
  s.things[o] = free();
  s.freed = s.freed === 7 ? 7 : s.freed + 1;
  return true;
}

function fail(s: State, who: ThreadId, errno: Errno): void {
  s.errno[who] = errno;
}

export function* open(s: State, who: ThreadId, listens: boolean): Procedure {
  when(s.held[who] === null);
  const o = allocate(s);
  if (o === null) return fail(s, who, rule('open_1', 'out of objects', 'ENOBUFS'));
  s.held[who] = o;
  held(s, who).listens = listens;
  fail(s, who, 'none');
}

export function* close(s: State, who: ThreadId): Procedure {
  const o = s.held[who];
  when(o !== null);
  if (o === null) return;
  s.held[who] = null;
  for (const child of objects) {
    if (s.things[child].head !== o || !s.things[child].used) continue;
    yield;
    if (s.things[child].head !== o) continue;
    s.things[child].head = null;
    if (s.leaky && child > 1) {
      rule('close_leak', 'what close_leak says');
      continue;
    }
    if (release(s, child)) rule('close_child', 'what close_child says');
  }
  s.things[o].queues.ready.length = 0;
  s.things[o].queues.waiting.length = 0;
  yield;
  if (release(s, o)) rule('close_last', 'what close_last says');
}

/** Makes a child of a listener; it becomes ready one step later. */
export function* arrive(s: State, who: ThreadId, to: ObjectId): Procedure {
  when(s.things[to].used && s.things[to].listens && s.things[to].queues.waiting.length + s.things[to].queues.ready.length < SLOTS);
  const child = allocate(s);
  if (child === null) return fail(s, who, 'ENOBUFS');
  s.things[child].head = to;
  s.things[to].queues.waiting.push(child);
  yield;
  const { queues } = s.things[to];
  if (queues.waiting.includes(child)) {
    if (queues.waiting[0] === child && queues.waiting.length === 1) {
      queues.waiting.length = 0;
      queues.ready.push(child);
      rule('arrive_1', 'what arrive_1 says');
    }
  }
}

export function* accept(s: State, who: ThreadId, from: ObjectId | null): Procedure {
  if (from === null) {
    fail(s, who, s.held[who] === null ? 'EBADF' : 'EINVAL');
    return;
  }
  if (!s.things[from].listens || s.held[who] !== null) {
    fail(s, who, 'EINVAL');
    return;
  }
  acquire(s.things[from]);
  yield until(() => s.things[from].queues.ready.length > 0);
  const child = s.things[from].queues.ready[0];
  s.things[from].queues.ready.shift();
  s.things[child].head = null;
  s.held[who] = child;
  if (release(s, from)) rule('accept_last', 'what accept_last says');
}

/** What is used is counted. */
function counted(s: State): boolean {
  return s.things.every(({ used, count }) => used === count > 0);
}

/** A child's head is a listener, or was closed and has left its queues. */
function headed(s: State): boolean {
  return objects.every((o) => {
    const { head, queues } = s.things[o];
    if (head === null) return true;
    const { listens, count } = s.things[head];
    return listens || count === 0 || queues.ready.length === 0;
  });
}

export const refcountModel = defineModel<State>({
  initial,
  agents: { thread: { size: THREADS, procedures: { open, close, arrive, accept } } },
  invariants: { counted, headed },
  lemmas: {},
});
