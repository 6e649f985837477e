/** The verb compare: one cell for each invariant and design, a verdict that is about the comparison, and a table that a person can read. */
import { describe, expect, it } from 'vitest';
import type { DecideOptions, ProveOptions } from '../../oracle/engine.ts';
import { EXIT, type Outcome, type Row, type Verdict } from '../../oracle/verdict.ts';
import { DESIGNS, fakeEngines, INVARIANTS, outcome, row, sockref } from './fakes.ts';

const proved = (id: string): Row => row(id, 'holds', { method: 'induction', figures: { depth: 6 } });
const bounded = (id: string): Row => row(id, 'holds', { method: 'bounded traces', figures: { depth: 6 } });
const refuted = (id: string, figures: Record<string, number>): Row =>
  row(id, 'violated', { method: 'bounded traces', figures, counterexample: `out/prove-${id}.json` });
const open = (id: string, depth: number): Row =>
  row(id, 'unknown', { method: 'bounded traces', figures: { depth }, detail: 'the time is over' });

/** An engine that says this of the first invariant of each design, and proves the others. */
function saying(ofFirst: (design: string, id: string) => Row, asked: ProveOptions[] = []) {
  return fakeEngines({
    prove: async (options) => {
      asked.push(options);
      const [first = '', ...others] = options.invariants ?? INVARIANTS;
      return outcome('holds', [ofFirst(options.design, first), ...others.map(proved)]);
    },
  });
}

interface Document extends Outcome {
  readonly verb: string;
}

async function compare(engines: ReturnType<typeof fakeEngines>, ...words: string[]): Promise<Document & { readonly status: number }> {
  const ended = await sockref(['compare', '--json', ...words], engines);
  return { ...(JSON.parse(ended.stdout) as Document), status: ended.status };
}

describe('the cells', () => {
  it('are one row for each invariant and design, with what the engine said of it', async () => {
    const asked: ProveOptions[] = [];
    const { verb, results, figures } = await compare(
      saying((design, id) => (design === 'p06' ? refuted(id, { depth: 3 }) : proved(id)), asked),
      '--depth',
      '4',
      '--timeout',
      '9',
    );
    expect(verb).toBe('compare');
    expect(results.map(({ id }) => id)).toEqual(DESIGNS.flatMap((design) => INVARIANTS.map((invariant) => `${invariant}@${design}`)));
    expect(results[0]).toMatchObject({ verdict: 'violated', counterexample: `out/prove-${INVARIANTS[0]}.json`, figures: { depth: 3 } });
    expect(figures).toMatchObject({ cells: 6, proved: 5, refuted: 1, bounded: 0, unknown: 0 });
    expect(asked.map(({ design, depth, timeoutSeconds, invariants }) => [design, depth, timeoutSeconds, invariants])).toEqual(
      DESIGNS.map((design) => [design, 4, 9, null]),
    );
  });

  it('that hold of nothing are told by design', async () => {
    const vacuous = [{ kind: 'action', id: 'wire.rst', reason: 'no run took it' }] as const;
    const engines = fakeEngines({ prove: async () => ({ ...outcome('holds', INVARIANTS.map(proved)), vacuous }) });
    const told = DESIGNS.map((design) => ({ ...vacuous[0], id: `wire.rst@${design}` }));
    expect((await compare(engines)).vacuous).toEqual(told);
    expect((await sockref(['compare'], engines)).stdout).toContain('not exercised: 2; ');
  });

  it('are those that are asked for', async () => {
    const { results } = await compare(
      saying((_, id) => proved(id)),
      '--designs',
      'sockref',
      '--invariant',
      'protoref-keeps',
    );
    expect(results.map(({ id }) => id)).toEqual(['protoref-keeps@sockref']);
  });

  it('of a design whose turn did not come are unknown, and what was found before stands', async () => {
    let interrupt: () => void = () => undefined;
    const engines = saying((design, id) => {
      interrupt();
      return design === 'p06' ? refuted(id, { depth: 3 }) : proved(id);
    });
    const ended = await sockref(['compare', '--json'], engines, {
      interrupter: (stop) => {
        interrupt = stop;
      },
    });
    const { verdict, results } = JSON.parse(ended.stdout) as Document;
    expect([ended.status, verdict]).toEqual([EXIT.unknown, 'unknown']);
    expect(results.map((cell) => cell.verdict)).toEqual(['violated', 'holds', 'holds', 'unknown', 'unknown', 'unknown']);
    expect(results.at(-1)?.detail).toBe('interrupted before its turn');
  });
});

describe('the verdict', () => {
  const everywhere = (ofOld: (id: string) => Row, ofSpecification: (id: string) => Row) =>
    saying((design, id) => (design === 'sockref' ? ofSpecification(id) : ofOld(id)));
  const three = (id: string): Row => refuted(id, { depth: 3 });

  it.each<[string, ReturnType<typeof fakeEngines>, Verdict]>([
    ['holds where an old design is refuted and the specification is not', everywhere(three, proved), 'holds'],
    ['holds where an old design is kept to the depth that was asked for', everywhere(bounded, proved), 'holds'],
    ['is violated where the specification is refuted', everywhere(proved, three), 'violated'],
    ['is unknown where the specification is', everywhere(three, (id) => open(id, 2)), 'unknown'],
    ['is unknown where nobody knows of an old design', everywhere((id) => open(id, 0), proved), 'unknown'],
  ])('%s', async (_name, engines, verdict) => {
    expect(await compare(engines)).toMatchObject({ verdict, status: EXIT[verdict] });
  });
});

it('the table has a line for each invariant and a column for each design, and never says proved of what is not', async () => {
  const engines = fakeEngines({
    prove: async ({ design }) =>
      design === 'sockref'
        ? outcome('holds', INVARIANTS.map(proved))
        : outcome('violated', [
            refuted('pcb-while-valid', { depth: 9, least: 7 }),
            bounded('protoref-keeps'),
            open('queue-flags-agree', 0),
          ]),
  });
  const { stdout, status } = await sockref(['compare'], engines);
  expect(status).toBe(EXIT.unknown);
  expect(stdout.split('\n').slice(0, 9)).toEqual([
    '                     p06         sockref',
    '  pcb-while-valid    refuted ≤9  proved',
    '  protoref-keeps     bounded 6   proved',
    '  queue-flags-agree  unknown     proved',
    '',
    '  pcb-while-valid@p06  replay it: npx sockref replay out/prove-pcb-while-valid.json',
    '',
    '  p06  the time is over',
    '',
  ]);
  expect(stdout).toMatch(/sockref compare: unknown \(p06, sockref; /);
});

it('what is neither proved nor refuted is looked for in all states, and a search that found no end says nothing', async () => {
  const explored = (id: string, verdict: Verdict, more: Partial<Row> = {}): Row => row(id, verdict, { method: 'all states', ...more });
  const asked: DecideOptions[] = [];
  const engines = fakeEngines({
    prove: async ({ design }) =>
      outcome(
        'holds',
        design === 'sockref' ? INVARIANTS.map(proved) : INVARIANTS.map((id, at) => (at === 0 ? refuted(id, { depth: 3 }) : bounded(id))),
      ),
    decide: async (options) => {
      asked.push(options);
      const [first = '', second = ''] = options.invariants;
      return [explored(first, 'holds'), explored(second, 'violated', { counterexample: 'out/check.json', figures: { depth: 11 } })];
    },
  });
  const { results, figures } = await compare(engines);
  expect(asked.map(({ design, invariants }) => [design, invariants])).toEqual([['p06', INVARIANTS.slice(1)]]);
  expect(results.slice(0, 3)).toMatchObject([
    { verdict: 'violated', method: 'bounded traces' },
    { verdict: 'holds', method: 'all states' },
    { verdict: 'violated', method: 'all states', figures: { depth: 11, least: 7 }, counterexample: 'out/check.json' },
  ]);
  expect(figures).toMatchObject({ cells: 6, proved: 3, refuted: 2, explored: 1, bounded: 0, unknown: 0 });
  expect((await sockref(['compare'], engines)).stdout).toMatch(
    /protoref-keeps +all states +proved\n +queue-flags-agree +refuted ≤11 +proved/,
  );

  const unsure = await compare(
    fakeEngines({
      prove: async () => outcome('holds', INVARIANTS.map(bounded)),
      decide: async ({ invariants }) => invariants.map((id) => explored(id, 'unknown')),
    }),
  );
  expect(unsure.results.map(({ method }) => method)).toEqual(unsure.results.map(() => 'bounded traces'));
});

it.each([
  [['--designs', 'p06,p07'], 'design', 'unknown design'],
  [['--designs', ''], 'design', 'unknown design'],
  [['--invariant', 'x'], 'invariant', 'unknown invariant'],
  [['--timeout', '0'], '--timeout', 'seconds'],
])('%j is refused', async (words, field, reason) => {
  const ended = await sockref(['compare', '--json', ...words], fakeEngines({}));
  expect(ended.status).toBe(EXIT.usage);
  expect(JSON.parse(ended.stdout)).toMatchObject({ field, reason: expect.stringContaining(reason) });
});
