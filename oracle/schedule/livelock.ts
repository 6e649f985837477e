/**
 * A *livelock*: a schedule that never ends, although everybody who can go on does. Scripts are finite and so is the graph of states, so
 * that a schedule without end goes round in it: it is a cycle, and what matters is whether it is fair (lasso.ts). All transitions are
 * made here, of each agent by itself: sleep sets leave out steps, and with them cycles; where threads count as one, a step of one of them
 * would be taken for that of another; under a bound on preemptions a state would be several.
 *
 * Components of states that lead to each other are found as Tarjan does, by the numbers of the states and without a list of the graph. Of each
 * state that is *pending* (its component is not known to be whole) is known who moves by a step that stays in the component, and who
 * can move at all. A component in which each agent moves, or can't in some state, has a fair cycle, which goes through all of it; and a
 * fair cycle makes the component it is in such a one.
 */
import type { Exploration } from './exploration.ts';
import { ableAgents, type Component, lassoOf, lassoText, Loops } from './lasso.ts';
import { Machine } from './machine.ts';
import type { Search } from './search.ts';
import { StateTable } from './table.ts';

/** Bits of the agents that move inside of a component; those that can move stand above them. */
const ABLE = 16;
const AGENTS = (1 << ABLE) - 1;
/** What looking for the shortest stem may take. */
const STEM_STEPS = 1_000_000;
const STEM_MIB = 256;
/** Bytes that a state of a component takes when its steps are written down, about. */
const STATE_BYTES = 64;

/**
 * Tells the search if there is one, or why that is not known. The table is done with what it was for. The machine is at its start before, and is
 * taken back there by the search.
 */
export async function findLivelock({ machine: explored, limits, symmetry }: Exploration, search: Search, table: StateTable): Promise<void> {
  const { program, granularity, monitor } = explored;
  const options = { granularity, hashed: true, ...(monitor === null ? {} : { monitor }) };
  const machine = symmetry ? new Machine(program, options) : explored;
  table.clear();
  const components = new Components(machine, table);
  const begin = await components.findFair(search, limits.states);
  if (begin !== null) {
    const found = await components.lasso(search, begin);
    if (found !== null) {
      const { schedule, loop } = found;
      machine.undo(0);
      const { closes, left } = lassoOf(machine, schedule, loop);
      if (!closes || left.length > 0) throw new Error('a loop that is none');
      const text = lassoText(machine, schedule, loop);
      search.found = { violation: { id: 'livelock', agent: -1, text }, schedule, loop };
    }
  }
  machine.undo(0);
  if (search.stopped !== null) search.stopped += ', when every state had been seen and livelocks were looked for';
}

class Components {
  private readonly machine: Machine;
  private readonly table: StateTable;
  private depth = 0;
  // The path: at each state the transitions still to be made, the one being made, the least number come to from there, its place among the pending.
  private todo = new Int32Array(256);
  private made = new Int32Array(256);
  private low = new Int32Array(256);
  private place = new Int32Array(256);
  // Pending states, in the order of their numbers: the number, and who moves and who can.
  private numbers = new Int32Array(256);
  private moves = new Int32Array(256);
  private pending = 0;

  constructor(machine: Machine, table: StateTable) {
    this.machine = machine;
    this.table = table;
  }

  /** Where among the pending a component with a fair cycle begins; the machine is in its first state then. Null: there is none, or the search was stopped. */
  async findFair(search: Search, mostStates: number | null): Promise<number | null> {
    const { machine, table } = this;
    this.enter(~table.find(machine.hash));
    while (this.depth > 0 && !search.isOver()) {
      const top = this.depth - 1;
      const todo = this.todo[top]!;
      if (todo === 0) {
        const place = this.place[top]!;
        if (this.low[top] === this.numbers[place]) {
          if (this.isFair(place)) return place;
          this.pending = place;
        }
        this.leave();
        continue;
      }
      const transition = 31 - Math.clz32(todo & -todo);
      this.todo[top] = todo & ~(1 << transition);
      this.made[top] = transition;
      machine.step(transition);
      search.steps++;
      const at = table.find(machine.hash);
      if (at < 0) {
        this.enter(~at);
        if (table.isFull || !table.leaves(this.bytes)) search.stop(`${Math.round((table.bytes + this.bytes) / 2 ** 20)} MiB of states`);
        if (mostStates !== null && table.size >= mostStates) search.stop(`${table.size} states`);
      } else {
        const number = table.value(at);
        // What is pending leads to the path, and here by it: it is in the component of this state.
        if (this.placeOf(number) >= 0) this.inside(top, number);
        machine.back();
      }
      if (search.pauses()) await search.breathe({ states: this.table.size });
    }
    return null;
  }

  private get bytes(): number {
    return 16 * this.todo.length + 8 * this.numbers.length;
  }

  /** Numbers are from 1 on. */
  private enter(slot: number): void {
    const { table, machine } = this;
    const number = table.size + 1;
    table.insert(~slot, machine.hash, number);
    if (this.depth === this.todo.length) this.growPath();
    if (this.pending === this.numbers.length) [this.numbers, this.moves] = [longer(this.numbers), longer(this.moves)];
    this.todo[this.depth] = machine.enabled();
    this.low[this.depth] = number;
    this.place[this.depth] = this.pending;
    this.numbers[this.pending] = number;
    this.moves[this.pending] = ableAgents(machine) << ABLE;
    this.pending++;
    this.depth++;
  }

  /** The state has been done with; what it is part of may not be. */
  private leave(): void {
    this.depth--;
    if (this.depth === 0) return;
    this.machine.back();
    const place = this.place[this.depth]!;
    if (place < this.pending) this.inside(this.depth - 1, this.low[this.depth]!);
  }

  /** The transition being made from a state of the path stays in its component, where a state of this number can be come to. */
  private inside(at: number, number: number): void {
    const place = this.place[at]!;
    const transition = this.made[at]!;
    const agent = transition < this.machine.agents ? transition : transition - this.machine.agents;
    this.moves[place] = this.moves[place]! | (1 << agent);
    if (number < this.low[at]!) this.low[at] = number;
  }

  /** Where a state is among the pending, -1: it is not. */
  private placeOf(number: number): number {
    let [from, to] = [0, this.pending - 1];
    while (from <= to) {
      const middle = (from + to) >> 1;
      const there = this.numbers[middle]!;
      if (there === number) return middle;
      if (there < number) from = middle + 1;
      else to = middle - 1;
    }
    return -1;
  }

  private isFair(begin: number): boolean {
    let [moved, able] = [0, AGENTS];
    for (let place = begin; place < this.pending; place++) {
      moved |= this.moves[place]! & AGENTS;
      able &= this.moves[place]! >>> ABLE;
    }
    // A state with no step to itself is a component too.
    return moved !== 0 && (able & ~moved) === 0;
  }

  private growPath(): void {
    this.todo = longer(this.todo);
    this.made = longer(this.made);
    this.low = longer(this.low);
    this.place = longer(this.place);
  }

  /** Of the component that begins at this place of the pending, in whose first state the machine is. Null: the search was stopped. */
  async lasso(search: Search, begin: number): Promise<{ readonly schedule: readonly number[]; readonly loop: number } | null> {
    const { machine } = this;
    const longest = machine.schedule();
    const component = await this.component(search, begin);
    if (component === null) return null;
    machine.undo(0);
    const stem = this.shortestStem(begin) ?? longest;
    for (const transition of stem) machine.step(transition);
    const { way, loop } = new Loops(component, machine.agents).shortest(this.here() - begin);
    machine.undo(0);
    return { schedule: [...stem, ...way, ...loop], loop: stem.length + way.length };
  }

  /** Where the machine's state is among the pending, -1: it is not. */
  private here(): number {
    const at = this.table.find(this.machine.hash);
    return at < 0 ? -1 : this.placeOf(this.table.value(at));
  }

  /** Writes down all steps that stay inside. */
  private async component(search: Search, begin: number): Promise<Component | null> {
    const { machine } = this;
    const states = this.pending - begin;
    if (!this.table.leaves(this.bytes + STATE_BYTES * states)) search.stop(`a component of ${states} states, for which there is no memory`);
    const [from, to, transitions]: [number[], number[], number[]] = [[], [], []];
    const seen = new Uint8Array(states);
    const path: { readonly state: number; todo: number }[] = [];
    const arrive = (state: number): void => {
      seen[state] = 1;
      path.push({ state, todo: machine.enabled() });
    };
    arrive(this.here() - begin);
    for (let top = path.at(-1); top !== undefined && !search.isOver(); top = path.at(-1)) {
      if (top.todo === 0) {
        path.pop();
        if (path.length > 0) machine.back();
        continue;
      }
      const transition = 31 - Math.clz32(top.todo & -top.todo);
      top.todo &= ~(1 << transition);
      machine.step(transition);
      search.steps++;
      const state = this.here() - begin;
      if (state >= 0) {
        from.push(top.state);
        to.push(state);
        transitions.push(transition);
      }
      if (state >= 0 && seen[state] === 0) arrive(state);
      else machine.back();
      if (search.pauses()) await search.breathe({ states: this.table.size });
    }
    if (search.isOver()) return null;
    const able = this.moves.slice(begin, this.pending).map((moves) => moves >>> ABLE);
    return { states, able, ...sorted(states, from, to, transitions) };
  }

  /** By breadth from the first state to one of the component; null: that takes too long. The machine is at its start before and afterwards. */
  private shortestStem(begin: number): readonly number[] | null {
    const { machine } = this;
    if (this.here() >= begin) return [];
    const seen = new StateTable(STEM_MIB);
    const [parents, by, depths]: [number[], number[], number[]] = [[-1], [-1], [0]];
    seen.insert(seen.find(machine.hash), machine.hash, 0);
    const stemOf = (node: number): readonly number[] => {
      const stem: number[] = [];
      for (let at = node; at > 0; at = parents[at]!) stem.push(by[at]!);
      return stem.reverse();
    };
    let steps = 0;
    let here = 0;
    for (let node = 0; node < parents.length && steps < STEM_STEPS && !seen.isFull; node++) {
      // Nodes that follow each other have most of their ways in common.
      let common = node;
      for (let other = here; common !== other; )
        if (depths[common]! > depths[other]! || (depths[common] === depths[other] && common > other)) common = parents[common]!;
        else other = parents[other]!;
      machine.undo(depths[common]!);
      for (const transition of stemOf(node).slice(depths[common])) {
        machine.step(transition);
        steps++;
      }
      here = node;
      for (let left = machine.enabled(); left !== 0; left &= left - 1) {
        const transition = 31 - Math.clz32(left & -left);
        machine.step(transition);
        steps++;
        const at = seen.find(machine.hash);
        const isThere = at < 0 && this.here() >= begin;
        if (at < 0) {
          seen.insert(at, machine.hash, 0);
          parents.push(node);
          by.push(transition);
          depths.push(depths[node]! + 1);
        }
        machine.back();
        if (!isThere) continue;
        machine.undo(0);
        return stemOf(parents.length - 1);
      }
    }
    machine.undo(0);
    return null;
  }
}

function sorted(
  states: number,
  from: readonly number[],
  to: readonly number[],
  transitions: readonly number[],
): Pick<Component, 'first' | 'to' | 'transitions'> {
  const first = new Int32Array(states + 1);
  for (const state of from) first[state] = first[state]! + 1;
  for (let n = 0, sum = 0; n <= states; n++) {
    sum += first[n]!;
    first[n] = sum;
  }
  const result = { first, to: new Int32Array(to.length), transitions: new Int32Array(to.length) };
  // From the last on, so that the steps of a state stay in their order.
  for (let n = from.length - 1; n >= 0; n--) {
    const at = first[from[n]!]! - 1;
    first[from[n]!] = at;
    result.to[at] = to[n]!;
    result.transitions[at] = transitions[n]!;
  }
  return result;
}

function longer(array: Int32Array): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(array.length * 2);
  copy.set(array);
  return copy;
}
