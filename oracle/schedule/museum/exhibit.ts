/**
 * An *exhibit* is a bug to be found: a program with it and the same without, what it breaks, and within which bounds both are explored.
 * The entries of the museum put theirs into the implementation; bugs of the field, which users of shared memory have met, are litmus
 * programs, each in a wrong and a repaired form.
 */
import type { StrategyName } from '../../engine.ts';
import type { Scenario } from '../kernel/scenario.ts';
import { SCENARIOS } from '../kernel/scenarios.ts';
import { LITMUS, type Litmus } from '../litmus.ts';
import type { Target } from '../target.ts';
import { collection } from './collection.ts';
import type { Bounds, Entry } from './entry.ts';

export interface Exhibit {
  readonly id: string;
  readonly title: string;
  /** Ids of violations; the first one found must be among them. */
  readonly breaks: readonly string[];
  readonly strategy: StrategyName;
  readonly bounds: Bounds;
  readonly broken: () => Promise<Target>;
  readonly sound: () => Promise<Target>;
  /** Exhibits that have one in common are explored without their bugs once. */
  readonly common: string;
}

/** All that there are, by id. */
export async function exhibits(): Promise<readonly Exhibit[]> {
  return [...(await collection()).map(ofEntry), ...LITMUS.filter(isOfField).map(ofField)];
}

function ofEntry(entry: Entry): Exhibit {
  const { id, title, breaks, strategy, bounds } = entry;
  const scenario = scenarioOf(entry);
  return {
    id,
    title,
    breaks,
    strategy,
    bounds,
    broken: async () => {
      const [{ kernelTarget }, { faultyImplementation }] = await Promise.all([import('../targets/kernel.ts'), import('./faulty.ts')]);
      return kernelTarget(scenario, await faultyImplementation(entry));
    },
    sound: async () => (await import('../targets/pristine.ts')).pristineTarget(scenario),
    common: JSON.stringify([scenario, strategy, bounds]),
  };
}

function scenarioOf({ scenario, id }: Entry): Scenario {
  if (typeof scenario !== 'string') return scenario;
  const found = SCENARIOS.find((each) => each.id === scenario);
  if (found === undefined) throw new Error(`${id} is for the scenario ${scenario}, which does not exist`);
  return found;
}

const REPAIRED = '-repaired';

/** Somebody has met it, and there is a form without it. */
function isOfField({ id, citation, violations }: Litmus): boolean {
  return citation !== undefined && violations.length > 0 && LITMUS.some((other) => other.id === `${id}${REPAIRED}`);
}

function ofField({ id, text, citation, violations }: Litmus): Exhibit {
  const target = async (name: string): Promise<Target> =>
    (await import('../targets/litmus.ts')).litmusTarget(name, { threads: null, ops: null });
  return {
    id,
    title: `${citation}: ${text}`,
    breaks: violations,
    strategy: 'states',
    bounds: {},
    broken: () => target(id),
    sound: () => target(`${id}${REPAIRED}`),
    common: id,
  };
}
