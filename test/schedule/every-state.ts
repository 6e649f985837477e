/** Every state that a scenario of the implementation can get into, each judged as `explore` judges it. */
import { expect } from 'vitest';
import type { Explored } from '../../oracle/schedule/exploration.ts';
import { build } from '../../oracle/schedule/kernel/build.ts';
import { Judge } from '../../oracle/schedule/kernel/ending.ts';
import type { Scenario } from '../../oracle/schedule/kernel/scenario.ts';
import { SCENARIOS } from '../../oracle/schedule/kernel/scenarios.ts';
import type { Subject } from '../../oracle/schedule/kernel/subject.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import { states } from '../../oracle/schedule/strategies/states.ts';
import { exploring } from './exploring.ts';

/** One of those that come with the verb. */
export function scenarioNamed(id: string): Scenario {
  const scenario = SCENARIOS.find((each) => each.id === id);
  if (scenario === undefined) throw new Error(`there is no scenario ${id}`);
  return scenario;
}

/** Where some are wanted, only these violations count at the ends of executions: others may follow from the bug. */
export async function everyState(scenario: Scenario, subject: Subject, wanted: readonly string[] | null = null): Promise<Explored> {
  const { program, monitor, stage } = await build(scenario, subject);
  const judge = new Judge(stage, monitor);
  const explored = await states({
    ...exploring(program),
    machine: new Machine(program, { granularity: 'block', monitor, hashed: true }),
    atEnd: (machine) => {
      const asleep = program.agents.map((_, agent) => machine.status(agent) === 'blocked');
      const violation = judge.judge({ words: machine.words, state: machine.monitorState, asleep });
      return violation === null || wanted === null || wanted.includes(violation.id) ? violation : null;
    },
  });
  expect(monitor.gaveUp).toBeNull();
  return explored;
}
