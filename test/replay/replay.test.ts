/** Replay follows a file step by step: it happens again, or it is fixed, or it says where the file and the present have parted. A file that names what does not exist is refused. */
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type ProveCounterexample,
  type ProveStep,
  parseCounterexample,
  type RunCounterexample,
  readCounterexample,
} from '../../oracle/counterexample.ts';
import { withOrigin } from '../../oracle/origin.ts';
import { replay } from '../../oracle/replay/index.ts';
import { fingerprint } from '../../oracle/run/program.ts';
import { runPrograms } from '../../oracle/run/index.ts';
import { compiledSpecification } from '../../oracle/specification.ts';
import { UsageError } from '../../oracle/usage.ts';
import type { Outcome } from '../../oracle/verdict.ts';
import { quiet, runOptions, withDirectory } from '../run/rig.ts';

async function refusal(promise: Promise<Outcome>): Promise<Pick<UsageError['details'], 'field' | 'reason'> & { readonly message: string }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof UsageError)
      return { field: error.details.field ?? '', reason: error.details.reason ?? '', message: error.message };
    throw error;
  }
  throw new Error('the file was not refused');
}

describe('a file of run', () => {
  let file: RunCounterexample;
  beforeAll(async () => {
    file = await withDirectory(async (out) => {
      const { results } = await runPrograms(runOptions({ fault: 'unix-wrong-errno', out, seed: 2 }));
      return (await readCounterexample(results[0]?.counterexample ?? '')) as RunCounterexample;
    });
  });
  const step = (index: number, change: Partial<RunCounterexample['steps'][number]>): RunCounterexample => ({
    ...file,
    steps: file.steps.map((each, at) => (at === index ? { ...each, ...change } : each)),
  });

  it('happens again: violated, with the steps, the failing one marked, and what each side said', async () => {
    const outcome = await replay(file, quiet);
    expect(outcome.verdict).toBe('violated');
    expect(outcome.results[0]?.detail?.split('\n').map((line) => line.replace(/ *(\(?model\/.*)?$/, ''))).toEqual([
      expect.stringMatching(/^ {4}1 {2}socket\((unix|seqpacket)\)$/),
      expect.stringMatching(/^✗ {3}2 {2}connect\(fd 0, name \d(, remote)?\)$/),
      'breaks           same-result',
      'implementation   ECONNREFUSED',
      'specification    ENOENT',
      expect.stringMatching(/^by the rules {5}\w+/),
      'it happened again: step 2 breaks same-result',
    ]);
  });

  it('is fixed: holds', async () => {
    const outcome = await replay({ ...file, fault: null }, quiet);
    expect(outcome).toMatchObject({ verdict: 'holds', figures: { steps: 2, stepsRecorded: 2 } });
  });

  it('was under Giant: so is its replay, and without Giant it does not happen', async () => {
    await withDirectory(async (directory) => {
      const { results } = await runPrograms(runOptions({ fault: 'giant-kept', giant: true, out: directory }));
      const under = (await readCounterexample(results[0]?.counterexample ?? '')) as RunCounterexample;
      expect(under).toMatchObject({ fault: 'giant-kept', giant: true });
      expect(await replay(under, quiet)).toMatchObject({ verdict: 'violated', bound: expect.stringContaining('under Giant') });
      // The sources have not changed, so that this says nothing of them.
      const without = await replay({ ...under, giant: false }, quiet);
      expect(without.results[0]?.detail).toMatch(/is not broken after step/);
      expect(without.verdict).toBe('unknown');
    });
  });

  it('was cut off before the step that fails: refused, whatever has changed since', async () => {
    const cut = { ...file, steps: file.steps.slice(0, -1) };
    const reason = /^do not break same-result after step 1, the last, and are not the steps that were written: .* cut off or altered$/;
    expect(await refusal(replay(cut, quiet))).toMatchObject({ field: 'steps', reason: expect.stringMatching(reason) });
    expect((await refusal(replay({ ...cut, fault: null }, quiet))).field).toBe('steps');
  });

  it('went through, and is of the sources that there are: unknown', async () => {
    const [first] = file.steps;
    if (first === undefined) throw new Error('a step was expected');
    // As if the first run had seen what isn't there.
    const written = withOrigin({ ...file, steps: [first] });
    const outcome = await replay(written, quiet);
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.results[0]?.detail).toMatch(/nothing has changed since the file was written: one of the two runs was wrong$/);
  });

  it('went through, and has no origin: unknown', async () => {
    const { origin: _, ...byHand } = file;
    const outcome = await replay({ ...byHand, fault: null }, quiet);
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.results[0]?.detail).toMatch(/the file has no origin, so that it may be fixed, cut off, or never have been so$/);
    expect((await replay(byHand, quiet)).verdict).toBe('violated');
  });

  it('leads elsewhere than it did: unknown, and says from which step on', async () => {
    const outcome = await replay(step(0, { fingerprint: 'abcdef' }), quiet);
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.results[0]?.detail).toMatch(/diverged at step 1: expected fingerprint abcdef, saw [0-9a-f]{16}$/);
  });

  it('fails in another way: unknown', async () => {
    const other = await replay({ ...file, breaks: 'no-panic' }, quiet);
    expect(other.verdict).toBe('unknown');
    expect(other.results[0]?.detail).toMatch(/something else broke first, at step 2: same-result$/);
    const [first, second] = file.steps;
    if (first === undefined || second === undefined) throw new Error('two steps were expected');
    const earlier = await replay({ ...file, steps: [first, second, second] }, quiet);
    expect(earlier.verdict).toBe('unknown');
  });

  it('is interrupted: unknown', async () => {
    expect((await replay({ ...file, fault: null }, { ...quiet, signal: AbortSignal.abort() })).verdict).toBe('unknown');
  });

  it.each([
    ['an operation', () => step(0, { operation: 'fork' }), 'steps[0].operation', /is no operation of a run: "fork"/],
    [
      'an argument',
      () => step(1, { arguments: { fd: 0, name: 0, remote: false, host: 1 } }),
      'steps[1].arguments.host',
      /is not an argument of connect/,
    ],
    [
      'an argument too few',
      () => step(1, { arguments: { fd: 0, name: 0 } }),
      'steps[1].arguments.remote',
      /expected true or false, saw nothing/,
    ],
    [
      'a descriptor beyond the table',
      () => step(1, { arguments: { fd: 7, name: 0, remote: false } }),
      'steps[1].arguments.fd',
      /from 0 to 6, saw 7/,
    ],
    ['a negative one', () => step(1, { arguments: { fd: -1, name: 0, remote: false } }), 'steps[1].arguments.fd', /saw -1/],
    ['a value of another type', () => step(1, { arguments: { fd: '0', name: 0, remote: false } }), 'steps[1].arguments.fd', /saw "0"/],
    ['a protocol', () => step(0, { arguments: { asked: 'sctp' } }), 'steps[0].arguments.asked', /"unix", "udp".*saw "sctp"/],
    ['a fault', () => ({ ...file, fault: 'unix-wrong-error' }), 'fault', /unknown fault/],
    ['a comparison', () => ({ ...file, breaks: 'same-colour' }), 'breaks', /is nothing that a run compares/],
    ['a size', () => ({ ...file, configuration: { ...file.configuration, WINDOWS: 3 } }), 'configuration.WINDOWS', /is not a size/],
    [
      'a size too large',
      () => ({ ...file, configuration: { ...file.configuration, SOCKETS: 1_000_000 } }),
      'configuration.SOCKETS',
      /from 2 to 12, saw 1000000/,
    ],
    ['a size too few', () => ({ ...file, configuration: { SOCKETS: 6 } }), 'configuration.PCBS', /is missing/],
  ])('that names %s that does not exist is refused', async (_what, spoil, field, reason) => {
    const refused = await refusal(replay(spoil(), quiet));
    expect(refused.field).toBe(field);
    expect(refused.message).toMatch(reason);
  });
});

/** Made by the tests of prove files, which come first. */
let traceOf2006: ProveCounterexample;

describe('a file of prove', () => {
  const limits = { SOCKETS: 3, PCBS: 3, THREADS: 2 };
  /** The panic of 2006, by hand: while one thread sleeps in a copy from user memory, another ends the connection. */
  const moves: readonly Pick<ProveCounterexample['steps'][number], 'thread' | 'operation' | 'arguments'>[] = [
    { thread: 'thread 0', operation: 'socket', arguments: { asked: 'tcp' } },
    { thread: 'thread 0', operation: 'continue', arguments: {} },
    { thread: 'thread 1', operation: 'setsockopt', arguments: { fd: 0, on: false, valid: true } },
    { thread: 'thread 0', operation: 'shutdown', arguments: { fd: 0, how: 'write' } },
    { thread: 'thread 1', operation: 'continue', arguments: {} },
  ];
  let file: ProveCounterexample;
  beforeAll(async () => {
    const model = await compiledSpecification('p06', limits);
    const words = model.initial();
    const steps = moves.map((move) => {
      const who = Number(move.thread.at(-1));
      const procedures = model.agents[0]?.procedures ?? [];
      const procedure = procedures.findIndex(({ name }) => name === move.operation);
      const args = (procedures[procedure]?.params ?? []).map(({ name, type }) => model.encodeArgument(type, move.arguments[name] ?? null));
      if (!(procedure < 0 ? model.resume(words, 0, who) : model.start(words, 0, who, procedure, args)))
        throw new Error(`${move.operation} is not possible`);
      return { ...move, source: 'model/calls/sockopt.ts:1', fingerprint: fingerprint(words) };
    });
    const common = { format: 'sockref-counterexample/1', engine: 'prove', subject: 'model', scenario: 'bounded trace', seed: 1 } as const;
    traceOf2006 = { ...common, design: 'p06', breaks: 'pcb-while-used', configuration: limits, steps };
    file = traceOf2006;
  });
  const step = (index: number, change: Partial<ProveCounterexample['steps'][number]>): ProveCounterexample => ({
    ...file,
    steps: file.steps.map((each, at) => (at === index ? { ...each, ...change } : each)),
  });

  it('happens again: violated, with the steps, the failing one marked, and what the invariant says', async () => {
    const outcome = await replay(file, quiet);
    expect(outcome.verdict).toBe('violated');
    expect(outcome.results[0]?.detail?.split('\n')).toEqual([
      expect.stringMatching(/^ {4}1 {2}thread 0 {3}socket\(asked tcp\) {2}model\/calls\/socket\.ts:\d+$/),
      expect.stringMatching(/^ {4}2 {2}thread 0 {3}continue {2}model\/calls\/socket\.ts:\d+$/),
      expect.stringMatching(/^ {4}3 {2}thread 1 {3}setsockopt\(fd 0, on false, valid true\) /),
      expect.stringMatching(/^ {4}4 {2}thread 0 {3}shutdown\(fd 0, how write\) /),
      expect.stringMatching(/^✗ {3}5 {2}thread 1 {3}continue {2}model\/calls\/sockopt\.ts:\d+$/),
      expect.stringMatching(/^pcb-while-used \(model\/invariants\.ts:\d+\): so_pcb/),
      'it happened again: pcb-while-used is false after step 5',
    ]);
  });

  /** As written from other sources: a comment more in the model would make them. */
  const fromOtherSources = (written: ProveCounterexample): ProveCounterexample => {
    const { origin = { sources: '', content: '' } } = withOrigin(written);
    return { ...written, origin: { ...origin, sources: 'abcdef' } };
  };

  it('went through and broke nothing, and was made from other sources: holds', async () => {
    const outcome = await replay(fromOtherSources({ ...file, breaks: 'names-unique' }), quiet);
    expect(outcome).toMatchObject({ verdict: 'holds', figures: { steps: 5 } });
    expect(outcome.results[0]?.detail).toMatch(/all steps went through and names-unique is not broken any more$/);
  });

  it('went through and broke nothing, and was made from these sources, or nobody knows from which: unknown', async () => {
    expect((await replay(withOrigin({ ...file, breaks: 'names-unique' }), quiet)).verdict).toBe('unknown');
    const byHand = await replay({ ...file, breaks: 'names-unique' }, quiet);
    expect(byHand.verdict).toBe('unknown');
    expect(byHand.results[0]?.detail).toMatch(/^names-unique is not broken after step 5, the last; the file has no origin/m);
  });

  it.each<[string, (written: ProveCounterexample) => ProveCounterexample]>([
    ['cut off after every step but the last', (written) => ({ ...written, steps: written.steps.slice(0, 4) })],
    ['cut off after the first step', (written) => ({ ...written, steps: written.steps.slice(0, 1) })],
    ['given something else to break', (written) => ({ ...written, breaks: 'names-unique' })],
    [
      'given another last step',
      (written) => ({ ...written, steps: [...written.steps.slice(0, 4), { ...(written.steps[0] as ProveStep), thread: 'thread 0' }] }),
    ],
  ])('was %s: refused, whatever has changed since', async (_what, alter) => {
    for (const written of [withOrigin(file), fromOtherSources(file)]) {
      expect((await replay(written, quiet)).verdict).toBe('violated');
      const refused = await refusal(replay(alter(written), quiet));
      expect(refused).toMatchObject({ field: 'steps', reason: expect.stringMatching(/cut off or altered$/) });
    }
  });

  it('on another design is of other sources: what goes through there is fixed', async () => {
    const [first] = file.steps;
    if (first === undefined) throw new Error('a step was expected');
    const written = withOrigin({ ...file, steps: [first] });
    expect((await replay(written, quiet)).verdict).toBe('unknown');
    expect((await replay({ ...written, design: 'sockref' }, quiet)).verdict).toBe('holds');
  });

  it('can not be followed on another design: unknown', async () => {
    const outcome = await replay({ ...file, design: 'sockref' }, quiet);
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.results[0]?.detail).toMatch(/diverged at step \d: /);
  });

  it('broke before its last step: unknown', async () => {
    const [first] = file.steps;
    if (first === undefined) throw new Error('a step was expected');
    const outcome = await replay({ ...file, steps: [...file.steps, { ...first, thread: 'thread 0' }] }, quiet);
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.results[0]?.detail).toMatch(/diverged at step 5: it breaks here already, and was recorded to break at step 6$/);
  });

  it('has a step that is not possible there: unknown', async () => {
    const outcome = await replay(step(2, { operation: 'continue', arguments: {} }), quiet);
    expect(outcome.results[0]?.detail).toMatch(/diverged at step 3: thread 1 has nothing to go on with/);
  });

  it.each([
    ['a design', () => ({ ...file, design: 'p07' }), 'design', /there is no design "p07"/],
    ['an invariant', () => ({ ...file, breaks: 'always' }), 'breaks', /is not an invariant/],
    ['a thread', () => step(0, { thread: 'thread 2' }), 'steps[0].thread', /nobody who acts in this configuration: "thread 2"/],
    ['an agent', () => step(0, { thread: 'cpu 0' }), 'steps[0].thread', /"cpu 0"/],
    ['a procedure', () => step(0, { operation: 'fork' }), 'steps[0].operation', /is nothing that thread 0 does: "fork"/],
    ['an argument', () => step(0, { arguments: { asked: 'tcp', size: 1 } }), 'steps[0].arguments.size', /is not an argument of socket/],
    ['an argument too few', () => step(0, { arguments: {} }), 'steps[0].arguments.asked', /is missing/],
    ['a value', () => step(0, { arguments: { asked: 'sctp' } }), 'steps[0].arguments.asked', /is "sctp", expected one of/],
    ['an argument where there are none', () => step(4, { arguments: { fd: 0 } }), 'steps[4].arguments.fd', /to continue takes none/],
    ['a size', () => ({ ...file, configuration: { sockets: 3 } }), 'configuration.sockets', /is not a size/],
    ['a size too large', () => ({ ...file, configuration: { SOCKETS: 100_000 } }), 'configuration.SOCKETS', /saw 100000/],
  ])('that names %s that does not exist is refused', async (_what, spoil, field, reason) => {
    const refused = await refusal(replay(spoil(), quiet));
    expect(refused.field).toBe(field);
    expect(refused.message).toMatch(reason);
  });
});

describe('a file that was altered', () => {
  /** Values that a careless or a hostile hand might put in the place of another. */
  const ODD: readonly unknown[] = [
    0,
    -1,
    1,
    7,
    255,
    2 ** 31,
    1.5,
    true,
    false,
    null,
    '',
    'tcp',
    'close',
    'continue',
    'wire',
    'no-panic',
    'toString',
    [],
    {},
  ];
  const random = fc.tuple(fc.nat(9_999), fc.nat(ODD.length + 1));

  /** Every place of a document but the sizes: those would each make another specification. */
  function places(value: unknown, path: readonly PropertyKey[] = []): readonly (readonly PropertyKey[])[] {
    if (path[0] === 'configuration') return [];
    const inside =
      typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, part]) => places(part, [...path, key])) : [];
    return path.length === 0 ? inside : [path, ...inside];
  }

  function altered(document: object, [where, how]: readonly [number, number]): Uint8Array {
    const copy = JSON.parse(JSON.stringify(document)) as Record<PropertyKey, unknown>;
    const all = places(copy);
    const path = all[where % all.length] ?? [];
    const last = path.at(-1) ?? '';
    const holder = path.slice(0, -1).reduce<Record<PropertyKey, unknown>>((at, key) => at[key] as Record<PropertyKey, unknown>, copy);
    if (how === ODD.length) delete holder[last];
    else if (how > ODD.length && Array.isArray(holder)) holder.push(holder[Number(last)]);
    else holder[last] = ODD[how % ODD.length];
    return new TextEncoder().encode(JSON.stringify(copy));
  }

  /** Replays it, or has it refused; throws for anything else. */
  async function survives(bytes: Uint8Array): Promise<string> {
    try {
      return (await replay(parseCounterexample(bytes, 'altered.json'), quiet)).verdict;
    } catch (error) {
      if (error instanceof UsageError && error.details.field !== undefined && error.details.reason !== undefined) return 'refused';
      throw error;
    }
  }

  it('is refused with a field and a reason, or replayed: 1000 times', async () => {
    const recorded = await withDirectory(async (out) => {
      const { results } = await runPrograms(runOptions({ fault: 'read-twice', out }));
      return readCounterexample(results[0]?.counterexample ?? '');
    });
    const endings = new Map<string, number>();
    for (const document of [{ ...recorded, fault: null }, traceOf2006]) {
      for (const choice of fc.sample(random, { numRuns: 500, seed: 1 })) {
        const ending = await survives(altered(document, choice));
        endings.set(ending, (endings.get(ending) ?? 0) + 1);
      }
    }
    expect(endings.get('refused')).toBeGreaterThan(500);
    expect(endings.get('unknown')).toBeGreaterThan(0);
  });
});
