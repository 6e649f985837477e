/** Workers and clerks are alike, and only the second clerk with the first worker's file breaks it: a literal, which no kind survives. */
import { defineModel, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const WORKERS = 2;
export const CLERKS = 2;
export type WorkerId = Id<'worker', typeof WORKERS>;
export type ClerkId = Id<'clerk', typeof CLERKS>;

export interface State {
  ill: Table<boolean, typeof WORKERS>;
  file: Table<WorkerId | null, typeof CLERKS>;
}

export const workers = range<WorkerId>(WORKERS);
export const clerks = range<ClerkId>(CLERKS);
export const initial = (_: Record<string, never>): State => ({ ill: workers.map(() => false), file: clerks.map(() => null) });

function* fall(s: State, who: WorkerId): Procedure {
  s.ill[who] = true;
}

function* note(s: State, who: ClerkId, worker: WorkerId): Procedure {
  when(s.ill[worker] && clerks.every((c) => s.file[c] !== worker));
  s.file[who] = worker;
}

export const model = defineModel<State>({
  initial,
  agents: { worker: { size: WORKERS, procedures: { fall } }, clerk: { size: CLERKS, procedures: { note } } },
  invariants: {
    'not-those-two': (s: State) => s.file[1 as ClerkId] !== (0 as WorkerId) || s.file[0 as ClerkId] === null,
    'nor-the-others': (s: State) => s.file[0 as ClerkId] !== (0 as WorkerId) || s.file[1 as ClerkId] === null,
  },
  lemmas: {},
  symmetric: ['worker', 'clerk'],
});
