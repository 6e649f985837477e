/** The promises of the specification: which faults planted in it break which promise, and what replay says of the file. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { byPromises } from '../../oracle/check/by-promises.ts';
import { CONFIGURATIONS, type Configuration, limitsOf } from '../../oracle/check/configurations.ts';
import { examine, partOf } from '../../oracle/check/examine.ts';
import { check } from '../../oracle/check/index.ts';
import { compileModel } from '../../oracle/compile/frontend.ts';
import { type Artefact, emitJavaScript } from '../../oracle/compile/javascript.ts';
import { type CheckCounterexample, readCounterexample } from '../../oracle/counterexample.ts';
import type { CheckOptions } from '../../oracle/engine.ts';
import { exportModel } from '../../oracle/export/index.ts';
import { replay } from '../../oracle/replay/index.ts';
import { specificationArtefact, specificationSources } from '../../oracle/specification.ts';
import type { Outcome, Row } from '../../oracle/verdict.ts';
import { CAMPAIGN, enough } from '../campaign.ts';
import { root } from '../prove/toys.ts';

const MEMORY_MIB = CAMPAIGN ? 256 : 64;
const WORK = { seed: 1, signal: new AbortController().signal, progress: () => undefined };

function options(more: Partial<CheckOptions>): CheckOptions {
  return {
    configurations: [],
    design: 'sockref',
    symmetry: false,
    promises: true,
    walks: null,
    sockets: null,
    threads: null,
    states: null,
    memoryMiB: MEMORY_MIB,
    timeSeconds: 250,
    out: mkdtempSync(path.join(tmpdir(), 'sockref-promises-')),
    seed: 1,
    signal: new AbortController().signal,
    progress: () => undefined,
    ...more,
  };
}

/** A fault: in a file of the model, what stands there and what in its place. */
interface Fault {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

interface Sizes {
  readonly sockets: number;
  readonly threads: number;
}

function faulty(constants: Readonly<Record<string, number>>, { file, from, to }: Fault): Artefact {
  const sources = { ...specificationSources() };
  const text = sources[file] ?? '';
  expect(text.split(from).length, `${file} has it once`).toBe(2);
  sources[file] = text.replace(from, to);
  return emitJavaScript(compileModel({ root, entry: 'model/index.ts', constants, configuration: { design: 'sockref' }, sources }));
}

/** The rows on the promises of a configuration of the specification with a fault, and none with null. */
async function rows(id: string, sizes: Sizes, fault: Fault | null, without: string | null = null): Promise<ReadonlyMap<string, Row>> {
  const found = CONFIGURATIONS.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no configuration ${id}`);
  const calls = Object.fromEntries(Object.entries(found.calls).filter(([name]) => name !== without));
  const configuration: Configuration = { ...found, ...sizes, calls };
  const constants = limitsOf(configuration);
  const artefact = fault === null ? await specificationArtefact('sockref', constants) : faulty(constants, fault);
  const part = partOf(artefact.program, configuration, { promises: true });
  const caps = {
    memoryBytes: MEMORY_MIB * 2 ** 20,
    states: null,
    deadline: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
  };
  // Whatever invariants it breaks, all its states are looked at.
  const examined = await examine(
    part,
    caps,
    () => undefined,
    () => false,
  );
  const seen = { procedures: new Set<string>(), rules: new Set<string>(), promises: new Map<string, boolean>(), antecedents: new Map() };
  const subject = { configuration, options: options({}), artefact, part, deadline: Number.POSITIVE_INFINITY, where: 'here', seen };
  return new Map((await byPromises(subject, examined)).map((row) => [row.id.replace(/^.*\//, ''), row]));
}

describe('a fault in the specification is found', () => {
  const small: Sizes = { sockets: 2, threads: 1 };
  const faults: readonly (readonly [string, string, string, Fault])[] = [
    [
      'a connection wakes nobody who sleeps in accept',
      'references',
      'accept-returns',
      {
        file: 'model/calls/accept.ts',
        from: 'yield until(() => !mustWait(held(s, t)) || cut(s, t));',
        to: "yield until(() => held(s, t).error !== 'none' || held(s, t).rcv.cantMore || cut(s, t));",
      },
    ],
    [
      'the last reference goes and frees nothing',
      'references',
      'closed-is-freed',
      { file: 'model/calls/descriptor.ts', from: '  sorele(s, so);', to: '  s.sockets[so].count -= 1;' },
    ],
    [
      'a close spins as long as another descriptor is open',
      'references',
      'closed-is-freed',
      {
        file: 'model/calls/close.ts',
        from: '  yield until(() => linkFree(s, closing(s, t)));\n  finish(s, t);',
        to: '  while (s.fds.some((each) => each !== null)) yield;\n  finish(s, t);',
      },
    ],
    [
      'nobody sets the timer when only the FIN of the peer is missing',
      'descriptors',
      'protocol-ends',
      {
        file: 'model/protocols/wire.ts',
        from: '      soisdisconnected(socket);\n      inp.msl = true;',
        to: '      soisdisconnected(socket);',
      },
    ],
    [
      'the collector drops nothing while a descriptor is open',
      'rights',
      'deferred-is-dropped',
      {
        file: 'model/calls/collector.ts',
        from: "  when(s.rights[right].place === 'deferred');",
        to: "  when(s.rights[right].place === 'deferred' && s.fds.every((each) => each === null));",
      },
    ],
    [
      'the collector takes who lies in a buffer for one that somebody has',
      'rights',
      'garbage-is-dropped',
      { file: 'model/calls/collector.ts', from: 'file > count(s.rights', to: 'file >= count(s.rights' },
    ],
  ];

  test.each(enough(faults, ([what]) => !what.startsWith('the last reference') && !what.startsWith('a close spins')))(
    '%s',
    async (_, configuration, promise, fault) => {
      const sound = await rows(configuration, small, null);
      expect(sound.get(promise)?.verdict).toBe('holds');
      const row = (await rows(configuration, small, fault)).get(promise);
      expect(row?.verdict).toBe('violated');
      const file = (await readCounterexample(row?.counterexample ?? '')) as CheckCounterexample;
      expect(file.breaks).toBe(promise);
      expect(file.lasso?.loop).toBeLessThanOrEqual(file.steps.length);
    },
  );
});

describe('what a configuration leaves out', () => {
  const small: Sizes = { sockets: 2, threads: 1 };

  test('and is owed is no violation: nobody knows', async () => {
    const row = (await rows('references', small, null, 'soclose')).get('closed-is-freed');
    expect(row?.verdict).toBe('unknown');
    expect(row?.detail).toContain('what it leaves out is owed all along the loop: thread begins soclose()');
    expect(row?.counterexample).toBeNull();
  });

  test('and a promise takes as given leaves the promise out', async () => {
    expect([...(await rows('descriptors', small, null, 'msl')).keys()]).toEqual([
      'closed-is-freed',
      'accept-returns',
      'poll-returns',
      'kevent-returns',
      'deferred-is-dropped',
      'garbage-is-dropped',
    ]);
  });
});

describe('April 2006', () => {
  // A close empties the queue before it takes SO_ACCEPTCONN away: as long as connections come in, it doesn't end.
  let outcome: Outcome | null = null;
  const broken = async (): Promise<{ readonly row: Row; readonly file: CheckCounterexample }> => {
    outcome ??= await check(options({ configurations: ['references'], design: 'april2006', threads: 1 }));
    const row = outcome.results.find(({ id }) => id === 'references/closed-is-freed');
    if (row?.counterexample == null) throw new Error('nothing is broken');
    return { row, file: (await readCounterexample(row.counterexample)) as CheckCounterexample };
  };

  test('lets connections that come in keep a close from ending, although other invariants break first', async () => {
    const { row, file } = await broken();
    expect(row.verdict).toBe('violated');
    expect(row.detail).toMatch(/^closed-is-freed \(so 0\): never kept after \d+ steps, and then \d+ for ever, which leave nobody out\n/);
    const loop = file.steps.slice(file.lasso?.loop);
    expect(loop.map(({ operation }) => operation)).toContain('handshake');
    expect(loop.map(({ thread }) => thread)).toContain('thread');
  });

  test('shows it by the same run, however many look for it', async () => {
    const of = async (workers: number): Promise<unknown> => {
      const asked = options({ configurations: ['references'], design: 'april2006', threads: 1, workers });
      const { results } = await check(asked);
      return results.map(({ id, verdict, detail, counterexample }) => [
        id,
        verdict,
        detail,
        counterexample === null ? '' : readFileSync(counterexample, 'utf8'),
      ]);
    };
    expect(await of(2)).toEqual(await of(1));
  });

  test('shows it again to replay', async () => {
    const { file } = await broken();
    const again = await replay(file, WORK);
    expect(again.verdict).toBe('violated');
    expect(again.results[0]?.detail).toContain('… and then, for ever:');
    expect(again.results[0]?.detail).toContain('it happened again: closed-is-freed is not kept, and the run leaves nobody out');
  });

  test('is exported as a trace with a loop', async () => {
    const { file } = await broken();
    const { text } = await exportModel({
      ...WORK,
      format: 'itf',
      design: 'april2006',
      configuration: null,
      sockets: null,
      threads: null,
      invariants: null,
      counterexample: file,
      steps: 1,
      timeoutSeconds: 10,
      out: null,
    });
    const { loop, states } = JSON.parse(text ?? '') as { readonly loop: number; readonly states: readonly unknown[] };
    expect([loop, states.length]).toEqual([file.lasso?.loop, file.steps.length]);
  });

  test('a loop that is cut short or begins elsewhere is not taken for one', async () => {
    const { file } = await broken();
    const { lasso, steps } = file;
    if (lasso === undefined) throw new Error('no lasso');
    // Whether the steps were altered decides whether the file is refused; none is `violated`.
    const altered = [
      { ...file, steps: steps.slice(0, -1) },
      { ...file, lasso: { ...lasso, loop: lasso.loop + 1 } },
      { ...file, lasso: { ...lasso, loop: steps.length } },
      { ...file, lasso: { ids: { so: 1 }, loop: lasso.loop } },
    ];
    for (const each of altered) await expect(replay(each, WORK), JSON.stringify(each.lasso)).rejects.toThrow('cut off or altered');
    const { origin: _, ...homeless } = file;
    const outcome = await replay({ ...homeless, steps: steps.slice(0, -1) }, WORK);
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.results[0]?.detail).toContain('the loop does not lead back');
  });

  test.each([
    ['ids that the promise is not about', { ids: { so: 0, t: 1 } }, 'lasso.ids.t is nothing that closed-is-freed is about'],
    ['no ids', { ids: {} }, 'lasso.ids.so is missing'],
    ['a socket that is not there', { ids: { so: 9 } }, 'lasso.ids.so'],
    ['a loop that begins behind the end', { loop: 900 }, 'lasso.loop is 900, and there are'],
    ['a loop that begins nowhere', { loop: -1 }, 'lasso.loop'],
  ])('a file with %s is refused', async (_, wrong, words) => {
    const { file } = await broken();
    const place = path.join(options({}).out, 'altered.json');
    writeFileSync(place, JSON.stringify({ ...file, lasso: { ...file.lasso, ...wrong } }));
    const read = async () => replay(await readCounterexample(place), WORK);
    await expect(read()).rejects.toThrow(words);
  });

  test('a promise without a loop, and an invariant with one, are refused', async () => {
    const { file } = await broken();
    const { lasso: _, ...rest } = file;
    await expect(replay(rest, WORK)).rejects.toThrow('lasso is missing');
    await expect(replay({ ...file, breaks: 'nothing-leaks' }, WORK)).rejects.toThrow('is not a promise of the specification');
  });
});
