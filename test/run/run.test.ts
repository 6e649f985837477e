/** What a run promises whatever it finds: the same seed gives the same run, an interrupt an honest answer, and no rule is silently left out. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runPrograms } from '../../oracle/run/index.ts';
import { KINDS, programs } from '../../oracle/run/operations.ts';
import { runChoices, SIZES } from '../../oracle/run/program.ts';
import { isRefusal, operationOf } from '../../oracle/run/signatures.ts';
import { UNANSWERED } from '../../oracle/run/answers.ts';
import { UNEXERCISED } from '../../oracle/run/unexercised.ts';
import { compiledSpecification, SPECIFICATION } from '../../oracle/specification.ts';
import { UsageError } from '../../oracle/usage.ts';
import { CAMPAIGN } from '../campaign.ts';
import { lockstep, runOptions, withDirectory } from './rig.ts';

describe('the same seed', () => {
  it('gives the same programs: the same calls, rules and verdict', async () => {
    const [one, two] = [await runPrograms(runOptions({ runs: 120, seed: 7 })), await runPrograms(runOptions({ runs: 120, seed: 7 }))];
    const counted = ({ calls, runs, rulesExercised, rulesTotal }: Readonly<Record<string, number>>): unknown => ({
      calls,
      runs,
      rulesExercised,
      rulesTotal,
    });
    expect(counted(two.figures)).toEqual(counted(one.figures));
    expect(two.bound).toBe(one.bound);
    expect(two.vacuous).toEqual(one.vacuous);
  });

  it('gives the same counterexample, to the byte', async () => {
    const { readFileSync } = await import('node:fs');
    const texts = await withDirectory(async (out) => {
      const found: string[] = [];
      for (let i = 0; i < 2; i++) {
        const { results } = await runPrograms(runOptions({ fault: 'accept-without-soref', out }));
        found.push(readFileSync(results[0]?.counterexample ?? '', 'utf8'));
      }
      return found;
    });
    expect(texts[0]).toBe(texts[1]);
  });

  it('and another seed gives others', async () => {
    const [one, two] = [await runPrograms(runOptions({ runs: 50, seed: 1 })), await runPrograms(runOptions({ runs: 50, seed: 2 }))];
    expect(two.figures.calls).not.toBe(one.figures.calls);
  });
});

describe('a run that ends early', () => {
  it('by an interrupt is unknown, and says how far it got', async () => {
    const controller = new AbortController();
    const outcome = await runPrograms(
      runOptions({
        runs: 100_000,
        signal: controller.signal,
        progress: (done) => {
          if (done >= 100) controller.abort();
        },
      }),
    );
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.figures.runs).toBe(100);
    expect(outcome.bound).toMatch(/^100 programs /);
  });

  it('because its time is over holds for what was run', async () => {
    const outcome = await runPrograms(runOptions({ runs: 100_000, budgetSeconds: 0.001 }));
    expect(outcome.verdict).toBe('holds');
    expect(outcome.figures.runs).toBe(50);
    expect(outcome.bound).toMatch(/^50 programs /);
  });

  it('before it began is unknown', async () => {
    expect((await runPrograms(runOptions({ signal: AbortSignal.abort() }))).verdict).toBe('unknown');
  });
});

it('an unknown fault is refused before anything is run', async () => {
  await expect(runPrograms(runOptions({ fault: 'lost-wakeup' }))).rejects.toBeInstanceOf(UsageError);
});

/**
 * Seeds of runs in which rare rules were met: they come first, and where they meet everything, there is no need of more. With another
 * generator they meet less, and it takes more of them. A campaign has them all.
 */
const MEETING = [45, 52, 2, 29];
/** At most, of 200 programs each. */
const RUNS = 35;

describe('every rule of the specification', () => {
  it('is exercised, or is listed with the reason why a run can not do that', async () => {
    const runs: Readonly<Record<'rule' | 'answer', readonly string[]>>[] = [];
    /** What none of the runs has met. */
    const unmet = (kind: 'rule' | 'answer'): readonly string[] =>
      runs[0]?.[kind].filter((id) => runs.every((each) => each[kind].includes(id))) ?? [];
    const isLooking = (): boolean =>
      runs.length === 0 || unmet('rule').some((id) => !(id in UNEXERCISED)) || unmet('answer').some((id) => !(id in UNANSWERED));
    for (let run = 0; run < RUNS && (CAMPAIGN || isLooking()); run++) {
      const outcome = await runPrograms(runOptions({ runs: 200, seed: MEETING[run] ?? 1_000 + run }));
      expect(outcome.verdict).toBe('holds');
      const idsOf = (of: string): readonly string[] => (outcome.vacuous ?? []).flatMap(({ kind, id }) => (kind === of ? [id] : []));
      runs.push({ rule: idsOf('rule'), answer: idsOf('answer') });
      expect(outcome.figures.rulesExercised).toBe((outcome.figures.rulesTotal ?? 0) - idsOf('rule').length);
      expect(outcome.figures.answersGiven).toBe((outcome.figures.answersTotal ?? 0) - idsOf('answer').length);
    }
    expect(unmet('rule').filter((id) => !(id in UNEXERCISED))).toEqual([]);
    // And the list has none that is exercised all the same, nor one that does not exist.
    expect(Object.keys(UNEXERCISED).filter((id) => !unmet('rule').includes(id))).toEqual([]);
    // So are the answers of J.4.
    expect(unmet('answer').filter((id) => !(id in UNANSWERED))).toEqual([]);
    expect(Object.keys(UNANSWERED).filter((id) => !unmet('answer').includes(id))).toEqual([]);
  });

  it('has an id of its own', async () => {
    const { program } = await compiledSpecification(SPECIFICATION, { ...SIZES, THREADS: 1 });
    const ids = program.rules.map(({ id }) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });
});

describe('every operation that a run makes', () => {
  it('is one that a file may hold: known by name, its arguments in order and in range', async () => {
    const both = await lockstep();
    const made = new Set<string>();
    for (const choices of fc.sample(programs(40), { numRuns: 200, seed: 1 })) {
      for (const operation of runChoices(both, choices).performed) {
        made.add(operation.name);
        const known = operationOf(operation.name, operation.args, SIZES);
        expect(known).toEqual(operation);
        expect(isRefusal(known) ? [] : Object.keys(known.args)).toEqual(Object.keys(operation.args));
      }
    }
    expect(KINDS.map(({ name }) => name).filter((name) => !made.has(name))).toEqual([]);
  });
});
