/**
 * The benchmark model of the project's reference (`benchmark-model.tla`): sockets with reference counts, a shared descriptor
 * table and listen queues of two. It has 6,522 states with 3 sockets and 2 threads, a fact that seven tools agree on.
 */
import { count, defineModel, type Id, type Nat, type Procedure, range, type Seq, type Table, when } from '../../../model/lang.ts';

export const SOCKETS = 3;
export const THREADS = 2;
export const BACKLOG = 2;

export type SocketId = Id<'socket', typeof SOCKETS>;
export type ThreadId = Id<'thread', typeof THREADS>;

export interface Socket {
  state: 'free' | 'open' | 'listen' | 'conn';
  references: Nat<7>;
  descriptor: boolean;
  queue: Seq<SocketId, typeof BACKLOG>;
}

export interface Thread {
  does: 'nothing' | 'hold' | 'release';
  held: SocketId | null;
}

export interface State {
  sockets: Table<Socket, typeof SOCKETS>;
  threads: Table<Thread, typeof THREADS>;
}

export const sockets = range<SocketId>(SOCKETS);
export const threads = range<ThreadId>(THREADS);

export function initial(_configuration: Record<string, never>): State {
  return {
    sockets: sockets.map(() => ({ state: 'free', references: 0, descriptor: false, queue: [] })),
    threads: threads.map(() => ({ does: 'nothing', held: null })),
  };
}

function* create(s: State, who: ThreadId, so: SocketId): Procedure {
  when(s.threads[who].does === 'nothing' && s.sockets[so].state === 'free');
  s.sockets[so].state = 'open';
  s.sockets[so].references = 1;
  s.sockets[so].descriptor = true;
}

function* fget(s: State, who: ThreadId, so: SocketId): Procedure {
  when(s.threads[who].does === 'nothing' && s.sockets[so].descriptor);
  s.sockets[so].references++;
  s.threads[who].held = so;
  s.threads[who].does = 'hold';
}

function* close(s: State, who: ThreadId, so: SocketId): Procedure {
  when(s.threads[who].does === 'nothing' && s.sockets[so].descriptor);
  s.sockets[so].descriptor = false;
  s.threads[who].held = so;
  s.threads[who].does = 'release';
}

function* listen(s: State, who: ThreadId): Procedure {
  const so = s.threads[who].held;
  when(so !== null && s.threads[who].does === 'hold' && s.sockets[so].state === 'open');
  if (so !== null) s.sockets[so].state = 'listen';
}

function* connect(s: State, who: ThreadId, listener: SocketId, child: SocketId): Procedure {
  const so = s.threads[who].held;
  when(so !== null && s.threads[who].does === 'hold' && s.sockets[so].state === 'open');
  when(s.sockets[listener].state === 'listen' && s.sockets[listener].queue.length < BACKLOG && s.sockets[child].state === 'free');
  s.sockets[child].state = 'conn';
  s.sockets[child].references = 1;
  s.sockets[listener].queue.push(child);
  if (so !== null) s.sockets[so].state = 'conn';
}

function* accept(s: State, who: ThreadId): Procedure {
  const so = s.threads[who].held;
  when(so !== null && s.threads[who].does === 'hold' && s.sockets[so].state === 'listen' && s.sockets[so].queue.length > 0);
  if (so === null) return;
  s.sockets[s.sockets[so].queue[0]].descriptor = true;
  s.sockets[so].queue.shift();
}

function* put(s: State, who: ThreadId): Procedure {
  when(s.threads[who].does === 'hold');
  s.threads[who].does = 'release';
}

function* drain(s: State, who: ThreadId): Procedure {
  const so = s.threads[who].held;
  when(so !== null && s.threads[who].does === 'release' && s.sockets[so].references === 1 && s.sockets[so].queue.length > 0);
  if (so === null) return;
  const child = s.sockets[so].queue[0];
  s.sockets[child].references = 0;
  s.sockets[child].state = 'free';
  s.sockets[so].queue.shift();
}

function* free(s: State, who: ThreadId): Procedure {
  const so = s.threads[who].held;
  when(so !== null && s.threads[who].does === 'release' && s.sockets[so].references === 1 && s.sockets[so].queue.length === 0);
  if (so === null) return;
  s.sockets[so].references = 0;
  s.sockets[so].state = 'free';
  s.threads[who].does = 'nothing';
  s.threads[who].held = null;
}

function* drop(s: State, who: ThreadId): Procedure {
  const so = s.threads[who].held;
  when(so !== null && s.threads[who].does === 'release' && s.sockets[so].references > 1);
  if (so === null) return;
  s.sockets[so].references--;
  s.threads[who].does = 'nothing';
  s.threads[who].held = null;
}

/** A count is the descriptor, who holds it, and the queues it is in; it is 0 exactly when the socket is free. */
function counted(s: State): boolean {
  return sockets.every(
    (so) =>
      s.sockets[so].references ===
        (s.sockets[so].descriptor ? 1 : 0) +
          count(threads, (t) => s.threads[t].held === so) +
          count(sockets, (l) => s.sockets[l].queue.includes(so)) && (s.sockets[so].references === 0) === (s.sockets[so].state === 'free'),
  );
}

export const benchmarkModel = defineModel<State>({
  initial,
  agents: { thread: { size: THREADS, procedures: { create, fget, close, listen, connect, accept, put, drain, free, drop } } },
  invariants: { counted },
  lemmas: {
    'held-unless-idle': (s: State) => threads.every((t) => (s.threads[t].held === null) === (s.threads[t].does === 'nothing')),
    'queued-is-connected': (s: State) =>
      sockets.every((l) =>
        s.sockets[l].queue.every((so) => s.sockets[so].state === 'conn' && s.sockets[so].references === 1 && !s.sockets[so].descriptor),
      ),
    'only-listeners-queue': (s: State) => sockets.every((l) => s.sockets[l].queue.length === 0 || s.sockets[l].state === 'listen'),
    'queued-once': (s: State) => sockets.every((l) => s.sockets[l].queue.length < 2 || s.sockets[l].queue[0] !== s.sockets[l].queue[1]),
  },
  symmetric: ['socket', 'thread'],
});
