/** Of nobody everything is true, and nobody does anything: a range of no workers is run through by loops and predicates, and nothing comes of it. */
import { count, defineModel, first, type Id, type Nat, type Procedure, range, type Table } from '../../../model/lang.ts';

export const WORKERS = 2;
export type WorkerId = Id<'worker', typeof WORKERS>;

export interface State {
  mark: Table<boolean, typeof WORKERS>;
  number: Nat<3>;
}

export const workers = range<WorkerId>(WORKERS);
export const nobody = range<WorkerId>(0);
export const initial = (_: Record<string, never>): State => ({ mark: workers.map(() => false), number: 0 });

function* seek(s: State, who: WorkerId): Procedure {
  for (const w of nobody) s.mark[w] = true;
  if (first(nobody, (w) => !s.mark[w]) !== null) s.number = 2;
  if (nobody.some((w) => !s.mark[w])) s.mark[who] = true;
  if (count(nobody, (w) => !s.mark[w]) > 0) s.number = 1;
  if (!nobody.every((w) => s.mark[w])) s.number = 3;
}

export const model = defineModel<State>({
  initial,
  agents: { worker: { size: WORKERS, procedures: { seek } } },
  invariants: {
    untouched: (s: State) => s.number === 0 && workers.every((w) => !s.mark[w]),
    'none-of-none': (s: State) => nobody.every((w) => s.mark[w]) && !nobody.some((w) => !s.mark[w]),
  },
  lemmas: {},
});
