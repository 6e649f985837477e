/** One table for men and women, who are numbered alike: to exchange two men exchanges what the women have. */
import { defineModel, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const COUPLES = 2;
export type ManId = Id<'man', typeof COUPLES>;
export type WomanId = Id<'woman', typeof COUPLES>;

export interface State {
  hat: Table<boolean, typeof COUPLES>;
  chosen: Table<ManId | null, typeof COUPLES>;
}

export const men = range<ManId>(COUPLES);
export const women = range<WomanId>(COUPLES);
export const initial = (_: Record<string, never>): State => ({ hat: men.map(() => false), chosen: women.map(() => null) });

function* wear(s: State, who: ManId): Procedure {
  s.hat[who] = true;
}

function* choose(s: State, who: WomanId, man: ManId): Procedure {
  when(s.hat[man] && !s.hat[who]);
  s.chosen[who] = man;
}

export const model = defineModel<State>({
  initial,
  agents: { man: { size: COUPLES, procedures: { wear } }, woman: { size: COUPLES, procedures: { choose } } },
  // A woman without a hat can only have chosen a man of another number.
  invariants: { 'hatted-choice': (s: State) => women.every((w) => s.hat[w] || s.chosen[w] === null || s.hat[s.chosen[w]]) },
  lemmas: {},
  symmetric: ['man'],
});
