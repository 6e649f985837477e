/** The face for anybody's code: what may be asked, what is answered, and that a mistake is found where there is one. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { CompileError, type ExploreRequest, explore, UsageError } from '../../oracle/index.ts';
import { packageRoot } from '../../oracle/root.ts';

const ADD = `export function add(cells: Int32Array, times: number): number {
  let last = 0;
  for (let i = 0; i < times; i++) last = Atomics.add(cells, 0, 1);
  return last;
}
export function plain(cells: Int32Array): void { cells[0]++; }
export function lose(cells: Int32Array): void { Atomics.store(cells, 0, Atomics.load(cells, 0) + 1); }
export function start(cells: Int32Array, value: number): void { cells[0] = value; }
export function isThree(cells: Int32Array): void { if (cells[0] !== 3) throw new Error('not three'); }
export function far(cells: Int32Array, at: number): number { return Atomics.load(cells, at); }
export function grow(cells: Int32Array): void { let n = 0x7fffffff; n += 5; Atomics.load(cells, 0); cells[1] = n; }
export function spin(cells: Int32Array): void { while (Atomics.load(cells, 0) === 0) {} }
export function sleep(cells: Int32Array): void { Atomics.wait(cells, 0, 0); }
export async function later(cells: Int32Array): Promise<string> { return await Atomics.waitAsync(cells, 0, 0).value; }
export function wake(cells: Int32Array): number { return Atomics.notify(cells, 0); }`;

const MEMORY = { cells: { type: 'Int32Array', length: 2 } } as const;
const ask = (more: Partial<ExploreRequest>): ExploreRequest => ({ source: ADD, memory: MEMORY, threads: [], ...more });
const two = (call: string, ...args: (string | number)[]): ExploreRequest['threads'] => [
  { call, args: ['cells', ...args] },
  { call, args: ['cells', ...args] },
];

describe('the verdict', () => {
  test('holds, with what was covered', async () => {
    const result = await explore(ask({ threads: two('add', 2), check: ({ cells }) => cells?.[0] === 4 }));
    expect(result).toMatchObject({ verdict: 'holds', violation: null, counterexample: null, reason: null });
    expect(result.bound).toMatch(/^complete: all \d+ states, equal threads interchangeable, chance of a missed state .*; 2 threads$/);
    expect(result.figures.states).toBeGreaterThan(5);
  });

  test('is a livelock where no schedule ends, and unknown to who looks for none', async () => {
    const alone = await explore(ask({ threads: [{ call: 'spin', args: ['cells'] }] }));
    expect([alone.verdict, alone.violation?.id]).toEqual(['violated', 'livelock']);
    const bounded = await explore(ask({ threads: [{ call: 'spin', args: ['cells'] }], preemptions: 2 }));
    expect([bounded.verdict, bounded.reason]).toEqual(['unknown', expect.stringContaining('no schedule ends')]);
    const released = await explore(ask({ threads: [...two('spin'), { call: 'add', args: ['cells', 1] }] }));
    expect([released.verdict, released.reason]).toEqual(['holds', null]);
  });

  test('is violated by a lost update, with the schedule', async () => {
    const result = await explore(ask({ threads: two('lose'), check: ({ cells }) => cells?.[0] === 2 || 'an increment is lost' }));
    expect(result.verdict).toBe('violated');
    expect(result.violation).toEqual({ id: 'final-state', text: 'an increment is lost' });
    expect(result.counterexample?.preemptions).toBe(1);
    expect(result.counterexample?.steps.map(({ thread, access }) => `${thread} ${access}`)).toEqual([
      'T1 load cells[0]: 0',
      'T2 load cells[0]: 0',
      'T2 store cells[0] = 1',
      'T1 store cells[0] = 1',
    ]);
    expect(String(result.counterexample)).toContain('source.ts:7 (lose)');
    expect(String(result.counterexample).split('\n').at(-1)).toBe('an increment is lost');
  });

  test('is violated by a data race, an assertion, an index, a deadlock', async () => {
    const id = async (request: Partial<ExploreRequest>): Promise<string | undefined> => (await explore(ask(request))).violation?.id;
    expect(await id({ threads: two('plain') })).toBe('data-race');
    expect(await id({ threads: [{ call: 'isThree', args: ['cells'] }] })).toBe('assertion');
    expect(await id({ threads: [{ call: 'far', args: ['cells', 2] }] })).toBe('out-of-bounds');
    expect(await id({ threads: [{ call: 'sleep', args: ['cells'] }] })).toBe('deadlock');
    expect(
      await id({
        threads: [
          { call: 'wake', args: ['cells'] },
          { call: 'sleep', args: ['cells'] },
        ],
      }),
    ).toBe('lost-wakeup');
  });

  test('is the race behind a failure, where the search comes to the failure first', async () => {
    const source = `export function write(cells: Int32Array): void { cells[1] = 1; Atomics.store(cells, 0, 1); }
export function read(cells: Int32Array): void {
  Atomics.load(cells, 2);
  const seen = cells[1];
  Atomics.load(cells, 2);
  if (seen === 1) throw new Error('it came');
}`;
    const memory = { cells: { type: 'Int32Array', length: 3 } } as const;
    const threads = ['write', 'read'].map((call) => ({ call, args: ['cells'] }));
    for (const strategy of ['states', 'dpor'] as const) {
      const result = await explore(ask({ source, memory, threads, strategy }));
      expect(result.violation?.id, strategy).toBe('data-race');
    }
    // With an atomic word there is only the failure.
    const mended = source.replace('cells[1] = 1', 'Atomics.store(cells, 1, 1)').replace('= cells[1]', '= Atomics.load(cells, 1)');
    expect((await explore(ask({ source: mended, memory, threads }))).violation?.id).toBe('assertion');
  });

  test('is unknown where a limit ends it, and where a number outgrows its word', async () => {
    const limited = await explore(ask({ threads: [...two('add', 9), ...two('add', 9)], symmetry: false, limits: { states: 100 } }));
    expect(limited).toMatchObject({ verdict: 'unknown', reason: '100 states' });
    expect(limited.bound).toMatch(/stopped at 100 states, about [\d,]+ states in all \(estimate\), \d+ % done$/);
    const wide = await explore(ask({ threads: [{ call: 'grow', args: ['cells'] }] }));
    expect(wide).toMatchObject({ verdict: 'unknown', violation: null });
    expect(wide.reason).toContain('does not fit in 32 bits');
  });

  test('of samples says that they are samples', async () => {
    for (const strategy of ['random', 'pct', 'pos'] as const) {
      const result = await explore(ask({ threads: two('add', 2), strategy, limits: { executions: 50 } }));
      expect(result.bound).toBe(`50 sampled schedules (${strategy}), no livelock looked for; 2 threads`);
    }
  });
});

describe('a request', () => {
  test('may give a thread several calls, with results of earlier ones', async () => {
    const calls = [
      { call: 'add', args: ['cells', 2] },
      { call: 'far', args: ['cells', { resultOf: 0 }] },
    ];
    const result = await explore(ask({ threads: [{ calls, name: 'reader' }], check: (_, results) => results[0]?.join() === '1,0' }));
    expect(result.verdict).toBe('holds');
  });

  test('may prepare the memory, by values and by a call, and judge it by one', async () => {
    const check = { call: 'isThree', args: ['cells'] };
    const threads = [{ call: 'add', args: ['cells', 1] }];
    expect((await explore(ask({ threads, init: { call: 'start', args: ['cells', 2] }, check }))).verdict).toBe('holds');
    expect((await explore(ask({ threads, memory: { cells: { ...MEMORY.cells, values: [2] } }, check }))).verdict).toBe('holds');
    expect((await explore(ask({ threads, check }))).violation).toEqual({ id: 'final-state', text: 'Error: not three' });
    await expect(explore(ask({ threads, init: check }))).rejects.toThrow(new UsageError('isThree: Error: not three', { field: 'init' }));
    await expect(explore(ask({ threads, init: { call: 'sleep', args: ['cells'] } }))).rejects.toThrow('sleep sleeps, and nobody is there');
  });

  test('may await what another notifies', async () => {
    const threads = [
      { call: 'later', args: ['cells'] },
      {
        calls: [
          { call: 'add', args: ['cells', 1] },
          { call: 'wake', args: ['cells'] },
        ],
      },
    ];
    expect((await explore(ask({ threads }))).verdict).toBe('holds');
  });

  test('may name a file of JavaScript, with memory at its top level', async () => {
    const result = await explore({
      file: 'test/schedule/fixtures/ticket.js',
      threads: [1, 2, 3].map(() => ({ call: 'worker', args: [2] })),
      check: { call: 'check', args: [6] },
    });
    expect(result).toMatchObject({ verdict: 'holds' });
  });

  test('that can not be is refused with the field', async () => {
    const field = async (request: unknown): Promise<unknown> =>
      explore(request as ExploreRequest).then(
        () => null,
        (error: unknown) => (error instanceof UsageError ? error.details.field : error),
      );
    expect(await field({})).toBe('threads');
    expect(await field({ threads: two('add') })).toBe('file');
    expect(await field(ask({ threads: two('add', 1), strategy: 'magic' as never }))).toBe('strategy');
    expect(await field(ask({ threads: two('add', 1), memory: { cells: { type: 'Int64Array' as never, length: 1 } } }))).toBe(
      'memory.cells.type',
    );
    expect(await field(ask({ threads: two('add', 1), memory: { cells: { ...MEMORY.cells, values: [1, 2, 3] } } }))).toBe('memory');
    expect(await field(ask({ threads: Array.from({ length: 16 }, () => ({ call: 'add' })) }))).toBe('threads');
    expect(await field({ ...ask({ threads: two('add', 1) }), treads: [] })).toBe('');
    await expect(explore(ask({ threads: two('add', 1), limits: { time: 1 } } as never))).rejects.toThrow('there are executions, steps');
    // A mistake in the check is none of the threads.
    const check = (wrong: unknown): Promise<unknown> => explore(ask({ threads: two('add', 1), check: wrong as never }));
    await expect(check(({ sells }: { readonly sells: Int32Array }) => sells[0] === 2)).rejects.toThrow('It is given cells.');
    await expect(check(async () => true)).rejects.toThrow(UsageError);
    await expect(explore(ask({ threads: two('ad', 1) }))).rejects.toThrow(CompileError);
    await expect(explore(ask({ threads: two('ad', 1) }))).rejects.toThrow('Name one that it exports: add, plain');
  });

  test('can be given up', async () => {
    const controller = new AbortController();
    const running = explore(ask({ threads: [...two('add', 40), ...two('add', 40)], strategy: 'dpor', signal: controller.signal }));
    setTimeout(() => controller.abort(), 50);
    expect(await running).toMatchObject({ verdict: 'unknown', reason: 'interrupted' });
  });
});

test('threads are not taken for interchangeable where the check tells them apart', async () => {
  const first = ask({ threads: two('add', 1), check: (_, results) => results[0]?.[0] === 0 || 'the second was first' });
  expect((await explore(first)).violation?.text).toBe('the second was first');
  // A function does not say how many parameters with defaults it has.
  const other = ask({ threads: two('add', 1), check: (_, results = []) => results[0]?.[0] === 0 || 'the second was first' });
  expect((await explore(other)).violation?.text).toBe('the second was first');
});

test.each(['states', 'dpor', 'naive'] as const)('%s takes no more steps than it may', async (strategy) => {
  const { verdict, reason, figures } = await explore(ask({ threads: two('add', 40), strategy, limits: { steps: 100 } }));
  expect({ verdict, reason, steps: figures.steps }).toEqual({ verdict: 'unknown', reason: '100 steps', steps: 100 });
});

test('the example finds the queue that is wrong, and that the others are right', async () => {
  const example = `${packageRoot()}/test/examples/explore-queue.mjs`;
  const { stdout } = await promisify(execFile)(process.execPath, [example]);
  expect(stdout).toMatch(/^a mutex: holds, complete/m);
  expect(stdout).toMatch(/^a queue with one condition: violated/m);
  expect(stdout).toContain('a notify was used up by one that had no use for it');
  expect(stdout).toMatch(/^a queue with two conditions: holds, complete/m);
});
