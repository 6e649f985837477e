/** Several threads find what one finds: the states, level by level, and the same counterexample in every run. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { Crew, type CrewSettings } from '../../oracle/check/crew.ts';
import { CONFIGURATIONS } from '../../oracle/check/configurations.ts';
import { examine, partOf, reduced } from '../../oracle/check/examine.ts';
import { Explorer } from '../../oracle/check/explorer.ts';
import { type Found, take } from '../../oracle/check/found.ts';
import { check } from '../../oracle/check/index.ts';
import { symmetricKinds } from '../../oracle/check/symmetric.ts';
import { compileModel } from '../../oracle/compile/frontend.ts';
import type { Program } from '../../oracle/compile/ir.ts';
import type { CheckOptions } from '../../oracle/engine.ts';
import type { Outcome } from '../../oracle/verdict.ts';
import { CAMPAIGN, enough } from '../campaign.ts';
import { randomModel, randomWorkers } from '../prove/random-model.ts';
import { root } from '../prove/toys.ts';
import { crowd, CROWDED } from './crowd.ts';

const memoryBytes = 64 * 2 ** 20;
/** States whose words are compared one by one. */
const MANY = 20_000;
/** A state at a time, by all threads, few successors held back, in a table that has to grow often: so they meet as often as they can. */
const FINE = { chunk: 1, block: 3, alone: 0, places: 512 } as const;
const FEW_HELD = (source: string): string => source.replace('HELD = 256', 'HELD = 8');

type Settings = Partial<CrewSettings> & { readonly workers: number };

function benchmark(sockets: number, threads: number): Program {
  const constants = { SOCKETS: sockets, THREADS: threads };
  return { ...compileModel({ root, entry: 'test/prove/models/benchmark.ts', constants }), lemmas: [] };
}

function alone(program: Program, settings: Partial<CrewSettings> = {}): Explorer {
  const explorer = new Explorer(program, { memoryBytes, ...settings });
  while (!explorer.complete) explorer.expand(1000);
  return explorer;
}

/** What is said of the crew when it has come to its end. */
async function together<T>(program: Program, settings: Settings, say: (crew: Crew) => T): Promise<T> {
  const crew = await Crew.of(program, { memoryBytes, grain: FINE, plant: FEW_HELD, ...settings });
  try {
    while (!crew.complete && !crew.outOfMemory && crew.death === null) await crew.expand(null);
    return say(crew);
  } finally {
    await crew.end();
  }
}

/** All that does not depend on the order in which states were found. */
function seenBy(found: Found): unknown {
  const { states, steps, levels, complete, outOfMemory, actions, rules } = found;
  const words = Array.from({ length: states }, (_, at) => found.state(at).join());
  return {
    states,
    steps,
    levels: [...levels],
    complete,
    outOfMemory,
    taken: Array.from({ length: actions.length + 2 }, (_, action) => found.taken(action)),
    rules: [...rules],
    broken: found.broken().map((each) => [each.property, found.pathOf(each)?.length ?? null]),
    words: words.sort(),
  };
}

describe.each(enough([1, 2, 3], (workers) => workers === 2))('a crew of %i', (workers) => {
  const sizes = [
    [3, 2],
    [3, 3],
    [4, 3],
  ] as const;
  test.each(enough(sizes, ([, threads]) => threads < 3))(
    'finds all states of the benchmark model, %i sockets and %i threads',
    async (...size) => {
      const program = benchmark(...size);
      expect(await together(program, { workers }, seenBy)).toEqual(seenBy(alone(program)));
    },
  );

  test('finds all orbits', async () => {
    const program = benchmark(3, 2);
    const symmetric = symmetricKinds(program);
    expect(await together(program, { workers, symmetric }, seenBy)).toEqual(seenBy(alone(program, { symmetric })));
  });

  test('keeps paths to its states, none longer than the level', async () => {
    const program = benchmark(3, 2);
    await together(program, { workers }, (crew) => {
      let level = 0;
      let end = crew.levels[0] ?? 0;
      for (let state = 0; state < crew.states; state++) {
        if (state === end) end += crew.levels[++level] ?? 0;
        if (state % 97 !== 0) continue;
        const words = crew.model.initial();
        const steps = crew.pathTo(state) ?? [];
        for (const action of steps) expect(take(crew.model, words, action)).toBe(true);
        expect(words).toEqual(crew.state(state));
        expect(steps).toHaveLength(level);
      }
    });
  });
});

describe('random models', () => {
  const seeds = enough(
    Array.from({ length: 40 }, (_, seed) => seed),
    (seed) => seed < 2,
  );
  test.each(seeds)('have the states that one thread finds, and what it breaks is broken: %i', async (seed) => {
    for (const make of [randomModel, randomWorkers]) {
      const entry = 'test/prove/models/random.ts';
      const program = { ...compileModel({ root, entry, sources: { [entry]: make(seed) } }), lemmas: [] };
      const explorer = alone(program);
      if (explorer.states > MANY) continue;
      const one = seenBy(explorer);
      for (const workers of enough([2, 3], (number) => number === (seed % 2) + 2))
        expect(await together(program, { workers }, seenBy), `${make.name}, ${workers}`).toEqual(one);
    }
  });
});

describe('what is broken', () => {
  const caps = { memoryBytes, states: null, deadline: Number.POSITIVE_INFINITY, signal: new AbortController().signal };

  test.each(enough([3, 4, 5, 6, 7, 8, 9, 10], (seed) => seed < 5))(
    'is shown by the same steps, however many look for it: %i',
    async (seed) => {
      const entry = 'test/prove/models/random.ts';
      const program = reduced({ ...compileModel({ root, entry, sources: { [entry]: randomModel(seed) } }), lemmas: [] });
      const of = async (workers: number): Promise<unknown> => (await examine(program, { ...caps, workers }, () => undefined)).broken;
      const one = await of(1);
      for (const workers of enough([2, 3], (number) => number === (seed % 2) + 2)) expect(await of(workers)).toEqual(one);
    },
  );

  test('is told by the verb in the same words, and written to the same file', async () => {
    const of = async (workers: number): Promise<string> => {
      const [row] = (await check(options(['tcp-data'], { design: 'p06', workers }))).results;
      return `${row?.detail} ${readFileSync(row?.counterexample ?? '', 'utf8')}`;
    };
    const one = await of(1);
    expect(one).toContain('pcb-while-valid');
    for (const workers of enough([2, 3], (number) => number === 2)) expect(await of(workers)).toBe(one);
  });
});

function options(configurations: readonly string[], more: Partial<CheckOptions>): CheckOptions {
  return {
    configurations,
    design: 'sockref',
    symmetry: false,
    promises: false,
    walks: null,
    sockets: null,
    threads: null,
    states: null,
    memoryMiB: 64,
    timeSeconds: 100,
    out: mkdtempSync(path.join(tmpdir(), 'sockref-crew-')),
    seed: 1,
    signal: new AbortController().signal,
    progress: () => undefined,
    ...more,
  };
}

describe('the verb', () => {
  const figures = ({ verdict, results }: Outcome): unknown =>
    results.map(({ bound, figures: of }) => [verdict, bound, of?.states, of?.transitions, of?.depth, of?.stuck]);
  const of = async (
    workers: number,
    more: Partial<CheckOptions>,
    ids = enough(['references', 'unix'], (id) => id === 'references'),
  ): Promise<Outcome> => check(options(ids, { workers, ...more }));

  test('says the same of a configuration, with and without symmetry', async () => {
    for (const more of [{ sockets: 2 }, { sockets: 2, symmetry: true }]) {
      const one = figures(await of(1, more));
      expect(figures(await of(2, more))).toEqual(one);
      if (CAMPAIGN) expect(figures(await of(3, more))).toEqual(one);
    }
  });

  const caps = [
    ['states', { states: 10_000 }, 'as many states as asked for'],
    ['memory', { memoryMiB: 2 }, '--memory'],
    ['time', { timeSeconds: 0.001 }, '--time'],
    ['an interrupt', { signal: AbortSignal.abort() }, 'interrupted'],
  ] as const;
  test.each(caps)('claims nothing of what %s kept it from', async (_, cap, said) => {
    const outcome = await of(2, cap, ['unix']);
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.results[0]?.bound).toMatch(/^[\d,]+ states to depth \d+, [\d,]+ of them not followed; /);
    expect(outcome.results[0]?.detail).toContain(said);
  });
});

test('without memory for all states a crew stops where one thread stops', async () => {
  const program = benchmark(3, 3);
  const settings = { memoryBytes: 1.2 * 2 ** 20 };
  const explorer = new Explorer(program, settings);
  while (!explorer.complete && !explorer.outOfMemory) explorer.expand(1000);
  await together(program, { workers: 2, ...settings }, (crew) => {
    expect([crew.complete, crew.outOfMemory, crew.states]).toEqual([false, true, explorer.states]);
    expect(crew.bytes).toBeLessThanOrEqual(settings.memoryBytes);
  });
});

describe('a turn that the table is too small for is taken back', () => {
  /** Many more states at a time than the table has places for. */
  const COARSE = { chunk: 1_000, block: 16, alone: 0, places: 64 } as const;

  test.each([1, 2])('and a crew of %i counts nothing twice', async (workers) => {
    const program = benchmark(3, 2);
    expect(await together(program, { workers, grain: COARSE }, seenBy)).toEqual(seenBy(alone(program)));
  });

  test('nor how often a rule decided', async () => {
    const constants = { SOCKETS: 2, PCBS: 2, FDS: 2, THREADS: 2, HANDLES: 1, NAMES: 1, BUFFER: 1 };
    const whole = compileModel({ root, entry: 'model/index.ts', constants, configuration: { design: 'sockref' } });
    const program = partOf(whole, CONFIGURATIONS.find(({ id }) => id === 'unix') ?? { calls: {} });
    const one = alone(program);
    expect(one.rules.some((times) => times > 1)).toBe(true);
    for (const workers of [1, 2])
      expect(await together(program, { workers, grain: COARSE }, ({ rules }) => [...rules])).toEqual([...one.rules]);
  });

  const grains = [
    ['as it is', {}],
    ['of several threads', FINE],
  ] as const;
  test.each(grains)('where one step alone has so many outcomes, in a crew %s', async (_, grain) => {
    const program = crowd();
    const symmetric = symmetricKinds(program);
    const counted = (found: Found): unknown => {
      const { states, steps, stuck, expanded, levels, complete, actions, rules } = found;
      const taken = Array.from({ length: actions.length + 2 }, (__, action) => found.taken(action));
      return { states, steps, stuck, expanded, levels: [...levels], complete, rules: [...rules], taken };
    };
    const one = counted(alone(program, { symmetric }));
    expect(one).toMatchObject(CROWDED);
    for (const workers of [1, 2]) expect(await together(program, { workers, symmetric, grain }, counted)).toEqual(one);
  });

  test('but not where there is no memory for a larger one', async () => {
    const program = crowd();
    const settings = { symmetric: symmetricKinds(program), memoryBytes: 2 ** 20 };
    const explorer = new Explorer(program, settings);
    while (!explorer.complete && !explorer.outOfMemory) explorer.expand(1000);
    for (const workers of [1, 2])
      await together(program, { workers, ...settings, grain: {} }, (crew) => {
        expect([crew.complete, crew.outOfMemory, crew.states]).toEqual([false, true, explorer.states]);
      });
  });

  const faults = [
    ['a thread that still has in mind what was taken back', 'lately.fill(0);', ''],
    ['a thread that goes on counting', 'steps = before_;', ''],
  ] as const;
  test.each(faults)('%s is seen', async (_, good, bad) => {
    const program = benchmark(3, 2);
    const plant = (source: string): string => {
      const planted = source.replace(good, bad);
      expect(planted).not.toBe(source);
      return planted;
    };
    const one = seenBy(alone(program));
    expect(await together(program, { workers: 1, grain: COARSE, plant }, seenBy)).not.toEqual(one);
  });
});

test('of a thread that dies it is told', async () => {
  Object.assign(globalThis, { isTheFirstThread: true });
  const plant = (source: string): string =>
    source.replace('function expand(begin, end) {', '$& if (globalThis.isTheFirstThread !== true) throw new Error("planted");');
  await together(benchmark(3, 2), { workers: 2, plant }, (crew) => {
    expect(crew.death).toBe('planted');
    expect(crew.complete).toBe(false);
  });
});

describe('a fault in the shared table is seen', () => {
  const SLEEP = 'for (let i = 0; i < 5000; i++) Math.imul(i, i);';
  /** By a hash that tells nothing apart all threads look for the same place, and linger before they write there. */
  const MEETING = (source: string): string =>
    FEW_HELD(source).replace('return h ^ h >>> 16;', 'return h & 7;').replace('e = Atomics.compareExchange', `${SLEEP} $&`);
  const faults: readonly (readonly [string, string | RegExp, string])[] = [
    [
      'a state that two bring is put in twice',
      'Atomics.compareExchange(table, slot, 0, ',
      `((value) => { ${SLEEP} table[slot] = value; return 0; })(`,
    ],
    ['what another was faster with is lost', 'if (((e ^ h) & ~last) !== 0) continue;\n      } else', 'break;\n      } else'],
    ['a state that moves stays in the table as it was', 'T[slot] = T[slot] & ~last | to + 1;', ''],
    ['a state that moves leaves its words behind', 'S.copyWithin(', '[].copyWithin('],
    ['a larger table lacks some', 'for (let i = from; i < to; i++)', 'for (let i = from; i < to - 1; i++)'],
  ];
  const program = benchmark(3, 2);
  const one = seenBy(alone(program));
  // A crew in which states are lost and found again may go on for long: it has no more memory than it needs.
  const settings = { workers: 3, memoryBytes: 2 * 2 ** 20 };
  const isSeen = async (plant: (source: string) => string): Promise<boolean> => {
    try {
      return await together(program, { ...settings, plant }, (crew) => JSON.stringify(seenBy(crew)) !== JSON.stringify(one));
    } catch (error) {
      return error instanceof Error && error.message === 'a state is not in the table';
    }
  };

  test('and nothing where there is none', async () => {
    expect(await isSeen(MEETING)).toBe(false);
  });

  // Some show only when threads meet, which they do not in every run.
  const RUNS = 20;
  test.each(faults)('%s', async (_, good, bad) => {
    const plant = (source: string): string => {
      const planted = source.replace(good, bad);
      expect(planted).not.toBe(source);
      return planted;
    };
    const met = (source: string): string => plant(MEETING(source));
    let seen = false;
    for (let run = 0; run < RUNS && !seen; run++) seen = await isSeen(met);
    expect(seen).toBe(true);
  });
});
