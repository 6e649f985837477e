/** A step is asked about from representatives only where nobody can see members exchanged; what a proof then closes is what it closes without. */
import { describe, expect, test } from 'vitest';
import type { Action, TransitionSystem } from '../../oracle/compile/smt.ts';
import { assignmentOf } from '../../oracle/compile/symbolic-state.ts';
import { isTrue } from '../../oracle/compile/term.ts';
import { constant } from '../../oracle/compile/term-number.ts';
import { represented } from '../../oracle/prove/exchange.ts';
import { goalsOf } from '../../oracle/prove/goals.ts';
import { Representatives } from '../../oracle/prove/representatives.ts';
import { often } from '../campaign.ts';
import { dice } from '../compile/differential.ts';
import { closed, model, NEVER, randomItems, reachedStates, world } from './items.ts';
import { bruteForce, type Toy, toy } from './toys.ts';

/** In each of these a step breaks something for some items, and for the first of them it doesn't. */
const TOLD_APART: readonly (readonly [what: string, make: () => Toy])[] = [
  [
    'a literal',
    () =>
      world(
        'done: boolean',
        'function* work(s: State, _w: World, it: ItemId): Procedure { when(it === items[2]); s.done = true; }',
        'work',
        NEVER,
      ),
  ],
  [
    'a literal, inside of a function',
    () =>
      world(
        'done: boolean',
        `function isLast(it: ItemId): boolean { return it === items[2]; }
         function finish(s: State, it: ItemId): void { if (isLast(it)) s.done = true; }
         function* work(s: State, _w: World, it: ItemId): Procedure { finish(s, it); }`,
        'work',
        NEVER,
      ),
  ],
  [
    'the first that is free',
    () =>
      world(
        'used: Table<boolean, typeof ITEMS>; done: boolean',
        `function* take(s: State, _w: World, it: ItemId): Procedure { s.used[it] = true; }
         function* work(s: State, _w: World, it: ItemId): Procedure { when(s.used[it] && first(items, (i) => s.used[i]) !== it); s.done = true; }`,
        'take, work',
        NEVER,
      ),
  ],
  [
    'the first that is taken, in a step that is given nobody',
    () =>
      world(
        'used: Table<boolean, typeof ITEMS>; chosen: ItemId | null; done: boolean',
        `function* take(s: State, _w: World): Procedure { const it = first(items, (i) => !s.used[i]); when(it !== null); s.used[it!] = true; s.chosen = it; }
         function* work(s: State, _w: World): Procedure { when(s.chosen !== null && first(items, (i) => !s.used[i]) !== null && s.used[s.chosen!]); s.done = true; }`,
        'take, work',
        NEVER,
      ),
  ],
  [
    'the first that is used, in what is shown',
    () =>
      world(
        'used: Table<boolean, typeof ITEMS>; owner: ItemId | null',
        `function* use(s: State, _w: World, it: ItemId): Procedure { when(s.owner === null); s.used[it] = true; }
         function* own(s: State, _w: World, it: ItemId): Procedure { const other = first(items, (i) => i !== it); if (other !== null) s.owner = it; }`,
        'use, own',
        'never: (s: State) => s.owner === null || !s.used[s.owner] || first(items, (i) => s.used[i]) === s.owner',
      ),
  ],
  [
    'nobody being left',
    () =>
      world(
        'used: Table<boolean, typeof ITEMS>; done: boolean',
        `function* work(s: State, _w: World): Procedure { const it = first(items, (i) => !s.used[i]); if (it === null) { s.done = true; } else { s.used[it] = true; } }`,
        'work',
        NEVER,
      ),
  ],
  [
    'the order of a loop',
    () =>
      world(
        'used: Table<boolean, typeof ITEMS>; last: ItemId | null; done: boolean',
        `function* mark(s: State, _w: World, it: ItemId): Procedure { s.used[it] = true; }
         function* work(s: State, _w: World, it: ItemId): Procedure { for (const i of items) { if (s.used[i]) s.last = i; } if (s.last !== null && s.last !== it && s.used[it]) s.done = true; }`,
        'mark, work',
        NEVER,
      ),
  ],
  [
    'a number that is taken for one of them',
    () =>
      world(
        'number: Nat<2>; done: boolean',
        'function* work(s: State, _w: World, it: ItemId): Procedure { when((s.number as ItemId) !== it); s.done = true; }',
        'work',
        NEVER,
      ),
  ],
];

/** In each of these nothing names an item, and yet the first of them is not like the others. */
const GIVEN_AWAY: readonly (readonly [what: string, broken: string, make: () => Toy])[] = [
  [
    'a fact about a sequence of them in the record of an agent',
    'never',
    () =>
      model(
        'worlds: Table<{ list: Seq<ItemId, 2> }, 1>; done: boolean',
        `function* put(s: State, w: World, a: ItemId): Procedure { when(s.worlds[w].list.length === 0); s.worlds[w].list.push(a); }
         function* work(s: State, w: World, a: ItemId): Procedure { when(s.worlds[w].list.length === 1 && !s.worlds[w].list.includes(a)); s.done = true; }`,
        'world: { size: 1, procedures: { put, work } }',
        NEVER,
      ),
  ],
  [
    'a table that has the name of an agent and is theirs',
    'never',
    () =>
      model(
        'items: Table<{ next: ItemId | null }, typeof ITEMS>; done: boolean',
        `function* link(s: State, _w: World, a: ItemId, b: ItemId): Procedure { s.items[a].next = b; }
         function* work(s: State, _w: World): Procedure {
           when(items.every((i) => s.items[i].next !== null && s.items[i].next !== i && s.items[s.items[i].next!].next !== i));
           s.done = true;
         }`,
        'item: { size: 1, procedures: { link, work } }',
        NEVER,
      ),
  ],
  [
    'an argument that nobody reads and that breaks a bound',
    'no-overflow',
    () =>
      model(
        'next: Table<ItemId | null, typeof ITEMS>; done: boolean',
        `function ignore(s: State, _a: ItemId): void { s.done = true; }
         function* link(s: State, _w: World, a: ItemId, b: ItemId): Procedure { s.next[a] = b; }
         function* work(s: State, _w: World, a: ItemId): Procedure {
           when(s.next[a] === null && items.every((i) => i === a || s.next[i] !== null));
           ignore(s, s.next[items[1]!]!);
         }`,
        'world: { size: 1, procedures: { link, work } }',
        'any: (s: State) => s.done || !s.done',
      ),
  ],
  [
    'a null that is taken for one of them',
    'never',
    () =>
      model(
        'queue: Seq<ItemId | null, 2>; done: boolean',
        `function* put(s: State, _w: World, a: ItemId): Procedure { when(s.queue.length === 0); s.queue.push(a); }
         function* work(s: State, _w: World, a: ItemId): Procedure { const x = s.queue.shift() ?? null; if (x !== null && x !== a) s.done = true; }`,
        'world: { size: 1, procedures: { put, work } }',
        NEVER,
      ),
  ],
];

describe('items that are told apart by', () => {
  test.each(TOLD_APART)('%s are all looked at', async (_what, make) => {
    const subject = make();
    expect(bruteForce(subject, 4).brokenAt.has('never')).toBe(true);
    expect(await closed(subject, false)).not.toContain('never');
    const representatives = new Representatives(subject.system);
    const kinds = subject.system.actions.map((action) => representatives.kindsOf(action).length);
    expect(Math.min(...kinds)).toBe(0);
  });
});

describe('what is given away by', () => {
  test.each(GIVEN_AWAY)('%s breaks %s', async (_what, broken, make) => {
    const subject = make();
    expect(bruteForce(subject, 4).brokenAt.has(broken)).toBe(true);
    expect(await closed(subject, false)).not.toContain(broken);
  });
});

describe('a place leads where it led when its statement began', () => {
  // The own sequence is emptied, or shortened, of whoever is first in it: not that of another whose id the zeros of an empty place would be.
  test.each(['length = 0', 'shift()'])('%s', async (change) => {
    const subject = model(
      'items: Table<{ seq: Seq<ItemId, 2> }, typeof ITEMS>; done: boolean',
      `function* put(s: State, _w: World, a: ItemId): Procedure { when(s.items[a].seq.length === 0); s.items[a].seq.push(a); }
       function* empty(s: State, _w: World, a: ItemId): Procedure { when(s.items[a].seq.length > 0); s.items[s.items[a].seq[0]!].seq.${change}; }`,
      'world: { size: 1, procedures: { put, empty } }',
      'own: (s: State) => items.every((i) => items.every((j) => i === j || !s.items[i].seq.includes(j)))',
    );
    expect(bruteForce(subject, 4).brokenAt.size).toBe(0);
    expect(await closed(subject, false)).toContain('own');
  });

  test('a record that is replaced', () => {
    const subject = model(
      'items: Table<{ next: ItemId | null; on: boolean }, typeof ITEMS>',
      `function* link(s: State, _w: World, a: ItemId): Procedure { s.items[a].next = a; }
       function* set(s: State, _w: World, a: ItemId): Procedure { when(s.items[a].next !== null); s.items[s.items[a].next!] = { next: null, on: true }; }`,
      'world: { size: 1, procedures: { link, set } }',
      'linked-is-off: (s: State) => items.every((i) => s.items[i].next === null || !s.items[i].on)'.replace(
        'linked-is-off',
        "'linked-is-off'",
      ),
    );
    expect([...bruteForce(subject, 3).brokenAt]).toEqual([['linked-is-off', 3]]);
  });
});

test('what is closed from representatives is what is closed from all states, on random models', async () => {
  const counted = { closed: 0, open: 0, represented: 0, apart: 0, byChoice: 0 };
  for (let seed = 1; seed <= often(25, 200); seed++) {
    const file = 'test/prove/models/items.ts';
    const subject = toy(file, {}, { [file]: randomItems(seed) });
    const reached = await reachedStates(subject, 300, 1);
    const [some, all] = [await closed(subject, false, reached), await closed(subject, true)];
    expect([seed, some]).toEqual([seed, all]);
    counted.closed += some.length;
    counted.open += goalsOf(subject.system).length - some.length;
    const representatives = new Representatives(subject.system);
    for (const action of subject.system.actions) {
      counted[representatives.kindsOf(action).length > 0 ? 'represented' : 'apart']++;
      if (representatives.gainsByChoice(action)) counted.byChoice++;
    }
  }
  for (const number of Object.values(counted)) expect(number).toBeGreaterThan(often(10, 80));
}, 900_000);

/**
 * The states with the first member of who acts at the pause that the action leaves; if a run reached none, those that it did, put there. What
 * the slots mean elsewhere is nobody's name, or another's.
 */
function standing({ layout }: TransitionSystem, { agent, entry }: Action, seen: readonly (readonly number[])[]): typeof seen {
  const frame = layout.frames[agent]?.[0];
  if (frame === undefined || entry.pc === 0) return seen;
  const there = seen.filter((cells) => cells[frame.pc] === entry.pc);
  if (there.length > 0) return there;
  return seen.map((cells) => cells.map((cell, at) => (at === frame.pc ? entry.pc : frame.slots.includes(at) ? 0 : cell)));
}

describe('every state that a run reaches is exchanged into a representative', () => {
  test.each<[string, Toy]>([
    ['of the specification', toy('model/index.ts', { design: 'sockref' })],
    ['of a world of items', toy('test/prove/models/items.ts', {}, { 'test/prove/models/items.ts': randomItems(7) })],
  ])('%s', async (_name, subject) => {
    const { system } = subject;
    const representatives = new Representatives(system);
    const seen = await reachedStates(subject, 6_000, 1);
    const { state } = system.free('');
    const random = dice(5);
    let exchanges = 0;
    for (const action of system.actions) {
      const params = system.params(action);
      const asked = { action, who: 0, byChoice: false };
      const from = standing(system, action, seen);
      for (let at = 0; at < 12; at++) {
        const cells = from[random(from.length)] as readonly number[];
        const args = params.map(({ type }) => (type.kind === 'id' ? random(type.size) + (type.nullable ? 1 : 0) : 0));
        const made = represented(system, representatives, { cells, args }, asked);
        if (made === null) throw new Error(`nobody represents ${action.name} from ${cells.join()}`);
        if (made.cells.join() !== cells.join()) exchanges++;
        // A representative stays as it is.
        const again = represented(system, representatives, made, asked);
        expect([again?.cells, again?.args]).toEqual([made.cells, made.args]);
        if (at > 1) continue;
        const condition = system.terms.all(representatives.conditions(representatives.pivots(asked), made.args.map(constant), state));
        const variables = new Map(assignmentOf(system.layout, '', made.cells));
        const values = system.terms.evaluate((name) => variables.get(name) === true);
        expect(isTrue(values, condition)).toBe(true);
      }
    }
    expect(exchanges).toBeGreaterThan(system.actions.length / 2);
  });
});
