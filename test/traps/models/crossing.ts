/** Fields of 7, 5, 3 and 10 bits that do not come out even with words: each keeps what was put there. */
import { defineModel, type Id, type Nat, type Procedure, range, type Table } from '../../../model/lang.ts';

export const ITEMS = 3;
export type ItemId = Id<'thing', typeof ITEMS>;
export type OnlyId = Id<'only', 1>;

export interface Item {
  a: Nat<100>;
  b: Nat<30>;
  c: Nat<5>;
  d: Nat<1_000>;
}

export interface State {
  flag: boolean;
  items: Table<Item, typeof ITEMS>;
}

export const items = range<ItemId>(ITEMS);
export const initial = (_: Record<string, never>): State => ({ flag: false, items: items.map(() => ({ a: 0, b: 0, c: 0, d: 0 })) });

function* set(s: State, _who: OnlyId, item: ItemId): Procedure {
  s.flag = true;
  s.items[item].a = 100;
  s.items[item].b = 30;
  s.items[item].c = 5;
  s.items[item].d = 1_000;
}

function* take(s: State, _who: OnlyId, item: ItemId): Procedure {
  s.items[item].b = 0;
  s.items[item].d = 0;
  s.items[item].a = 0;
  s.items[item].c = 0;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { set, take } } },
  invariants: {
    'all-or-nothing': (s: State) =>
      items.every((i) => {
        const { a, b, c, d } = s.items[i];
        return (a === 0 && b === 0 && c === 0 && d === 0) || (a === 100 && b === 30 && c === 5 && d === 1_000);
      }),
    'not-all': (s: State) => !items.every((i) => s.items[i].d === 1_000 && s.items[i].a === 100),
  },
  lemmas: {},
});
