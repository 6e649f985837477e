/** What is counted is read by nobody but in what a function returns, and that by nobody but in a condition after the call. */
import { defineModel, type Id, type Nat, type Procedure } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  count: Nat<3>;
  seen: Nat<3>;
  alarm: boolean;
}

export const initial = (_: Record<string, never>): State => ({ count: 0, seen: 0, alarm: false });

function next(s: State): Nat<3> {
  s.count = s.count === 3 ? 0 : s.count + 1;
  return s.count;
}

function note(s: State, number: Nat<3>, really: boolean): boolean {
  if (really) s.seen = number;
  return number === 2;
}

function* go(s: State, _who: OnlyId, really: boolean): Procedure {
  const now = next(s);
  yield;
  const isTwo = note(s, now, really);
  if (isTwo && s.seen === 2) s.alarm = true;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { go } } },
  invariants: { silent: (s: State) => !s.alarm },
  lemmas: {},
});
