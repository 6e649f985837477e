/** Exploration sees to whom an mbuf belongs that is on loan: planted faults are found as what they are, and the code as it is holds in the very same scenario. */
import { describe, expect, it } from 'vitest';
import { faultOf } from '../../oracle/run/faulty.ts';
import { pristineSubject } from '../../oracle/schedule/kernel/subject.ts';
import { faultyImplementation } from '../../oracle/schedule/museum/faulty.ts';
import { everyState, scenarioNamed } from './every-state.ts';

/** A fault, the scenario that shows it, and as what. */
const FOUND: readonly (readonly [fault: string, scenario: string, as: readonly string[]])[] = [
  ['lent-sender-not-told', 'lent-receive-full', ['lost-wakeup']],
  ['lent-is-freed', 'lent-receive-send-behind', ['data-race', 'panic-20']],
  ['lent-part-is-shared', 'lent-part-send', ['wild-access', 'data-race']],
  ['lent-back-and-lost', 'lent-receive-full', ['leak']],
  ['lent-sent-and-kept', 'lent-send-receive', ['data-race', 'panic-20', 'wild-access']],
  ['lent-sent-beyond-room', 'lent-send-full', ['history', 'final-state']],
];

describe.each(FOUND)('%s', (fault, scenario, as) => {
  it(`is found in ${scenario} as ${as.join(' or ')}`, async () => {
    const { subject } = await faultyImplementation({ id: fault, changes: [faultOf(fault)] });
    const { violation } = await everyState(scenarioNamed(scenario), subject);
    expect(as).toContain(violation?.violation.id);
  });

  it('is not in the code as it is', async () => {
    const { violation, complete } = await everyState(scenarioNamed(scenario), await pristineSubject());
    expect([violation, complete]).toEqual([null, true]);
  });
});
