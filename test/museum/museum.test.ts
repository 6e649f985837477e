/** A sample of the museum, one of each kind of bug: each is found, as what it is; the code as it is holds in the very same scenario. */
import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../oracle/schedule/kernel/scenario.ts';
import { pristineSubject } from '../../oracle/schedule/kernel/subject.ts';
import { collection } from '../../oracle/schedule/museum/collection.ts';
import type { Entry } from '../../oracle/schedule/museum/entry.ts';
import { faultyImplementation } from '../../oracle/schedule/museum/faulty.ts';
import type { Violation } from '../../oracle/schedule/program.ts';
import { enough } from '../campaign.ts';
import { everyState, scenarioNamed } from '../schedule/every-state.ts';
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
  return typeof scenario === 'string' ? scenarioNamed(scenario) : scenario;
}

it('the sample is there', () => {
  expect(sample.map(({ id }) => id)).toEqual(SAMPLE);
});

describe.each(entries)('$id: $title', (entry) => {
  it(`is found as ${entry.breaks.join(' or ')}`, async () => {
    const { subject } = await faultyImplementation(entry);
    const { violation } = await everyState(scenarioOf(entry), subject, entry.breaks);
    expect(violation === null ? null : idOf(violation.violation)).toSatisfy((id: string) => entry.breaks.includes(id));
  });

  it('is not in the code as it is', async () => {
    const { violation, complete } = await everyState(scenarioOf(entry), await pristineSubject());
    expect(violation).toBeNull();
    expect(complete).toBe(true);
  });
});
