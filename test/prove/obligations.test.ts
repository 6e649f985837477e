/**
 * The obligations of a proof, asked of other solvers: a proof that only one solver believes is no proof, and a question that is written
 * out wrongly would be answered differently by somebody. Where no other solver is installed these are skipped, loudly.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { compileModel } from '../../oracle/compile/frontend.ts';
import { emitJavaScript } from '../../oracle/compile/javascript.ts';
import { type Obligations, obligationsOf } from '../../oracle/prove/obligations.ts';
import { type Configuration, limits, root } from './toys.ts';

const SOLVERS = [
  ['z3', '-smt2'],
  ['cvc5', '--lang=smt2'],
] as const;
const installed = SOLVERS.filter(([name]) => spawnSync(name, ['--version']).error === undefined);
/** Names of those that must be there. */
const required = (process.env.SOCKREF_REQUIRE_SOLVERS ?? '').split(' ').filter((name) => name !== '');
const missing = SOLVERS.filter((solver) => !installed.includes(solver)).map(([name]) => name);
if (missing.length > 0) process.stderr.write(`\n*** Obligations are not asked of ${missing.join(' and ')}: not installed. ***\n\n`);

function obligations(
  entry: string,
  configuration: Configuration,
  constants = {},
  sources?: Readonly<Record<string, string>>,
): Promise<Obligations> {
  const program = compileModel({ root, entry, configuration, constants, ...(sources === undefined ? {} : { sources }) });
  return obligationsOf(emitJavaScript(program), {
    seed: 1,
    watched: 20_000,
    limits: limits(120),
    progress: () => undefined,
    title: program.name,
  });
}

/** What a solver says about each, as names with "expected, said" where it says something else. */
function disagreements(solver: readonly [string, string], { questions }: Obligations): readonly string[] {
  const directory = mkdtempSync(path.join(tmpdir(), 'sockref-smt-'));
  try {
    return questions.flatMap(({ name, status, text }) => {
      const file = path.join(directory, `${name}.smt2`);
      writeFileSync(file, text);
      const said = execFileSync(solver[0], [solver[1], file], { encoding: 'utf8', timeout: 60_000 }).trim();
      return said === status ? [] : [`${name}: ${status}, said ${said}`];
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const counters = 'test/prove/models/counters.ts';
const benchmark = 'test/prove/models/benchmark.ts';

test('the benchmark model is proved by its obligations alone', async () => {
  const { questions, proved, open } = await obligations(benchmark, {});
  expect(open).toEqual([]);
  expect(proved).toContain('counted');
  expect(questions.filter(({ status }) => status === 'sat').map(({ name }) => name)).toEqual(['assumptions']);
  // Every way a step can begin is among them, or changes nothing that anybody looks at.
  for (const action of ['create', 'fget', 'close', 'listen', 'connect', 'accept', 'put', 'drain', 'free', 'drop'])
    expect(
      questions.some(({ name }) => name === `step-thread-0-${action}`),
      action,
    ).toBe(true);
  expect(new Set(questions.map(({ name }) => name)).size).toBe(questions.length);
});

test('of an invariant that is true and does not carry itself, some step is possible that breaks it', async () => {
  const { questions, proved, open } = await obligations(counters, { careful: true });
  expect(proved).toContain('done-had-turn');
  expect(open).toContain('never-five');
  expect(questions.some(({ name, status }) => name.startsWith('open-never-five') && status === 'sat')).toBe(true);
});

describe.skipIf(installed.length === 0 && required.length === 0)('every solver that is installed', () => {
  test('is there where it is required', () => {
    expect(required.filter((name) => !installed.some(([program]) => program === name))).toEqual([]);
  });

  test.each(installed)('%s agrees on the benchmark model', async (...solver) => {
    expect(disagreements(solver, await obligations(benchmark, {}))).toEqual([]);
  });

  test.each(installed)('%s sees an invariant that does not carry itself', async (...solver) => {
    const all = await obligations(counters, { careful: true });
    expect(disagreements(solver, all)).toEqual([]);
    // And would say so if we had claimed that it does.
    const claimed = all.questions.filter(({ name, status }) => name.startsWith('open-') && status === 'sat');
    expect(claimed.length).toBeGreaterThan(0);
    const lies = claimed.map((question) => ({ ...question, status: 'unsat' as const }));
    expect(disagreements(solver, { ...all, questions: lies })).toHaveLength(lies.length);
  });

  test.each(installed)('%s agrees on a specification with a fault', async (...solver) => {
    const text = sourceOf(benchmark).replace('s.sockets[so].references++;', '');
    const all = await obligations(benchmark, {}, { SOCKETS: 2 }, { [benchmark]: text });
    expect(all.open).toContain('counted');
    expect(all.questions.some(({ name, status }) => name === 'open-counted-thread-0-fget' && status === 'sat')).toBe(true);
    expect(disagreements(solver, all)).toEqual([]);
  });
});

function sourceOf(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}
