/**
 * Random small models, as source text: a few fields, two agents whose procedures have random guards, effects, branches and pauses,
 * and random invariants. They mean nothing; that two engines agree on them means a lot.
 */
import { dice } from '../compile/differential.ts';

export function randomModel(seed: number): string {
  const roll = dice(seed);
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
  const thing = (): string => pick(['who', 'other', 's.last[who] ?? who']);

  const number = (): string =>
    pick([() => 's.count', () => `s.things[${thing()}].level`, () => 's.queue.length', () => String(roll(4)), () => 'amount'])();
  const condition = (depth: number): string =>
    pick([
      () => `${number()} ${pick(['<', '<=', '===', '!=='])} ${number()}`,
      () => `s.things[${thing()}].mode === '${pick(['idle', 'busy', 'gone'])}'`,
      () => `s.last[who] ${pick(['===', '!=='])} null`,
      () => 's.flag',
      () => `s.queue.includes(${thing()})`,
      () => `things.${pick(['some', 'every'])}((t) => s.things[t].level ${pick(['<', '>', '!=='])} ${roll(3)})`,
      () => (depth === 0 ? 's.flag' : `(${condition(depth - 1)} ${pick(['&&', '||'])} ${condition(depth - 1)})`),
      () => (depth === 0 ? '!s.flag' : `!(${condition(depth - 1)})`),
    ])();
  const statement = (depth: number): string =>
    pick([
      () => `s.count = ${pick(['s.count + 1', 'Math.min(s.count + 1, 3)', 'amount', 'Math.max(s.count - 1, 0)'])};`,
      () => `s.things[${thing()}].mode = '${pick(['idle', 'busy', 'gone'])}';`,
      () => `s.things[${thing()}].level ${pick(['= amount', '= Math.min(amount + 1, 3)', '++'])};`,
      () => `s.last[who] = ${pick(['null', 'who', 'other'])};`,
      () => 's.flag = !s.flag;',
      () => `if (s.queue.length < 2) s.queue.push(${thing()});`,
      () => 's.queue.shift();',
      () => `remove(s.queue, ${thing()});`,
      () => `s.things[${thing()}] = { mode: 'idle', level: 0 };`,
      () => (depth === 0 ? 's.flag = true;' : `if (${condition(1)}) {\n${block(depth - 1)}\n} else {\n${block(depth - 1)}\n}`),
      () =>
        depth === 0
          ? 's.flag = false;'
          : `for (const t of things) {\nif (s.things[t].level > ${roll(3)}) ${pick(['break', 'continue', 's.count = 0'])};\n${block(0)}\n}`,
      () => `if (${condition(1)}) return;`,
    ])();
  const block = (depth: number): string => Array.from({ length: 1 + roll(2) }, () => statement(depth)).join('\n');
  const pause = (): string => pick(['yield;', `yield until(() => ${condition(1)});`, '']);

  const procedure = (name: string, actor: string): string => `
function* ${name}(s: State, ${actor}, other: ThingId, amount: Nat<2>): Procedure {
  when(${condition(1)} || ${number()} <= ${number()});
  ${block(1)}
  ${pause()}
  ${block(1)}
  ${pause()}
  ${block(0)}
}`;
  const invariant = (): string =>
    `(s: State) => things.every((who) => ${condition(2).replaceAll('amount', '2').replaceAll('other', 'who')})`;

  return `
import { defineModel, type Id, type Nat, type Procedure, range, remove, type Seq, type Table, until, when } from '../../../model/lang.ts';

export const THINGS = 2;
export type ThingId = Id<'thing', typeof THINGS>;
export type WorldId = Id<'world', 1>;
export interface Thing { mode: 'idle' | 'busy' | 'gone'; level: Nat<3> }
export interface State {
  things: Table<Thing, typeof THINGS>;
  last: Table<ThingId | null, typeof THINGS>;
  queue: Seq<ThingId, 2>;
  count: Nat<4>;
  flag: boolean;
}
export const things = range<ThingId>(THINGS);
export function initial(_: Record<string, never>): State {
  return { things: things.map(() => ({ mode: 'idle', level: 0 })), last: things.map(() => null), queue: [], count: 0, flag: false };
}
${procedure('first', 'who: ThingId')}
${procedure('second', 'who: ThingId')}
${procedure('third', '_world: WorldId, who: ThingId')}
export const model = defineModel<State>({
  initial,
  agents: {
    thing: { size: THINGS, procedures: { first, second } },
    world: { size: 1, procedures: { third } },
  },
  invariants: { one: ${invariant()}, two: ${invariant()}, three: ${invariant()} },
  lemmas: {},
});
`;
}

/**
 * Random models whose workers can mostly not be told apart: they hold marks, levels and each other. What tells them apart (a literal, a
 * cast, an order, a bound that an earlier one keeps a later one from) comes up now and then.
 */
export function randomWorkers(seed: number): string {
  const roll = dice(seed);
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
  const rarely = (usual: string, rare: string): string => (roll(12) === 0 ? rare : usual);
  const worker = (): string => rarely(pick(['who', 'other']), pick(['workers[0]', '(s.number as WorkerId)', '(s.at[who] ?? workers[1])']));
  const condition = (depth: number): string =>
    pick([
      () => `s.mark[${worker()}]`,
      () => `s.at[${worker()}] === ${pick(['null', 'who', 'other', 's.owner'])}`,
      () => `s.owner !== ${pick(['null', 'who', 'other'])}`,
      () => `s.level[${worker()}] < ${pick(['s.number', '1', '2'])}`,
      () =>
        `workers.${pick(['some', 'every'])}((w) => ${pick(['s.mark[w]', 's.at[w] === who', 's.at[w] !== null && s.mark[s.at[w]!]', 's.level[w] > 0 || w === who'])})`,
      () => `count(workers, (w) => ${pick(['s.mark[w]', 's.at[w] === other'])}) ${pick(['===', '<'])} ${1 + roll(2)}`,
      () => rarely('s.mark[who]', pick(['workers.some((w) => s.mark[w] || s.mark[s.at[w]!])', 'first(workers, (w) => s.mark[w]) === who'])),
      () => (depth === 0 ? 's.mark[other]' : `(${condition(depth - 1)} ${pick(['&&', '||'])} ${condition(depth - 1)})`),
    ])();
  const statement = (depth: number): string =>
    pick([
      () => `s.mark[${worker()}] = ${pick(['true', 'false', `!s.mark[${worker()}]`])};`,
      () => `s.at[${worker()}] = ${pick(['null', 'who', 'other', 's.owner'])};`,
      () => `s.owner = ${pick(['null', 'who', 'other', 's.at[other]'])};`,
      () => `s.level[${worker()}]${pick([' = 0', '++', ' = Math.min(s.number + 1, 2)'])};`,
      () => `s.number = ${pick(['0', 's.level[who]', 'count(workers, (w) => s.mark[w])'])};`,
      () => (depth === 0 ? 's.mark[who] = true;' : `if (${condition(1)}) {\n${statement(depth - 1)}\n} else {\n${statement(depth - 1)}\n}`),
    ])();
  const procedure = (name: string): string => `
function* ${name}(s: State, who: WorkerId, other: WorkerId): Procedure {
  when(${condition(1)} || s.number < 2);
  ${statement(1)}
  ${pick(['yield;', `yield until(() => ${condition(0)});`])}
  ${statement(1)}
  ${statement(0)}
}`;
  const invariant = (): string => `(s: State) => workers.every((who) => workers.some((other) => ${condition(1)}))`;
  return `
import { count, defineModel, first, type Id, type Nat, type Procedure, range, type Table, until, when } from '../../../model/lang.ts';

export const WORKERS = 2;
export type WorkerId = Id<'worker', typeof WORKERS>;
export interface State {
  mark: Table<boolean, typeof WORKERS>;
  at: Table<WorkerId | null, typeof WORKERS>;
  level: Table<Nat<2>, typeof WORKERS>;
  owner: WorkerId | null;
  number: Nat<2>;
}
export const workers = range<WorkerId>(WORKERS);
declare function initial(_: Record<string, never>): State;
${procedure('one')}
${procedure('two')}
export const model = defineModel<State>({
  initial,
  agents: { worker: { size: WORKERS, procedures: { one, two } } },
  invariants: { first: ${invariant()}, second: ${invariant()} },
  lemmas: {},
});
`;
}
