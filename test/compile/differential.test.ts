/** The compiled model does what the same source does as plain TypeScript. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { model } from '../../model/index.ts';
import type { PlainParts } from '../../oracle/compile/plain.ts';
import { enough, often } from '../campaign.ts';
import { compareOnRandomWalks, compile } from './differential.ts';
import { lockModel } from './models/lock.ts';
import { queueModel } from './models/queue.ts';
import { refcountModel } from './models/refcount.ts';

const root = path.resolve(import.meta.dirname, '../..');

interface Case {
  readonly entry: string;
  readonly parts: PlainParts;
  readonly configuration: Readonly<Record<string, string | boolean>>;
  readonly steps: number;
  /** How many procedures, pauses and rules the walks may miss. */
  readonly missed: number;
}

/** Toys have so many states, or fewer: more are looked for in vain, which takes longer than all the rest. */
const OF_A_TOY = 4_000;

const CASES: readonly Case[] = [
  { entry: 'test/compile/models/lock.ts', parts: lockModel, configuration: { locking: 'always' }, steps: 10_000, missed: 0 },
  { entry: 'test/compile/models/lock.ts', parts: lockModel, configuration: { locking: 'never' }, steps: 10_000, missed: 0 },
  {
    entry: 'test/compile/models/queue.ts',
    parts: queueModel,
    configuration: { policy: 'patient', eager: false },
    steps: 20_000,
    missed: 1,
  },
  { entry: 'test/compile/models/queue.ts', parts: queueModel, configuration: { policy: 'hasty', eager: true }, steps: 20_000, missed: 1 },
  { entry: 'test/compile/models/refcount.ts', parts: refcountModel, configuration: { leaky: false }, steps: 20_000, missed: 0 },
  { entry: 'test/compile/models/refcount.ts', parts: refcountModel, configuration: { leaky: true }, steps: 20_000, missed: 0 },
  { entry: 'model/index.ts', parts: model, configuration: { design: 'sockref' }, steps: often(12_000, 50_000), missed: 60 },
  ...enough(['p06', 'april2006', 'freebsd13', 'freebsd14', 'dragonfly'], () => false).map((design) => ({
    entry: 'model/index.ts',
    parts: model,
    configuration: { design },
    steps: 50_000,
    missed: 50,
  })),
];

describe('a compiled model takes the same steps as the TypeScript it was made of', () => {
  for (const { entry, parts, configuration, steps, missed } of CASES) {
    test(`${entry} ${JSON.stringify(configuration)}`, () => {
      const tree = parts === model ? undefined : OF_A_TOY;
      const walks = compareOnRandomWalks(compile({ root, entry, configuration }), parts, steps, 1, tree);
      expect(walks.steps).toBeGreaterThanOrEqual(steps);
      expect([...walks.unused, ...walks.unusedRules].length, JSON.stringify(walks)).toBeLessThanOrEqual(missed);
    });
  }
});
