/** The same two people are workers in one call and threads in the other. To exchange workers without the threads makes states that can't be. */
import { defineModel, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const PEOPLE = 2;
export type WorkerId = Id<'worker', typeof PEOPLE>;
export type ThreadId = Id<'thread', typeof PEOPLE>;

export interface State {
  working: Table<boolean, typeof PEOPLE>;
  resting: Table<boolean, typeof PEOPLE>;
  lost: boolean;
}

export const workers = range<WorkerId>(PEOPLE);
export const threads = range<ThreadId>(PEOPLE);
export const initial = (_: Record<string, never>): State => ({
  working: workers.map(() => false),
  resting: threads.map(() => false),
  lost: false,
});

function* work(s: State, who: WorkerId): Procedure {
  when(!s.working[who]);
  s.working[who] = true;
  yield;
  if (!s.working[who]) s.lost = true;
  s.working[who] = false;
}

function* rest(s: State, who: ThreadId): Procedure {
  s.resting[who] = !s.resting[who];
}

export const model = defineModel<State>({
  initial,
  agents: { person: { size: PEOPLE, procedures: { work, rest } } },
  invariants: { 'nothing-lost': (s: State) => !s.lost },
  lemmas: {},
  symmetric: ['worker'],
});
