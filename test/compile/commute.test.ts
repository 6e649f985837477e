/** A loop that is said to commute does the same in every order: it is run in all of them, unrolled, from random states. */
import { describe, expect, test } from 'vitest';
import { commutes } from '../../oracle/compile/commute.ts';
import type { Stmt } from '../../oracle/compile/ir.ts';
import { encodedRange } from '../../oracle/compile/liveness.ts';
import { forEachStmt } from '../../oracle/compile/walk.ts';
import { often } from '../campaign.ts';
import { type Toy, toy } from '../prove/toys.ts';
import { dice } from './differential.ts';

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/** A loop with this body, and the same unrolled in each order. */
function loops(body: string, functions = ''): Toy {
  const file = 'test/compile/models/loops.ts';
  const unrolled = ORDERS.map(
    (order, at) =>
      `function* order${at}(s: State, _w: World, one: ItemId): Procedure { ${order.map((member) => `body(s, one, items[${member}]);`).join(' ')} }`,
  );
  const source = `
import { count, defineModel, first, type Id, type Nat, type Procedure, range, type Seq, type Table } from '../../../model/lang.ts';
export const ITEMS = 3;
export type ItemId = Id<'item', typeof ITEMS>;
export type World = Id<'world', 1>;
export const items = range<ItemId>(ITEMS);
export interface Item { mark: boolean; next: ItemId | null; level: Nat<3> }
export interface State { items: Table<Item, typeof ITEMS>; list: Seq<ItemId, 3>; owner: ItemId | null; number: Nat<3> }
declare function initial(_: Record<string, never>): State;
${functions}
function body(s: State, one: ItemId, i: ItemId): void { ${body.replaceAll(/\b(continue|break);/g, 'return;')} }
function* loop(s: State, _w: World, one: ItemId): Procedure { for (const i of items) { ${body} } }
${unrolled.join('\n')}
export const model = defineModel<State>({
  initial, agents: { world: { size: 1, procedures: { loop, ${ORDERS.map((_, at) => `order${at}`).join(', ')} } } },
  invariants: {}, lemmas: {},
});
`;
  return toy(file, {}, { [file]: source });
}

function isSaid({ system: { program } }: Toy): boolean {
  const verdicts: boolean[] = [];
  forEachStmt(program.functions.find(({ name }) => name === 'loop')?.body ?? [], (stmt: Stmt) => {
    if (stmt.op === 'for') verdicts.push(commutes(program, stmt));
  });
  expect(verdicts).toHaveLength(1);
  return verdicts[0] as boolean;
}

/** Whether the order was seen to matter, from random states that their types allow. A bound that is broken in one is broken in all. */
function isSeen({ system, concrete }: Toy, seed: number): boolean {
  const random = dice(seed);
  for (let tries = 0; tries < 300; tries++) {
    const cells = system.layout.cells.map(({ type, fixed }) => {
      const { lo, hi } = encodedRange(type);
      return fixed ?? lo + random(hi - lo + 1);
    });
    for (const frames of system.layout.frames) for (const { pc } of frames) cells[pc] = 0;
    for (const { length, items } of system.layout.sequences) {
      for (const [at, item] of items.entries()) if (at >= (cells[length] as number)) cells[item] = 0;
    }
    const one = random(3);
    const ends = [0, 1, 2, 3, 4, 5, 6].map((procedure) => {
      const words = concrete.cells.write(cells);
      concrete.take(words, { agent: 0, who: 0, procedure, args: [one] });
      return concrete.model.fault(words) === null ? concrete.cells.read(words).join() : 'a bound is broken';
    });
    // The loop itself goes by the first order.
    expect(ends[0]).toBe(ends[1]);
    if (new Set(ends).size > 1) return true;
  }
  return false;
}

describe('a loop commutes', () => {
  test.each([
    ['writes each its own', 's.items[i].mark = true;'],
    ['reads and writes each its own', 'if (s.items[i].next === one) { s.items[i].next = null; s.items[i].level = 1; }'],
    ['writes one constant, wherever', 'if (s.items[i].next !== null) s.items[s.items[i].next!].level = 2;'],
    ['clears what nobody reads', 'if (s.items[i].mark) s.owner = null;'],
    ['calls a function with the member', 'touch(s, i);'],
    ['counts what nobody writes', 'if (count(items, (j) => s.items[j].next === i) > 0) s.items[i].mark = true;'],
    ['leaves one out', 'if (s.items[i].mark) continue; s.items[i].level = 0;'],
  ])('that %s', (_what, body) => {
    const subject = loops(
      body,
      'function touch(s: State, i: ItemId): void { s.items[i].mark = false; if (s.items[i].level > 1) s.items[i].level = 1; }',
    );
    expect(isSaid(subject)).toBe(true);
    expect(isSeen(subject, 1)).toBe(false);
  });
});

describe('a loop does not commute', () => {
  test.each([
    ['keeps the last', 'if (s.items[i].mark) s.owner = i;'],
    [
      'reads what another wrote',
      's.items[i].mark = s.items[one].mark || s.items[i].level > 1; if (s.items[one].mark) s.items[i].level = 0;',
    ],
    ['goes on from what it wrote', 'if (s.items[i].next !== null && s.items[s.items[i].next!].mark) s.items[i].mark = true;'],
    ['counts', 's.items[i].level = s.number; s.number = s.number === 3 ? 0 : s.number + 1;'],
    ['writes two constants', 'if (s.items[i].mark) s.number = 1; else s.number = 2;'],
    ['puts them in a row', 'if (s.list.length < 3) s.list.push(i);'],
    ['leaves early', 'if (s.items[i].mark) break; s.items[i].level = 0;'],
    ['asks a function about others', 'if (any(s)) s.items[i].mark = false;'],
    ['writes through a function that is given another', 'move(s, one, i);'],
  ])('that %s', (_what, body) => {
    const helpers = `function any(s: State): boolean { return count(items, (i) => s.items[i].mark) > 1; }
      function move(s: State, to: ItemId, from: ItemId): void { if (s.items[from].mark) s.items[to].level = s.items[from].level; }`;
    const subject = loops(body, helpers);
    expect(isSaid(subject)).toBe(false);
  });
});

test('random loops that are said to commute do; and most of the others are seen not to', () => {
  const counted = { said: 0, seen: 0, unseen: 0 };
  for (let seed = 1; seed <= often(60, 600); seed++) {
    const random = dice(seed);
    const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
    const item = (): string => pick(['i', 'i', 'i', 'one', '(s.items[i].next ?? one)']);
    const condition = (): string =>
      pick([
        `s.items[${item()}].mark`,
        `s.items[${item()}].next === ${pick(['one', 'null', 'i'])}`,
        `s.items[${item()}].level > 1`,
        's.owner === i',
        's.number > 1',
        'any(s)',
      ]);
    const write = (): string =>
      pick([
        `s.items[${item()}].mark = ${pick(['true', 'false', condition()])};`,
        `s.items[${item()}].next = ${pick(['null', 'one', 'i'])};`,
        `s.items[${item()}].level = ${pick(['0', '1', `s.items[${item()}].level`])};`,
        `s.owner = ${pick(['null', 'null', 'i'])};`,
        `s.number = ${pick(['1', '1', '2'])};`,
        `touch(s, ${item()});`,
      ]);
    const body = `if (${condition()}) { ${write()} } ${pick(['', `else { ${write()} }`])} ${pick(['', write(), `if (${condition()}) continue; ${write()}`])}`;
    const subject = loops(
      body,
      `function touch(s: State, i: ItemId): void { s.items[i].level = ${random(3)}; }
       function any(s: State): boolean { return items.some((j) => s.items[j].mark); }`,
    );
    const [said, seen] = [isSaid(subject), isSeen(subject, seed)];
    expect([body, said && seen]).toEqual([body, false]);
    counted[said ? 'said' : seen ? 'seen' : 'unseen']++;
  }
  expect(counted.said).toBeGreaterThan(often(5, 60));
  expect(counted.seen).toBeGreaterThan(often(5, 60));
  expect(counted.seen).toBeGreaterThan(counted.unseen);
});
