/** Faults that are planted in the passes and in the engines are caught by the traps and the random systems: who agrees, agrees about something. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileModel } from '../../oracle/compile/frontend.ts';
import { openProgram } from '../../oracle/compile/open.ts';
import { CAMPAIGN, enough } from '../campaign.ts';
import { root } from '../prove/toys.ts';
import { Plantation } from './plant.ts';
import { PLANTED } from './planted.ts';
import type { Given } from './planted-run.ts';
import { randomSystem } from './random-system.ts';
import { TRAPS } from './traps.ts';

/** Random systems after the traps. */
const SYSTEMS = Number(process.env.SOCKREF_SYSTEMS ?? (CAMPAIGN ? 60 : 8));
/** Each takes seconds: these every time, one of each sort. */
const USUAL = ['unread: an index is not read', 'scalarset: some are all', 'check: one choice fewer'];

const programs = path.join(tmpdir(), `sockref-planted-${process.pid}.json`);

function given(): readonly Given[] {
  const traps = TRAPS.filter(({ wide }) => wide !== true).map(({ model, constants = {} }) => {
    const entry = `test/traps/models/${model}.ts`;
    return { entry, constants, source: readFileSync(path.join(root, entry), 'utf8') };
  });
  const systems = Array.from({ length: SYSTEMS }, (_, seed) => ({
    entry: `test/traps/models/random-${seed}.ts`,
    constants: {},
    source: randomSystem(seed).source,
  }));
  const all = [...traps, ...systems];
  const sources = Object.fromEntries(all.map(({ entry, source }) => [entry, source]));
  const opened = openProgram(
    { root, sources },
    Object.keys(sources).map((entry) => path.join(root, entry)),
  );
  return all.map(({ entry, constants, source }) => ({
    name: path.basename(entry, '.ts'),
    program: compileModel({ root, entry, constants, sources }, opened),
    usesFirst: source.replace(/^import .*$/m, '').includes('first('),
  }));
}

describe('a planted fault', () => {
  let plantation: Plantation;
  beforeAll(() => {
    writeFileSync(programs, JSON.stringify(given()));
    plantation = new Plantation('planted');
  });
  afterAll(() => {
    plantation.clear();
    rmSync(programs, { force: true });
  });

  test('is needed for a disagreement', async () => {
    expect(await plantation.disagreement(null, programs, 0)).toBe('');
  });

  test.each(enough(Object.entries(PLANTED), ([name]) => USUAL.includes(name)))('is caught: %s', async (name, planted) => {
    const found = await plantation.disagreement(planted, programs, name.startsWith('prove') ? 4 : 0);
    if (process.env.SOCKREF_TELL === '1') process.stdout.write(`${name} | ${found.slice(0, 200)}\n`);
    expect(found).not.toBe('');
  });
});
