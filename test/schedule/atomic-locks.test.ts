/**
 * Locks as primitives say of a scenario what the locks' own atomics say, with fewer states; what is wrong with the locks themselves,
 * which they would hide, is found by the proof that comes first.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import * as L from '../../impl/layout.ts';
import { readCounterexample } from '../../oracle/counterexample.ts';
import type { ExploreOptions, ExploreTargets } from '../../oracle/engine.ts';
import { implementationSources, type Sources } from '../../oracle/implementation.ts';
import { replay } from '../../oracle/replay/index.ts';
import { replayOn } from '../../oracle/replay/schedule.ts';
import { NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { explore } from '../../oracle/schedule/index.ts';
import { Interpreter } from '../../oracle/schedule/interpreter.ts';
import { SEARCHES } from '../../oracle/schedule/judge.ts';
import { judge, type Request } from '../../oracle/schedule/judgement.ts';
import { MUTEX_CLASSES, RW_CLASSES } from '../../oracle/schedule/kernel/lock-proof.ts';
import { SCENARIOS } from '../../oracle/schedule/kernel/scenarios.ts';
import { prepare } from '../../oracle/schedule/kernel/stage.ts';
import { pristineSubject, subjectOf } from '../../oracle/schedule/kernel/subject.ts';
import { withPrimitiveLocks } from '../../oracle/schedule/kernel/atomic-locks.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import { collection } from '../../oracle/schedule/museum/collection.ts';
import type { Entry } from '../../oracle/schedule/museum/entry.ts';
import { faultyImplementation } from '../../oracle/schedule/museum/faulty.ts';
import type { Program, ScriptCall } from '../../oracle/schedule/program.ts';
import { fingerprintOf } from '../../oracle/schedule/recording.ts';
import { judgeTask, tasksOf } from '../../oracle/schedule/tasks.ts';
import { type Implementation, type KernelTarget, kernelTarget } from '../../oracle/schedule/targets/kernel.ts';
import { lockTarget } from '../../oracle/schedule/targets/lock.ts';
import { LOCKS, provenLocks, withPrimitives } from '../../oracle/schedule/targets/primitive.ts';
import { pristineImplementation } from '../../oracle/schedule/targets/pristine.ts';
import { CAMPAIGN, enough, often } from '../campaign.ts';
import { dice } from '../compile/differential.ts';
import { optionsTo, requestTo } from './exploring.ts';

const out = mkdtempSync(join(tmpdir(), 'atomic-locks-'));
afterAll(() => rmSync(out, { recursive: true }));

const { signal } = new AbortController();
const quiet = { signal, progress: () => undefined };
const raw = await pristineImplementation();
const primitive = withPrimitives(raw, 'in another test');
const entries = await collection();

function scenario(id: string): (typeof SCENARIOS)[number] {
  const found = SCENARIOS.find((each) => each.id === id);
  if (found === undefined) throw new Error(`there is no ${id}`);
  return found;
}

function entryOf(id: string): Entry {
  const found = entries.find((each) => each.id === id);
  if (found === undefined) throw new Error(`there is no ${id}`);
  return found;
}

const request = (changes: Partial<Request> = {}): Request => requestTo(out, changes);

/** Everything that can be told apart of the states in which a search finds that nobody can move. */
async function endsOf(
  { program, monitor, atEnd }: Pick<KernelTarget, 'program' | 'atEnd'> & { readonly monitor: KernelTarget['monitor'] | null },
  strategy: 'states' | 'naive' | 'random' = 'states',
): Promise<{ readonly verdict: string; readonly states: number; readonly ends: ReadonlySet<string> }> {
  const ends = new Set<string>();
  const machine = new Machine(program, {
    granularity: 'block',
    hashed: strategy === 'states',
    ...(monitor === null ? {} : { monitor }),
  });
  const explored = await SEARCHES[strategy]({
    machine,
    limits: { ...NO_LIMITS, memory: 512, executions: strategy === 'random' ? 300 : null },
    seed: 1,
    preemptions: null,
    symmetry: false,
    ...quiet,
    atEnd: (at) => {
      ends.add(fingerprintOf(at));
      return atEnd(at);
    },
  });
  const verdict = explored.violation?.violation.id ?? (explored.complete ? 'complete' : 'stopped');
  return { verdict, states: explored.figures.states ?? 0, ends };
}

/** Threads that take the lock in user memory, without a kernel around them. */
async function lockProgram(scripts: readonly (readonly string[])[], rank: number): Promise<Program> {
  const subject = await pristineSubject();
  const { kernel, records } = await prepare(subject, { ...scenario('close-close'), threads: scripts.map(() => []), prologue: [] }, 64);
  const words = Int32Array.from(kernel.words);
  const at = (words[L.h_user] ?? 0) >> 2;
  words[at + L.lk_class] = rank;
  const call = (fn: string, td: number): ScriptCall => ({ fn, args: [td, at, at + 4], label: fn });
  return {
    code: withPrimitiveLocks(subject).code,
    words,
    agents: scripts.map((script, n) => ({ name: `T${n + 1}`, kind: 'thread', script: script.map((fn) => call(fn, records[n] ?? 0)) })),
  };
}

describe('the same is said with primitives', () => {
  const SMALL = [
    ...['accept-shutdown', 'accept-signal', 'bind-bind', 'connect-connect', 'receive-send', 'receive-signal', 'receive-receive'],
    ...['send-receive-full', 'fputsock-close', 'dup-close', 'close-rst', 'setsockopt-rst', 'connect-refused', 'receive-datagram'],
    ...['linger-timeout', 'pair-close-close'],
  ];

  test.each(enough(SMALL, (id) => SMALL.indexOf(id) % 8 === 0))('%s: the same ends, of fewer states', async (id) => {
    const [slow, fast] = [await endsOf(await kernelTarget(scenario(id), raw)), await endsOf(await kernelTarget(scenario(id), primitive))];
    expect([slow.verdict, fast.verdict]).toEqual(['complete', 'complete']);
    expect([...fast.ends].sort()).toEqual([...slow.ends].sort());
    expect(fast.states).toBeLessThan(slow.states);
  });

  test('every schedule one by one comes to the same ends as the search over states', async () => {
    const scripts = [
      [['client_mutex'], ['client_mutex'], ['client_mutex']],
      [['client_read'], ['client_write'], ['client_read']],
    ];
    for (const [n, each] of scripts.entries()) {
      const program = await lockProgram(each, n === 0 ? L.LC_SLEEPQ : L.LC_PCBINFO);
      const of = { program, monitor: null, atEnd: () => null };
      const [all, states] = [await endsOf(of, 'naive'), await endsOf(of)];
      expect([all.verdict, states.verdict]).toEqual(['complete', 'complete']);
      expect([...states.ends].sort()).toEqual([...all.ends].sort());
      expect(all.ends.size).toBeGreaterThan(1);
    }
  });

  test('the interpreter agrees step for step', async () => {
    let [steps, waiting] = [0, 0];
    for (const id of ['accept-shutdown', 'close-rst', 'receive-send', 'connect-connect']) {
      const { program } = await kernelTarget(scenario(id), primitive);
      for (const granularity of ['block', 'access'] as const)
        for (let seed = 1; seed <= often(3, 10); seed++) {
          const roll = dice(seed);
          const [machine, interpreter] = [new Machine(program, { granularity, hashed: false }), new Interpreter(program, granularity)];
          for (let n = 0; n < 600; n++) {
            const enabled = machine.enabled();
            expect(interpreter.enabled()).toBe(enabled);
            for (let agent = 0; agent < machine.agents; agent++) {
              expect(interpreter.status(agent)).toBe(machine.status(agent));
              if (machine.status(agent) === 'guarded' && ((enabled >> agent) & 1) === 0) waiting++;
            }
            expect(machine.words.every((word, at) => word === interpreter.words[at])).toBe(true);
            const open = Array.from({ length: 2 * machine.agents }, (_, bit) => bit).filter((bit) => ((enabled >> bit) & 1) === 1);
            if (open.length === 0 || machine.violation !== null) break;
            const next = open[roll(open.length)] ?? 0;
            machine.step(next);
            interpreter.step(next);
            steps++;
          }
        }
    }
    expect(steps).toBeGreaterThan(1_000);
    expect(waiting).toBeGreaterThan(10);
  });
});

describe('what is wrong is found with primitives too', () => {
  // In how locks are used: their order, a sleep with one in hand, one never given back, waiting for each other; sleeping and waking under them.
  const USED_WRONGLY = ['G96', 'G99', 'G13', 'G79', 'G144', 'G45', 'G49', 'G73', 'G92', 'G36'];

  test.each(enough(USED_WRONGLY, (id) => ['G13', 'G49'].includes(id)))('%s, and it happens again', async (id) => {
    const entry = entryOf(id);
    const implementation = withPrimitives(await faultyImplementation(entry), 'in another test');
    const of = typeof entry.scenario === 'string' ? scenario(entry.scenario) : entry.scenario;
    const { row, found } = await judge(await kernelTarget(of, implementation), request({ strategy: 'states', wanted: entry.breaks }));
    expect(row.verdict, row.detail).toBe('violated');
    expect(entry.breaks).toContain(found?.id);
    const file = await readCounterexample(row.counterexample ?? '');
    expect(file).toMatchObject({ engine: 'explore', fault: id, atomicLocks: true });
    const again = await replay(file, { seed: 1, ...quiet });
    expect(again.verdict, again.results[0]?.detail).toBe('violated');
    // With the locks' own atomics it is another schedule.
    if (file.engine !== 'explore') throw new Error('of another engine');
    expect((await replay({ ...file, atomicLocks: false }, { seed: 1, ...quiet })).verdict).toBe('unknown');
    await expect(replay(file, { seed: 1, workers: true, ...quiet })).rejects.toThrow(/atomicLocks .* replay it without --workers/);
  });

  test('who waits for a lock that nobody gives back, by name', async () => {
    const implementation = withPrimitives(await faultyImplementation(entryOf('G144')), 'in another test');
    const entry = entryOf('G144');
    const of = typeof entry.scenario === 'string' ? scenario(entry.scenario) : entry.scenario;
    const { found } = await judge(await kernelTarget(of, implementation), request({ strategy: 'states' }));
    expect(found?.text).toMatch(/each waits for a lock that the next one holds\nT\d sleeps at .*\(acquire\).*: it is held by/);
  });

  test('a reader that takes its lock twice, which waits for itself only if a writer comes in between', async () => {
    const place = '// Both were looked at a moment ago';
    const again = 'rw_rlock(k, td, unp_link_rwlock); rw_runlock(k, td, unp_link_rwlock);';
    const implementation = await changed('impl/unix/uipc_usrreq.ts', place, `${again}\n  ${place}`);
    const of = scenario('send-close');
    const [slow, fast] = [
      await judge(await kernelTarget(of, implementation), request()),
      await judge(await kernelTarget(of, withPrimitives(implementation, 'in another test')), request()),
    ];
    expect([slow.row.verdict, fast.row.verdict]).toEqual(['violated', 'violated']);
    expect([slow.found?.id, fast.found?.id]).toEqual(['deadlock', 'lock-order']);
  });
});

async function changed(file: string, before: string, after: string): Promise<Implementation> {
  const sources: Record<string, string> = { ...implementationSources() };
  const text = sources[file]?.replace(before, after);
  if (text === undefined || text === sources[file]) throw new Error(`${file} has no ${before}`);
  sources[file] = text;
  return { subject: await subjectOf(sources as Sources), sources, fault: null };
}

describe('the proof', () => {
  test('holds for the locks as they are, completely', async () => {
    const { row, proof } = await provenLocks(raw, { out, ...quiet });
    expect(row).toMatchObject({ id: LOCKS, verdict: 'holds', counterexample: null });
    expect(row.bound).toMatch(
      /^mutex, each of 19 classes in 3 threads: [\d,]+ states, complete; reader-writer lock, each of 4 classes in 3 threads: [\d,]+ states, complete; /,
    );
    expect(proof.text).toBe('every schedule of 3 threads on a mutex and on a reader-writer lock');
  });

  const MUTEX = 'impl/sync/mutex.ts';
  const RW = 'impl/sync/rwlock.ts';
  const spoilt = [
    [
      'two get in',
      MUTEX,
      'if (compareExchange(k, m + lk_word, 0, mine) === 0) return;',
      'store(k, m + lk_word, mine); return;',
      'data-race',
    ],
    ['nobody is woken', MUTEX, 'if ((word & LK_CONTESTED) !== 0) notify(k, m + lk_word, 1);', '', 'the mutex'],
    ['who has slept forgets the others', MUTEX, 'mine = td | LK_CONTESTED;', 'mine = td;', 'the mutex'],
    ['it stays locked', MUTEX, 'const word = exchange(k, m + lk_word, 0);', 'const word = load(k, m + lk_word);', 'the mutex'],
    [
      'a reader does not look',
      RW,
      'if ((word & (RW_WRITER | LK_CONTESTED)) === 0) {',
      'if ((word & LK_CONTESTED) === 0) {',
      'the reader-writer lock',
    ],
    [
      'the last reader wakes one',
      RW,
      'if (next === 0 && (word & LK_CONTESTED) !== 0) notify(k, rw + lk_word, EVERYBODY);',
      '',
      'the reader-writer lock',
    ],
  ] as const;
  const usual = ['two get in', 'who has slept forgets the others', 'the last reader wakes one'];
  test.each(enough(spoilt, ([what]) => usual.includes(what)))('finds that %s', async (_, file, before, after, seen) => {
    const implementation = await changed(file, before, after);
    const { row, proof } = await provenLocks(implementation, { out, ...quiet });
    expect(row.verdict).toBe('violated');
    expect(row.detail).toContain(seen);
    expect(row.detail).toMatch(/\n1\. T\d \w+ at impl\/sync\//);
    expect(proof.verdict).toBe('violated');
    const recorded = await readCounterexample(row.counterexample ?? '');
    if (recorded.engine !== 'explore') throw new Error('of another engine');
    expect(recorded).toMatchObject({ subject: 'locks', program: null });
    const { exercise = -1, class: rank = -1 } = recorded.configuration as { readonly exercise?: number; readonly class?: number };
    const again = await replayOn(await lockTarget(exercise, rank, implementation), recorded, { seed: 1, workers: true, ...quiet });
    expect([again.verdict, again.results[0]?.detail]).toEqual(['violated', expect.stringContaining('and so it does on real threads')]);
    // The locks as they are do not break.
    expect((await replay(recorded, { seed: 1, ...quiet })).verdict).not.toBe('violated');
  });

  test('finds what an entry of the museum does to the locks of one class, which primitives hide', async () => {
    const entry = entryOf('G53');
    const faulty = await faultyImplementation(entry);
    const { row } = await provenLocks(faulty, { out, ...quiet });
    expect(row).toMatchObject({ verdict: 'violated', detail: expect.stringContaining(`class ${L.LC_UNP_LINK}`) });
    const recorded = await readCounterexample(row.counterexample ?? '');
    expect((await replay(recorded, { seed: 1, ...quiet })).verdict).toBe('violated');
    const changedFile = { ...recorded, configuration: { ...recorded.configuration, class: 99 } } as typeof recorded;
    await expect(replay(changedFile, { seed: 1, ...quiet })).rejects.toThrow(/configuration\.class is no class of locks/);
    const hidden = await judge(await kernelTarget(scenario('connect-close'), withPrimitives(faulty, 'nothing')), request());
    expect(hidden.row.verdict).toBe('holds');
  });

  test.each(['unknown', 'violated'] as const)('that is %s lets nothing of the kernel be explored', async (verdict) => {
    const targets: readonly ExploreTargets[] = [
      { kind: 'scenarios', ids: ['close-rst'] },
      { kind: 'scenario', scenario: scenario('close-close') },
      { kind: 'generated', situations: ['unix-queued'], threads: 2, calls: 1, sample: 1 },
      { kind: 'litmus', id: 'refcount', threads: null, ops: null },
    ];
    const tasks = targets.flatMap((each) => tasksOf(each, { verdict, text: 'nothing' }));
    const rows = (await Promise.all(tasks.map((task) => judgeTask(task, request())))).flat();
    expect(rows.map(({ id, verdict: each }) => [id, each])).toEqual([
      ['close-rst', 'unknown'],
      ['close-close', 'unknown'],
      ['unix-queued', 'unknown'],
      ['refcount', 'holds'],
    ]);
    expect(rows[0]).toMatchObject({ bound: 'nothing', detail: expect.stringContaining('without --atomic-locks') });
  });

  test('is of every class that a lock of the implementation has', () => {
    const text = Object.values(implementationSources()).join('\n');
    const classes = (fn: string): readonly number[] =>
      [...text.matchAll(new RegExp(`\\b${fn}\\(k, .*, (LC_\\w+)\\)`, 'g'))].map(
        ([, name]) => (L as unknown as Record<string, number>)[name ?? ''] ?? -1,
      );
    expect([...new Set(classes('mtx_init'))].sort()).toEqual([...MUTEX_CLASSES].sort());
    expect([...new Set(classes('rw_init'))].sort()).toEqual([...RW_CLASSES].sort());
  });
});

describe('the report says which', () => {
  const options = (changes: Partial<ExploreOptions>): ExploreOptions =>
    optionsTo(out, [{ kind: 'scenarios', ids: ['close-rst'] }], { atomicLocks: true, ...changes });

  test('with primitives the proof is a row of its own', async () => {
    const { verdict, bound, results, figures } = await explore(options({}));
    expect(results.map((row) => [row.id, row.verdict])).toEqual([
      [LOCKS, 'holds'],
      ['close-rst', 'holds'],
    ]);
    expect(results[1]?.bound).toMatch(
      /complete; .*; locks as primitives \(proved: every schedule of 3 threads .*\), sx locks from raw atomics$/,
    );
    expect([verdict, bound, figures.programs]).toEqual(['holds', results[1]?.bound, 1]);
    const plain = await explore(options({ atomicLocks: false }));
    expect(plain.results).toHaveLength(1);
    expect(plain.bound).toMatch(/; locks from raw atomics$/);
    expect(plain.figures.states ?? 0).toBeGreaterThan(results[1]?.figures?.states ?? 0);
  });

  test('of what is bounded or sampled no more is said than was done', async () => {
    const ids = ['close-rst', 'accept-shutdown'];
    const bounded = await explore(options({ targets: [{ kind: 'scenarios', ids }], preemptions: 1 }));
    expect(bounded.bound).toBe('2 of 2 programs: 0 complete, 2 bounded or sampled');
    for (const strategy of ['pct', 'pos', 'random'] as const) {
      const { results } = await explore(options({ strategy, executions: 20 }));
      expect(results[1]).toMatchObject({ verdict: 'holds', bound: expect.stringMatching(/^sampled: 20 schedules .*locks as primitives/) });
    }
  });

  test('dpor does not take them', async () => {
    const { results, verdict } = await explore(options({ strategy: 'dpor' }));
    expect(verdict).toBe('unknown');
    expect(results[1]).toMatchObject({ verdict: 'unknown', bound: 'nothing', detail: expect.stringContaining('leave out --atomic-locks') });
  });

  test('programs that are generated take them as well', async () => {
    const targets = [{ kind: 'generated', situations: ['unix-queued'], threads: 2, calls: 1, sample: 10 }] as const;
    const [fast, slow] = [await explore(options({ targets })), await explore(options({ targets, atomicLocks: false }))];
    expect([fast.verdict, slow.verdict]).toEqual(['holds', 'holds']);
    expect(fast.results[1]?.figures?.states ?? 0).toBeLessThan(slow.results[0]?.figures?.states ?? 0);
  });

  test.runIf(CAMPAIGN)('workers say the same', async () => {
    const targets = [{ kind: 'scenarios', ids: ['close-rst', 'accept-shutdown', 'receive-send'] }] as const;
    const [one, two] = [await explore(options({ targets })), await explore(options({ targets, workers: 2 }))];
    const told = ({ results }: typeof one): unknown =>
      results.map(({ id, verdict, bound, figures }) => [id, verdict, bound, figures?.states]);
    expect(told(two)).toEqual(told(one));
    const sampled = { targets: [{ kind: 'scenarios', ids: ['close-rst'] }], strategy: 'random', executions: 2500 } as const;
    expect(told(await explore(options({ ...sampled, workers: 2 })))).toEqual(told(await explore(options(sampled))));
  });

  test('a litmus program has no locks of the kernel', async () => {
    const { results } = await explore(options({ targets: [{ kind: 'litmus', id: 'refcount', threads: null, ops: null }] }));
    expect(results.map(({ bound }) => /locks/.test(bound))).toEqual([false]);
  });
});
