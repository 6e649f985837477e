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
