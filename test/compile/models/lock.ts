/** A toy for the compiler's tests: workers increment a register under a lock, or forget the lock when told to. */
import { defineModel, type Id, type Nat, type Procedure, range, rule, type Table, until, when } from '../../../model/lang.ts';

export const WORKERS = 3;
export const ROUNDS = 2;
export const LIMIT = WORKERS * ROUNDS;

export type WorkerId = Id<'worker', typeof WORKERS>;

export interface Worker {
  done: Nat<typeof ROUNDS>;
  inside: boolean;
}

export interface State {
  readonly locking: 'always' | 'never';
  holder: WorkerId | null;
  register: Nat<typeof LIMIT>;
  workers: Table<Worker, typeof WORKERS>;
}

export const workers = range<WorkerId>(WORKERS);

export function initial(configuration: { readonly locking: 'always' | 'never' }): State {
  return { locking: configuration.locking, holder: null, register: 0, workers: workers.map(() => ({ done: 0, inside: false })) };
}

function* lock(s: State, who: WorkerId): Procedure {
  if (s.locking === 'never') return;
  yield until(() => s.holder === null);
  s.holder = who;
  rule('lock_1', 'the lock is free: take it');
}

function unlock(s: State, who: WorkerId): void {
  if (s.holder === who) s.holder = null;
}

/** Reads the register, lets others run, writes one more. */
export function* increment(s: State, who: WorkerId): Procedure {
  const me = s.workers[who];
  when(me.done < ROUNDS);
  yield* lock(s, who);
  me.inside = true;
  const seen = s.register;
  yield;
  s.register = seen + 1;
  me.inside = false;
  me.done++;
  unlock(s, who);
  rule('increment_1', 'one more');
}

/** At most one worker is inside. */
function exclusive(s: State): boolean {
  return workers.every((a) => workers.every((b) => a === b || !s.workers[a].inside || !s.workers[b].inside));
}

function sum(s: State): boolean {
  let total: Nat<typeof LIMIT> = 0;
  for (const w of workers) total += s.workers[w].done;
  return total === s.register;
}

export const lockModel = defineModel({
  initial,
  agents: { worker: { size: WORKERS, procedures: { increment } } },
  invariants: {
    exclusive,
    /** No increment is lost. */
    'sum-is-register': sum,
  },
  lemmas: { holder: (s: State) => s.holder === null || s.workers[s.holder].done < ROUNDS },
});
