/** What must come about in the end: the engine agrees with the most naive of ways, finds what is planted, and keeps silent where it must. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { byPromises } from '../../oracle/check/by-promises.ts';
import { examine, partOf, reduced } from '../../oracle/check/examine.ts';
import { Explorer } from '../../oracle/check/explorer.ts';
import { shownBy } from '../../oracle/check/fairness.ts';
import { type Judgement, judgePromise } from '../../oracle/check/promises.ts';
import { compileModel } from '../../oracle/compile/frontend.ts';
import type { Program } from '../../oracle/compile/ir.ts';
import { emitJavaScript } from '../../oracle/compile/javascript.ts';
import { loadModel, type Promised } from '../../oracle/compile/model.ts';
import { openProgram } from '../../oracle/compile/open.ts';
import { type CheckCounterexample, readCounterexample } from '../../oracle/counterexample.ts';
import { enough } from '../campaign.ts';
import { randomModel } from '../prove/random-model.ts';
import { root } from '../prove/toys.ts';
import { withProcedures } from './enumerate.ts';
import { truthOf } from './fair-cycles.ts';
import { DUTIES, randomDuties } from './random-duties.ts';

const ENTRY = 'test/check/models/model.ts';
const MEMORY = 8 * 2 ** 20;
const OPTIONS = {
  configurations: [],
  design: 'toy',
  symmetry: false,
  promises: true,
  walks: null,
  sockets: null,
  threads: null,
  states: null,
  memoryMiB: 64,
  timeSeconds: 60,
  seed: 1,
  progress: () => undefined,
};

function compiled(source: string): Program {
  return { ...compileModel({ root, entry: ENTRY, sources: { [ENTRY]: source } }), lemmas: [] };
}

/** The same for several, which are opened together. */
function compiledAll(texts: readonly string[]): readonly Program[] {
  const entries = texts.map((_, index) => `test/check/models/model${index}.ts`);
  const sources = Object.fromEntries(entries.map((entry, index) => [entry, texts[index] ?? '']));
  const opened = openProgram({ root, sources }, entries);
  return entries.map((entry) => ({ ...compileModel({ root, entry, sources }, opened), lemmas: [] }));
}

function explored(program: Program): Explorer {
  const explorer = new Explorer(program, { memoryBytes: MEMORY });
  while (!explorer.complete) explorer.expand(1000);
  return explorer;
}

function judge(explorer: Explorer, promise: Promised): Promise<Judgement> {
  const patience = { memoryBytes: MEMORY, deadline: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
  return judgePromise(explorer, promise, patience, () => undefined);
}

/** What the run that is shown shows on the model as it was compiled; null: none is shown. */
function shown(explorer: Explorer, promise: Promised, { broken }: Judgement): string | null {
  if (broken === null) return null;
  const actions = (hops: readonly { readonly action: number }[]) => hops.flatMap(({ action }) => explorer.actions[action] ?? []);
  const stem = [...(explorer.pathTo(broken.lasso.from) ?? []), ...actions(broken.lasso.way)];
  return shownBy(explorer.model, promise, broken.ids, [...stem, ...actions(broken.lasso.loop)], stem.length).shows;
}

describe('random models', () => {
  const seen = { models: 0, kept: 0, stops: 0, loops: 0, vacuous: 0 };
  /** More states than these take the naive way too long. */
  const MOST = 800;

  /** With any of its procedures owed; and without one of them. */
  async function compareAll(program: Program, names: readonly string[], what: string): Promise<void> {
    const sets = Array.from({ length: 2 ** names.length }, (_, bits) => names.filter((_, at) => ((bits >> at) & 1) === 1));
    await compare(program, sets, what);
    for (const name of names) {
      const others = names.filter((each) => each !== name);
      await compare(withProcedures(program, others), [others], `${what} without ${name}`);
    }
  }

  async function compare(program: Program, sets: readonly (readonly string[])[], what: string): Promise<void> {
    const truth = truthOf(program, MOST);
    if (truth === null) return;
    const whole = explored(program);
    expect(whole.states, what).toBe(truth.states);
    const explorers = [whole, explored(reduced(program))];
    for (const owed of sets) {
      seen.models++;
      for (const explorer of explorers) {
        for (const each of explorer.model.promises) {
          const promise = { ...each, given: [...each.given, ...owed] };
          const judgement = await judge(explorer, promise);
          const { kept, arises } = truth.judge(promise.id, promise.given);
          const which = `${what}, owed ${owed.join()}: ${promise.id}`;
          expect([judgement.broken === null, judgement.arises > 0], which).toEqual([kept, arises]);
          if (!kept) expect(shown(explorer, promise, judgement), which).toBe('broken');
          if (explorer === whole) count(judgement);
        }
      }
    }
  }

  function count({ broken, arises }: Judgement): void {
    if (broken === null) seen.kept++;
    else if (broken.lasso.loop.length === 0) seen.stops++;
    else seen.loops++;
    if (arises === 0) seen.vacuous++;
  }

  test.each(enough([0, 10, 20, 30, 40, 50, 60], (from) => from < 30))('that wait for each other, from %i on', async (from) => {
    const seeds = Array.from({ length: 10 }, (_, index) => from + index);
    for (const [index, program] of compiledAll(seeds.map(randomDuties)).entries())
      await compareAll(program, DUTIES, `duties ${from + index}`);
  });

  test.each(enough([0, 10, 20], (from) => from < 10))('with sequences and records, from %i on', async (from) => {
    const promises = `promises: {
      a: { whenever: (s: State) => s.flag, eventually: (s: State) => !s.flag },
      b: { whenever: (s: State, t: ThingId) => s.queue.includes(t), eventually: (s: State, t: ThingId) => !s.queue.includes(t) },
      c: { whenever: (s: State, t: ThingId) => s.things[t].mode === 'busy', eventually: (s: State, t: ThingId) => s.things[t].mode === 'idle', given: ['third'] },
    },`;
    const sources = Array.from({ length: 10 }, (_, index) => randomModel(from + index).replace(/lemmas: \{\},/, `lemmas: {}, ${promises}`));
    for (const [index, program] of compiledAll(sources).entries())
      await compareAll({ ...program, invariants: [] }, ['first', 'second', 'third'], `random ${from + index}`);
  });

  test('of these many are kept, many are not, by runs that stop and by runs that go round', () => {
    expect(seen.models).toBeGreaterThanOrEqual(300);
    expect(seen.kept).toBeGreaterThan(100);
    expect(seen.stops).toBeGreaterThan(100);
    expect(seen.loops).toBeGreaterThan(20);
    expect(seen.vacuous).toBeGreaterThan(5);
  });
});

/** Two workers and a clock; the body of a procedure of each kind, and what is promised. */
function model(parts: { readonly work: string; readonly tick: string; readonly promises: string; readonly owed?: string }): string {
  return `
import { defineModel, type Id, type Nat, type Procedure, range, type Table, until, when } from '../../../model/lang.ts';
export const WORKERS = 2;
export type WorkerId = Id<'worker', typeof WORKERS>;
export type ClockId = Id<'clock', 1>;
export interface State { flag: boolean; done: Table<boolean, typeof WORKERS>; begun: Table<boolean, typeof WORKERS>; time: Nat<3>; owner: WorkerId | null }
export const workers = range<WorkerId>(WORKERS);
declare function initial(_: Record<string, never>): State;
function* work(s: State, who: WorkerId): Procedure { ${parts.work} }
function* tick(s: State, _clock: ClockId): Procedure { ${parts.tick} }
export const model = defineModel<State>({
  initial,
  agents: { worker: { size: WORKERS, procedures: { work } }, clock: { size: 1, procedures: { tick } } },
  invariants: {},
  lemmas: {},
  promises: { ${parts.promises} },
  owed: [${parts.owed ?? ''}],
});
`;
}

const ENDS = 'ends: { whenever: (s: State, w: WorkerId) => s.begun[w], eventually: (s: State, w: WorkerId) => s.done[w] }';
const GOES_ON = 's.begun[who] = true; yield; s.done[who] = true; s.begun[who] = false;';
const TOGGLE = 's.flag = !s.flag; s.time = 0;';

async function only(source: string): Promise<Judgement & { readonly explorer: Explorer; readonly promise: Promised }> {
  const explorer = explored(reduced(compiled(source)));
  const [promise] = explorer.model.promises;
  if (promise === undefined) throw new Error('nothing is promised');
  const judgement = await judge(explorer, promise);
  expect(['broken', null]).toContain(shown(explorer, promise, judgement));
  return { ...judgement, explorer, promise };
}

describe('a promise', () => {
  test('is kept where only an unfair run breaks it: somebody could go on all along', async () => {
    const { broken, arises } = await only(model({ work: GOES_ON, tick: TOGGLE, promises: ENDS, owed: "'tick'" }));
    expect(broken).toBeNull();
    expect(arises).toBeGreaterThan(0);
  });

  test('is broken by a run that stops where nobody is owed anything', async () => {
    const work = 's.begun[who] = true; yield until(() => s.flag); s.done[who] = true;';
    const { broken } = await only(model({ work, tick: 'when(false); s.flag = true;', promises: ENDS, owed: "'tick'" }));
    expect(broken?.lasso.loop).toEqual([]);
  });

  test('is broken by a run that stops where the next step is a choice, and kept where it is owed', async () => {
    const work = 's.begun[who] = true; yield until(() => s.flag); s.done[who] = true;';
    const tick = 'when(!s.flag); s.flag = true;';
    expect((await only(model({ work, tick, promises: ENDS }))).broken?.lasso.loop).toEqual([]);
    expect((await only(model({ work, tick, promises: ENDS, owed: "'tick'" }))).broken).toBeNull();
    expect((await only(model({ work, tick, promises: ENDS.replace(' }', ", given: ['tick'] }") }))).broken).toBeNull();
  });

  test('is broken by a fair run that goes round: what is waited for is so again and again, and never for long', async () => {
    const work = 's.begun[who] = true; yield until(() => s.flag); s.done[who] = true;';
    const { broken } = await only(model({ work, tick: TOGGLE, promises: ENDS, owed: "'tick'" }));
    expect(broken?.lasso.loop.length).toBe(2);
    expect(broken?.lasso.way.length).toBe(0);
  });

  test('is broken by one who goes round by himself, and after whom nobody waits', async () => {
    const work = 's.begun[who] = true; while (!s.flag) { yield; s.time = s.time === 3 ? 0 : s.time + 1; } s.done[who] = true;';
    const { broken } = await only(model({ work, tick: 'when(false);', promises: ENDS }));
    expect(broken?.lasso.loop.length).toBeGreaterThan(0);
  });

  test('is broken by steps after which all is as it was: they were turns', async () => {
    const work = 's.begun[who] = true; while (!s.done[who]) { yield; }';
    const { broken } = await only(model({ work, tick: 'when(false);', promises: ENDS }));
    expect(broken?.lasso.loop.length).toBe(1);
  });

  test('that never comes up is kept, and said to be vacuous', async () => {
    const promises = 'never: { whenever: (s: State) => s.time === 3 && s.flag, eventually: (s: State) => s.time === 0 }';
    const { broken, arises } = await only(model({ work: 's.begun[who] = true;', tick: 'when(false);', promises }));
    expect([broken, arises]).toEqual([null, 0]);
  });

  test('that breaks a bound where it is looked at counts as not kept', async () => {
    const late = 'late: { whenever: (s: State) => s.begun[s.owner as WorkerId], eventually: (s: State) => !s.begun[s.owner as WorkerId] }';
    const { broken } = await only(model({ work: 's.begun[who] = true;', tick: 's.time = 1;', promises: late }));
    expect(broken).not.toBeNull();
  });
});

test('a run is shown on the whole model, whose loop may be longer and begin later', async () => {
  // Nobody looks at two of the fields: without them every round leads to where it began.
  const work = 's.begun[who] = true; while (!s.done[who]) { yield; s.odd = !s.odd; s.marked = true; }';
  const source = model({ work, tick: 'when(false);', promises: ENDS }).replace(
    'flag: boolean;',
    'flag: boolean; odd: boolean; marked: boolean;',
  );
  const program = compiled(source);
  const configuration = { id: 'toy', text: '', sockets: 0, threads: 0, names: 0, calls: { work: [], tick: [] }, quick: true };
  const part = partOf(program, configuration, { promises: true });
  const signal = new AbortController().signal;
  const examined = await examine(part, { memoryBytes: MEMORY, states: null, deadline: Number.POSITIVE_INFINITY, signal }, () => undefined);
  const options = { ...OPTIONS, out: mkdtempSync(path.join(tmpdir(), 'sockref-promises-')), signal };
  const seen = { procedures: new Set<string>(), rules: new Set<string>(), promises: new Map<string, boolean>(), antecedents: new Map() };
  const artefact = emitJavaScript(program);
  const subject = { configuration, options, artefact, part, deadline: Number.POSITIVE_INFINITY, where: 'here', seen };
  const [row] = await byPromises(subject, examined);
  const file = (await readCounterexample(row?.counterexample ?? '')) as CheckCounterexample;
  // Begun, once round until all is marked, and then two rounds until what is odd is so again.
  expect([file.lasso?.loop, file.steps.length]).toEqual([2, 4]);
  const whole = loadModel(artefact);
  const moves = file.steps.map(({ thread, operation }) => ({
    agent: 0,
    who: Number(thread.replace('worker ', '')),
    procedure: 0,
    args: operation === 'continue' ? null : [],
  }));
  expect(shownBy(whole, whole.promises[0] as Promised, [file.lasso?.ids.w ?? -1], moves, 2).shows).toBe('broken');
  expect(shownBy(whole, whole.promises[0] as Promised, [file.lasso?.ids.w ?? -1], moves.slice(0, 3), 2).shows).toBe('open');
});

describe('in states that are not all', () => {
  const work = 's.begun[who] = true; while (!s.done[who]) { yield; }';
  const program = () => reduced(compiled(model({ work, tick: 'when(s.time < 3); s.time = s.time + 1;', promises: ENDS })));

  test('a fair run that is seen breaks the promise', async () => {
    const explorer = new Explorer(program(), { memoryBytes: MEMORY });
    while (!explorer.complete && explorer.levels.length < 4) explorer.expand(1000);
    expect(explorer.complete).toBe(false);
    const [promise] = explorer.model.promises;
    if (promise === undefined) throw new Error('nothing is promised');
    const judgement = await judge(explorer, promise);
    expect(shown(explorer, promise, judgement)).toBe('broken');
  });

  test('and what has not been followed is not taken for a run that stops', async () => {
    const explorer = new Explorer(reduced(compiled(model({ work: GOES_ON, tick: 'when(false);', promises: ENDS }))), {
      memoryBytes: MEMORY,
    });
    explorer.expand(1);
    const [promise] = explorer.model.promises;
    if (promise === undefined) throw new Error('nothing is promised');
    expect((await judge(explorer, promise)).broken).toBeNull();
  });
});

describe('a promise is refused', () => {
  const refused = (promises: string, owed = ''): string => {
    try {
      compiled(model({ work: '', tick: '', promises, owed }));
    } catch (error) {
      return String(error);
    }
    return 'not refused';
  };

  test.each([
    [
      'whose predicates are not about the same',
      '{ whenever: (s: State) => s.flag, eventually: (s: State, w: WorkerId) => s.done[w] }',
      'the same ids',
    ],
    ['that is about a number', '{ whenever: (s: State, n: Nat<2>) => s.flag, eventually: (s: State, n: Nat<2>) => s.flag }', 'of ids'],
    [
      'that changes the state',
      '{ whenever: (s: State) => { s.flag = true; return true; }, eventually: (s: State) => s.flag }',
      'changes the state',
    ],
    ['without its end', '{ whenever: (s: State) => s.flag }', '`eventually` is missing'],
    [
      'that takes as given what is not there',
      "{ whenever: (s: State) => s.flag, eventually: (s: State) => s.flag, given: ['tack'] }",
      'no procedure `tack`',
    ],
  ])('%s, with file and line', (_, text, words) => {
    const message = refused(`wrong: ${text}`);
    expect(message).toContain(words);
    expect(message).toMatch(/test\/check\/models\/model\.ts:\d+:\d+/);
  });

  test('as is a procedure that is owed and not there', () => {
    expect(refused('', "'tack'")).toContain('no procedure `tack`');
  });
});
