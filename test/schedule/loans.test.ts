/** Exploration sees to whom an mbuf belongs that is on loan: planted faults are found as what they are, and the code as it is holds in the very same scenario. */
import { describe, expect, it } from 'vitest';
import { faultOf } from '../../oracle/run/faulty.ts';
import { type Explored, NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { build } from '../../oracle/schedule/kernel/build.ts';
import { Judge } from '../../oracle/schedule/kernel/ending.ts';
import { SCENARIOS } from '../../oracle/schedule/kernel/scenarios.ts';
import { pristineSubject, type Subject } from '../../oracle/schedule/kernel/subject.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import { faultyImplementation } from '../../oracle/schedule/museum/faulty.ts';
import { states } from '../../oracle/schedule/strategies/states.ts';

/** Every state of the scenario of this name. */
async function explore(id: string, subject: Subject): Promise<Explored> {
  const scenario = SCENARIOS.find((each) => each.id === id);
  if (scenario === undefined) throw new Error(`there is no scenario ${id}`);
  const { program, monitor, stage } = await build(scenario, subject);
  const judge = new Judge(stage, monitor);
  return states({
    machine: new Machine(program, { granularity: 'block', monitor, hashed: true }),
    limits: NO_LIMITS,
    seed: 1,
    preemptions: null,
    symmetry: false,
    signal: new AbortController().signal,
    progress: () => undefined,
    atEnd: (machine) => {
      const asleep = program.agents.map((_, agent) => machine.status(agent) === 'blocked');
      return judge.judge({ words: machine.words, state: machine.monitorState, asleep });
    },
  });
}

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
    const { violation } = await explore(scenario, subject);
    expect(as).toContain(violation?.violation.id);
  });

  it('is not in the code as it is', async () => {
    const { violation, complete } = await explore(scenario, await pristineSubject());
    expect([violation, complete]).toEqual([null, true]);
  });
});
