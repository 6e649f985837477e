/** Toy worlds of three items, written out or at random, and what induction closes of them. */
import { TRUE } from '../../oracle/compile/term.ts';
import { FrameFacts } from '../../oracle/prove/frames.ts';
import { type Goal, goalsOf } from '../../oracle/prove/goals.ts';
import { Induction } from '../../oracle/prove/induction.ts';
import { dice } from '../compile/differential.ts';
import { limits, type Toy, toy } from './toys.ts';

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

export function world(state: string, procedures: string, names: string, invariants: string): Toy {
  const source = `${HEAD}
export interface State { ${state} }
declare function initial(_: Record<string, never>): State;
${procedures}
export const model = defineModel<State>({ initial, agents: { world: { size: 1, procedures: { ${names} } } }, invariants: { ${invariants} }, lemmas: {} });
`;
  return toy('test/prove/models/items.ts', {}, { 'test/prove/models/items.ts': source });
}

export const NEVER = 'never: (s: State) => !s.done';

export function model(state: string, procedures: string, agents: string, invariants: string): Toy {
  const source = `${HEAD}
export interface State { ${state} }
declare function initial(_: Record<string, never>): State;
${procedures}
export const model = defineModel<State>({ initial, agents: { ${agents} }, invariants: { ${invariants} }, lemmas: {} });
`;
  return toy('test/prove/models/items.ts', {}, { 'test/prove/models/items.ts': source });
}

const ANY: Goal = { id: 'any', kind: 'lemma', found: true, holds: () => TRUE };

/**
 * What induction closes, in order. `all`: from all states, since a goal that was found may name anybody. `reached`: from these states terms and
 * compiled model must do the same, or it throws.
 */
export async function closed(
  { system, concrete }: Toy,
  all: boolean,
  reached: readonly (readonly number[])[] = [],
): Promise<readonly string[]> {
  const induction = new Induction(system, new FrameFacts(system), limits(), () => undefined);
  // Of the first state nothing is asked here.
  const atFirst = concrete.broken(concrete.model.initial());
  const goals = goalsOf(system).filter(({ id }) => !atFirst.includes(id));
  const { proved } = await induction.close([...goals, ...(all ? [ANY] : [])], () => true, { seen: { concrete, reached } });
  return proved.map(({ id }) => id).filter((id) => id !== ANY.id);
}

/** States that random runs come to. */
export async function reachedStates({ concrete }: Toy, steps: number, everyNth: number): Promise<readonly (readonly number[])[]> {
  const seen: (readonly number[])[] = [];
  await concrete.watch(7, steps, { visit: (cells) => seen.push(cells) % 40 === 0 });
  return seen.filter((_, at) => at % everyNth === 0);
}

/** Random models of a world with three items; most tell nobody apart. */
export function randomItems(seed: number): string {
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
