/**
 * The transition relation, as the solver has it, admits exactly the steps of the compiled model: from runs of the JavaScript, each
 * step is admitted, nothing else is admitted from the same state by the same choice, and a step with one field altered is refused.
 */
import { expect, test } from 'vitest';
import { type Choice, concreteState } from '../../oracle/compile/smt.ts';
import { asNumber, type State, type Value } from '../../oracle/compile/symbolic-state.ts';
import { type Lit, not, TRUE } from '../../oracle/compile/term.ts';
import { guardOf, type Num } from '../../oracle/compile/term-number.ts';
import { encodedRange } from '../../oracle/compile/liveness.ts';
import { Lane } from '../../oracle/prove/lane.ts';
import type { ConcreteStep } from '../../oracle/prove/concrete.ts';
import { enough } from '../campaign.ts';
import { allSteps, limits, type Toy, toy } from '../prove/toys.ts';
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

/** What the solver is asked about: the state before and after, and when the step is possible. */
interface Relation {
  readonly before: State;
  readonly possible: Lit;
  readonly faulty: Lit;
  readonly next: State;
  readonly choice: Choice;
}

/** The whole relation, from one state: who acts and how is the solver's to choose. */
function fromState({ system }: Toy, cells: readonly number[], name: string): Relation {
  const before = concreteState(system.layout, cells);
  const choice = system.choice(name);
  const { possible, faults, next } = system.step(before, choice);
  return { before, possible, faulty: system.terms.any(faults.map(({ cond }) => cond)), next, choice };
}

/** Asks about every step of random runs; answers how many altered states were refused. */
async function compare(
  subject: Toy,
  taken: readonly Taken[],
  alterations: number,
  relation: (step: Taken, index: number) => Relation,
): Promise<number> {
  const { terms, layout } = subject.system;
  const is = (table: State, cells: readonly number[]): Lit => terms.all(table.map((value, cell) => equals(value, cells[cell] as number)));
  const roll = dice(3);
  const lane = new Lane(terms, limits(110));
  let refused = 0;
  try {
    for (const [index, each] of taken.entries()) {
      const { before, step, after, fault } = each;
      const { possible, faulty, next, choice, before: unknown } = relation(each, index);
      const here = [possible, is(unknown, before), chooses(choice, step, terms.all.bind(terms))];
      const question = async (lit: Lit): Promise<boolean> => (await lane.satisfy([...here, lit])) !== null;
      const about = `${JSON.stringify(step)} from ${JSON.stringify(before)}`;
      if (fault) {
        // After a broken bound the state has no meaning; that it breaks is what both must say.
        expect(await question(not(faulty)), `${about} breaks a bound`).toBe(false);
        expect(await question(faulty), `${about} breaks a bound`).toBe(true);
        continue;
      }
      const same = terms.and(not(faulty), is(next, after));
      expect(await question(same), `${about} is admitted`).toBe(true);
      expect(await question(not(same)), `${about} leads nowhere else`).toBe(false);
      const altered: Lit[] = [];
      while (altered.length < alterations) {
        const cell = roll(layout.cells.length);
        const { type, fixed } = layout.cells[cell] as (typeof layout.cells)[number];
        const { lo, hi } = encodedRange(type);
        if (fixed !== null || hi === lo) continue;
        const other = lo + (((after[cell] as number) - lo + 1 + roll(hi - lo)) % (hi - lo + 1));
        altered.push(is(next, after.with(cell, other)));
      }
      expect(await question(terms.any(altered)), `${about} admits none of ${alterations} altered states`).toBe(false);
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
  test(`from any state, the solver admits the steps of ${entry} and no others`, { timeout: 120_000 }, async () => {
    const subject = toy(entry, configuration);
    const { system } = subject;
    // One relation for all: the state before is the solver's to choose as well.
    const { state, valid } = system.free('before.');
    const choice = system.choice('choice.');
    const { possible, faults, next } = system.step(state, choice);
    const whole = {
      before: state,
      possible: system.terms.all([possible, ...valid]),
      faulty: system.terms.any(faults.map(({ cond }) => cond)),
      next,
      choice,
    };
    expect(await compare(subject, steps(subject, 30), 10, () => whole)).toBeGreaterThan(200);
  });
}

const designs = [
  ['sockref', 50],
  ['p06', 20],
] as const;
for (const [design, count] of enough(designs, ([name]) => name === 'sockref')) {
  test(`the solver admits the steps of the specification (${design}) and no others`, { timeout: 120_000 }, async () => {
    const subject = toy('model/index.ts', { design });
    const refused = await compare(subject, steps(subject, count), 25, ({ before }, index) => fromState(subject, before, `choice${index}.`));
    expect(refused).toBe(count * 25);
  });
}
