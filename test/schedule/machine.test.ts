/** The machine does what the plain machine does, and goes back exactly. */
import { describe, expect, test } from 'vitest';
import { Machine } from '../../oracle/schedule/machine.ts';
import type { Program, Range } from '../../oracle/schedule/program.ts';
import { often } from '../campaign.ts';
import { dice, PLAINEST, randomProgram, type Roll, type Taste } from './random-programs.ts';
import { PlainMachine } from './reference/plain-machine.ts';

const EVERYTHING: Taste = {
  racy: false,
  waits: true,
  timeOuts: true,
  tickets: true,
  cells: true,
  ends: true,
  locks: true,
  guards: true,
  lines: 6,
  threads: 3,
};
const TASTES: readonly Taste[] = [
  PLAINEST,
  { ...PLAINEST, racy: true, cells: true, lines: 6 },
  { ...PLAINEST, waits: true, locks: true, lines: 6, threads: 3 },
  { ...EVERYTHING, timeOuts: false },
  { ...EVERYTHING, tickets: false },
  { ...EVERYTHING, racy: true },
];

/** The bytes that ranges cover. */
function cover(ranges: readonly Range[]): string {
  const bytes = ranges.flatMap(({ from, bytes: length, write }) => Array.from({ length }, (_, n) => `${from + n}${write ? 'w' : 'r'}`));
  const all = new Set(bytes);
  // Who wrote a byte may have read it as well.
  return [...all]
    .filter((byte) => byte.endsWith('w') || !all.has(byte.replace('r', 'w')))
    .sort()
    .join(' ');
}

/** All that can be asked of a machine; of a violation only what it is: nothing goes on from there. */
function describeState(machine: Machine | PlainMachine): string {
  const { violation } = machine;
  if (violation !== null)
    return violation.race === undefined ? JSON.stringify([violation.id, violation.agent, violation.code]) : violation.id;
  const agents = Array.from({ length: machine.agents }, (_, agent) => [
    machine.status(agent),
    machine.position(agent),
    machine.results(agent),
    machine.opKind[agent],
    machine.opFrom[agent],
    machine.opBytes[agent],
    machine.opAccess(agent),
    machine.stack(agent).map(({ name, line }) => `${name}:${line}`),
    cover(machine.blockRanges(agent)),
  ]);
  return JSON.stringify([machine.enabled(), [...machine.words], agents, machine.waiters(), machine.hasEnded()]);
}

function anyBit(roll: Roll, mask: number): number {
  let left = mask;
  for (let n = roll(bits(mask)); n > 0; n--) left &= left - 1;
  return 31 - Math.clz32(left & -left);
}

function bits(mask: number): number {
  let count = 0;
  for (let left = mask; left !== 0; left &= left - 1) count++;
  return count;
}

function both(program: Program, granularity: 'block' | 'access'): { machine: Machine; plain: PlainMachine } {
  return {
    machine: new Machine(program, { granularity, hashed: true }),
    plain: new PlainMachine(program, { granularity, hashed: true }),
  };
}

describe.each(TASTES.map((taste, n) => [n, taste] as const))('random programs of taste %i', (_, taste) => {
  for (const granularity of ['block', 'access'] as const) {
    test(`random walks, back and forth, are those of the plain machine (${granularity})`, () => {
      let steps = 0;
      for (let seed = 1; seed <= often(30, 60); seed++) {
        const program = randomProgram(seed, taste);
        const roll = dice(seed * 31);
        const { machine, plain } = both(program, granularity);
        const marks: (readonly [number, number, string, string])[] = [];
        const known = new Map<string, string>();
        for (let n = 0; n < 120; n++) {
          const state = describeState(machine);
          expect(state, `seed ${seed}, step ${n}`).toBe(describeState(plain));
          const hash = machine.hash.join();
          if (machine.violation === null) {
            expect(hash, `seed ${seed}, step ${n}`).toBe(machine.fingerprint().join());
            // Equal states, and only those, have equal fingerprints.
            const before = known.get(plain.hash.join());
            if (before !== undefined) expect(hash).toBe(before);
            known.set(plain.hash.join(), hash);
          }
          const mayStep = machine.violation === null && machine.enabled() !== 0;
          if (!mayStep || (marks.length > 0 && roll(5) === 0)) {
            if (marks.length === 0) break;
            const back = roll(marks.length);
            const [mark, plainMark, was, wasHash] = marks[back] ?? [0, 0, '', ''];
            marks.length = back;
            machine.undo(mark);
            plain.undo(plainMark);
            expect(describeState(machine), `seed ${seed}, back at step ${n}`).toBe(was);
            expect(machine.hash.join()).toBe(wasHash);
            continue;
          }
          marks.push([machine.mark(), plain.mark(), state, hash]);
          const transition = anyBit(roll, machine.enabled());
          machine.step(transition);
          plain.step(transition);
          expect(machine.woken, `seed ${seed}, step ${n}`).toBe(plain.woken);
          steps++;
        }
        expect(new Set(known.values()).size).toBe(known.size);
      }
      expect(steps).toBeGreaterThan(500);
    });
  }
});
