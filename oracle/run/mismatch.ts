/** A *mismatch*: what broke, what was seen and what would have been allowed. The last step of a counterexample has one. */
import type { Result } from './specification.ts';

export interface Wrong {
  readonly seen: string;
  readonly allowed: string;
}

export interface Mismatch extends Wrong {
  /** One of `COMPARISONS`, or an invariant of the specification. */
  readonly breaks: string;
}

/** What a run compares, besides the invariants of the specification. */
export const COMPARISONS: readonly string[] = [
  'same-result',
  'same-state',
  'same-wire',
  'data-intact',
  'same-sender',
  'nothing-lost',
  'nothing-stuck',
  'no-panic',
  'calls-return',
  'no-overflow',
];

/** What a call has returned, or may. */
export function printResult({ errno, value, answer }: Result): string {
  if (errno !== 'none') return errno;
  return answer === 'none' ? String(value) : `${value}, SO_ERROR is ${answer}`;
}
