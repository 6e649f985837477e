/**
 * The *classes* of schedules, as source-DPOR goes through them: the steps of the present schedule with their happens-before relation
 * (dependent steps in the order they were made), and for each state on the way the transitions that are to be tried and those that sleep.
 *
 *   depth d    the state before step d of the schedule, and step d itself: one row
 *   clock      of a step: for each agent, how many of its steps happen before it or are it
 *   place      a word (or byte) of memory, or the list of waiters of a word: who changed it last, and who looked since
 *
 * A step is named by its depth plus 1 where 0 means none. Indices are within these arrays by construction: that is what `!` says here.
 */
import { areDependent, areHeardDependent } from './independence.ts';
import type { Machine } from './machine.ts';
import { HEARD_CALL, HEARD_RETURN, LOOKS, OP_GUARD, opOf, PASSES, READ, WAITS, WRITE } from './operation.ts';
import { countBits } from './sampling.ts';

const COPY = opOf('copy');

/** Words of a row before the clock of the step. */
const ENABLED = 0;
/** Transitions that are tried or to be tried here, those among them that heard a call or a return, and those that sleep. */
const BACKTRACK = 1;
const SLEEP = 2;
const CALLS = 3;
const RETURNS = 4;
const TRANSITION = 5;
const AGENT = 6;
/** Which step of its agent it is, from 1. */
const LOCAL = 7;
/** What stood in the word it wrote. */
const OLD = 8;
/** The agent's step before, and the step that has woken it since. */
const PREVIOUS = 9;
const WAKER = 10;
const WOKEN = 11;
/** Where its entries in the log of places begin. */
const PLACES = 12;
const CALL = 13;
const RETURN = 14;
const CLOCK = 15;

/** An entry of the log: place, agent that looked (or CHANGED, or below that the agent that passed by), the step that did so before. */
const LOG_ENTRY = 3;
const CHANGED = -1;
const FIRST_PASS = -2;

export class Classes {
  /** Of the state the machine is in; -1: all is done. */
  depth = -1;
  private readonly machine: Machine;
  private readonly agents: number;
  private readonly stride: number;
  private rows: Int32Array;
  /** Bytes of a place, as a shift. */
  private readonly shift: number;
  /** The first place of a list. */
  private readonly lists: number;
  private readonly changed: Int32Array;
  private readonly looked: Int32Array;
  /** Of each list, who passed by last: they come before or after those who look, as if they had changed it. */
  private readonly passed: Int32Array;
  private log = new Int32Array(1 << 10);
  private logEnd = 0;
  /** Of each agent: its last step, who woke it since, its last steps in which the monitor heard a call, a return. */
  private readonly last: Int32Array;
  private readonly waker: Int32Array;
  private readonly call: Int32Array;
  private readonly return: Int32Array;
  // Of the step that is being made.
  private access = 0;
  private from = 0;
  private bytes = 0;
  private source = -1;
  private list = -1;
  private guardWord = -1;
  private guardIsZero = false;
  private asleep = 0;
  // Scratch: the clock an agent has before its step, the steps that it depends on, first steps of agents.
  private readonly clock: Int32Array;
  /** Of a guard: what its agent knew, and what the monitor heard before. */
  private readonly known: Int32Array;
  private earlier: Int32Array;
  private met = 0;
  private readonly first: Int32Array;

  constructor(machine: Machine) {
    const { agents, code } = machine;
    this.machine = machine;
    this.agents = agents;
    this.stride = CLOCK + agents;
    this.rows = new Int32Array(64 * this.stride);
    // Where every step is an access to a whole word, words will do.
    this.shift = code.hasNarrowAtomics || (machine.granularity === 'access' && code.hasCells) ? 0 : 2;
    this.lists = (machine.words.length * 4) >> this.shift;
    const places = this.lists + machine.words.length;
    this.changed = new Int32Array(places);
    this.looked = new Int32Array(places * agents);
    this.passed = new Int32Array(machine.words.length * agents);
    this.last = new Int32Array(agents);
    this.waker = new Int32Array(agents);
    this.call = new Int32Array(agents);
    this.return = new Int32Array(agents);
    this.clock = new Int32Array(agents);
    this.known = new Int32Array(agents);
    this.first = new Int32Array(agents);
    this.earlier = new Int32Array(4 * agents + 4);
  }

  /** The machine has come to a state in which somebody can move. False: all of it sleeps, and the step is to be taken back. */
  enter(): boolean {
    const enabled = this.machine.enabled();
    const open = enabled & ~this.asleep;
    if (open === 0) return false;
    const previous = this.depth < 0 ? 0 : this.rows[this.depth * this.stride + AGENT]!;
    const row = ++this.depth * this.stride;
    if (row + this.stride > this.rows.length) this.rows = longer(this.rows);
    const { rows } = this;
    rows[row + ENABLED] = enabled;
    rows[row + SLEEP] = this.asleep;
    rows[row + CALLS] = row === 0 ? 0 : rows[row - this.stride + CALLS]!;
    rows[row + RETURNS] = row === 0 ? 0 : rows[row - this.stride + RETURNS]!;
    // Who moved last goes on, if he can.
    rows[row + BACKTRACK] = ((open >>> previous) & 1) === 1 ? 1 << previous : open & -open;
    return true;
  }

  /** A transition that is to be tried from here, -1: no more. */
  next(): number {
    const row = this.depth * this.stride;
    const todo = this.rows[row + BACKTRACK]! & ~this.rows[row + SLEEP]!;
    return 31 - Math.clz32(todo & -todo);
  }

  /** All has been tried from here. False: that was the first state; else the step that led here is to be taken back too. */
  leave(): boolean {
    this.depth--;
    if (this.depth < 0) return false;
    this.back();
    return true;
  }

  /** Before the machine makes a transition: what it does is settled by the state before it. */
  before(transition: number): void {
    const { machine, agents, rows } = this;
    const row = this.depth * this.stride;
    const agent = transition < agents ? transition : transition - agents;
    rows[row + TRANSITION] = transition;
    rows[row + AGENT] = agent;
    let asleep = rows[row + SLEEP]!;
    for (let left = asleep; left !== 0; left &= left - 1) {
      const other = 31 - Math.clz32(left & -left);
      if (areDependent(machine, transition, other)) asleep &= ~(1 << other);
    }
    this.asleep = asleep;
    this.source = -1;
    this.guardWord = -1;
    if (transition >= agents) {
      this.access = WAITS;
      this.list = machine.timedList(agent);
      return;
    }
    const kind = machine.opKind[agent]!;
    this.access = machine.opAccess(agent);
    this.from = machine.opFrom[agent]!;
    this.bytes = machine.opBytes[agent]!;
    this.list = (this.access & (WAITS | LOOKS | PASSES)) === 0 ? -1 : machine.opList(agent);
    if (kind === COPY) this.source = machine.opArg(agent, 1);
    if (kind === OP_GUARD) {
      this.guardWord = this.from >> 2;
      this.guardIsZero = machine.opArg(agent, 1) === 1;
    }
  }

  /** The machine has made the step: it gets its clock, and races with earlier steps are seen to. */
  after(): void {
    const { machine, agents, rows, stride } = this;
    const row = this.depth * stride;
    const agent = rows[row + AGENT]!;
    const previous = this.last[agent]!;
    const waker = this.waker[agent]!;
    const clock = row + CLOCK;
    if (previous === 0) for (let n = 0; n < agents; n++) rows[clock + n] = 0;
    else for (let n = 0, from = (previous - 1) * stride + CLOCK; n < agents; n++) rows[clock + n] = rows[from + n]!;
    if (waker !== 0) this.join(row, waker - 1);
    const local = rows[clock + agent]! + 1;
    rows[clock + agent] = local;
    rows[row + LOCAL] = local;
    rows[row + OLD] = machine.lastRead;
    rows[row + PREVIOUS] = previous;
    rows[row + WAKER] = waker;
    rows[row + WOKEN] = machine.woken;
    rows[row + PLACES] = this.logEnd;
    this.met = 0;
    if (machine.heard !== 0) this.hear(row, agent, machine.heard);
    if (this.guardWord >= 0) this.guardStep(row, agent);
    else {
      this.meet(agent);
      if (this.met > 0) this.order(row, agent);
    }
    this.last[agent] = this.depth + 1;
    this.waker[agent] = 0;
    for (let woken = machine.woken; woken !== 0; woken &= woken - 1) this.waker[31 - Math.clz32(woken & -woken)] = this.depth + 1;
    // What this step made impossible is tried before it.
    const gone = rows[row + ENABLED]! & ~machine.enabled() & ~(1 << rows[row + TRANSITION]!) & ~rows[row + SLEEP]!;
    if (gone !== 0) rows[row + BACKTRACK] = rows[row + BACKTRACK]! | gone;
  }

  private join(row: number, step: number): void {
    const { rows, agents } = this;
    const from = step * this.stride + CLOCK;
    for (let n = 0, to = row + CLOCK; n < agents; n++) if (rows[from + n]! > rows[to + n]!) rows[to + n] = rows[from + n]!;
  }

  /** A guard first comes after what the monitor has heard, then after who wrote its word. */
  private guardStep(row: number, agent: number): void {
    const { rows, agents } = this;
    this.clockOf(agent);
    if (this.met > 0) this.order(row, agent);
    for (let n = 0; n < agents; n++) this.known[n] = rows[row + CLOCK + n]!;
    this.guard(agent, rows[row + TRANSITION]!, this.guardWord, this.guardIsZero, this.depth);
    this.met = 0;
    this.meet(agent);
    for (let n = 0; n < this.met; n++) this.join(row, this.earlier[n]!);
  }

  /** The schedule is complete: guards that don't hold are held against the writes that made it so. */
  end(): void {
    const { machine, agents } = this;
    for (let agent = 0; agent < agents; agent++) {
      if (machine.opKind[agent] !== OP_GUARD) continue;
      this.clockOf(agent);
      this.known.set(this.clock);
      this.guard(agent, agent, machine.opFrom[agent]! >> 2, machine.opArg(agent, 1) === 1, this.depth + 1);
    }
  }

  /** The machine is being taken back to before the step, which sleeps from now on. */
  back(): void {
    const { rows, stride, log } = this;
    const row = this.depth * stride;
    const agent = rows[row + AGENT]!;
    const bit = 1 << rows[row + TRANSITION]!;
    const [hadCall, hadReturn] = [this.call[agent] === this.depth + 1, this.return[agent] === this.depth + 1];
    if (hadCall) this.call[agent] = rows[row + CALL]!;
    if (hadReturn) this.return[agent] = rows[row + RETURN]!;
    rows[row + SLEEP] = rows[row + SLEEP]! | bit;
    rows[row + CALLS] = hadCall ? rows[row + CALLS]! | bit : rows[row + CALLS]! & ~bit;
    rows[row + RETURNS] = hadReturn ? rows[row + RETURNS]! | bit : rows[row + RETURNS]! & ~bit;
    this.last[agent] = rows[row + PREVIOUS]!;
    this.waker[agent] = rows[row + WAKER]!;
    for (let woken = rows[row + WOKEN]!; woken !== 0; woken &= woken - 1) {
      const other = 31 - Math.clz32(woken & -woken);
      if (other !== agent) this.waker[other] = 0;
    }
    for (let n = this.logEnd - LOG_ENTRY; n >= rows[row + PLACES]!; n -= LOG_ENTRY) {
      if (log[n + 1]! === CHANGED) this.changed[log[n]!] = log[n + 2]!;
      else if (log[n + 1]! < CHANGED) this.passed[(log[n]! - this.lists) * this.agents + FIRST_PASS - log[n + 1]!] = log[n + 2]!;
      else this.looked[log[n]! * this.agents + log[n + 1]!] = log[n + 2]!;
    }
    this.logEnd = rows[row + PLACES]!;
  }

  /** What an agent knows before its next step. */
  private clockOf(agent: number): void {
    const { clock, rows, stride, agents } = this;
    const previous = this.last[agent]! - 1;
    const waker = this.waker[agent]! - 1;
    for (let n = 0; n < agents; n++) {
      const own = previous < 0 ? 0 : rows[previous * stride + CLOCK + n]!;
      const given = waker < 0 ? 0 : rows[waker * stride + CLOCK + n]!;
      clock[n] = own > given ? own : given;
    }
  }

  /** The places the step touches, and who touched them before. */
  private meet(agent: number): void {
    const { access, shift } = this;
    if ((access & (READ | WRITE)) !== 0 && this.bytes > 0) {
      const isWrite = (access & WRITE) !== 0;
      const end = (this.from + this.bytes - 1) >> shift;
      for (let place = this.from >> shift; place <= end; place++) this.touch(agent, place, isWrite);
      if (this.source >= 0) {
        const last = (this.source + this.bytes - 1) >> shift;
        for (let place = this.source >> shift; place <= last; place++) this.touch(agent, place, false);
      }
    }
    if (this.list >= 0) {
      const place = this.lists + (this.list >> 2);
      if ((access & PASSES) === 0) this.touch(agent, place, (access & WAITS) !== 0);
      else this.pass(agent, place);
    }
  }

  private touch(agent: number, place: number, isChange: boolean): void {
    const { agents, looked, changed } = this;
    if (this.logEnd + LOG_ENTRY > this.log.length) this.log = longer(this.log);
    const { log } = this;
    const change = changed[place]!;
    if (change > 0) this.follow(change - 1);
    // Who passed by before the last change is before it already.
    if (place >= this.lists) this.followAll(agent, this.passed, (place - this.lists) * agents, change);
    const end = this.logEnd;
    log[end] = place;
    if (isChange) {
      this.followAll(agent, looked, place * agents, change);
      log[end + 1] = CHANGED;
      log[end + 2] = change;
      changed[place] = this.depth + 1;
    } else {
      const at = place * agents + agent;
      log[end + 1] = agent;
      log[end + 2] = looked[at]!;
      looked[at] = this.depth + 1;
    }
    this.logEnd = end + LOG_ENTRY;
  }

  /** A wait finds another value: it comes after whoever changed the list or looked at it. */
  private pass(agent: number, place: number): void {
    const { agents, looked, changed, passed } = this;
    if (this.logEnd + LOG_ENTRY > this.log.length) this.log = longer(this.log);
    const { log, logEnd } = this;
    const change = changed[place]!;
    if (change > 0) this.follow(change - 1);
    this.followAll(agent, looked, place * agents, change);
    const at = (place - this.lists) * agents + agent;
    log[logEnd] = place;
    log[logEnd + 1] = FIRST_PASS - agent;
    log[logEnd + 2] = passed[at]!;
    passed[at] = this.depth + 1;
    this.logEnd = logEnd + LOG_ENTRY;
  }

  /** The step comes after those of the other agents' that were made since the last change. */
  private followAll(agent: number, steps: Int32Array, from: number, change: number): void {
    for (let other = 0; other < this.agents; other++) {
      const step = steps[from + other]!;
      if (step > change && other !== agent) this.follow(step - 1);
    }
  }

  /** The step depends on an earlier one. They are kept in their order, the last first. */
  private follow(step: number): void {
    if (this.met === this.earlier.length) this.earlier = longer(this.earlier);
    const { earlier } = this;
    let n = this.met;
    while (n > 0 && earlier[n - 1]! < step) n--;
    if (n > 0 && earlier[n - 1] === step) return;
    for (let m = this.met++; m > n; m--) earlier[m] = earlier[m - 1]!;
    earlier[n] = step;
  }

  /** A call comes after the returns the monitor has heard, a return after the calls. */
  private hear(row: number, agent: number, heard: number): void {
    for (let other = 0; other < this.agents; other++) {
      if (other === agent) continue;
      if ((heard & HEARD_CALL) !== 0 && this.return[other]! > 0) this.follow(this.return[other]! - 1);
      if ((heard & HEARD_RETURN) !== 0 && this.call[other]! > 0) this.follow(this.call[other]! - 1);
    }
    if ((heard & HEARD_CALL) !== 0) {
      this.rows[row + CALL] = this.call[agent]!;
      this.call[agent] = this.depth + 1;
    }
    if ((heard & HEARD_RETURN) !== 0) {
      this.rows[row + RETURN] = this.return[agent]!;
      this.return[agent] = this.depth + 1;
    }
    const { rows } = this;
    const [calls, returns] = [rows[row + CALLS]!, rows[row + RETURNS]!];
    for (let left = this.asleep; left !== 0; left &= left - 1) {
      const bit = left & -left;
      const theirs = ((calls & bit) !== 0 ? HEARD_CALL : 0) | ((returns & bit) !== 0 ? HEARD_RETURN : 0);
      if (areHeardDependent(heard, theirs)) this.asleep &= ~bit;
    }
  }

  /** The step comes after those, the last first: it races with one unless it comes after it already, by another. */
  private order(row: number, agent: number): void {
    const { rows, stride, earlier } = this;
    for (let n = 0; n < this.met; n++) {
      const theirs = earlier[n]! * stride;
      const other = rows[theirs + AGENT]!;
      if (other === agent || rows[row + CLOCK + other]! >= rows[theirs + LOCAL]!) continue;
      this.join(row, earlier[n]!);
      this.tryBefore(earlier[n]!, agent, rows[row + TRANSITION]!, row + CLOCK, this.depth);
    }
  }

  /**
   * A guard races with the last write before which it held, unless that is before what its agent knew. It races with it too if the history
   * alone puts the write before the guard, by a step in between: the guard may not hold before that step, so that reversing those two
   * does not lead there.
   */
  private guard(agent: number, transition: number, word: number, isZero: boolean, end: number): void {
    const { rows, stride } = this;
    if (this.shift === 0) {
      this.guardInParts(agent, transition, word, end);
      return;
    }
    const place = (word * 4) >> this.shift;
    let write = this.changed[place]!;
    while (write > 0) {
      const row = (write - 1) * stride;
      const other = rows[row + AGENT]!;
      if (other === agent || this.clock[other]! >= rows[row + LOCAL]!) return;
      if ((rows[row + OLD] === 0) === isZero) {
        this.tryBefore(write - 1, agent, transition, -1, end);
        return;
      }
      write = this.changeBefore(row, place);
    }
  }

  /** Where words are written in parts, what a word was before a write is not known: any of its writes may be the one. */
  private guardInParts(agent: number, transition: number, word: number, end: number): void {
    const { rows, stride } = this;
    for (let place = word * 4; place < word * 4 + 4; place++) {
      for (let write = this.changed[place]!; write > 0; ) {
        const row = (write - 1) * stride;
        const other = rows[row + AGENT]!;
        if (other === agent || this.clock[other]! >= rows[row + LOCAL]!) break;
        this.tryBefore(write - 1, agent, transition, -1, end);
        write = this.changeBefore(row, place);
      }
    }
  }

  private changeBefore(row: number, place: number): number {
    for (let n = this.rows[row + PLACES]!; ; n += LOG_ENTRY)
      if (this.log[n] === place && this.log[n + 1]! === CHANGED) return this.log[n + 2]!;
  }

  /**
   * Sees to it that from the state before an earlier step something is tried with which the steps that don't come after it can begin, and
   * then the transition of `agent`, which comes at `end`. `clock` is where its clock stands, -1: in this.known. What the monitor hears in
   * the transition may be more without that earlier step: a compareExchange that succeeds may be the last step of a call. So it is
   * taken for one that comes after all that was heard from others.
   */
  private tryBefore(earlier: number, agent: number, transition: number, clock: number, end: number): void {
    const { rows, stride, agents, first } = this;
    const row = earlier * stride;
    const other = rows[row + AGENT]!;
    const local = rows[row + LOCAL]!;
    const tried = rows[row + BACKTRACK]! | rows[row + SLEEP]!;
    // With nothing in between it is the transition itself.
    let initials = 1 << transition;
    if (earlier < end - 1) {
      initials = 0;
      for (let n = 0; n < agents; n++) first[n] = 0;
      for (let step = row + stride; step < end * stride; step += stride) {
        const who = rows[step + AGENT]!;
        if (first[who] !== 0 || rows[step + CLOCK + other]! >= local) continue;
        let isInitial = true;
        for (let n = 0; n < agents && isInitial; n++) if (first[n] !== 0 && rows[step + CLOCK + n]! >= first[n]!) isInitial = false;
        first[who] = rows[step + LOCAL]!;
        if (!isInitial) continue;
        const bit = 1 << rows[step + TRANSITION]!;
        if ((tried & bit) !== 0) return;
        initials |= bit;
      }
      let isInitial = first[agent] === 0;
      for (let n = 0; n < agents && isInitial; n++)
        if (first[n] !== 0 && ((clock < 0 ? this.known[n]! : rows[clock + n]!) >= first[n]! || this.lastHeard(n) >= first[n]!))
          isInitial = false;
      if (isInitial) initials |= 1 << transition;
    }
    if ((initials & tried) !== 0) return;
    const possible = initials & rows[row + ENABLED]!;
    const mine = possible & (1 << transition);
    // One of them is always possible; all are tried if that should not be so.
    const chosen = possible === 0 ? rows[row + ENABLED]! : mine !== 0 ? mine : possible & -possible;
    rows[row + BACKTRACK] = rows[row + BACKTRACK]! | chosen;
  }

  /** The last step of an agent in which the monitor heard something, as one of its steps from 1; 0: there is none. */
  private lastHeard(agent: number): number {
    const step = Math.max(this.call[agent]!, this.return[agent]!);
    return step === 0 ? 0 : this.rows[(step - 1) * this.stride + LOCAL]!;
  }

  /** How many schedules there may be in all, reckoned from how much of the tree has been seen. */
  estimate(executions: number): number {
    const { rows, stride } = this;
    let [seen, weight] = [0, 1];
    for (let depth = 0; depth <= this.depth; depth++) {
      const row = depth * stride;
      const branches = countBits(rows[row + BACKTRACK]!);
      const done = countBits(rows[row + BACKTRACK]! & rows[row + SLEEP]!);
      seen += (weight * done) / branches;
      weight /= branches;
    }
    return seen === 0 ? executions : Math.max(executions, Math.round(executions / seen));
  }
}

function longer(array: Int32Array): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(array.length * 2);
  copy.set(array);
  return copy;
}
