/** The guards do nothing that tells one from another, and what is said of them does: it asks for the first who sleeps. */
import { defineModel, first, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const GUARDS = 3;
export type GuardId = Id<'guard', typeof GUARDS>;

export interface State {
  asleep: Table<boolean, typeof GUARDS>;
  chief: GuardId | null;
}

export const guards = range<GuardId>(GUARDS);
export const initial = (_: Record<string, never>): State => ({ asleep: guards.map(() => false), chief: null });

function* sleep(s: State, who: GuardId): Procedure {
  when(!s.asleep[who]);
  s.asleep[who] = true;
}

function* appoint(s: State, who: GuardId): Procedure {
  when(s.chief === null);
  s.chief = who;
}

function firstAsleep(s: State): GuardId | null {
  return first(guards, (g) => s.asleep[g]);
}

function isNotLast(s: State): boolean {
  return s.chief === null || guards.some((g) => !s.asleep[g]) || firstAsleep(s) !== s.chief;
}

function isFirst(s: State): boolean {
  return s.chief === null || guards.some((g) => !s.asleep[g]) || firstAsleep(s) === s.chief;
}

export const model = defineModel<State>({
  initial,
  agents: { guard: { size: GUARDS, procedures: { sleep, appoint } } },
  invariants: { 'chief-is-not-first': isNotLast, 'chief-is-first': isFirst },
  lemmas: {},
  symmetric: ['guard'],
});
