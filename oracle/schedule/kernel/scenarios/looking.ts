/**
 * Races in a kernel whose threads look whether they have been woken before they sleep, and whose wakers notify late: what production does and
 * the other scenarios, whose sleeps are the same without it, leave out. Each begins as the scenario it is named for.
 */
import type { Scenario } from '../scenario.ts';

/** The scenarios among these that are called so, with one look before each sleep. */
export function looking(scenarios: readonly Scenario[]): readonly Scenario[] {
  return scenarios
    .filter(({ id }) => IDS.includes(id))
    .map((scenario) => ({ ...scenario, id: `${scenario.id}-looking`, about: `${scenario.about}; who is to sleep looks first`, looks: 1 }));
}

const IDS: readonly string[] = [
  // One sleeper, woken: it looks, or has just begun to sleep.
  'receive-send',
  'send-receive-full',
  // Ended by somebody else than a waker.
  'receive-signal',
  'linger-timeout',
  // A waker that has two to notify keeps one at most.
  'accept-accept-shutdown',
  // Who waits for a transfer lock.
  'send-send-receive',
  // A waker that waits itself before its call ends.
  'receive-receive-close',
  'poll-send',
];
