/**
 * The implementation against all states of the specification: at rest a kernel is in one of them, whatever the end hides; what schedules
 * cover lies inside what `check` finds by itself, and less of it is covered by fewer schedules.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Explorer } from '../../oracle/check/explorer.ts';
import { type Calls, restrict } from '../../oracle/compile/restrict.ts';
import { readCounterexample } from '../../oracle/counterexample.ts';
import { implementationSources } from '../../oracle/implementation.ts';
import { replayOn } from '../../oracle/replay/schedule.ts';
import { judge } from '../../oracle/schedule/judgement.ts';
import { build } from '../../oracle/schedule/kernel/build.ts';
import { Coverage } from '../../oracle/schedule/kernel/coverage.ts';
import { kernelOf } from '../../oracle/schedule/kernel/ending.ts';
import { call, type Scenario } from '../../oracle/schedule/kernel/scenario.ts';
import { SCENARIOS } from '../../oracle/schedule/kernel/scenarios.ts';
import { scopeOf } from '../../oracle/schedule/kernel/scope.ts';
import { pristineSubject, subjectOf } from '../../oracle/schedule/kernel/subject.ts';
import { kernelTarget } from '../../oracle/schedule/targets/kernel.ts';
import { pristineTarget } from '../../oracle/schedule/targets/pristine.ts';
import { SPECIFICATION, specificationArtefact } from '../../oracle/specification.ts';
import { requestTo } from './exploring.ts';

const out = mkdtempSync(join(tmpdir(), 'sockref-coverage-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

/** What the first call makes of the socket is gone with the second. */
const scenario: Scenario = {
  id: 'nonblocking-close',
  about: 'a socket that does not block is closed',
  citation: 'C.10',
  sizes: { SOCKETS: 2, PCBS: 2, FDS: 2, NAMES: 1 },
  prologue: [call('socketpair', { asked: 'unix' })],
  threads: [[call('setnbio', { fd: 0, on: true }), call('close', { fd: 0 })], [call('close', { fd: 1 })]],
};

test('a state that is wrong between two calls is seen, though calls and end are as they should be', async () => {
  const sources = { ...implementationSources() };
  const file = Object.keys(sources).find((name) => sources[name]?.includes('function kern_setnbio')) as string;
  const changed = (sources[file] as string).replace('on !== 0 ? SS_NBIO : 0', 'on !== 0 ? 0 : SS_NBIO');
  expect(changed).not.toBe(sources[file]);
  const faulty = { subject: await subjectOf({ ...sources, [file]: changed }), sources, fault: null };
  expect((await judge(await pristineTarget(scenario), requestTo(out))).row).toMatchObject({ verdict: 'holds' });
  const target = await kernelTarget(scenario, faulty);
  const { row, found } = await judge(target, requestTo(out));
  expect([row.verdict, found?.id]).toEqual(['violated', 'state-at-rest']);
  expect(row.detail).toMatch(/sockets\[\d\]\.nonBlocking is false, in the specification true/);
  const recorded = await readCounterexample(row.counterexample as string);
  if (recorded.engine !== 'explore') throw new Error('not of explore');
  const smaller = await kernelTarget(recorded.program as unknown as Scenario, faulty);
  const signal = new AbortController().signal;
  expect(await replayOn(smaller, recorded, { seed: 1, signal, progress: () => undefined })).toMatchObject({ verdict: 'violated' });
});

const named = (id: string): Scenario => SCENARIOS.find((each) => each.id === id) as Scenario;

/** Calls and events of a scenario, with the arguments that they have there. */
function callsOf({ prologue, threads, events }: Scenario): Calls {
  const calls: Record<string, Set<unknown>[]> = {};
  for (const { name, args } of [...prologue, ...threads.flat()]) {
    const { remote: _remote, ...own } = args;
    const values = Object.values(own);
    const known = calls[name] ?? values.map(() => new Set());
    calls[name] = known;
    for (const [index, value] of values.entries()) known[index]?.add(value);
  }
  const plain = Object.entries(calls).map(([name, params]) => [name, params.map((values) => (values.size === 0 ? null : [...values]))]);
  const always = { close: [], soclose: [], ...Object.fromEntries((events ?? []).map(({ event }) => [event, []])) };
  return { ...always, ...Object.fromEntries(plain.filter(([name]) => name !== 'close')) } as Calls;
}

const SMALL = { SOCKETS: 2, PCBS: 2, FDS: 2, HANDLES: 1, NAMES: 1, BACKLOG: 1, BUFFER: 1 };

/** All that `check` finds of a part of the specification, in words. */
async function statesOf(calls: Calls): Promise<ReadonlySet<string>> {
  const { program } = await specificationArtefact(SPECIFICATION, { ...SMALL, THREADS: 2 });
  const explorer = new Explorer(restrict({ ...program, lemmas: [] }, calls), { memoryBytes: 2 ** 25 });
  while (!explorer.complete) explorer.expand(1 << 20);
  return new Set(Array.from({ length: explorer.states }, (_, state) => JSON.stringify(explorer.model.decodeState(explorer.state(state)))));
}

test.each(['pair-close-close', 'receive-close', 'nonblocking-close'])(
  '%s: what the kernel is equal to, and what explains it, is among the states that check finds',
  async (id) => {
    const small = { ...(id === scenario.id ? scenario : named(id)), sizes: SMALL };
    const built = await build(small, await pristineSubject());
    const target = await pristineTarget(small);
    const seen = new Coverage(built.stage, built.monitor);
    const { row } = await judge(target, requestTo(out, { coverage: true }));
    expect(row.verdict).toBe('holds');
    seen.see(kernelOf(built.program.words), 0);
    expect(seen.covered()).toMatchObject({ met: 1, strangers: 0 });

    const { model } = built.stage;
    const scope = [...(scopeOf(built.monitor, model.ruleHits, 100_000)?.elements ?? [])];
    expect(scope).toHaveLength(row.figures?.modelStates as number);
    const states = scope.map((element) => JSON.stringify(model.decodeState(built.monitor.elements.words(element))));
    const calls = callsOf(small);
    const inside = await statesOf(calls);
    expect(states.filter((state) => !inside.has(state))).toEqual([]);
    // It would show.
    const { close: _close, ...others } = calls;
    const without = await statesOf(others);
    expect(states.some((state) => !without.has(state))).toBe(true);
  },
);

test('fewer schedules cover less', async () => {
  const covered = async (preemptions: number | null): Promise<readonly (number | undefined)[]> => {
    const { row } = await judge(await pristineTarget(named('accept-close-connect')), requestTo(out, { preemptions, coverage: true }));
    return [row.figures?.modelStates, row.figures?.metStates, row.rules?.length];
  };
  const [[states, all, rules], [same, few, fewRules]] = [await covered(null), await covered(0)];
  expect(same).toBe(states);
  expect(few).toBeLessThan(all as number);
  expect(fewRules).toBeLessThanOrEqual(rules as number);
  expect(all).toBeLessThanOrEqual(states as number);
});
