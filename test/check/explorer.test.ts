/** The explorer finds the states that trying everything finds, level by level, and the shortest way to what is broken. */
import { describe, expect, test } from 'vitest';
import { Explorer } from '../../oracle/check/explorer.ts';
import { take } from '../../oracle/check/found.ts';
import { reduced } from '../../oracle/check/examine.ts';
import { compileModel } from '../../oracle/compile/frontend.ts';
import type { Program } from '../../oracle/compile/ir.ts';
import { enough, often } from '../campaign.ts';
import { randomModel, randomWorkers } from '../prove/random-model.ts';
import { bruteForce, root, toyOf } from '../prove/toys.ts';

const MEMORY = 512 * 2 ** 20;
/** States that trying everything comes to an end with. */
const FEW = 1_500;
/** Of the others, so many steps are tried. */
const DEPTH = 4;

/** By default no more memory than a small model needs: it is there from the beginning, and the collector has to take it away each time. */
function explored(program: Program, memoryBytes = 16 * 2 ** 20): Explorer {
  const explorer = new Explorer(program, { memoryBytes });
  while (!explorer.complete) explorer.expand(1000);
  return explorer;
}

/** Depth at which each thing is first broken, the last step included. */
function brokenAt(explorer: Explorer): ReadonlyMap<string, number> {
  return new Map(
    explorer.broken().map(({ property, from, action }) => {
      const id = explorer.model.invariants[property]?.id ?? 'no-overflow';
      return [id, explorer.pathOf({ property, from, action })?.length ?? Number.NaN];
    }),
  );
}

describe('the benchmark model', () => {
  const sizes = [
    [3, 2, 6_522],
    [3, 3, 53_934],
    [4, 3, 649_095],
    [4, 4, 6_431_031],
    [5, 3, 7_259_588],
  ] as const;
  test.each(enough(sizes, ([, , states]) => states < 1_000_000))(
    'has with %i sockets and %i threads the %i states that seven other tools count',
    (sockets, threads, states) => {
      const constants = { SOCKETS: sockets, THREADS: threads };
      const program = compileModel({ root, entry: 'test/prove/models/benchmark.ts', constants });
      const explorer = explored({ ...program, lemmas: [] }, MEMORY);
      expect(explorer.states).toBe(states);
      expect(explorer.broken()).toEqual([]);
      expect(explorer.levels.reduce((sum, level) => sum + level, 0)).toBe(states);
    },
  );
});

describe('random models', () => {
  const seen = { broken: 0, projected: 0, smaller: 0 };
  const first = (at: ReadonlyMap<string, number>): readonly (readonly [string, number])[] => {
    const least = Math.min(...at.values());
    return [...at].filter(([, depth]) => depth === least).sort();
  };
  const compare = (make: (seed: number) => string, seed: number): void => {
    const entry = 'test/prove/models/random.ts';
    const whole = withoutBrokenAtFirst({ ...compileModel({ root, entry, sources: { [entry]: make(seed) } }), lemmas: [] });
    const explorer = explored(whole);
    const depth = explorer.states < FEW ? explorer.levels.length : DEPTH;
    const truth = bruteForce(toyOf(whole), depth);
    // What is behind a broken invariant is explored here as well: nothing is skipped that is new.
    const levels = truth.states.filter((states) => states > 0);
    expect(explorer.levels.slice(0, depth + 1), `${make.name} ${seed}`).toEqual(levels);
    const part = explored(reduced(whole));
    for (const each of [explorer, part]) {
      const found = first(brokenAt(each));
      if (truth.brokenAt.size > 0) expect(found, `${make.name} ${seed}`).toEqual(first(truth.brokenAt));
      else expect(Math.min(...found.map(([, at]) => at)), `${make.name} ${seed}`).toBeGreaterThan(depth);
    }
    if (explorer.broken().length === 0 && explorer.states < FEW) {
      expect(plainStates(part), `${make.name} ${seed}`).toEqual(projected(explorer, part));
      seen.projected++;
    }
    seen.broken += truth.brokenAt.size > 0 ? 1 : 0;
    seen.smaller += part.states < explorer.states ? 1 : 0;
  };
  test.each(
    [randomModel, randomWorkers].flatMap((make) => enough([0, 10], (from) => from === 0).map((from) => [make.name, from, make] as const)),
  )('%s from %i on: the same states and the same shortest violations, reduced or not', (_, from, make) => {
    for (let seed = from; seed < from + often(5, 10); seed++) compare(make, seed);
  });

  test('of these some are broken, some are not, and of some the reduced one has fewer states', () => {
    expect(seen.broken).toBeGreaterThan(1);
    expect(seen.projected).toBeGreaterThan(1);
    expect(seen.smaller).toBeGreaterThan(2);
  });
});

test('a path leads to its state, a step at a time', () => {
  const program = compileModel({ root, entry: 'test/prove/models/benchmark.ts', constants: { SOCKETS: 3, THREADS: 2 } });
  const explorer = explored({ ...program, lemmas: [] });
  for (const state of [0, 1, 100, 6_521]) {
    const words = explorer.model.initial();
    for (const action of explorer.pathTo(state) ?? []) expect(take(explorer.model, words, action)).toBe(true);
    expect(words).toEqual(explorer.state(state));
  }
});

test('without memory for all states it stops, and says that it has not seen them', () => {
  const program = compileModel({ root, entry: 'test/prove/models/benchmark.ts', constants: { SOCKETS: 3, THREADS: 3 } });
  const explorer = new Explorer({ ...program, lemmas: [] }, { memoryBytes: 1.2 * 2 ** 20 });
  while (!explorer.complete && !explorer.outOfMemory) explorer.expand(1000);
  expect(explorer.complete).toBe(false);
  expect(explorer.states).toBe(explorer.capacity);
  expect(explorer.bytes).toBeLessThanOrEqual(1.2 * 2 ** 20);
});

/** What the first state breaks says nothing about the others. */
function withoutBrokenAtFirst(program: Program): Program {
  const broken = toyOf(program).concrete.broken(new Int32Array(toyOf(program).concrete.model.words));
  return { ...program, invariants: program.invariants.filter(({ id }) => !broken.includes(id)) };
}

/** The states without what the reduced program has no room for, and without frames. */
function projected(whole: Explorer, part: Explorer): readonly string[] {
  const kept = part.model.program.state;
  return distinct(whole, (state) => JSON.stringify(project(state, kept)));
}

function plainStates(explorer: Explorer): readonly string[] {
  return distinct(explorer, (state) => JSON.stringify(project(state, explorer.model.program.state)));
}

function distinct(explorer: Explorer, text: (state: unknown) => string): readonly string[] {
  return [...new Set(Array.from({ length: explorer.states }, (_, at) => text(explorer.model.decodeState(explorer.state(at)))))].sort();
}

function project(value: unknown, type: Program['state'] | Program['state']['fields'][number]['type']): unknown {
  if (type.kind === 'record') {
    const record = value as Readonly<Record<string, unknown>>;
    return Object.fromEntries(type.fields.map((field) => [field.name, project(record[field.name], field.type)]));
  }
  return type.kind === 'table' ? (value as readonly unknown[]).map((element) => project(element, type.element)) : value;
}
