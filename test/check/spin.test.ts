/**
 * SPIN on exported models: it must store exactly as many states as a naive search of the compiled model finds, and find the same
 * assertions broken. SPIN reads Promela with its own parser, runs it with its own semantics and counts with its own hash table, so what
 * the two agree on is neither a mistake of the JavaScript back end nor of the search.
 *
 * Where SPIN isn't installed these are skipped, loudly; with SOCKREF_REQUIRE_SPIN they fail instead, as in CI.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readReport, runSpin, spinIsMissing, type SpinReport } from '../../oracle/bench/spin.ts';
import { CONFIGURATIONS, limitsOf } from '../../oracle/check/configurations.ts';
import { examine, partOf, reduced } from '../../oracle/check/examine.ts';
import { compileModel } from '../../oracle/compile/frontend.ts';
import type { Program } from '../../oracle/compile/ir.ts';
import { emitPromela, type PromelaOptions } from '../../oracle/compile/promela.ts';
import { CAMPAIGN, enough } from '../campaign.ts';
import { randomModel, randomWorkers } from '../prove/random-model.ts';
import { enumerate, withProcedures } from './enumerate.ts';

const root = path.resolve(import.meta.dirname, '../..');
const missing = spinIsMissing();
const required = process.env.SOCKREF_REQUIRE_SPIN === '1';
if (missing !== null) process.stderr.write(`\n*** No comparison with SPIN: ${missing}. ***\n\n`);

const BENCHMARK = 'test/prove/models/benchmark.ts';

function spin(program: Program, options: PromelaOptions = {}, all = false): Promise<SpinReport> {
  return runSpin(emitPromela(program, options), { depth: 2_000_000, hashBits: 20, optimise: false, allErrors: all, timeoutSeconds: 250 });
}

function specification(constants: Readonly<Record<string, number>>, calls: readonly string[], design = 'sockref'): Program {
  return withProcedures(compileModel({ root, entry: 'model/index.ts', constants, configuration: { design } }), calls);
}

const SMALL = { SOCKETS: 2, PCBS: 2, FDS: 2, THREADS: 2, HANDLES: 1, NAMES: 1, BUFFER: 1, RIGHTS: 1 };

describe.skipIf(missing !== null && !required)('SPIN', () => {
  beforeAll(() => {
    if (missing !== null) throw new Error(`SPIN is required here, and is ${missing}`);
  });

  const sizes = [
    [3, 2, 6_522],
    [3, 3, 53_934],
    [4, 3, 649_095],
  ] as const;
  test.each(enough(sizes, ([, , states]) => states < 100_000))(
    'counts the benchmark model with %i sockets and %i threads as everybody does: %i states',
    async (SOCKETS, THREADS, states) => {
      const program = compileModel({ root, entry: BENCHMARK, configuration: {}, constants: { SOCKETS, THREADS } });
      const report = await spin(program, { properties: program.invariants.map(({ id }) => id), bounds: true });
      expect(report).toMatchObject({ states, broken: [], complete: true });
      if (states < 10_000) expect(enumerate(program)).toMatchObject({ states, broken: [] });
    },
  );

  const models: readonly (readonly [string, () => Program])[] = [
    ['counters, careful', () => compileModel({ root, entry: 'test/prove/models/counters.ts', configuration: { careful: true } })],
    ['counters, which overflow', () => compileModel({ root, entry: 'test/prove/models/counters.ts', configuration: { careful: false } })],
    ['a lock', () => compileModel({ root, entry: 'test/compile/models/lock.ts', configuration: { locking: 'always' } })],
    ['no lock', () => compileModel({ root, entry: 'test/compile/models/lock.ts', configuration: { locking: 'never' } })],
    [
      'reference counts',
      () => compileModel({ root, entry: 'test/compile/models/refcount.ts', constants: { OBJECTS: 2 }, configuration: {} }),
    ],
    [
      'a queue',
      () =>
        compileModel({
          root,
          entry: 'test/compile/models/queue.ts',
          constants: { CAPACITY: 2, ITEMS: 2 },
          configuration: { policy: 'patient', eager: true },
        }),
    ],
    ['the specification: sockets and pairs', () => specification({ ...SMALL, FDS: 1 }, ['socket', 'socketpair', 'close', 'soclose'])],
    [
      'the specification: accept against close',
      () => specification({ ...SMALL, THREADS: 1 }, ['socket', 'listen', 'accept', 'close', 'soclose', 'handshake', 'signal']),
    ],
    [
      'the specification: lifetime of a TCP connection',
      () =>
        // What nothing in it reads is left out: SPIN takes no step as long as a close of every kind of socket.
        reduced(
          specification({ ...SMALL, PCBS: 1, FDS: 1, THREADS: 1 }, [
            'socket',
            'connect',
            'close',
            'soclose',
            'synack',
            'rst',
            'fin',
            'ack',
            'msl',
          ]),
        ),
    ],
  ];
  const slow = [
    'a queue',
    'a lock',
    'counters, careful',
    'the specification: sockets and pairs',
    'the specification: accept against close',
    'the specification: lifetime of a TCP connection',
  ];
  test.each(enough(models, ([name]) => !slow.includes(name)))('counts and judges as a naive search does: %s', async (_, make) => {
    const program = make();
    const ours = enumerate(program);
    const report = await spin(program, { properties: program.invariants.map(({ id }) => id), bounds: true }, true);
    expect(report).toMatchObject({ states: ours.states, complete: true });
    expect(brokenOf(program, report)).toEqual({ broken: ours.broken, bounds: ours.faulty > 0 });
  });

  test('stores as many states of a configuration as check finds in it', async () => {
    const found = CONFIGURATIONS.find(({ id }) => id === 'unix-data');
    if (found === undefined) throw new Error('there is no such configuration any more: take another');
    // SPIN takes long for two threads.
    const configuration = { ...found, threads: CAMPAIGN ? found.threads : 1 };
    const whole = compileModel({
      root,
      entry: 'model/index.ts',
      constants: limitsOf(configuration),
      configuration: { design: 'sockref' },
    });
    const part = partOf(whole, configuration);
    const caps = { memoryBytes: 2 ** 28, states: null, deadline: Date.now() + 200_000, signal: new AbortController().signal };
    const { explorer } = await examine(part, caps, () => undefined);
    expect(explorer.complete).toBe(true);
    const report = await spin(part, { properties: part.invariants.map(({ id }) => id), bounds: true });
    expect(report).toMatchObject({ states: explorer.states, broken: [], complete: true });
  });

  // What breaks, and by which change of the benchmark model.
  const planted: readonly (readonly [string, string | null, string, string])[] = [
    ['a holder that is not counted', 'counted', 's.sockets[so].references++;', ''],
    ['a close that leaves the descriptor', 'counted', 's.sockets[so].descriptor = false;', ''],
    ['an accept of an empty queue', null, "=== 'listen' && s.sockets[so].queue.length > 0", "=== 'listen'"],
    ['a count of more than its type allows', null, 'references: Nat<7>', 'references: Nat<1>'],
    ['null in a guard', null, "so !== null && s.threads[who].does === 'hold' && s.sockets[so].state", 's.sockets[so as SocketId].state'],
    ['an invariant that is false at first', 'counted', "=== (s.sockets[so].state === 'free')", "=== (s.sockets[so].state === 'open')"],
  ];
  const quick = ['a holder that is not counted', 'a count of more than its type allows', 'an invariant that is false at first'];
  test.each(enough(planted, ([what]) => quick.includes(what)))('finds what a naive search finds: %s', async (_, invariant, good, bad) => {
    const source = readFileSync(path.join(root, BENCHMARK), 'utf8').replace(good, bad);
    const program = compileModel({
      root,
      entry: BENCHMARK,
      configuration: {},
      constants: { SOCKETS: 2, THREADS: 2 },
      sources: { [BENCHMARK]: source },
    });
    const ours = enumerate(program);
    expect(invariant === null ? ours.faulty > 0 : ours.broken.includes(invariant)).toBe(true);
    const options = { properties: program.invariants.map(({ id }) => id), bounds: true };
    const all = await spin(program, options, true);
    expect(all).toMatchObject({ states: ours.states, complete: true });
    expect(brokenOf(program, all)).toEqual({ broken: ours.broken, bounds: ours.faulty > 0 });
    // By itself it stops at the first.
    const first = await spin(program, options);
    expect(first.broken).toHaveLength(1);
    expect(first.complete).toBe(false);
  });

  const seeds = (process.env.SOCKREF_SPIN_SEEDS ?? (CAMPAIGN ? '1,2,3,4,5,7' : '1,2')).split(',').map(Number);
  test.each(seeds)('counts and judges random model %i as a naive search does', async (seed) => {
    const entry = `test/compile/models/random-${seed}.ts`;
    const program = compileModel({
      root,
      entry,
      configuration: {},
      sources: { [entry]: seed % 2 === 0 ? randomModel(seed) : randomWorkers(seed) },
    });
    const ours = enumerate(program);
    const report = await spin(program, { properties: program.invariants.map(({ id }) => id), bounds: true }, true);
    expect(report).toMatchObject({ states: ours.states, complete: true });
    expect(brokenOf(program, report)).toEqual({ broken: ours.broken, bounds: ours.faulty > 0 });
  });
});

/** What SPIN found broken, in our words. */
function brokenOf(program: Program, { broken }: SpinReport): { readonly broken: readonly string[]; readonly bounds: boolean } {
  const name = (id: string): string => `holds_${id.replaceAll(/[^A-Za-z0-9]+/g, '_')}`;
  return {
    broken: program.invariants
      .map(({ id }) => id)
      .filter((id) => broken.some((assertion) => assertion.replaceAll(/[()]/g, '') === name(id))),
    bounds: broken.some((assertion) => assertion.includes('fault')),
  };
}

test("a report that isn't one is no report", () => {
  expect(() => readReport('spin: nothing to verify')).toThrow(/states/);
});
