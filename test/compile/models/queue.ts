/** A toy for the compiler's tests: producers and consumers around a bounded queue, every form of sequence and of waiting. */
import {
  count,
  defineModel,
  first,
  type Id,
  type Nat,
  type Procedure,
  range,
  remove,
  rule,
  type Seq,
  type Table,
  until,
  when,
} from '../../../model/lang.ts';

export const CAPACITY = 3;
export const AGENTS = 2;
export const ITEMS = 4;

export type ItemId = Id<'item', typeof ITEMS>;
export type ProducerId = Id<'producer', typeof AGENTS>;
export type ConsumerId = Id<'consumer', typeof AGENTS>;
export type Mood = 'calm' | 'busy' | 'full';
export type Level = 'empty' | 'calm' | 'full' | 'busy';

export interface Item {
  where: 'nowhere' | 'held' | 'queued' | 'eaten';
  owner: ConsumerId | null;
  tastes: { sweet: boolean; rank: Nat<3> };
}

export interface State {
  readonly policy: 'patient' | 'hasty';
  readonly eager: boolean;
  queue: Seq<ItemId, typeof CAPACITY>;
  moods: Seq<Mood, 2>;
  items: Table<Item, typeof ITEMS>;
  favourite: Table<ItemId | null, typeof AGENTS>;
  level: Level;
  /** The mood of the last time an item was put, as a level. */
  last: Level;
  closed: boolean;
  eaten: Nat<typeof ITEMS>;
}

/** What each policy does. */
const policies = {
  patient: { waits: true, limit: 2, mood: 'calm' },
  hasty: { waits: false, limit: 3, mood: 'busy' },
} as const;

const noisy = ['busy', 'full'] as const;

export const items = range<ItemId>(ITEMS);
export const consumers = range<ConsumerId>(AGENTS);

function freshItem(rank: Nat<3>): Item {
  return { where: 'nowhere', owner: null, tastes: { sweet: false, rank } };
}

export function initial(configuration: { readonly policy: State['policy']; readonly eager: boolean }): State {
  return {
    ...configuration,
    queue: [],
    moods: [],
    items: items.map(() => freshItem(0)),
    favourite: consumers.map(() => null),
    level: 'empty',
    last: 'empty',
    closed: false,
    eaten: 0,
  };
}

function levelOf(s: State): Level {
  switch (s.queue.length) {
    case 0:
      return 'empty';
    case 1:
      return 'calm';
    case CAPACITY:
      return 'full';
    default:
      return policies[s.policy].mood;
  }
}

function note(s: State, mood: Mood): boolean {
  if (s.moods.length === 2) s.moods.shift();
  if (s.moods.includes(mood)) return false;
  s.moods.push(mood);
  return true;
}

function put(s: State, item: ItemId): Mood {
  const it = s.items[item];
  it.where = 'queued';
  it.tastes.rank = Math.min(it.tastes.rank + 1, 3);
  s.queue.push(item);
  const before = s.level;
  s.level = levelOf(s);
  if (before === s.level) return 'calm';
  return s.level === 'full' ? 'full' : 'busy';
}

export function* produce(s: State, _who: ProducerId, item: ItemId, sweet: boolean): Procedure {
  const it = s.items[item];
  when(it.where === 'nowhere' && !s.closed);
  it.where = 'held';
  it.tastes.sweet = sweet || (s.eager && item === items[0]);
  if (policies[s.policy].waits) {
    yield until(() => s.queue.length < policies[s.policy].limit || s.closed);
    rule('produce_wait', 'a patient producer waits for room');
  } else {
    yield;
  }
  if (s.closed || s.queue.length === CAPACITY) {
    // dropped on the floor
    rule('produce_drop', 'what produce_drop says');
    s.items[item].where = 'nowhere';
    s.items[item].tastes.sweet = false;
    return;
  }
  const mood = put(s, item);
  s.last = mood;
  const noted = note(s, mood);
  if (!noted) rule('produce_known', 'what produce_known says');
}

function* take(s: State, who: ConsumerId): Procedure<ItemId | null> {
  for (const round of [1, 2] as const) {
    if (s.queue.length > 0) {
      const item = s.queue[0];
      s.queue.shift();
      s.items[item].owner = who;
      s.level = levelOf(s);
      return item;
    }
    if (round === 1) yield until(() => s.queue.length > 0 || s.closed);
  }
  return null;
}

export function* consume(s: State, who: ConsumerId): Procedure {
  let meals: Nat<2> = 0;
  while (meals < 2) {
    const item = yield* take(s, who);
    if (item === null) break;
    const { where, tastes } = s.items[item];
    if (where !== 'queued') return;
    const { sweet } = tastes;
    yield;
    s.items[item].where = 'eaten';
    s.items[item].owner = null;
    if (sweet) s.favourite[who] = item;
    meals++;
    s.eaten += 1;
  }
  rule('consume_end', 'what consume_end says');
}

/** Takes an item out of the middle of the queue, or the queue as a whole. */
export function* meddle(s: State, _who: ProducerId, what: 'clear' | 'sweet' | 'first' | 'moods' | 'reset'): Procedure {
  switch (what) {
    case 'clear':
      for (const item of s.queue) {
        if (s.items[item].tastes.sweet) continue;
        s.items[item] = freshItem(s.items[item].tastes.rank);
      }
      for (const item of items) {
        if (s.queue.includes(item)) s.items[item].where = 'nowhere';
      }
      s.queue.length = 0;
      break;
    case 'sweet': {
      const sweet = first(items, (i) => s.queue.includes(i) && s.items[i].tastes.sweet);
      if (sweet === null) break;
      remove(s.queue, sweet);
      s.items[sweet] = { ...freshItem(1), tastes: { sweet: false, rank: 2 } };
      break;
    }
    case 'first': {
      const head = s.queue.shift() ?? null;
      if (head !== null && s.queue.indexOf(head) < 0) s.items[head].where = 'nowhere';
      break;
    }
    case 'moods':
      if (noisy.some((mood) => s.moods.includes(mood))) s.moods = [];
      else s.moods = ['full'];
      break;
    default:
      when2(s);
  }
  s.level = levelOf(s);
  if (count(items, (i) => s.items[i].where === 'eaten') === ITEMS) s.closed = true;
}

function when2(s: State): void {
  for (const it of s.items) {
    if (it.tastes.rank === 3) it.tastes.rank--;
  }
  for (let i = 1; i < ITEMS; i++) {
    const item = s.items[i as ItemId];
    if (item.where !== 'eaten') continue;
    item.where = 'nowhere';
    item.tastes = { sweet: false, rank: 0 };
    if (s.eaten > 0) s.eaten--;
    if (i > 2) return;
  }
}

/** The queue has what it says it has. */
function queued(s: State): boolean {
  return (
    items.every((i) => (s.items[i].where === 'queued' && s.items[i].owner === null) === s.queue.includes(i)) &&
    s.queue.every((i) => s.items[i].where === 'queued')
  );
}

function counted(s: State): boolean {
  return s.items.every((it) => it.where !== 'eaten' || it.owner === null) && s.eaten >= count(items, (i) => s.items[i].where === 'eaten');
}

export const queueModel = defineModel({
  initial,
  agents: {
    producer: { size: AGENTS, procedures: { produce, meddle } },
    consumer: { size: AGENTS, procedures: { consume } },
  },
  invariants: { queued, counted, level: (s: State) => s.level === levelOf(s) },
  lemmas: {
    'favourite-is-an-item': (s: State) => consumers.every((c) => s.favourite[c] === null || s.items[s.favourite[c] ?? 0].tastes.rank > 0),
  },
});
