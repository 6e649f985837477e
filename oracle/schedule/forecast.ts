/**
 * A *forecast* of a search of states: how many it will still find. Depth first, one agent runs as far as it can, then the next; from there
 * the search comes back along its path, and at each state of it lets the others go on from there as well. The *gain* of a state is
 * what is found from it after its first transition is done with. Along the run of one agent gains are alike: each time the others do
 * what they can do while that agent stands where it is.
 *
 *   a state whose first transition is done with   gains what the later states of the same run gained, on average
 *   the last state of a run                       gains what was found after it while that agent stood still
 *   a state whose first transition is open        the same, of what is forecast for the states after it
 *
 * It is no bound: what the others can do depends on where an agent stands, by the locks it holds there. And it may go up and down.
 */
import type { Figures } from './exploration.ts';

/** Nobody, nowhere, not yet. */
const NONE = -1;

/**
 * A row for each state of the path. COME: the states there were when it was come to; AFTER: when its first transition was done with;
 * AGENT: whose that is; FORKS: 1 if there are others. GAINS, COUNT: of the later states of that agent's run. MOVER: who moved to it;
 * BEFORE: the row at which that agent had stood before; STOOD: the other states found since then in which it stands there.
 */
const [COME, AFTER, AGENT, FORKS, GAINS, COUNT, MOVER, BEFORE, STOOD, ROW] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

export class Forecast {
  private depth = 0;
  private rows = new Float64Array(ROW << 8);
  /** Who made the last transition. */
  private mover = NONE;
  /** The row of the state to which each agent moved last on the path. */
  private readonly stands: Int32Array;

  constructor(agents: number) {
    this.stands = new Int32Array(agents).fill(NONE);
  }

  /** The path goes on to the state that was come to. `forks`: more than one transition is to be made from it. */
  enter(states: number, forks: boolean): void {
    const at = this.depth++ * ROW;
    if (at === this.rows.length) {
      const longer = new Float64Array(at * 2);
      longer.set(this.rows);
      this.rows = longer;
    }
    const { rows, mover, stands } = this;
    // Rows of the path and places of agents, here and below.
    rows[at + COME] = states;
    rows[at + AFTER] = NONE;
    rows[at + AGENT] = NONE;
    rows[at + FORKS] = forks ? 1 : 0;
    rows[at + MOVER] = mover;
    rows[at + STOOD] = 0;
    if (mover === NONE) return;
    rows[at + BEFORE] = stands[mover]!;
    stands[mover] = at;
  }

  /** This agent makes a transition from the last state of the path. */
  goOn(agent: number): void {
    const at = (this.depth - 1) * ROW;
    if (this.rows[at + AGENT] === NONE) this.rows[at + AGENT] = agent;
    this.mover = agent;
  }

  /** That led to a new state. All others stand in it where they stood. */
  find(): void {
    const { rows, stands, mover } = this;
    for (let agent = 0; agent < stands.length; agent++) {
      const at = stands[agent]!;
      if (agent !== mover && at !== NONE) rows[at + STOOD] = rows[at + STOOD]! + 1;
    }
  }

  /** That is all: the search does not go on from where it led. */
  turnBack(states: number): void {
    const at = (this.depth - 1) * ROW;
    if (this.rows[at + AFTER] === NONE) this.firstDone(at, states, 0, 1);
  }

  /** All transitions from the last state of the path have been made. */
  leave(states: number): void {
    const { rows } = this;
    this.depth--;
    const at = this.depth * ROW;
    const before = at - ROW;
    if (rows[at + MOVER] !== NONE) this.stands[rows[at + MOVER]!] = rows[at + BEFORE]!;
    if (this.depth === 0 || rows[before + AFTER] !== NONE) return;
    if (rows[at + AGENT] !== rows[before + AGENT]) this.firstDone(before, states, rows[at + STOOD]!, 1);
    else if (rows[at + FORKS] === 0) this.firstDone(before, states, rows[at + GAINS]!, rows[at + COUNT]!);
    else this.firstDone(before, states, rows[at + GAINS]! + states - rows[at + AFTER]!, rows[at + COUNT]! + 1);
  }

  private firstDone(at: number, states: number, gains: number, count: number): void {
    this.rows[at + AFTER] = states;
    this.rows[at + GAINS] = gains;
    this.rows[at + COUNT] = count;
  }

  /** How many states there may be in all. */
  estimate(states: number): number {
    return states + this.remaining(states);
  }

  /** How many are to come: none, when the path is empty. */
  private remaining(states: number): number {
    const { rows } = this;
    let rest = 0;
    // Of the run from the state that was looked at last: whose it is, what its states gain together, and how many they are.
    let [agent, gains, count] = [NONE, 0, 0];
    for (let at = (this.depth - 1) * ROW; at >= 0; at -= ROW) {
      const forks = rows[at + FORKS]!;
      if (rows[at + AFTER] !== NONE) {
        [gains, count] = [rows[at + GAINS]!, rows[at + COUNT]!];
        const gained = states - rows[at + AFTER]!;
        if (forks === 1) rest = Math.max(rest, gains / count - gained);
        gains += forks * (gained + rest);
      } else if (at < (this.depth - 1) * ROW) {
        if (agent !== rows[at + AGENT] || count === 0) {
          const found = states - rows[at + ROW + COME]! + 1;
          [gains, count] = [((rows[at + ROW + STOOD]! + 1) * (found + rest)) / found - 1, 1];
        }
        const gain = forks * (gains / count);
        rest += gain;
        gains += gain;
      } else continue;
      agent = rows[at + AGENT]!;
      count += forks;
    }
    return rest;
  }
}

/** "about 40,300 states in all (estimate), 31 % done"; nothing where there is no estimate. */
export function forecastText({ states, estimatedStates }: Figures): string | null {
  if (states === undefined || estimatedStates === undefined) return null;
  // It is not known to be done before it is.
  const percent = Math.min(99, Math.floor((100 * states) / Math.max(1, estimatedStates)));
  return `about ${roughly(estimatedStates).toLocaleString('en')} states in all (estimate), ${percent} % done`;
}

/** Three digits: more would say that it knows. */
export function roughly(value: number): number {
  return Number(value.toPrecision(3));
}
