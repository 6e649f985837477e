/**
 * `bounded` is the search of states under a bound on preemptions, which grows: all schedules without one, then all with up to one, and so on. A
 * *preemption* is a switch away from an agent that could go on. What breaks is found with as few as it needs, and a search that is
 * stopped knows how many are done.
 *
 * Where a path may go on depends on who moved last and how many preemptions there were. So a place is a state together with who moved
 * last (nobody, if he can't go on: then every switch is free), and it is gone on from again if it is come to with fewer. Nothing
 * sleeps here: the order of two independent steps may cost a preemption or not.
 */
import type { Exploration, Explored, Figures } from '../exploration.ts';
import { missedStateChance, mix } from '../fingerprint.ts';
import type { Machine } from '../machine.ts';
import { countBits } from '../sampling.ts';
import { Search } from '../search.ts';
import { StateTable } from '../table.ts';

/** Nobody moved last, or he can't go on. */
const NOBODY = -1;

export async function bounded(exploration: Exploration): Promise<Explored> {
  const { machine, limits, preemptions } = exploration;
  if (preemptions === null) throw new Error('this search needs a bound on preemptions');
  if (exploration.symmetry) throw new Error('who moved last is one of the agents: they are not interchangeable here');
  const search = new Search(exploration);
  let [states, depth, covered] = [0, 0, NOBODY];
  let isCut = true;
  let left: Pick<Figures, 'path' | 'untried'> = {};
  for (let bound = 0; bound <= preemptions && isCut && !search.isOver(); bound++) {
    const walk = new Walk(machine, bound, limits.memory);
    await walk.run(search, limits.states);
    states = walk.states;
    depth = Math.max(depth, search.deepest);
    isCut = walk.isCut;
    if (!search.isOver()) covered = bound;
    else if (search.stopped !== null) left = walk.left;
  }
  const explored = search.finish({ states, depth, missedStateChance: missedStateChance(states), ...left });
  return { ...explored, complete: explored.complete && !isCut, ...(covered < 0 ? {} : { preemptions: covered }) };
}

/** One search, under one bound. */
class Walk {
  /** A step was left out that would have been one preemption too many. */
  isCut = false;
  private readonly places: StateTable;
  private readonly seen: StateTable;
  private readonly key = new Int32Array(4);
  // The path: at each place the transitions still to be made, who moved last, and the preemptions so far.
  private readonly todo: number[] = [];
  private readonly last: number[] = [];
  private readonly used: number[] = [];
  private readonly machine: Machine;
  private readonly bound: number;

  constructor(machine: Machine, bound: number, memory: number | null) {
    this.machine = machine;
    this.bound = bound;
    this.places = new StateTable(memory === null ? null : memory / 2);
    this.seen = new StateTable(memory === null ? null : memory / 2);
  }

  get states(): number {
    return this.seen.size;
  }

  /** Under this bound; what larger ones would add is not known. */
  get left(): { readonly path: number; readonly untried: number } {
    return { path: this.todo.length, untried: this.todo.reduce((sum, todo) => sum + countBits(todo), 0) };
  }

  async run(search: Search, mostStates: number | null): Promise<void> {
    this.arrive(search, NOBODY, 0);
    while (this.todo.length > 0 && !search.isOver()) {
      const top = this.todo.length - 1;
      const todo = this.todo[top] ?? 0;
      if (todo === 0) {
        this.todo.pop();
        this.last.pop();
        this.used.pop();
        if (top > 0) search.back();
        continue;
      }
      const last = this.last[top] ?? NOBODY;
      const used = this.used[top] ?? 0;
      const next = last >= 0 && ((todo >>> last) & 1) === 1 ? last : 31 - Math.clz32(todo & -todo);
      this.todo[top] = todo & ~(1 << next);
      const agent = next < this.machine.agents ? next : next - this.machine.agents;
      search.step(next);
      if (!this.arrive(search, agent, used + (last >= 0 && agent !== last ? 1 : 0))) search.back();
      if (this.places.isFull || this.seen.isFull)
        search.stop(`${Math.round((this.places.bytes + this.seen.bytes) / 2 ** 20)} MiB of states`);
      if (mostStates !== null && this.seen.size >= mostStates) search.stop(`${this.seen.size} states`);
      if (search.pauses()) await search.breathe();
    }
  }

  /** Whether the path goes on from here. */
  private arrive(search: Search, agent: number, used: number): boolean {
    const { machine } = this;
    if (machine.violation !== null) return search.arrive();
    const enabled = machine.enabled();
    const last = agent >= 0 && ((enabled >>> agent) & 1) === 1 ? agent : NOBODY;
    if (!this.isBetter(last, used)) return false;
    if (!search.arrive()) return false;
    // The time-out of his own wait is no switch.
    const own = last < 0 ? enabled : enabled & ((1 << last) | (1 << (last + machine.agents)));
    const isSpent = used >= this.bound;
    if (isSpent && own !== enabled) this.isCut = true;
    this.todo.push(isSpent ? own : enabled);
    this.last.push(last);
    this.used.push(used);
    return true;
  }

  /** Remembers with how few preemptions the place was come to. */
  private isBetter(last: number, used: number): boolean {
    const { key, places, seen } = this;
    const { hash } = this.machine;
    const state = seen.find(hash);
    if (state < 0) seen.insert(state, hash, 0);
    const who = mix(last + 2);
    // Both have four lanes.
    for (let lane = 0; lane < 4; lane++) key[lane] = hash[lane]! + Math.imul(who, 2 * lane + 1);
    const place = places.find(key);
    if (place < 0) {
      places.insert(place, key, used);
      return true;
    }
    if (places.value(place) <= used) return false;
    places.setValue(place, used);
    return true;
  }
}
