/** A step is asked about from representatives only where nobody can see members exchanged; what a proof then closes is what it closes without. */
import { describe, expect, test } from 'vitest';
import { encodedRange } from '../../oracle/compile/liveness.ts';
import { TRUE } from '../../oracle/compile/term.ts';
import { constant } from '../../oracle/compile/term-number.ts';
import { represented } from '../../oracle/prove/exchange.ts';
import { FrameFacts } from '../../oracle/prove/frames.ts';
import { type Goal, goalsOf } from '../../oracle/prove/goals.ts';
import { Induction } from '../../oracle/prove/induction.ts';
import { Representatives } from '../../oracle/prove/representatives.ts';
import { assignmentOf } from '../../oracle/compile/symbolic-state.ts';
import { isTrue } from '../../oracle/compile/term.ts';
import { dice } from '../compile/differential.ts';
import { often } from '../campaign.ts';
import { bruteForce, limits, type Toy, toy } from './toys.ts';

const HEAD = `
import { count, defineModel, first, type Id, type Nat, type Procedure, range, type Seq, type Table, when } from '../../../model/lang.ts';
export const ITEMS = 3;
export type ItemId = Id<'item', typeof ITEMS>;
export type World = Id<'world', 1>;
export const items = range<ItemId>(ITEMS);
export const PORTS = 3;
export type PortId = Id<'port', typeof PORTS>;
export const ports = range<PortId>(PORTS);
`;

function world(state: string, procedures: string, names: string, invariants: string): Toy {
  const source = `${HEAD}
export interface State { ${state} }
declare function initial(_: Record<string, never>): State;
${procedures}
export const model = defineModel<State>({ initial, agents: { world: { size: 1, procedures: { ${names} } } }, invariants: { ${invariants} }, lemmas: {} });
`;
  return toy('test/prove/models/items.ts', {}, { 'test/prove/models/items.ts': source });
}

const NEVER = 'never: (s: State) => !s.done';

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

function model(state: string, procedures: string, agents: string, invariants: string): Toy {
  const source = `${HEAD}
export interface State { ${state} }
declare function initial(_: Record<string, never>): State;
${procedures}
export const model = defineModel<State>({ initial, agents: { ${agents} }, invariants: { ${invariants} }, lemmas: {} });
`;
  return toy('test/prove/models/items.ts', {}, { 'test/prove/models/items.ts': source });
}

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

const ANY: Goal = { id: 'any', kind: 'lemma', found: true, holds: () => TRUE };

/**
 * What induction closes, in order. `all`: from all states, since a goal that was found may name anybody. `reached`: from these states terms and
 * compiled model must do the same, or it throws.
 */
async function closed({ system, concrete }: Toy, all: boolean, reached: readonly (readonly number[])[] = []): Promise<readonly string[]> {
  const induction = new Induction(system, new FrameFacts(system), limits(), () => undefined);
  // Of the first state nothing is asked here.
  const atFirst = concrete.broken(concrete.model.initial());
  const goals = goalsOf(system).filter(({ id }) => !atFirst.includes(id));
  const { proved } = await induction.close([...goals, ...(all ? [ANY] : [])], () => true, { seen: { concrete, reached } });
  return proved.map(({ id }) => id).filter((id) => id !== ANY.id);
}

/** States that random runs come to. */
async function reachedStates({ concrete }: Toy, steps: number, everyNth: number): Promise<readonly (readonly number[])[]> {
  const seen: (readonly number[])[] = [];
  await concrete.watch(7, steps, { visit: (cells) => seen.push(cells) % 40 === 0 });
  return seen.filter((_, at) => at % everyNth === 0);
}

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

/** Random models of a world with three items; most tell nobody apart. */
function randomItems(seed: number): string {
  const roll = dice(seed);
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
  const rarely = (usual: string, rare: string): string => (roll(14) === 0 ? rare : usual);
  const item = (): string => rarely(pick(['one', 'other', '(s.next[one] ?? other)']), pick(['items[1]', '(s.number as ItemId)']));
  const free = (): string =>
    pick([
      's.mark[i]',
      '!s.mark[i]',
      's.next[i] === null',
      'i !== one && s.next[i] !== other',
      's.next[i] !== null && s.mark[s.next[i]!]',
      rarely('s.mark[i]', 'first(items, (j) => s.next[j] === i) === one'),
    ]);
  const condition = (depth: number): string =>
    pick([
      () => `s.mark[${item()}]`,
      () => `s.next[${item()}] ${pick(['===', '!=='])} ${pick(['null', 'one', 'other', 's.owner'])}`,
      () => `s.owner ${pick(['===', '!=='])} ${pick(['null', 'one', 'other'])}`,
      () => 's.list.includes(one)',
      () =>
        `items.${pick(['some', 'every'])}((i) => ${pick(['s.mark[i]', 's.next[i] === one', 's.next[i] !== null && s.mark[s.next[i]!]', 'i === one || !s.mark[i]'])})`,
      () => `count(items, (i) => ${pick(['s.mark[i]', 's.next[i] === other'])}) ${pick(['===', '<'])} ${1 + roll(2)}`,
      () => pick(['s.mark[one]', 's.mark[other]', `first(items, (i) => ${free()}) === one`]),
      () => (depth === 0 ? 'one !== other' : `(${condition(depth - 1)} ${pick(['&&', '||'])} ${condition(depth - 1)})`),
    ])();
  const statement = (depth: number): string =>
    pick([
      () => `s.mark[${item()}] = ${pick(['true', 'false', '!s.mark[one]'])};`,
      () => `s.next[${item()}] = ${pick(['null', 'one', 'other', 's.owner'])};`,
      () => `s.owner = ${pick(['null', 'one', 'other', 's.next[other]'])};`,
      () => `if (s.list.length < 2) s.list.push(${item()});`,
      () => 's.list.shift();',
      () =>
        `for (const i of items) { if (${pick(['s.next[i] === one', 's.mark[i]', 'i !== one'])}) ${pick(['s.next[i] = null', 's.mark[i] = s.next[i] !== null', 's.owner = null', 's.number = 1', rarely('s.mark[i] = true', 's.owner = i')])}; }`,
      () => `s.number = ${pick(['0', 'count(items, (i) => s.mark[i])'])};`,
      () => `s.owner = first(items, (i) => ${free()});`,
      // Who is found twice is the same: a step by choice knows nothing of that.
      () =>
        `{ const a = first(items, (i) => i !== one); const b = first(items, (i) => i !== one); if (a !== b) { s.number = 3; s.mark[one] = false; } }`,
      () =>
        `{ const found = first(items, (i) => ${free()}); if (found !== null${pick(['', ' && found !== one'])}) ${pick(['s.mark[found] = true', 's.next[found] = one', 's.next[one] = found', '{ s.next[found] = s.owner; s.owner = found; }'])}; }`,
      () => (depth === 0 ? 's.mark[one] = true;' : `if (${condition(1)}) {\n${statement(depth - 1)}\n} else {\n${statement(depth - 1)}\n}`),
    ])();
  const procedure = (name: string, pause: boolean): string => `
function* ${name}(s: State, _w: World, one: ItemId, other: ItemId): Procedure {
  when(${condition(1)});
  ${statement(1)}
  ${pause ? 'yield;' : ''}
  ${statement(1)}
}`;
  const property = (): string =>
    `(s: State) => items.every((one) => items.some((other) => ${condition(1)}) || ${pick(['s.mark[one]', 's.number < 3', 's.next[one] === null', 's.owner !== one || s.mark[one]'])})`;
  return `${HEAD}
export interface State {
  mark: Table<boolean, typeof ITEMS>;
  next: Table<ItemId | null, typeof ITEMS>;
  list: Seq<ItemId, 2>;
  owner: ItemId | null;
  number: Nat<3>;
}
declare function initial(_: Record<string, never>): State;
${procedure('first_', false)}
${procedure('second', true)}
export const model = defineModel<State>({
  initial, agents: { world: { size: 1, procedures: { first_, second } } },
  invariants: { ${Array.from({ length: 6 }, (_, at) => `p${at}: ${property()}`).join(',\n')} }, lemmas: {},
});
`;
}

test('what is closed from representatives is what is closed from all states, on random models', async () => {
  const counted = { closed: 0, open: 0, represented: 0, apart: 0, byChoice: 0 };
  for (let seed = 1; seed <= often(40, 200); seed++) {
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
      for (let at = 0; at < 12; at++) {
        const cells = seen[random(seen.length)] as readonly number[];
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
