/** Of states that differ only in numbers one is kept: as many as there are orbits, none of them lost, and only where the model allows it. */
import { describe, expect, test } from 'vitest';
import { Explorer } from '../../oracle/check/explorer.ts';
import { Orbits } from '../../oracle/check/orbits.ts';
import { symmetricKinds } from '../../oracle/check/symmetric.ts';
import { CONFIGURATIONS } from '../../oracle/check/configurations.ts';
import { partOf } from '../../oracle/check/examine.ts';
import { take } from '../../oracle/check/found.ts';
import { type Action, emitSuccessors } from '../../oracle/compile/js-successors.ts';
import { loadModel } from '../../oracle/compile/model.ts';
import { dice } from '../compile/differential.ts';
import { compileModel } from '../../oracle/compile/frontend.ts';
import type { Program, Scalar } from '../../oracle/compile/ir.ts';
import { emitJavaScript } from '../../oracle/compile/javascript.ts';
import { prune } from '../../oracle/compile/prune.ts';
import { enough } from '../campaign.ts';
import { randomWorkers } from '../prove/random-model.ts';
import { bruteForce, compiledTogether, root, toyOf } from '../prove/toys.ts';
import { crowd, CROWDED } from './crowd.ts';

/** Of the benchmark model. */
const MEMORY = 256 * 2 ** 20;

/** By default no more memory than a small model needs: it is there from the beginning, and the collector has to take it away each time. */
function explored(program: Program, symmetry: boolean, memoryBytes = 16 * 2 ** 20): Explorer {
  const explorer = new Explorer(program, { memoryBytes, symmetric: symmetry ? symmetricKinds(program) : null });
  while (!explorer.complete) explorer.expand(1000);
  return explorer;
}

describe('the benchmark model', () => {
  const sizes = [
    [3, 3, 2_263],
    [4, 3, 7_279],
    [4, 4, 22_738],
    [5, 4, 65_690],
  ] as const;
  test.each(enough(sizes, ([sockets]) => sockets < 5))(
    'has with %i sockets and %i threads the %i orbits that other tools count',
    (sockets, threads, orbits) => {
      const constants = { SOCKETS: sockets, THREADS: threads };
      const program = compileModel({ root, entry: 'test/prove/models/benchmark.ts', constants });
      expect(explored({ ...program, lemmas: [] }, true, MEMORY).states).toBe(orbits);
    },
  );
});

describe('the specification', () => {
  const THREADS = 3;
  const constants = { SOCKETS: 2, PCBS: 2, FDS: 2, THREADS, HANDLES: 1, NAMES: 1, BUFFER: 1 };
  const configuration = CONFIGURATIONS.find(({ id }) => id === 'unix');
  const program = partOf(
    compileModel({ root, entry: 'model/index.ts', constants, configuration: { design: 'sockref' } }),
    configuration ?? { calls: {} },
  );
  const artefact = emitJavaScript(program);
  const model = loadModel(artefact);
  const orbits = new Orbits(artefact, symmetricKinds(program));

  const isThread = (type: Scalar | undefined): boolean => type?.kind === 'id' && type.of === 'thread' && !type.nullable;

  /** The same walk twice, the second time by other threads: in each state the one is the other with other numbers. */
  const walk = (seed: number, to: readonly number[]): number => {
    const roll = dice(seed);
    const { actions } = emitSuccessors(program);
    const other = (action: Action): Action => {
      const { size, procedures } = model.agents[action.agent] ?? { size: 0, procedures: [] };
      const types = procedures[action.procedure]?.params.map(({ type }) => type) ?? [];
      const args = action.args?.map((value, at) => (isThread(types[at]) ? (to[value] as number) : value)) ?? null;
      return { ...action, args, who: size === THREADS ? (to[action.who] as number) : action.who };
    };
    const [words, others] = [model.initial(), model.initial()];
    let steps = 0;
    for (let tries = 0; tries < 4_000; tries++) {
      const action = actions[roll(actions.length)] as Action;
      if (!take(model, words, action)) continue;
      expect(take(model, others, other(action))).toBe(true);
      const [least, same] = [words.slice(), others.slice()];
      orbits.canonise(least);
      orbits.canonise(same);
      expect(same).toEqual(least);
      steps++;
    }
    return steps;
  };

  test('has the same least state, whichever threads took the steps', () => {
    const steps = [1, 2, 3, 4, 5].map((seed) =>
      walk(
        seed,
        [
          [1, 0, 2],
          [2, 1, 0],
          [1, 2, 0],
        ][seed % 3] as readonly number[],
      ),
    );
    expect(Math.min(...steps)).toBeGreaterThan(100);
  });
});

interface Benchmark {
  readonly sockets: readonly { readonly queue: readonly number[] }[];
  readonly threads: readonly { readonly held: number | null }[];
}

/** The state with other numbers: what was socket i is socket `to[i]`, and its threads as `threads` says. */
function renumbered({ sockets, threads }: Benchmark, to: readonly number[], other: readonly number[]): Benchmark {
  const moved = <T>(list: readonly T[], where: readonly number[]): readonly T[] => list.map((_, at) => list[where.indexOf(at)] as T);
  return {
    sockets: moved(
      sockets.map((socket) => ({ ...socket, queue: socket.queue.map((so) => to[so] as number) })),
      to,
    ),
    threads: moved(
      threads.map((thread) => ({ ...thread, held: thread.held === null ? null : (to[thread.held] as number) })),
      other,
    ),
  };
}

function permutations(size: number): readonly (readonly number[])[] {
  if (size === 0) return [[]];
  return permutations(size - 1).flatMap((rest) => rest.concat(size - 1).map((_, at) => rest.toSpliced(at, 0, size - 1)));
}

describe('the least state of an orbit', () => {
  const constants = { SOCKETS: 4, THREADS: 3 };
  const program = { ...compileModel({ root, entry: 'test/prove/models/benchmark.ts', constants }), lemmas: [] };
  const whole = new Explorer(program, { memoryBytes: MEMORY });
  while (whole.levels.length < 12) whole.expand(1000);
  const artefact = emitJavaScript(program);
  /** The first state found in which not all numbers of an orbit lead to the same state, or to one that is not of the orbit. */
  const mistakeOf = (orbits: Orbits): number | null => {
    const ways = permutations(4).flatMap((to) => permutations(3).map((other) => [to, other] as const));
    for (let at = 0; at < whole.states; at += 101) {
      const plain = whole.model.decodeState(whole.state(at)) as unknown as Benchmark;
      const all = ways.map(([to, other]) => whole.model.encode({ ...renumbered(plain, to, other) }));
      const members = new Set(all.map((words) => words.join()));
      const least = all.map((words) => {
        orbits.canonise(words);
        return words.join();
      });
      if (new Set(least).size > 1 || !members.has(least[0] ?? '')) return at;
    }
    return null;
  };

  test('is one of it, and the same whatever its members are called', () => {
    expect(mistakeOf(new Orbits(artefact, symmetricKinds(program)))).toBe(null);
  });

  const faults: readonly (readonly [string, string | RegExp, string])[] = [
    ['a reference that is not renamed', / \+ \(D\[T\[0\]\] << \d+\)/, ''],
    ['a reference that is taken for a number', /T\[0\] = t;/, 'T[0] = 0;'],
    ['an item behind the end of its queue that is renamed', /t = \(1 < [^?]*\?/, 't = (true ?'],
    ['a member that moves to where another is', /const n1 = N\[1\];/, 'const n1 = N[2];'],
    ['a signature by number', /s1 = s1 \+ p/, 's1 = s1 + 1'],
    ['a part that does not move', / \+ n6 \* \d+/, ''],
  ];
  test.each(faults)('and a fault is seen: %s', (_, good, bad) => {
    const plant = (source: string): string => {
      const planted = source.replace(good, bad);
      expect(planted).not.toBe(source);
      return planted;
    };
    expect(mistakeOf(new Orbits(artefact, symmetricKinds(program), plant))).not.toBe(null);
  });
});

/** The states in which members 0 and 1 of the only kind are exchanged and not, as one text. */
function orbit(state: unknown): string {
  return [JSON.stringify(state), JSON.stringify(exchanged(state))].sort().join();
}

interface Workers {
  readonly mark: readonly boolean[];
  readonly at: readonly (number | null)[];
  readonly level: readonly number[];
  readonly owner: number | null;
  readonly number: number;
}

function exchanged(value: unknown): unknown {
  const { state, frames } = value as {
    state: Workers;
    frames: { worker: readonly { pc: number; locals: Readonly<Record<string, unknown>> }[] };
  };
  const other = (id: number | null): number | null => (id === null ? null : 1 - id);
  const swap = <T>(list: readonly T[]): readonly T[] => [...list].reverse();
  const worker = swap(frames.worker).map((frame) => ({
    ...frame,
    locals: Object.fromEntries(Object.entries(frame.locals).map(([name, id]) => [name, name === 'other' ? other(id as number) : id])),
  }));
  return {
    state: { ...state, mark: swap(state.mark), at: swap(state.at).map(other), level: swap(state.level), owner: other(state.owner) },
    frames: { worker },
  };
}

describe('random models of two workers', () => {
  const seen = { kept: 0, refused: 0, broken: 0, smaller: 0 };
  test.each([0, 10, 20, 30])('from %i on: as many states as orbits, the same shortest violation, or a refusal that says where', (from) => {
    const sources = Array.from({ length: 10 }, (_, at) =>
      randomWorkers(from + at).replace(/lemmas: \{\},/, "lemmas: {},\n  symmetric: ['worker'],"),
    );
    for (const source of sources) expect(source).toContain('symmetric');
    for (const [at, compiled] of compiledTogether(sources).entries()) {
      const seed = from + at;
      const first = toyOf(compiled).concrete;
      const broken = first.broken(first.model.initial());
      const program = prune({ ...compiled, invariants: compiled.invariants.filter(({ id }) => !broken.includes(id)) });
      const { refused } = symmetricKinds(program);
      if (refused.length > 0) {
        expect(refused[0]?.why, `${seed}`).toMatch(/^(.+:\d+: \w+ tells one from another: .*`.+`.*; .+|the field `\w+` .*)$/);
        seen.refused++;
        continue;
      }
      seen.kept++;
      const whole = explored(program, false);
      const part = explored(program, true);
      const orbits = new Set(Array.from({ length: whole.states }, (_, at) => orbit(whole.model.decode(whole.state(at)))));
      expect(part.states, `${seed}`).toBe(orbits.size);
      seen.smaller += part.states < whole.states ? 1 : 0;
      const lengths = (explorer: Explorer): number =>
        Math.min(...explorer.broken().map((each) => explorer.pathOf(each)?.length ?? Number.NaN));
      expect(lengths(part), `${seed}`).toBe(lengths(whole));
      if (whole.broken().length > 0) {
        seen.broken++;
        expect(lengths(part), `${seed}`).toBe(Math.min(...bruteForce(toyOf(program), lengths(whole)).brokenAt.values()));
      }
    }
  });

  test('of these there are some of each sort', () => {
    expect(seen.kept).toBeGreaterThan(10);
    expect(seen.refused).toBeGreaterThan(3);
    expect(seen.broken).toBeGreaterThan(2);
    expect(seen.smaller).toBeGreaterThan(10);
  });
});

/** Slots of a pool are taken with `first`, as the specification takes sockets; what is in them differs. */
const POOL = (invariant: string, take: string): string => `
import { count, defineModel, first, type Id, type Nat, type Procedure, range, type Table, when } from '../../../model/lang.ts';
export const SLOTS = 3;
export const USERS = 2;
export type SlotId = Id<'slot', typeof SLOTS>;
export type UserId = Id<'user', typeof USERS>;
export interface Slot { state: 'free' | 'used' | 'done'; owner: UserId | null }
export interface State { slots: Table<Slot, typeof SLOTS>; has: Table<SlotId | null, typeof USERS> }
export const slots = range<SlotId>(SLOTS);
export const users = range<UserId>(USERS);
export function initial(_: Record<string, never>): State {
  return { slots: slots.map(() => ({ state: 'free', owner: null })), has: users.map(() => null) };
}
function* take(s: State, who: UserId): Procedure {
  when(s.has[who] === null);
  const slot = first(slots, (each) => ${take});
  if (slot === null) return;
  s.slots[slot].state = 'used';
  s.slots[slot].owner = who;
  s.has[who] = slot;
}
function* give(s: State, who: UserId, clean: boolean): Procedure {
  const slot = s.has[who];
  when(slot !== null);
  if (slot === null) return;
  s.has[who] = null;
  s.slots[slot].state = clean ? 'free' : 'done';
  if (clean) s.slots[slot].owner = null;
}
export const model = defineModel<State>({
  initial,
  agents: { user: { size: USERS, procedures: { take, give } } },
  invariants: { asked: ${invariant} },
  lemmas: {},
  symmetric: ['slot', 'user'],
});
`;

function pool(invariant: string, take: string, users = 2): Program {
  const entry = 'test/prove/models/pool.ts';
  return compileModel({ root, entry, constants: { USERS: users }, sources: { [entry]: POOL(invariant, take) } });
}

describe('the first that is free', () => {
  test('may be any, where free ones are alike', () => {
    const program = pool(
      '(s: State) => users.every((u) => s.has[u] === null || s.slots[s.has[u]].owner === u)',
      "s.slots[each].state === 'free'",
    );
    expect(symmetricKinds(program).refused).toEqual([]);
    const [whole, part] = [explored(program, false), explored(program, true)];
    expect([whole.broken(), part.broken()]).toEqual([[], []]);
    expect(part.states).toBeLessThan(whole.states / 4);
  });

  test('leads to no violation that is believed, where only another than the first breaks it', () => {
    // One user: the first that isn't used is the one it had before, so that the others stay free; any of them need not.
    const program = pool("(s: State) => count(slots, (each) => s.slots[each].state !== 'free') < 2", "s.slots[each].state !== 'used'", 1);
    const [whole, part] = [explored(program, false), explored(program, true)];
    expect(whole.broken()).toEqual([]);
    const [broken] = part.broken();
    expect(broken === undefined ? 'none' : part.pathOf(broken)).toBe(null);
  });
});

test('a step may have more outcomes than a small table has places', () => {
  const program = crowd();
  expect(symmetricKinds(program).refused).toEqual([]);
  const explorer = explored(program, true);
  expect({ states: explorer.states, stuck: explorer.stuck }).toEqual(CROWDED);
});

test('a kind of which one is there from the beginning is refused', () => {
  const entry = 'test/prove/models/pool.ts';
  const source = POOL(
    '(s: State) => users.every((u) => s.has[u] === null || s.slots[s.has[u]].owner === u)',
    "s.slots[each].state === 'free'",
  )
    .replace('has: Table<SlotId | null, typeof USERS> }', 'has: Table<SlotId | null, typeof USERS>; last: SlotId }')
    .replace('has: users.map(() => null) }', 'has: users.map(() => null), last: slots[0] }');
  const { refused } = symmetricKinds(compileModel({ root, entry, sources: { [entry]: source } }));
  expect(refused).toEqual([
    { kind: 'slot', why: 'the field `last` holds the first of them from the beginning; let it be null until it is set' },
  ]);
});

describe('a model that tells one from another is refused with the place, what stands there, and what to write instead', () => {
  const refused = (statement: string, invariant = '(s: State) => true'): readonly { readonly kind: string; readonly why: string }[] => {
    const entry = 'test/prove/models/pool.ts';
    const last = 'if (clean) s.slots[slot].owner = null;';
    const source = POOL(invariant, "s.slots[each].state === 'free'").replace(last, `${last}\n  ${statement}`);
    return symmetricKinds(compileModel({ root, entry, sources: { [entry]: source } })).refused;
  };

  test.each([
    [
      'where it names one',
      "if (s.has[users[0]!] === null) s.slots[slot].state = 'done';",
      '22: give tells one from another: `has` is indexed by them and by something else, here `0`; take the id from the state, or as a parameter',
    ],
    [
      'where it stores one',
      's.slots[slot].owner = users[1]!;',
      '22: give tells one from another: `1` names one of them; take it from the state, or as a parameter',
    ],
    [
      'where it orders them',
      "if (who < 1) s.slots[slot].state = 'done';",
      '22: give tells one from another: `who < 1` orders them, or counts with them; compare ids with `===` and `!==` only',
    ],
    [
      'where it runs through them',
      'for (const u of users) if (s.has[u] === null) s.slots[slot].owner = u;',
      '22: give tells one from another: a loop runs through them, and their order can be seen; ask with `some`, `every` or `count`, or do it in a step for each',
    ],
  ])('%s', (_, statement, why) => {
    expect(refused(statement)).toEqual([{ kind: 'user', why: `test/prove/models/pool.ts:${why}` }]);
  });

  test('where a guard asks about one that was taken for the first', () => {
    const entry = 'test/prove/models/pool.ts';
    const guarded = (cond: string): readonly string[] =>
      symmetricKinds(
        compileModel({
          root,
          entry,
          sources: {
            [entry]: `import { defineModel, first, type Id, type Nat, type Procedure, range, type Table, when } from '../../../model/lang.ts';
export const ITEMS = 3;
export type ItemId = Id<'item', typeof ITEMS>;
export const items = range<ItemId>(ITEMS);
export interface State { used: Table<boolean, typeof ITEMS>; level: Table<Nat<2>, typeof ITEMS>; done: boolean }
export const initial = (_: Record<string, never>): State => ({ used: items.map(() => false), level: items.map(() => 0), done: false });
function lowest(s: State): ItemId | null { return first(items, (i) => s.used[i]); }
function* use(s: State, _w: Id<'world', 1>, it: ItemId): Procedure { s.used[it] = true; }
function* work(s: State, _w: Id<'world', 1>): Procedure { const it = lowest(s); when(${cond}); if (it !== null && s.level[it] === 1) s.done = true; }
export const model = defineModel<State>({ initial, agents: { world: { size: 1, procedures: { use, work } } }, invariants: {}, lemmas: {}, symmetric: ['item'] });`,
          },
        }),
      ).refused.map(({ why }) => why);
    expect(guarded('!s.done')).toEqual([]);
    expect(guarded('it !== null && s.level[it] === 1').join()).toContain(
      'asks whether a step is possible after one of them was taken for the first',
    );
  });

  test('but not by a loop whose order makes no difference', () => {
    expect(refused("for (const u of users) if (s.has[u] === null) s.slots[slot].state = 'done';")).toEqual([]);
  });

  test('where a predicate asks which is the first', () => {
    const invariant = "(s: State) => users.every((u) => first(slots, (e) => s.slots[e].state === 'free') !== s.has[u])";
    const [breach] = refused('', invariant);
    expect(breach?.kind).toBe('slot');
    expect(breach?.why).toMatch(
      /^test\/prove\/models\/pool\.ts:\d+: asked tells one from another: `first\(e => slots\[e\]\.state === 'free'\)` asks which of them/,
    );
  });
});
