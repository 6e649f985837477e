/** A step that takes the first of several is asked about by choice, where what it then covers is no less than what can happen. */
import { describe, expect, test } from 'vitest';
import { encodedRange } from '../../oracle/compile/liveness.ts';
import { Representatives } from '../../oracle/prove/representatives.ts';
import { often } from '../campaign.ts';
import { dice } from '../compile/differential.ts';
import { closed, model, NEVER, randomItems, world } from './items.ts';
import { bruteForce, type Toy, toy } from './toys.ts';

const LINK = 'function* link(s: State, _w: World, a: ItemId, b: ItemId): Procedure { s.next[a] = b; }';
const NEXT = 'next: Table<ItemId | null, typeof ITEMS>; done: boolean';

/** In each of these a search is made for each of several, or for nobody, so that it is no one choice: by choice there would be fewer steps. */
const SEARCHED: readonly (readonly [what: string, depth: number, make: () => Toy])[] = [
  [
    'in a quantifier',
    4,
    () =>
      world(
        NEXT,
        `${LINK}
         function* work(s: State, _w: World): Procedure { if (items.every((i) => s.next[i] !== null && first(items, (j) => s.next[i] === j) !== i)) s.done = true; }`,
        'link, work',
        NEVER,
      ),
  ],
  [
    'in a count, by a function',
    4,
    () =>
      world(
        NEXT,
        `function target(s: State, i: ItemId): ItemId | null { return first(items, (j) => s.next[i] === j); }
         ${LINK}
         function* work(s: State, _w: World): Procedure { if (count(items, (i) => s.next[i] !== null && target(s, i) !== i) === 3) s.done = true; }`,
        'link, work',
        NEVER,
      ),
  ],
  [
    'in another search',
    4,
    () =>
      world(
        NEXT,
        `${LINK}
         function* work(s: State, _w: World): Procedure { if (items.every((i) => s.next[i] !== null) && first(items, (i) => first(items, (j) => s.next[i] === j) === i) === null) s.done = true; }`,
        'link, work',
        NEVER,
      ),
  ],
  [
    'in a loop whose order nobody sees',
    4,
    () =>
      world(
        `${NEXT}; mark: Table<boolean, typeof ITEMS>`,
        `${LINK}
         function* work(s: State, _w: World): Procedure { for (const i of items) { if (s.next[i] !== null && first(items, (j) => s.next[i] === j) !== i) s.mark[i] = true; } if (items.every((i) => s.mark[i])) s.done = true; }`,
        'link, work',
        NEVER,
      ),
  ],
  [
    'among those of another kind',
    6,
    () =>
      world(
        'to: Table<PortId | null, typeof ITEMS>; avoid: Table<ItemId | null, typeof PORTS>; done: boolean',
        `function* link(s: State, _w: World, a: ItemId, b: PortId): Procedure { s.to[a] = b; }
         function* back(s: State, _w: World, a: ItemId, b: PortId): Procedure { s.avoid[b] = a; }
         function* work(s: State, _w: World): Procedure { if (items.every((i) => s.to[i] !== null && first(ports, (p) => s.to[i] === p) !== null && s.avoid[s.to[i]!] !== i && s.avoid[s.to[i]!] !== null)) s.done = true; }`,
        'link, back, work',
        NEVER,
      ),
  ],
  [
    'for an argument that nobody reads',
    1,
    () =>
      world(
        'used: Table<boolean, typeof ITEMS>; done: boolean',
        `function finish(s: State, _a: ItemId | null): void { s.done = true; }
         function* work(s: State, _w: World): Procedure { finish(s, first(items, (i) => i === items[1])); if (first(items, (i) => !s.used[i]) === null) s.done = false; }`,
        'work',
        NEVER,
      ),
  ],
];

describe('what is searched for', () => {
  test.each(SEARCHED)('%s is nobody’s choice', async (_what, depth, make) => {
    const subject = make();
    expect(bruteForce(subject, depth).brokenAt.get('never')).toBe(depth);
    expect(await closed(subject, false)).not.toContain('never');
  });
});

/** States that need not be reached: every cell at random, but that sequences are 0 beyond their length and slots of frames where nothing is kept. */
function anyStates({ system: { layout, machines } }: Toy, seed: number, many: number): readonly (readonly number[])[] {
  const roll = dice(seed);
  const any = (type: Parameters<typeof encodedRange>[0]): number => {
    const { lo, hi } = encodedRange(type);
    return lo + roll(hi - lo + 1);
  };
  return Array.from({ length: many }, () => {
    const cells = layout.cells.map(({ type }) => any(type));
    for (const { length, items } of layout.sequences) for (const cell of items.slice(cells[length])) cells[cell] = 0;
    machines.forEach((machine, agent) => {
      for (const { pc, slots } of layout.frames[agent] ?? []) {
        const entry = machine.entries[roll(machine.entries.length)];
        cells[pc] = entry?.pc ?? 0;
        slots.forEach((cell, slot) => {
          const kept = entry?.pc === 0 ? undefined : entry?.live.find((live) => live.slot === slot);
          const type = kept === undefined ? undefined : machine.locals[kept.local]?.type;
          cells[cell] = type === undefined ? 0 : any(type);
        });
      }
    });
    return cells;
  });
}

test('from any state, reached or not, a step by choice does what the compiled model does, on random models', async () => {
  let byChoice = 0;
  for (let seed = 1; seed <= often(25, 200); seed++) {
    const file = 'test/prove/models/items.ts';
    const source = randomItems(seed).replace(
      /invariants: \{[\s\S]*?\}, lemmas/,
      "invariants: { 'any-state': (s: State) => s.number < 4 }, lemmas",
    );
    const subject = toy(file, {}, { [file]: source });
    const representatives = new Representatives(subject.system);
    byChoice += subject.system.actions.filter((action) => representatives.gainsByChoice(action)).length;
    // It throws where the two are of two minds.
    await closed(subject, false, anyStates(subject, seed, 150));
  }
  expect(byChoice).toBeGreaterThan(often(10, 80));
}, 900_000);

test('where the search itself may break a bound nobody is chosen', () => {
  const subject = model(
    'next: Table<ItemId | null, typeof ITEMS>; done: boolean',
    `function* link(s: State, _w: World, a: ItemId, b: ItemId): Procedure { s.next[a] = b; }
     function* work(s: State, _w: World): Procedure { const it = first(items, (i) => s.next[s.next[i]!] === i); if (it !== null) s.done = true; }`,
    'world: { size: 1, procedures: { link, work } }',
    NEVER,
  );
  const representatives = new Representatives(subject.system);
  expect(subject.system.actions.map((action) => [action.name, representatives.kindsOf(action, true).length])).toEqual([
    ['link', 1],
    ['work', 0],
  ]);
});

test('in the specification no step tells sockets or pcbs apart, but that it takes the first', () => {
  const { system } = toy('model/index.ts', { design: 'sockref' });
  const representatives = new Representatives(system);
  const apart = system.actions.filter((action) => {
    const kinds = representatives.kindsOf(action, true).map(({ name }) => name);
    return !kinds.includes('socket') || !kinds.includes('pcb');
  });
  expect(apart.map(({ name }) => name)).toEqual([]);
});
