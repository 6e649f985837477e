/**
 * The transition relation, as the solver has it, admits exactly the steps of the compiled model: from runs of the JavaScript, each
 * step is admitted, nothing else is admitted from the same state by the same choice, and a step with one field altered is refused.
 */
import { expect, test } from 'vitest';
import type { Choice } from '../../oracle/compile/smt.ts';
import { asNumber, type State, type Value } from '../../oracle/compile/symbolic-state.ts';
import { type Lit, not, TRUE } from '../../oracle/compile/term.ts';
import { guardOf, type Num } from '../../oracle/compile/term-number.ts';
import { encodedRange } from '../../oracle/compile/liveness.ts';
import { Lane } from '../../oracle/prove/lane.ts';
import type { ConcreteStep } from '../../oracle/prove/concrete.ts';
import { type Toy, allSteps, type Configuration, limits, toy } from '../prove/toys.ts';
import { dice } from './differential.ts';

interface Taken {
  readonly before: readonly number[];
  readonly step: ConcreteStep;
  readonly after: readonly number[];
  readonly fault: boolean;
}

/** Steps of random runs; every kind of step that was seen is among them before any is repeated. */
function steps(subject: Toy, count: number): readonly Taken[] {
  const { concrete } = subject;
  const roll = dice(11);
  const all = allSteps(subject);
  const kinds = new Map<string, Taken[]>();
  for (let run = 0; run < 400; run++) {
    const words = concrete.model.initial();
    for (let n = 0; n < 40 && concrete.model.fault(words) === null; n++) {
      const step = all[roll(all.length)] as ConcreteStep;
      const before = concrete.cells.read(words);
      const pc = concrete.model.pc(words, step.agent, step.who);
      if (!concrete.take(words, step)) continue;
      const taken = { before, step, after: concrete.cells.read(words), fault: concrete.model.fault(words) !== null };
      const kind = `${step.agent}/${step.args === null ? pc : `start ${step.procedure}`}`;
      kinds.set(kind, [...(kinds.get(kind) ?? []), taken]);
    }
  }
  const chosen: Taken[] = [];
  for (let turn = 0; chosen.length < count; turn++) {
    const next = [...kinds.values()].flatMap((list) => list.slice(turn, turn + 1));
    if (next.length === 0) break;
    chosen.push(...next);
  }
  return chosen.slice(0, count);
}

function equals(value: Value, number: number): Lit {
  return typeof value === 'number' ? (number === 0 ? not(value) : value) : guardOf(asNumber(value), number);
}

async function compare(entry: string, configuration: Configuration, count: number, alterations: number): Promise<number> {
  const subject = toy(entry, configuration);
  const { system } = subject;
  const { terms, layout } = system;
  const { state, valid } = system.free('before.');
  const choice = system.choice('choice.');
  const { possible, faults, next } = system.step(state, choice);
  const faulty = terms.any(faults.map(({ cond }) => cond));
  const is = (table: State, cells: readonly number[]): Lit => terms.all(table.map((value, cell) => equals(value, cells[cell] as number)));
  const roll = dice(3);
  const lane = new Lane(terms, limits(170));
  let refused = 0;
  try {
    await lane.assert([...valid, possible]);
    for (const { before, step, after, fault } of steps(subject, count)) {
      const here = [is(state, before), chooses(choice, step, terms.all.bind(terms))];
      const question = async (lit: Lit): Promise<boolean> => (await lane.satisfy([...here, lit], false)) !== null;
      if (fault) {
        // After a broken bound the state has no meaning; that it breaks is what both must say.
        expect(await question(not(faulty))).toBe(false);
        expect(await question(faulty)).toBe(true);
        continue;
      }
      const same = terms.and(not(faulty), is(next, after));
      const about = `${JSON.stringify(step)} from ${JSON.stringify(before)}`;
      expect(await question(same), `${about} is admitted`).toBe(true);
      const altered: Lit[] = [];
      while (altered.length < alterations) {
        const cell = roll(layout.cells.length);
        const { type, fixed } = layout.cells[cell] as (typeof layout.cells)[number];
        const { lo, hi } = encodedRange(type);
        if (fixed !== null || hi === lo) continue;
        const other = lo + ((((after[cell] as number) - lo + 1 + roll(hi - lo)) % (hi - lo + 1)) as number);
        altered.push(is(next, after.with(cell, other)));
      }
      // None of the altered states, nor any other.
      expect(await question(terms.or(not(same), terms.any(altered))), `${about} leads nowhere else`).toBe(false);
      refused += altered.length;
    }
  } finally {
    lane.stop();
  }
  return refused;
}

/** The choice is this step. What a step doesn't look at is left open. */
function chooses(choice: Choice, { agent, who, procedure, args }: ConcreteStep, all: (lits: Iterable<Lit>) => Lit): Lit {
  const start = args === null ? TRUE : guardOf(choice.procedure[agent] as Num, procedure);
  return all([
    guardOf(choice.agent, agent),
    guardOf(choice.who[agent] as Num, who),
    start,
    ...(args ?? []).map((arg, at) => guardOf(choice.args[at] as Num, arg)),
  ]);
}

for (const [entry, configuration] of [
  ['test/compile/models/lock.ts', { locking: 'never' }],
  ['test/compile/models/refcount.ts', { leaky: true }],
  ['test/compile/models/queue.ts', { policy: 'patient', eager: true }],
  ['test/prove/models/counters.ts', { careful: false }],
] as const) {
  test(`the solver admits the steps of ${entry} and no others`, { timeout: 120_000 }, async () => {
    expect(await compare(entry, configuration, 40, 25)).toBeGreaterThan(700);
  });
}

test('the solver admits the steps of the specification and no others', { timeout: 200_000 }, async () => {
  expect(await compare('model/index.ts', { design: 'sockref' }, 44, 25)).toBeGreaterThanOrEqual(1000);
});

test('the solver admits the steps of the design before it and no others', { timeout: 200_000 }, async () => {
  expect(await compare('model/index.ts', { design: 'p06' }, 10, 25)).toBe(250);
});
