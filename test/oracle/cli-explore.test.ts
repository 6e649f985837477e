/** What is typed after `explore` reaches the engine as it was meant, or is refused; the engine is a fake. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeCounterexample } from '../../oracle/counterexample.ts';
import type { ExploreOptions } from '../../oracle/engine.ts';
import { EXIT } from '../../oracle/verdict.ts';
import { proveExample } from './examples.ts';
import { fakeEngines, outcome, row, sockref } from './fakes.ts';

const scratch = mkdtempSync(join(tmpdir(), 'sockref-cli-explore-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('explore', () => {
  const asked: ExploreOptions[] = [];
  const engines = fakeEngines({
    explore: async (options) => {
      asked.push(options);
      return outcome('holds');
    },
  });
  const ask = async (...words: readonly string[]): Promise<ExploreOptions | undefined> => {
    asked.length = 0;
    expect((await sockref(['explore', ...words], engines)).status).toBe(EXIT.holds);
    return asked[0];
  };
  const everything = { kind: 'scenarios', ids: ['accept-close', 'connect-reset'] };

  it('without a scenario is all of them, at block granularity, each within its own bounds', async () => {
    expect(await ask()).toMatchObject({
      targets: [everything],
      strategy: null,
      granularity: 'block',
      atomicLocks: false,
      preemptions: null,
      depth: 3,
      executions: null,
      steps: null,
      memoryMiB: null,
      timeSeconds: null,
      workers: 1,
      out: '.sockref',
    });
  });

  it('judges what was named, once each', async () => {
    expect(await ask('connect-reset', 'connect-reset')).toMatchObject({ targets: [{ kind: 'scenarios', ids: ['connect-reset'] }] });
    const litmus = { kind: 'litmus', id: 'futex-mutex', threads: 3, ops: 2 };
    expect(await ask('--litmus', 'futex-mutex', '--threads', '3', '--ops', '2')).toMatchObject({ targets: [litmus] });
    expect((await ask('accept-close', '--litmus', 'futex-mutex'))?.targets.map(({ kind }) => kind)).toEqual(['scenarios', 'litmus']);
    expect((await ask('--all'))?.targets).toEqual([everything, { ...litmus, threads: null, ops: null }]);
  });

  it('passes bounds on, checked and typed', async () => {
    const words = ['--strategy', 'pct', '--granularity', 'access', '--atomic-locks', '--preemptions', '0', '--depth', '4', '--seed', '9'];
    const caps = ['--executions', '1000', '--steps', '20000', '--memory', '64', '--time', '2.5'];
    expect(await ask(...words, ...caps)).toMatchObject({
      strategy: 'pct',
      granularity: 'access',
      atomicLocks: true,
      preemptions: 0,
      depth: 4,
      seed: 9,
      executions: 1000,
      steps: 20_000,
      memoryMiB: 64,
      timeSeconds: 2.5,
    });
  });

  it('makes programs of the sizes that are asked for, in the situations that are named', async () => {
    const generated = { kind: 'generated', situations: ['pair'], threads: 2, calls: 1, sample: null };
    expect((await ask('--generate', '2x1'))?.targets).toEqual([generated]);
    expect((await ask('--generate', '3x2', 'pair', '--sample', '50'))?.targets).toEqual([
      { ...generated, threads: 3, calls: 2, sample: 50 },
    ]);
  });

  it.each([
    [['--generate', '2'], '--generate', /expected threads and calls of each, 1x1 to 4x4; saw "2"/],
    [['--generate', '9x1'], '--generate', /saw "9x1"/],
    [['--generate', '2x1', 'pear'], null, /pair/],
    [['--generate', '2x1', '--all'], '--all', /leave one of them out/],
    [['--generate', '2x1', '--litmus', 'futex-mutex'], '--litmus', /leave one of them out/],
    [['--strategy', 'dpor', '--atomic-locks'], '--atomic-locks', /is not for dpor/],
    [['--strategy', 'replay', 'file.json', '--atomic-locks'], '--atomic-locks', /is in the file/],
    [['--sample', '5'], '--generate', /say which with --generate/],
    [['--workers', '0'], '--workers', /expected a whole number from 1 to \d+, saw "0"/],
    [['--workers', '1000000'], '--workers', /saw "1000000"/],
    [['--workers', 'two'], '--workers', /saw "two"/],
  ])('refuses %j', async (words, field, says) => {
    const ended = await sockref(['explore', ...words, '--json'], fakeEngines({}));
    expect(ended.status).toBe(EXIT.usage);
    expect(`${ended.stdout}${ended.stderr}`).toMatch(says);
    if (field !== null) expect(JSON.parse(ended.stdout)).toMatchObject({ field });
  });

  it('with the strategy replay gives each file to replay', async () => {
    const file = writeCounterexample(scratch, proveExample);
    const broken = fakeEngines({ replay: async () => outcome('violated', [row('pcb-while-valid', 'violated')], { steps: 4 }) });
    const ended = await sockref(['explore', '--strategy', 'replay', file, file, '--json'], broken);
    expect(ended.status).toBe(EXIT.violated);
    const document: unknown = JSON.parse(ended.stdout);
    expect(document).toMatchObject({ bound: '2 of 2 recorded schedules', figures: { replays: 2, steps: 8 } });
    expect(document).toHaveProperty('results.1.counterexample', file);
  });
});
