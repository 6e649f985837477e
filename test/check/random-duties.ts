/**
 * Random small models in which agents wait for each other, begin over and over, or have something to do by themselves, with random promises
 * of what comes about in the end. They mean nothing; that two ways to judge them agree means a lot.
 */
import { dice } from '../compile/differential.ts';

/** Promises of each model. */
export const PROMISES = 4;
/** Names of its procedures: any of them may be owed. */
export const DUTIES = ['first', 'second', 'tick'] as const;

export function randomDuties(seed: number): string {
  const roll = dice(seed);
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
  const condition = (who: string, depth = 1): string =>
    pick([
      () => 's.flag',
      () => '!s.flag',
      () => `s.level[${who}] ${pick(['===', '!==', '<', '>'])} ${roll(3)}`,
      () => `s.token ${pick(['===', '!=='])} ${pick(['null', who])}`,
      () => `workers.${pick(['some', 'every'])}((w) => s.level[w] ${pick(['===', '>'])} ${roll(2)})`,
      () => (depth === 0 ? 's.flag' : `(${condition(who, 0)} ${pick(['&&', '||'])} ${condition(who, 0)})`),
    ])();
  const statement = (who: string, depth = 1): string =>
    pick([
      () => 's.flag = !s.flag;',
      () => `s.flag = ${pick(['true', 'false'])};`,
      () => `s.level[${who}] = ${pick(['0', '1', '2', `Math.min(s.level[${who}] + 1, 2)`, `s.level[${who}] === 2 ? 0 : 2`])};`,
      () => `s.token = ${pick(['null', who])};`,
      () => (depth === 0 ? `s.level[${who}] = 1;` : `if (${condition(who)}) {\n${statement(who, 0)}\n} else {\n${statement(who, 0)}\n}`),
    ])();
  const pause = (who: string): string => pick(['yield;', `yield until(() => ${condition(who)});`, `yield until(() => ${condition(who)});`]);
  const body = (who: string): string =>
    pick([
      () => `${statement(who)}\n${pause(who)}\n${statement(who)}`,
      () => `while (${pick(['true', condition(who)])}) {\n${statement(who)}\n${pause(who)}\n${pick([statement(who), ''])}\n}`,
      () => `${statement(who)}\n${pause(who)}\n${pause(who)}\n${statement(who)}`,
      () => statement(who),
    ])();
  const predicate = (params: string, who: string): string => `(${params}) => ${condition(who, 1)}`;
  const promise = (at: number): string => {
    const given = pick(['', ", given: ['tick']", ", given: ['second']"]);
    const [params, who] = pick([['s: State', 'workers[0]!'] as const, ['s: State, w: WorkerId', 'w'] as const]);
    return `p${at}: { whenever: ${predicate(params, who)}, eventually: ${predicate(params, who)}${given} }`;
  };
  return `
import { defineModel, type Id, type Nat, type Procedure, range, type Table, until, when } from '../../../model/lang.ts';

export const WORKERS = 2;
export type WorkerId = Id<'worker', typeof WORKERS>;
export type WorldId = Id<'world', 1>;
export interface State { flag: boolean; level: Table<Nat<2>, typeof WORKERS>; token: WorkerId | null }
export const workers = range<WorkerId>(WORKERS);
declare function initial(_: Record<string, never>): State;
function* first(s: State, who: WorkerId): Procedure {
  when(${condition('who')});
  ${body('who')}
}
function* second(s: State, who: WorkerId): Procedure {
  when(${condition('who')} || ${condition('who')});
  ${body('who')}
}
function* tick(s: State, _world: WorldId, w: WorkerId): Procedure {
  when(${condition('w')});
  ${statement('w')}
}
export const model = defineModel<State>({
  initial,
  agents: { worker: { size: WORKERS, procedures: { first, second } }, world: { size: 1, procedures: { tick } } },
  invariants: {},
  lemmas: {},
  promises: { ${Array.from({ length: PROMISES }, (_, at) => promise(at)).join(',\n')} },
});
`;
}
