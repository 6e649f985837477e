/**
 * An *element* is one state the specification may be in while calls are under way: the words of the model's state, for each thread what
 * has become of its call, and how often each event outside may still happen. Elements are interned: equal ones have one number.
 *
 *   idle → pending    the call was seen          pending → begun, ended    the model starts its procedure
 *   begun → ended     the procedure has ended, and with it the soclose that the thread owed
 *   ended → idle      the return was seen
 *
 * A call that no procedure of the model is (`collect`) is *work*: from its beginning to its end the model's collector may run, and do any of
 * its pieces of work, one after the other, as often as it likes; the thread closes what that leaves to be closed. A *collector* is a thread
 * more whose work has begun before anything else and never ends, and of which nothing is seen. How long such a close lingers the specification
 * does not say: it may be cut short at any time.
 *
 * Starting, going on and events are *internal steps*: nobody sees them, so that between two things seen any number may happen.
 */
import type { CompiledModel } from '../../compile/model.ts';
import { type Cell, type Cells, codeOf, read, write } from '../../run/cells.ts';

export const IDLE = 0;
export const PENDING = 1;
export const BEGUN = 2;
export const ENDED = 3;

/** Something that may happen outside at any moment, so many times. */
export interface Happening {
  /** A procedure of the model's wire. */
  readonly event: string;
  readonly times: number;
  /** For events with an amount: the largest, in units. Default 1. */
  readonly most?: number;
}

/** A call of a thread with its arguments, as the model takes it; null where the model can't even name what is asked for: EBADF. */
interface Instance {
  readonly procedure: number;
  readonly args: readonly number[] | null;
}

interface Event {
  readonly procedure: number;
  /** Every combination of arguments that it may come with. */
  readonly choices: readonly (readonly number[])[];
}

const SIGNAL = 'signal';
/** Of a thread whose call is work: that has begun. */
const WORKING = BEGUN | (1 << 2);
/** Calls of the implementation that do what an agent of the specification does. */
const WORK = ['collect'];
const REAP = 'reap';
const NO_PROCEDURE = -1;
const THREAD = 0;
const WIRE = 1;
const COLLECTOR = 2;
/** The only one of its kind. */
const WHO = 0;

export class Elements {
  readonly threads: number;
  /** Those, and the collectors after them. */
  private readonly workers: number;
  private readonly model: CompiledModel;
  private readonly procedures: ReadonlyMap<string, number>;
  private readonly soclose: number;
  private readonly events: readonly Event[];
  /** Every piece of work that the collector may do. */
  private readonly pieces: readonly Event[];
  /** And what a thread does for it. */
  private readonly reaps: readonly Event[];
  /** Which of the events is the signal, -1: none. */
  private readonly signal: number;
  private readonly signalled: number;
  private readonly closing: readonly Cell[];
  private readonly errno: readonly Cell[];
  private readonly value: readonly Cell[];
  private readonly answer: readonly Cell[];
  private readonly instances: Instance[] = [];
  private readonly instanceNumbers = new Map<string, number>();

  /** Words of an element: the model's, a word for each thread and collector, a word for each kind of event. */
  private readonly width: number;
  private rows = new Int32Array(0);
  private count = 0;
  /** Open addressing: number of an element plus 1. */
  private table = new Int32Array(1 << 10);
  private readonly next: (readonly number[] | undefined)[] = [];
  private readonly scratch: Int32Array;
  /** A bound of the model that was broken on the way: then its limits are too small for the scenario. */
  overflow: string | null = null;

  constructor(model: CompiledModel, cells: Cells, threads: number, events: readonly Happening[], collectors = 0) {
    this.model = model;
    this.threads = threads;
    this.workers = threads + collectors;
    const [own, wire] = model.agents;
    if (own === undefined || wire === undefined || own.size < this.workers)
      throw new RangeError(`the model has ${own?.size ?? 0} threads, the scenario ${this.workers}`);
    this.procedures = new Map(own.procedures.map(({ name }, index) => [name, index]));
    this.soclose = this.procedureOf('soclose');
    const numbers = new Map(wire.procedures.map(({ name }, index) => [name, index]));
    this.events = events.map(({ event, most }) => {
      const procedure = numbers.get(event);
      if (procedure === undefined) throw new RangeError(`the model's wire has no ${event}`);
      return { procedure, choices: choicesOf(model, procedure, most ?? 1, threads) };
    });
    const pieces = model.agents[COLLECTOR]?.procedures ?? [];
    this.pieces = pieces.map((_, procedure) => ({ procedure, choices: choicesOf(model, procedure, 1, threads, COLLECTOR) }));
    const reap = this.procedures.get(REAP);
    this.reaps = reap === undefined ? [] : [{ procedure: reap, choices: choicesOf(model, reap, 1, threads, THREAD) }];
    this.signal = events.findIndex(({ event }) => event === SIGNAL);
    this.signalled = numbers.get(SIGNAL) ?? NO_PROCEDURE;
    const each = (field: string): readonly Cell[] => Array.from({ length: this.workers }, (_, who) => cells.at('threads', who, field));
    this.closing = each('closing');
    this.errno = each('errno');
    this.value = each('value');
    this.answer = each('answer');
    this.width = model.words + this.workers + events.length;
    this.scratch = new Int32Array(this.width);
  }

  /** How many there are. */
  get size(): number {
    return this.count;
  }

  private procedureOf(name: string): number {
    const found = this.procedures.get(name);
    if (found === undefined) throw new RangeError(`the specification has no call ${name}`);
    return found;
  }

  /** The element in which nobody has called anything yet, with the model in this state. */
  first(words: Int32Array, times: readonly number[]): number {
    this.scratch.fill(0);
    this.scratch.set(words);
    for (let who = 0; who < this.workers; who++) this.forget(this.scratch, who);
    for (let who = this.threads; who < this.workers; who++) this.scratch[this.model.words + who] = WORKING;
    for (const [index, count] of times.entries()) this.scratch[this.model.words + this.workers + index] = count;
    return this.intern(this.scratch);
  }

  /** The number of a call with these arguments, for `begin`. */
  instance(name: string, args: readonly (number | boolean | string)[]): number {
    const procedure = WORK.includes(name) ? NO_PROCEDURE : this.procedureOf(name);
    const params = this.model.agents[THREAD]?.procedures[procedure]?.params ?? [];
    let encoded: number[] | null = [];
    for (const [index, param] of params.entries()) {
      // What need not be said is false.
      const given = args[index] ?? (param.type.kind === 'bool' ? false : undefined);
      // A descriptor that a failed call was to have made is no descriptor.
      const strange = param.type.kind === 'id' && typeof given === 'number' && (given < 0 || given >= param.type.size);
      if (strange) encoded = null;
      else if (given === undefined) throw new RangeError(`${name} has ${params.length} arguments, not ${args.length}`);
      else encoded?.push(this.model.encodeArgument(param.type, given));
    }
    const key = `${procedure} ${encoded === null ? '-' : encoded.join(' ')}`;
    const known = this.instanceNumbers.get(key);
    if (known !== undefined) return known;
    this.instances.push({ procedure, args: encoded });
    this.instanceNumbers.set(key, this.instances.length - 1);
    return this.instances.length - 1;
  }

  phase(element: number, who: number): number {
    return (this.rows[element * this.width + this.model.words + who] ?? 0) & 3;
  }

  /** The words of the model's state; a view, valid until the next element is made. */
  words(element: number): Int32Array {
    return this.rows.subarray(element * this.width, element * this.width + this.model.words);
  }

  /** Whether the model's thread could take a step. */
  canMove(element: number, who: number): boolean {
    this.load(element);
    return this.move(this.scratch, who);
  }

  /** Whether a signal that has not come yet would end the sleep of the model's thread. */
  canBeInterrupted(element: number, who: number): boolean {
    const signal = this.events[this.signal];
    if (signal === undefined) return false;
    this.load(element);
    const left = this.scratch[this.model.words + this.workers + this.signal];
    return left !== 0 && this.model.start(this.scratch, WIRE, WHO, signal.procedure, [who]);
  }

  /** Which collectors are in the middle of a close. */
  closers(element: number): readonly number[] {
    this.load(element);
    return this.collectors().filter((who) => this.isBusy(this.scratch, who));
  }

  /** Which collectors have something to do: after it the state is another one. */
  employed(element: number): readonly number[] {
    return this.collectors().filter((who) => {
      let changes = this.closers(element).includes(who);
      if (!changes) this.work(element, who, (next) => (changes ||= next !== element));
      return changes;
    });
  }

  private collectors(): readonly number[] {
    return Array.from({ length: this.workers - this.threads }, (_, index) => this.threads + index);
  }

  hasEnded(element: number, who: number): boolean {
    return this.phase(element, who) === ENDED;
  }

  /** The errno that an ended call has, as the model numbers it, and its number. */
  errnoOf(element: number, who: number): number {
    return read(this.words(element), this.errno[who] as Cell);
  }

  valueOf(element: number, who: number): number {
    return read(this.words(element), this.value[who] as Cell);
  }

  /** What SO_ERROR is, for geterror, as the model numbers it. */
  answerOf(element: number, who: number): number {
    return read(this.words(element), this.answer[who] as Cell);
  }

  /** How an ended call has ended: "EINTR", "2"; of a geterror what the error was. */
  endOf(element: number, who: number): string {
    const errno = this.errnoName(this.errnoOf(element, who));
    const answer = this.errnoName(this.answerOf(element, who));
    return errno !== 'none' ? errno : answer !== 'none' ? answer : String(this.valueOf(element, who));
  }

  /** The model's number of an errno, -1 if it does not know it. */
  errnoCode(name: string): number {
    return codeOf(this.errno[0] as Cell, name);
  }

  errnoName(code: number): string {
    const type = this.errno[0]?.type;
    return type?.kind === 'enum' ? (type.values[code] ?? '?') : '?';
  }

  /** The same, but the thread has made this call and it has not begun. */
  called(element: number, who: number, instance: number): number {
    this.load(element);
    this.scratch[this.model.words + who] = PENDING | (instance << 2);
    return this.intern(this.scratch);
  }

  /** The same, but the end of the thread's call was seen: nothing of it is left. */
  returned(element: number, who: number): number {
    this.load(element);
    this.scratch[this.model.words + who] = IDLE;
    this.forget(this.scratch, who);
    return this.intern(this.scratch);
  }

  /** What one internal step leads to, each once. */
  successors(element: number): readonly number[] {
    const known = this.next[element];
    if (known !== undefined) return known;
    const found: number[] = [];
    this.steps(element, (next) => {
      if (!found.includes(next)) found.push(next);
    });
    this.next[element] = found;
    return found;
  }

  /** Takes every internal step, one after the other: what it leads to, and which thread took it (-1: it happened outside). */
  steps(element: number, visit: (next: number, who: number) => void): void {
    for (let who = 0; who < this.workers; who++) {
      this.load(element);
      const works = this.works(this.scratch, who);
      const closes = this.isBusy(this.scratch, who);
      if (this.move(this.scratch, who)) visit(this.intern(this.scratch), who);
      if (works && !closes) this.work(element, who, visit);
      else if (works) this.cutShort(element, who, visit);
    }
    for (let index = 0; index < this.events.length; index++) this.happen(element, index, visit);
  }

  /** Any piece of work that can be done. */
  private work(element: number, who: number, visit: (next: number, who: number) => void): void {
    this.begin(element, COLLECTOR, WHO, this.pieces, (next) => visit(next, who));
    this.begin(element, THREAD, who, this.reaps, (next) => visit(next, who));
  }

  /** Ends the linger of what it closes. */
  private cutShort(element: number, who: number, visit: (next: number, who: number) => void): void {
    this.begin(element, WIRE, WHO, [{ procedure: this.signalled, choices: [[who]] }], (next) => visit(next, who));
  }

  private begin(element: number, agent: number, member: number, events: readonly Event[], visit: (next: number) => void): void {
    for (const { procedure, choices } of events) {
      for (const args of choices) {
        this.load(element);
        if (!this.model.start(this.scratch, agent, member, procedure, args)) continue;
        this.check(this.scratch);
        visit(this.intern(this.scratch));
      }
    }
  }

  /** Whether the thread's call is work that has begun; its number is kept for that. */
  private works(row: Int32Array, who: number): boolean {
    const word = row[this.model.words + who] as number;
    return (word & 3) === BEGUN && word >>> 2 !== 0;
  }

  /** Whether the thread is in a procedure, or owes a soclose. */
  private isBusy(row: Int32Array, who: number): boolean {
    return this.model.pc(row, THREAD, who) !== 0 || read(row, this.closing[who] as Cell) !== 0;
  }

  private happen(element: number, index: number, visit: (next: number, who: number) => void): void {
    const event = this.events[index] as Event;
    const at = this.model.words + this.workers + index;
    for (const args of event.choices) {
      this.load(element);
      const left = this.scratch[at] as number;
      if (left === 0) return;
      if (!this.model.start(this.scratch, WIRE, WHO, event.procedure, args)) continue;
      this.scratch[at] = left - 1;
      this.check(this.scratch);
      visit(this.intern(this.scratch), -1);
    }
  }

  /** One step of a thread's call. False: it has none, or waits; then the row is as it was. */
  private move(row: Int32Array, who: number): boolean {
    const at = this.model.words + who;
    const phase = (row[at] as number) & 3;
    if (phase === PENDING) {
      const instance = this.instances[(row[at] as number) >>> 2] as Instance;
      if (instance.args === null) {
        write(row, this.errno[who] as Cell, this.errnoCode('EBADF'));
        row[at] = ENDED;
        return true;
      }
      if (instance.procedure === NO_PROCEDURE) {
        row[at] = WORKING;
        return true;
      }
      if (!this.model.start(row, THREAD, who, instance.procedure, instance.args)) return false;
    } else if (this.works(row, who) && !this.isBusy(row, who)) {
      if (who >= this.threads) return false;
      row[at] = ENDED;
      return true;
    } else if (phase === BEGUN) {
      const moved =
        this.model.pc(row, THREAD, who) !== 0 ? this.model.resume(row, THREAD, who) : this.model.start(row, THREAD, who, this.soclose, []);
      if (!moved) return false;
    } else {
      return false;
    }
    this.check(row);
    const over = this.model.pc(row, THREAD, who) === 0 && read(row, this.closing[who] as Cell) === 0;
    if (!this.works(row, who)) row[at] = over ? ENDED : BEGUN;
    return true;
  }

  private check(row: Int32Array): void {
    const site = this.model.fault(row);
    if (site !== null) this.overflow ??= `${site.text} at ${site.file}:${site.line}`;
  }

  private forget(row: Int32Array, who: number): void {
    write(row, this.errno[who] as Cell, 0);
    write(row, this.value[who] as Cell, 0);
    write(row, this.answer[who] as Cell, 0);
  }

  private load(element: number): void {
    this.scratch.set(this.rows.subarray(element * this.width, (element + 1) * this.width));
  }

  private intern(row: Int32Array): number {
    const mask = this.table.length - 1;
    for (let at = hashOf(row, 0, this.width) & mask; ; at = (at + 1) & mask) {
      const id = (this.table[at] as number) - 1;
      if (id < 0) return this.insert(row, at);
      if (this.equals(id, row)) return id;
    }
  }

  private equals(id: number, row: Int32Array): boolean {
    const base = id * this.width;
    for (let word = 0; word < this.width; word++) if (this.rows[base + word] !== row[word]) return false;
    return true;
  }

  private insert(row: Int32Array, at: number): number {
    const id = this.count++;
    if (this.count * this.width > this.rows.length) {
      const larger = new Int32Array(Math.max(1 << 10, this.rows.length * 2, this.count * this.width));
      larger.set(this.rows);
      this.rows = larger;
    }
    this.rows.set(row, id * this.width);
    this.table[at] = id + 1;
    if (this.count * 2 > this.table.length) this.rehash();
    return id;
  }

  private rehash(): void {
    const ids = this.table.filter((entry) => entry !== 0);
    this.table = new Int32Array(this.table.length * 2);
    const mask = this.table.length - 1;
    for (const entry of ids) {
      let at = hashOf(this.rows, (entry - 1) * this.width, this.width) & mask;
      while (this.table[at] !== 0) at = (at + 1) & mask;
      this.table[at] = entry;
    }
  }
}

function hashOf(words: Int32Array, from: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let word = from; word < from + length; word++) hash = Math.imul(hash ^ (words[word] as number), 0x01000193) ^ (hash >>> 15);
  return hash ^ (hash >>> 16);
}

/** Every combination of arguments of an event: any pcb, amounts up to `most`, any of the scenario's threads, both truths. */
function choicesOf(model: CompiledModel, procedure: number, most: number, threads: number, agent = WIRE): readonly (readonly number[])[] {
  const params = model.agents[agent]?.procedures[procedure]?.params ?? [];
  return params.reduce<readonly (readonly number[])[]>(
    (combinations, { type }) => {
      const size = type.kind === 'bool' ? 2 : type.kind === 'int' ? Math.min(most, type.hi) + 1 : type.kind === 'id' ? type.size : 0;
      const isThread = type.kind === 'id' && type.of === 'thread';
      const values = Array.from({ length: isThread ? Math.min(size, threads) : size }, (_, value) => value);
      return combinations.flatMap((combination) => values.map((value) => [...combination, value]));
    },
    [[]],
  );
}
