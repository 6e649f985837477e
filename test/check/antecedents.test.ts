/** Conditions of invariants that no state meets: told exactly, whether the program was reduced or not. */
import { describe, expect, test } from 'vitest';
import { type Met, meetConditions, unmet, withConditions } from '../../oracle/check/antecedents.ts';
import { reduced } from '../../oracle/check/examine.ts';
import { Explorer } from '../../oracle/check/explorer.ts';
import { compileModel } from '../../oracle/compile/frontend.ts';
import type { Program } from '../../oracle/compile/ir.ts';
import { emitJavaScript } from '../../oracle/compile/javascript.ts';
import { loadModel } from '../../oracle/compile/model.ts';
import { enough } from '../campaign.ts';
import { root } from '../prove/toys.ts';
import { everyState } from './enumerate.ts';
import { randomDuties } from './random-duties.ts';

const ENTRY = 'test/check/models/model.ts';
const IN_TIME = { deadline: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
/** More states than these take the naive way too long. */
const MOST = 3_000;

function compiled(source: string): Program {
  return compileModel({ root, entry: ENTRY, sources: { [ENTRY]: source } });
}

async function met(program: Program, patience = IN_TIME): Promise<Met> {
  const explorer = new Explorer(program, { memoryBytes: 16 * 2 ** 20 });
  while (!explorer.complete) explorer.expand(1000);
  const conditions: Met = new Map();
  await meetConditions(explorer, conditions, patience);
  return conditions;
}

function naively(program: Program): ReadonlyMap<string, boolean> | null {
  const model = loadModel(emitJavaScript(program, { rules: false }));
  const states = everyState(model, MOST);
  if (states === null) return null;
  const found = new Map<string, boolean>();
  for (const { id, text, holds } of model.lemmas) {
    const key = `${id}: ${text}`;
    found.set(key, found.get(key) === true || states.some((words) => model.fault(words) === null && !holds(words)));
  }
  return found;
}

/** "If … then …" over all that a state of the random models holds. */
const IMPLICATIONS = [0, 1, 2].flatMap((level) =>
  ['null', 'w'].map(
    (token, at) =>
      `i${level}${at}: (s: State) => workers.every((w) => !(s.level[w] === ${level} && s.token === ${token}) || (s.flag ? s.level[w] > 0 : true))`,
  ),
);

test('random models: met and not met as by trying every state', async () => {
  const seen = { met: 0, unmet: 0, impossible: 0 };
  for (const seed of enough([...Array(60).keys()], (each) => each < 8)) {
    const program = withConditions(compiled(randomDuties(seed).replace('invariants: {}', `invariants: { ${IMPLICATIONS.join(', ')} }`)));
    const truth = naively(program);
    if (truth === null) continue;
    for (const each of [program, reduced(program)]) {
      const found = await met(each);
      expect(new Map([...found].map(([key, condition]) => [key, condition.met])), `seed ${seed}`).toEqual(truth);
      for (const condition of found.values()) {
        if (!condition.possible) expect(condition.met).toBe(false);
        seen[condition.met ? 'met' : condition.possible ? 'unmet' : 'impossible']++;
      }
    }
  }
  expect(Math.min(seen.met, seen.unmet, seen.impossible)).toBeGreaterThan(10);
});

const MODEL = `
import { defineModel, type Nat, type Procedure, when } from '../../../model/lang.ts';
export interface State { count: Nat<7>; on: boolean; never: boolean }
declare function initial(_: Record<string, never>): State;
function* up(s: State): Procedure { when(s.count < 5); s.count += 1; if (s.count === 3) s.on = true; }
export const model = defineModel<State>({
  initial,
  agents: { one: { size: 1, procedures: { up } } },
  invariants: {
    /** Met when it is on. */
    met: (s: State) => !s.on || s.count >= 3,
    unmet: (s: State) => !(s.count === 6 && s.on),
    impossible: (s: State) => { if (s.never) return s.count === 0; return true; },
  },
  lemmas: {},
});`;

describe('a condition that no state meets', () => {
  test('is named with its invariant; of some configurations only if they could meet it', async () => {
    const conditions = await met(reduced(withConditions(compiled(MODEL))));
    expect(unmet(conditions, false).map(({ kind, id }) => `${kind} ${id}`)).toEqual(['invariant unmet']);
    expect(unmet(conditions, true).map(({ id }) => id)).toEqual(['unmet', 'impossible']);
    expect(unmet(conditions, false)[0]?.reason).toContain('is true in no state of these configurations');
  });

  test('is not claimed to be one where not all states were looked at', async () => {
    const many = MODEL.replaceAll('Nat<7>', 'Nat<120000>')
      .replace('s.count < 5', 's.count < 110000')
      .replace('s.count === 6', 's.count === 111000');
    const conditions = await met(withConditions(compiled(many)), { ...IN_TIME, signal: AbortSignal.abort() });
    expect(unmet(conditions, true)).toEqual([]);
  });
});
