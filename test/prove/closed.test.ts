/**
 * Induction takes "any state at all" for states whose numbers are in range. That is only sound if no step leaves them: after one that
 * breaks no bound every number of the state still has exactly one value, and that lies in its range.
 */
import { expect, test } from 'vitest';
import { encodedRange } from '../../oracle/compile/liveness.ts';
import type { State, Value } from '../../oracle/compile/symbolic-state.ts';
import { FALSE, type Lit, not } from '../../oracle/compile/term.ts';
import { constant, freeNumber } from '../../oracle/compile/term-number.ts';
import { Lane } from '../../oracle/prove/lane.ts';
import { randomModel, randomWorkers } from './random-model.ts';
import { CAMPAIGN } from '../campaign.ts';
import { limits, type Toy, toy } from './toys.ts';

/** Ways in which a cell is not one number in its range; that it is not two is asked of small models, for there are many pairs. */
function oddities({ system: { terms, layout } }: Toy, before: State, next: State, pairs: boolean): readonly Lit[] {
  return next.flatMap((value: Value, cell) => {
    if (value === before[cell] || typeof value === 'number') return [];
    const { lo, hi } = encodedRange((layout.cells[cell] as (typeof layout.cells)[number]).type);
    return [
      not(terms.any(value.guards)),
      ...value.guards.filter((_, at) => (value.values[at] as number) < lo || (value.values[at] as number) > hi),
      ...(pairs ? value.guards.flatMap((guard, at) => value.guards.slice(0, at).map((other) => terms.and(guard, other))) : []),
    ];
  });
}

/** Names of the actions that leave the numbers. */
async function leaving(subject: Toy, pairs: boolean): Promise<readonly string[]> {
  const { system } = subject;
  const { terms } = system;
  const { state, valid } = system.free('');
  const lane = new Lane(terms, limits(240));
  const found: string[] = [];
  try {
    await lane.assert(valid.flatMap((lit) => terms.conjuncts(lit, 1_000)));
    for (const action of system.actions) {
      const params = system.params(action).map(({ type }, at) => {
        const { lo, hi } = encodedRange(type);
        return freeNumber(terms, `${action.machine.agent} ${action.name} ${at}`, lo, hi);
      });
      const chosen = terms.and(terms.all(params.map((param) => param.valid)), system.standsAt(action, state, constant(0)));
      const args = params.map(({ num }) => num);
      const { enabled, faults, next } = system.act(action, state, constant(0), args, chosen);
      const odd = oddities(subject, state, next, pairs).filter((lit) => lit !== FALSE);
      if (odd.length === 0) continue;
      const kept = not(terms.any(faults.map(({ cond }) => cond)));
      if ((await lane.satisfy([enabled, kept, terms.any(odd)])) !== null) found.push(action.name);
    }
  } finally {
    lane.stop();
  }
  return found;
}

/** A step of the specification is the same step at any size; at the whole one it is asked about in a campaign. */
const SPECIFICATION = CAMPAIGN ? {} : { SOCKETS: 2, PCBS: 2, THREADS: 1 };

test('no step of the specification leaves the numbers', async () => {
  expect(await leaving(toy('model/index.ts', { design: 'sockref' }, undefined, SPECIFICATION), false)).toEqual([]);
});

test.each([
  ['test/compile/models/lock.ts', { locking: 'always' }],
  ['test/compile/models/queue.ts', { policy: 'hasty', eager: true }],
  ['test/compile/models/refcount.ts', { leaky: true }],
  ['test/prove/models/benchmark.ts', {}],
])('no step of %s %j leaves the numbers', async (entry, configuration) => {
  expect(await leaving(toy(entry, configuration), true)).toEqual([]);
});

test('no step of 20 random models leaves the numbers', async () => {
  const file = 'test/prove/models/random.ts';
  for (let seed = 101; seed <= 120; seed++) {
    const source = seed % 2 === 0 ? randomModel(seed) : randomWorkers(seed);
    expect([seed, await leaving(toy(file, {}, { [file]: source }), true)]).toEqual([seed, []]);
  }
});
