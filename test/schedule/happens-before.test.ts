/** The happens-before relation: by hand for each rule, and against the definitions on every interleaving of random programs. */
import { describe, expect, test } from 'vitest';
import { HappensBefore } from '../../oracle/schedule/happens-before.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import { raceOf } from '../../oracle/schedule/trace.ts';
import { Watch } from '../../oracle/schedule/watch.ts';
import { executions, racesOf } from './reference.ts';
import { describeProgram, type Ingredients, mixture, smallProgram } from './small.ts';

const [A, B, C] = [0, 1, 2];

function relation(): HappensBefore {
  return new HappensBefore(3, 64);
}

describe('happens-before', () => {
  test('two plain accesses of one word, one of them a write, are a race; two reads are none', () => {
    const hb = relation();
    hb.plain(A, 8, 4, false);
    hb.plain(B, 8, 4, false);
    expect(hb.race).toBeNull();
    hb.plain(C, 8, 4, true);
    expect(hb.race).toMatchObject({ later: { agent: C, write: true, width: 0 }, from: 8, bytes: 4 });
  });

  test('a seq-cst read that reads from a seq-cst write of its range comes after what its agent did before', () => {
    const hb = relation();
    hb.plain(A, 8, 4, true);
    hb.atomic(A, 0, 4, false, true);
    hb.atomic(B, 0, 4, true, false);
    hb.plain(B, 8, 4, false);
    expect(hb.race).toBeNull();
    hb.plain(C, 8, 4, false);
    expect(hb.race).toMatchObject({ earlier: { agent: A, write: true }, later: { agent: C, write: false } });
  });

  test('reading another agent’s later store orders nothing before the first', () => {
    const hb = relation();
    hb.plain(A, 8, 4, true);
    hb.atomic(A, 0, 4, false, true);
    hb.atomic(B, 0, 4, false, true);
    hb.atomic(C, 0, 4, true, false);
    hb.plain(C, 8, 4, false);
    expect(hb.race).not.toBeNull();
  });

  test('a read-modify-write hands on what it has read', () => {
    const hb = relation();
    hb.plain(A, 8, 4, true);
    hb.atomic(A, 0, 4, false, true);
    hb.atomic(B, 0, 4, true, true);
    hb.atomic(C, 0, 4, true, false);
    hb.plain(C, 8, 4, false);
    expect(hb.race).toBeNull();
  });

  test('a failed compareExchange learns but does not tell', () => {
    const hb = relation();
    hb.plain(B, 8, 4, true);
    hb.atomic(B, 0, 4, true, false);
    hb.atomic(C, 0, 4, true, false);
    hb.plain(C, 8, 4, false);
    expect(hb.race).not.toBeNull();
  });

  test('atomic against plain on one word, and atomic accesses of different widths, are races', () => {
    const first = relation();
    first.atomic(A, 4, 4, true, true);
    first.plain(B, 4, 4, false);
    expect(first.race).toMatchObject({ earlier: { width: 4, write: true }, later: { width: 0, write: false } });
    const second = relation();
    second.atomic(A, 4, 4, true, false);
    second.atomic(B, 6, 1, false, true);
    expect(second.race).toMatchObject({ earlier: { width: 4 }, later: { width: 1 }, from: 6, bytes: 1 });
    const third = relation();
    third.atomic(A, 4, 4, false, true);
    third.atomic(B, 4, 4, false, true);
    third.atomic(B, 8, 2, false, true);
    third.atomic(C, 10, 2, false, true);
    expect(third.race).toBeNull();
  });

  test('a write of another width between a write and its read leaves them unordered', () => {
    const hb = relation();
    hb.plain(A, 8, 4, true);
    hb.atomic(A, 0, 4, false, true);
    hb.atomic(A, 0, 1, false, true);
    hb.atomic(B, 0, 4, true, false);
    expect(hb.race).not.toBeNull();
    const other = relation();
    other.plain(A, 8, 4, true);
    other.atomic(A, 0, 4, false, true);
    other.plain(A, 1, 1, true);
    other.atomic(A, 12, 4, false, true);
    other.atomic(B, 12, 4, true, false);
    other.plain(B, 8, 4, false);
    expect(other.race).toBeNull();
    other.atomic(B, 0, 4, true, false);
    expect(other.race).toBeNull();
    other.atomic(C, 0, 4, true, false);
    expect(other.race).not.toBeNull();
  });

  test('bytes beside each other in a word are not a race; a copy over them is', () => {
    const hb = relation();
    for (const agent of [A, B, C]) hb.plain(agent, 16 + agent, 1, true);
    expect(hb.race).toBeNull();
    hb.plain(A, 14, 4, false);
    expect(hb.race).toMatchObject({ earlier: { agent: B }, from: 17, bytes: 1 });
  });

  test('who changed a list of waiters comes before whoever enters it later, who looked only before those who change it', () => {
    const hb = relation();
    hb.plain(A, 8, 4, true);
    hb.wait(A, 0, true);
    hb.notify(B, 0, true);
    hb.wake(A, 0);
    hb.plain(B, 8, 4, false);
    expect(hb.race).toBeNull();
    hb.notify(B, 0, false);
    hb.plain(B, 12, 4, true);
    hb.notify(B, 0, false);
    hb.wait(A, 0, true);
    hb.plain(A, 12, 4, false);
    expect(hb.race).toBeNull();
    hb.notify(C, 0, false);
    hb.plain(C, 12, 4, true);
    expect(hb.race).toMatchObject({ later: { agent: C } });
  });

  test('two notifies that find nobody order nothing', () => {
    const hb = relation();
    hb.plain(A, 8, 4, true);
    hb.notify(A, 0, false);
    hb.notify(B, 0, false);
    hb.plain(B, 8, 4, false);
    expect(hb.race).not.toBeNull();
  });

  test('a promise carries what its notify knew, and only to who awaits it', () => {
    const hb = relation();
    hb.plain(A, 8, 4, true);
    hb.notify(A, 0, true);
    hb.resolve(5, 0);
    hb.settle(B, 5);
    hb.plain(B, 8, 4, false);
    expect(hb.race).toBeNull();
    hb.settle(C, 6);
    hb.plain(C, 8, 4, false);
    expect(hb.race).not.toBeNull();
  });

  test('goes back exactly', () => {
    const hb = relation();
    hb.plain(A, 8, 4, true);
    const mark = hb.mark();
    const play = (): string => {
      hb.plain(A, 9, 1, false);
      hb.atomic(A, 0, 4, false, true);
      hb.atomic(B, 0, 4, true, false);
      hb.plain(B, 8, 4, true);
      hb.plain(C, 8, 2, false);
      return JSON.stringify(hb.race);
    };
    const first = play();
    hb.undo(mark);
    expect(hb.race).toBeNull();
    expect(play()).toBe(first);
    hb.undo(mark);
    hb.plain(B, 8, 4, false);
    expect(hb.race).toMatchObject({ earlier: { agent: A, epoch: 1 }, later: { agent: B } });
    hb.clear();
    hb.plain(B, 8, 4, false);
    expect(hb.race).toBeNull();
  });
});

const RACY: Ingredients = {
  agents: 2,
  calls: 3,
  plain: 'anyhow',
  widths: false,
  futex: true,
  timed: false,
  promises: false,
  guards: false,
};

describe('data races of random programs', () => {
  test('are found in every schedule that has one and in no other; programs have one by the standard if and only if found', () => {
    let [schedules, racy, free, foundLate] = [0, 0, 0, 0];
    for (let seed = 1; seed <= 520; seed++) {
      const has =
        seed % 3 === 0 ? mixture(seed) : { ...RACY, agents: 2 + (seed % 2), calls: seed % 2 === 0 ? 3 : 1, widths: seed % 5 === 0 };
      const program = smallProgram(seed, { ...has, timed: seed % 4 === 0, promises: seed % 7 === 0 });
      const relaxedRaces = new Set<string>();
      const standardRaces = new Set<string>();
      const adjacent = new Set<string>();
      let [found, count] = [false, 0];
      const machine = new Machine(program, { granularity: 'block', hashed: false });
      const start = machine.mark();
      const watch = new Watch(machine);
      for (const { schedule, events, interpreter } of executions(program, 'block')) {
        if (++count > 400) break;
        const where = `seed ${seed}, schedule ${schedule.join(' ')}\n${describeProgram(program)}`;
        const relaxed = racesOf(events, 'relaxed');
        const standard = racesOf(events, 'standard');
        for (const race of relaxed) relaxedRaces.add(race);
        for (const race of standard) standardRaces.add(race);
        for (const race of standard) expect(relaxed.has(race), where).toBe(true);
        const traced = raceOf({ program, end: interpreter, events: events.map((event, index) => ({ ...event, index })) });
        expect(traced !== null, where).toBe(relaxed.size > 0);
        if (traced !== null) {
          const [low, high] = [traced.earlier, traced.later].map(({ agent }) => agent).sort();
          expect(
            [...relaxed].some((one) => one.startsWith(`${low}-${high}@`)),
            where,
          ).toBe(true);
        }
        for (const transition of schedule) {
          if (machine.violation !== null) break;
          watch.step(transition);
        }
        const { race } = watch.relation;
        if (machine.violation !== null) {
          // The machine stops where two accesses could be the next ones; this schedule may make them in an order of which there is no race.
          expect(machine.violation, where).toMatchObject({ id: 'data-race' });
          const { agent, race: bytes } = machine.violation;
          const [low, high] = [Math.min(agent, bytes?.other ?? 0), Math.max(agent, bytes?.other ?? 0)];
          adjacent.add(`${low}-${high}@${bytes?.from}`);
        } else expect(race !== null, where).toBe(relaxed.size > 0);
        if (race !== null) {
          found = true;
          const [low, high] = [Math.min(race.earlier.agent, race.later.agent), Math.max(race.earlier.agent, race.later.agent)];
          for (let byte = race.from; byte < race.from + race.bytes; byte++) expect([...relaxed], where).toContain(`${low}-${high}@${byte}`);
        }
        machine.undo(start);
        watch.clear();
        schedules++;
      }
      if (count > 400) continue;
      const where = `seed ${seed}\n${describeProgram(program)}`;
      expect(relaxedRaces.size > 0, where).toBe(standardRaces.size > 0);
      // Every program with a race has a schedule in which the two accesses meet.
      expect(adjacent.size > 0, where).toBe(standardRaces.size > 0);
      for (const race of adjacent) expect([...standardRaces], where).toContain(race);
      if (standardRaces.size > 0) racy++;
      else free++;
      if (found) foundLate++;
    }
    expect(foundLate).toBeGreaterThan(50);
    expect(schedules).toBeGreaterThan(8_000);
    expect(racy).toBeGreaterThan(150);
    expect(free).toBeGreaterThan(80);
  });
});
