/** A sample of the museum, one of each kind of bug: each is found, as what it is; the code as it is holds in the very same scenario. */
import { describe, expect, it } from 'vitest';
import { Machine } from '../../oracle/schedule/machine.ts';
import { type Explored, NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { build } from '../../oracle/schedule/kernel/build.ts';
import { Judge } from '../../oracle/schedule/kernel/ending.ts';
import type { Scenario } from '../../oracle/schedule/kernel/scenario.ts';
import { SCENARIOS } from '../../oracle/schedule/kernel/scenarios.ts';
import { pristineSubject, type Subject } from '../../oracle/schedule/kernel/subject.ts';
import { collection } from '../../oracle/schedule/museum/collection.ts';
import type { Entry } from '../../oracle/schedule/museum/entry.ts';
import { faultyImplementation } from '../../oracle/schedule/museum/faulty.ts';
import type { Violation } from '../../oracle/schedule/program.ts';
import { states } from '../../oracle/schedule/strategies/states.ts';
import { enough } from '../campaign.ts';
import * as PANICS from '../../impl/panic.ts';
import * as TCP_PANICS from '../../impl/netinet/tcp_panic.ts';

const SAMPLE = ['G01', 'G06', 'G26', 'G30', 'G35', 'G45', 'G49', 'G53', 'G70', 'G78', 'G98', 'G140'];

/** One of each sort: a panic, a leak, what is left in the end, a history, a wakeup, a lock, a race. */
const USUAL = ['G01', 'G06', 'G26', 'G35', 'G49', 'G53', 'G98'];

const sample = (await collection()).filter(({ id }) => SAMPLE.includes(id));
const entries = enough(sample, ({ id }) => USUAL.includes(id));

const NAMES = new Map(Object.entries({ ...PANICS, ...TCP_PANICS }).map(([name, code]) => [code, name.toLowerCase().replaceAll('_', '-')]));

/** The id of a violation, with the name of a panic instead of its number. */
function idOf({ id, code }: Violation): string {
  return (id.startsWith('panic-') && code !== undefined ? NAMES.get(code) : undefined) ?? id;
}

function scenarioOf({ scenario }: Entry): Scenario {
  const found = typeof scenario === 'string' ? SCENARIOS.find(({ id }) => id === scenario) : scenario;
  if (found === undefined) throw new Error(`there is no scenario ${JSON.stringify(scenario)}`);
  return found;
}

/** Every state of the scenario. At the ends of executions only the wanted violations count: others may follow from the bug. */
async function explore(scenario: Scenario, subject: Subject, wanted: readonly string[] | null): Promise<Explored> {
  const { program, monitor, stage } = await build(scenario, subject);
  const judge = new Judge(stage, monitor);
  const explored = await states({
    machine: new Machine(program, { granularity: 'block', monitor, hashed: true }),
    limits: NO_LIMITS,
    seed: 1,
    preemptions: null,
    symmetry: false,
    signal: new AbortController().signal,
    progress: () => undefined,
    atEnd: (machine) => {
      const asleep = program.agents.map((_, agent) => machine.status(agent) === 'blocked');
      const violation = judge.judge({ words: machine.words, state: machine.monitorState, asleep });
      return violation === null || wanted === null || wanted.includes(violation.id) ? violation : null;
    },
  });
  expect(monitor.gaveUp).toBeNull();
  return explored;
}

it('the sample is there', () => {
  expect(sample.map(({ id }) => id)).toEqual(SAMPLE);
});

describe.each(entries)('$id: $title', (entry) => {
  it(`is found as ${entry.breaks.join(' or ')}`, async () => {
    const { subject } = await faultyImplementation(entry);
    const { violation } = await explore(scenarioOf(entry), subject, entry.breaks);
    expect(violation === null ? null : idOf(violation.violation)).toSatisfy((id: string) => entry.breaks.includes(id));
  });

  it('is not in the code as it is', async () => {
    const { violation, complete } = await explore(scenarioOf(entry), await pristineSubject(), null);
    expect(violation).toBeNull();
    expect(complete).toBe(true);
  });
});
