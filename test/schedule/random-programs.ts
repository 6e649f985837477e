/** Random small programs for the scheduler. The same seed always makes the same program. */
import type { Cell, Door, ImplFn, Int } from '../../oracle/compile/ir-impl.ts';
import type { AgentProgram, Program, ScriptCall } from '../../oracle/schedule/program.ts';
import { constant, equals, type Line, local, makeFunction, makeProgram, plus } from './programs.ts';

export type Roll = (below: number) => number;

/** Numbers below a bound, always the same after the same seed. */
export function dice(seed: number): Roll {
  let a = Math.imul(seed + 1, 0x9e3779b1) | 1;
  for (let n = 0; n < 8; n++) a = step(a);
  return (below) => {
    a = step(a);
    return (a >>> 0) % below;
  };
}

function step(a: number): number {
  let x = a ^ (a << 13);
  x ^= x >>> 17;
  return x ^ (x << 5);
}

/** What lines there may be. */
export interface Taste {
  /** Plain accesses anywhere, so that there are races. */
  readonly racy: boolean;
  readonly waits: boolean;
  readonly timeOuts: boolean;
  readonly tickets: boolean;
  readonly cells: boolean;
  /** Panics and assertions. */
  readonly ends: boolean;
  /** Plain accesses under a lock that is taken with compareExchange and spins at most twice. */
  readonly locks: boolean;
  readonly guards: boolean;
  /** Lines of a function. */
  readonly lines: number;
  readonly threads: number;
}

export const PLAINEST: Taste = {
  racy: false,
  waits: false,
  timeOuts: false,
  tickets: false,
  cells: false,
  ends: false,
  locks: false,
  guards: false,
  lines: 4,
  threads: 2,
};

const WORDS = 16;
const RESULT = 2;

/** Words 1 to 3 are atomic, 4 and 5 plain, 6 and 7 for small cells, 8 the lock of 9. */
function anyLines(roll: Roll, taste: Taste, callees: readonly number[]): readonly Line[] {
  const lines: Line[] = [];
  const atomic = (): Int => constant(1 + roll(taste.threads > 2 ? 2 : 3));
  const small = (): Int => (roll(4) === 0 ? local(roll(3)) : constant(roll(3)));
  const kinds = ['atomic', 'atomic', 'atomic', 'jump', 'set'];
  if (taste.racy) kinds.push('plain', 'plain', 'bulk');
  if (taste.waits) kinds.push('wait', 'notify', 'notify');
  if (taste.timeOuts) kinds.push('waitFor');
  if (taste.tickets) kinds.push('ticket');
  if (taste.cells) kinds.push('cell', 'cell');
  if (taste.ends) kinds.push('end');
  if (taste.locks) kinds.push('lock', 'lock');
  if (callees.length > 0) kinds.push('call');
  const jumps: number[] = [];
  const count = 1 + roll(taste.lines);
  for (let n = 0; n < count; n++) {
    const kind = kinds[roll(kinds.length)];
    const result = roll(3) === 0 ? {} : { result: roll(3) };
    switch (kind) {
      case 'atomic': {
        const door = (['load', 'store', 'compareExchange', 'add', 'sub', 'or', 'and', 'xor', 'exchange'] as const)[roll(9)] ?? 'load';
        const args = door === 'load' ? [atomic()] : door === 'compareExchange' ? [atomic(), small(), small()] : [atomic(), small()];
        lines.push({ door, args, ...result });
        break;
      }
      case 'plain':
        if (roll(2) === 0) lines.push({ door: 'get', args: [constant(4 + roll(2))], ...result });
        else lines.push({ door: 'put', args: [constant(4 + roll(2)), small()] });
        break;
      case 'bulk': {
        const door = (['zero', 'copy', 'getByte', 'putByte'] as const)[roll(4)] ?? 'zero';
        if (door === 'zero') lines.push({ door, args: [constant(4 + roll(2)), constant(roll(3))] });
        else if (door === 'copy') lines.push({ door, args: [constant(16 + roll(8)), constant(16 + roll(8)), constant(roll(7))] });
        else if (door === 'getByte') lines.push({ door, args: [constant(16 + roll(8))], ...result });
        else lines.push({ door, args: [constant(16 + roll(8)), small()] });
        break;
      }
      case 'cell': {
        const [cell, bytes] = (
          [
            ['i8', 1],
            ['u8', 1],
            ['i16', 2],
            ['u16', 2],
            ['i32', 4],
          ] as const
        )[roll(5)] as readonly [Cell, number];
        // Cells of one size each, unless races are wanted: the size of the bytes from 24 is 1, from 26 it is 2, from 28 it is 4.
        const at = constant(
          taste.racy && roll(3) === 0 ? 24 + bytes * roll(8 / bytes) : bytes === 1 ? 24 + roll(2) : bytes === 2 ? 26 : 28,
        );
        const atomicDoors: readonly Door[] = ['load', 'store', 'compareExchange', 'add', 'sub', 'or', 'and', 'xor', 'exchange'];
        const doors: readonly Door[] = taste.racy && roll(3) === 0 ? ['get', 'put'] : atomicDoors;
        const door = doors[roll(doors.length)] ?? 'load';
        const value = constant(roll(600) - 300);
        const args = door === 'load' || door === 'get' ? [at] : door === 'compareExchange' ? [at, local(roll(3)), value] : [at, value];
        lines.push({ door, args, cell, ...(door === 'put' || door === 'store' ? {} : result) });
        break;
      }
      case 'wait':
        lines.push({ door: 'wait', args: [atomic(), constant(roll(2))], ...result });
        break;
      case 'waitFor':
        lines.push({ door: 'waitFor', args: [atomic(), constant(roll(2))], ...result });
        break;
      case 'notify':
        lines.push({ door: 'notify', args: [atomic(), constant(1 + roll(2))], ...result });
        break;
      case 'ticket': {
        if (lines.filter((line) => 'door' in line && line.door === 'waitAsync').length >= 3) break;
        lines.push({ door: 'waitAsync', args: [atomic(), constant(roll(2)), constant(0)], result: 3 });
        if (roll(2) === 0) lines.push({ door: 'notify', args: [atomic(), constant(1)] });
        // Only a ticket can be settled.
        lines.push({ unless: { op: 'binary', operator: '>=', left: local(3), right: constant(0) }, goTo: lines.length + 2 });
        lines.push({ door: 'settle', args: [local(3)], ...result });
        break;
      }
      case 'lock': {
        // compareExchange(8, 0, 1) twice at most, then get and put of 9 and store(8, 0) if it was taken.
        const at = lines.length;
        lines.push({ door: 'compareExchange', args: [constant(8), constant(0), constant(1)], result: 3 });
        lines.push({ unless: { op: 'binary', operator: '!==', left: local(3), right: constant(0) }, goTo: at + 4 });
        lines.push({ door: 'compareExchange', args: [constant(8), constant(0), constant(1)], result: 3 });
        lines.push({ unless: equals(local(3), constant(0)), goTo: at + 7 });
        lines.push({ door: 'get', args: [constant(9)], result: RESULT });
        lines.push({ door: 'put', args: [constant(9), plus(local(RESULT), constant(1))] });
        lines.push({ door: 'store', args: [constant(8), constant(0)] });
        break;
      }
      case 'jump':
        jumps.push(lines.length);
        lines.push({ unless: equals(local(roll(3)), constant(roll(2))), goTo: 0 });
        break;
      case 'set':
        lines.push({ set: roll(3), value: plus(local(roll(3)), constant(roll(3) - 1)) });
        break;
      case 'call':
        lines.push({ call: callees[roll(callees.length)] ?? 0, args: [local(roll(3))], ...result });
        break;
      case 'end':
        if (roll(3) !== 0) break;
        jumps.push(lines.length);
        lines.push({ unless: equals(local(roll(3)), constant(2)), goTo: 0 });
        lines.push({ door: roll(2) === 0 ? 'panic' : 'fail', args: [constant(7), local(0)] });
        break;
    }
  }
  // Every function can make an access, though it seldom does here.
  lines.push({ unless: equals(local(1), constant(2)), goTo: lines.length + 2 });
  lines.push({ door: 'load', args: [constant(1)], result: 1 });
  lines.push({ give: plus(local(RESULT), plus(local(0), plus(local(1), local(1)))) });
  // Jumps go forward, past what they stand before.
  return lines.map((line, n) =>
    'unless' in line && line.goTo === 0 && jumps.includes(n) ? { ...line, goTo: forward(roll, lines, n) } : line,
  );
}

/** A later line that is not in the midst of a lock. */
function forward(roll: Roll, lines: readonly Line[], from: number): number {
  const good = lines.map((_, n) => n).filter((n) => n > from && !isInside(lines, n));
  return good[roll(good.length)] ?? lines.length - 1;
}

function isInside(lines: readonly Line[], at: number): boolean {
  const takes = (n: number): boolean => {
    const line = lines[n];
    return line !== undefined && 'door' in line && line.door === 'compareExchange' && isConstant(line.args[0], 8);
  };
  for (let n = Math.max(0, at - 6); n < at; n++) if (takes(n) && !takes(n - 2)) return true;
  // Nor between a wait that makes a ticket and the settling of it.
  const isDoor = (n: number, door: Door): boolean => {
    const line = lines[n];
    return line !== undefined && 'door' in line && line.door === door;
  };
  for (let n = at; n < at + 4; n++) if (isDoor(n, 'settle')) return true;
  return false;
}

function isConstant(expr: Int | undefined, value: number): boolean {
  return expr?.op === 'const' && expr.value === value;
}

export function randomProgram(seed: number, taste: Taste): Program {
  const roll = dice(seed);
  const functions: ImplFn[] = [];
  const helpers = roll(3);
  for (let n = 0; n < helpers; n++)
    functions.push(
      makeFunction(
        `helper${n}`,
        1,
        4,
        anyLines(
          roll,
          { ...taste, lines: 2 },
          functions.map((_, index) => index),
        ),
      ),
    );
  const agents: AgentProgram[] = [];
  for (let thread = 0; thread < taste.threads; thread++) {
    const script: ScriptCall[] = [];
    for (let call = 0; call <= roll(2); call++) {
      const fn = `call${thread}${call}`;
      const callees = helpers > 0 ? [...Array(helpers).keys()] : [];
      functions.push(makeFunction(fn, 1, 4, anyLines(roll, taste, callees)));
      const guard =
        taste.guards && roll(3) === 0 ? { guard: { word: 1 + roll(2), test: roll(2) === 0 ? 'zero' : 'nonzero' } as const } : {};
      script.push({ fn, args: [call > 0 && roll(2) === 0 ? { resultOf: 0 } : roll(2)], label: `${fn}()`, ...guard });
    }
    agents.push({ name: `T${thread + 1}`, kind: taste.guards && roll(3) === 0 ? 'actor' : 'thread', script });
  }
  const program = makeProgram(functions, WORDS, agents);
  for (let word = 1; word < 4; word++) program.words[word] = roll(3);
  return program;
}
