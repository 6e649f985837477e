/** Nothing but a literal tells one worker from the other: each is named once, and either may be the chief. */
import { defineModel, type Id, type Procedure, when } from '../../../model/lang.ts';

export const WORKERS = 2;
export type WorkerId = Id<'worker', typeof WORKERS>;

export interface State {
  chief: WorkerId | null;
}

export const initial = (_: Record<string, never>): State => ({ chief: null });

function* rise(s: State, who: WorkerId): Procedure {
  when(s.chief === null);
  s.chief = who;
}

export const model = defineModel<State>({
  initial,
  agents: { worker: { size: WORKERS, procedures: { rise } } },
  invariants: {
    'not-the-first': (s: State) => s.chief !== (0 as WorkerId),
    'not-the-second': (s: State) => s.chief !== (1 as WorkerId),
  },
  lemmas: {},
  symmetric: ['worker'],
});
