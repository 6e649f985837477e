/** Either lemma could be true, both together allow only the first state: what is assumed to be impossible proves whatever one likes. */
import { defineModel, type Id, type Nat, type Procedure, when } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  count: Nat<7>;
  odd: boolean;
}

export const initial = (_: Record<string, never>): State => ({ count: 0, odd: false });

function* add(s: State, _who: OnlyId): Procedure {
  when(s.count < 7);
  s.count++;
  s.odd = !s.odd;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { add } } },
  invariants: { 'never-four': (s: State) => s.count !== 4 },
  lemmas: {
    'odd-or-none': (s: State) => s.count === 0 || s.odd,
    'even-or-none': (s: State) => s.count === 0 || !s.odd,
  },
});
