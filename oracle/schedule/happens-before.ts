/**
 * *Happens-before* of one execution, as ECMA-262 defines it, and the first data race in it. Each agent has a vector clock: how far
 * it knows each other agent to have come. An agent's own count goes up when it releases, so that a clock value names a stretch
 * of its accesses. For each byte that was touched the last stretch of each agent is kept, for each way of touching it.
 *
 * synchronizes-with (nothing else orders two agents):
 *   1. a seq-cst write → the seq-cst read of the same range that reads from it. The clock stands with the write; it counts only
 *      as long as every byte of the range was last written by that write.
 *   2. the critical section of a waiter list → a later one of the same list, if one of them changes the list: a wait that queues, a
 *      notify that wakes, a time-out. The standard orders those that only look (a wait that finds another value, a notify that finds
 *      nobody) as well. But two that only look could as well have come the other way round, and a race that nothing else
 *      hides would then have happened: leaving that edge out finds it in either order, and still every race is one that happens.
 *   3. a notify → what the woken agent does next. A woken agent enters the section again, but did nothing since it left it,
 *      so that this is all there is to that. A promise of `waitAsync` is the same, when it is awaited.
 *   4. the memory at the start → everything.
 *
 * Two accesses *conflict* when a byte is in both, one writes, and they are not both seq-cst with one range. Conflicting accesses
 * of two agents that happens-before does not order are a data race. The first of a run is certain; later ones may be its consequences.
 *
 * Cells. Memory is kept by words as long as only whole words are touched; the first smaller or crossing access of a word
 * gives each of its bytes a cell. A cell has, besides its tag and clock, one row of stretches for each kind of access. Seq-cst
 * accesses are aligned, so that the width alone tells the range; that is why there is a kind for each width.
 *
 * Everything is in one array whose writes are logged, so that a mark can be gone back to; clearing is going back to the start.
 */

/** Kinds of access, each a row of a cell. Plain reads and writes, then reads and writes of each seq-cst width. */
const PLAIN_WRITE = 0;
const PLAIN_READ = 1;
const WORD_WRITE = 2;
const KINDS = 8;

/** The row of seq-cst writes of so many bytes; that of the reads is the next one. */
const WRITE_KIND = [-1, 6, 4, -1, WORD_WRITE] as const;
const WIDTH_OF_KIND = [0, 0, 4, 4, 2, 2, 1, 1] as const;

/** Words of a cell before its rows: where its bytes have cells, which kinds were used, the width of the last write (0: plain). */
const SPLIT = 0;
const USED = 1;
const TAG = 2;
const HEADER = 3;

/** For each kind, the kinds that it conflicts with, as bits. */
const CONFLICTS: readonly number[] = Array.from({ length: KINDS }, (_, kind) => {
  let bits = 0;
  for (let other = 0; other < KINDS; other++) {
    const bothRead = kind % 2 === 1 && other % 2 === 1;
    const bothSameAtomic = WIDTH_OF_KIND[kind] !== 0 && WIDTH_OF_KIND[kind] === WIDTH_OF_KIND[other];
    if (!bothRead && !bothSameAtomic) bits |= 1 << other;
  }
  return bits;
});

/** One side of a race. */
export interface Touch {
  readonly agent: number;
  readonly write: boolean;
  /** Bytes of a seq-cst access, 0 for a plain one. */
  readonly width: number;
  /** The agent's own count at the time. */
  readonly epoch: number;
}

export interface RaceFound {
  readonly earlier: Touch;
  readonly later: Touch;
  /** Bytes that both touch: an aligned word, or one byte. */
  readonly from: number;
  readonly bytes: number;
}

export class HappensBefore {
  readonly agents: number;
  /** The first race since the start. */
  race: RaceFound | null = null;
  private raceAt = 0;
  /** First the clocks of the agents, then what was allocated: cells, clocks of waiter lists and of notifies. */
  private shadow: Int32Array;
  private used: number;
  private log = new Int32Array(4096);
  private logged = 0;
  private readonly cellOf: Int32Array;
  private readonly listOf: Int32Array;
  private readonly promises: number[] = [];
  private readonly cellWords: number;

  constructor(agents: number, bytes: number) {
    this.agents = agents;
    this.cellWords = HEADER + agents + KINDS * agents;
    this.used = agents * agents;
    this.shadow = new Int32Array(Math.max(1024, this.used * 2));
    this.cellOf = new Int32Array((bytes + 3) >> 2);
    this.listOf = new Int32Array((bytes + 3) >> 2);
    for (let agent = 0; agent < agents; agent++) this.shadow[agent * agents + agent] = 1;
  }

  mark(): number {
    return this.logged;
  }

  /** Forgets everything since the mark. */
  undo(mark: number): void {
    const { log, shadow } = this;
    for (let at = this.logged; at > mark; at -= 2) shadow[log[at - 2] as number] = log[at - 1] as number;
    this.logged = mark;
    if (this.race !== null && this.raceAt > mark) this.race = null;
  }

  clear(): void {
    this.undo(0);
  }

  /** The agent's own count. */
  epoch(agent: number): number {
    return this.shadow[agent * this.agents + agent] as number;
  }

  /** Whether what `agent` did at that count of its own happens before what `other` does next. */
  isOrdered(agent: number, epoch: number, other: number): boolean {
    return agent === other || epoch <= (this.shadow[other * this.agents + agent] as number);
  }

  /** Plain accesses to bytes, one after the other. */
  plain(agent: number, from: number, bytes: number, write: boolean): void {
    const kind = write ? PLAIN_WRITE : PLAIN_READ;
    const end = from + bytes;
    for (let at = from; at < end; ) {
      const cell = this.cell(at >> 2);
      if ((at & 3) === 0 && at + 4 <= end && this.shadow[cell + SPLIT] === 0) {
        this.touch(cell, agent, kind, at, 4);
        if (write) this.set(cell + TAG, 0);
        at += 4;
      } else {
        const split = this.split(cell) + (at & 3) * this.cellWords;
        this.touch(split, agent, kind, at, 1);
        if (write) this.set(split + TAG, 0);
        at++;
      }
    }
  }

  /** Plain accesses to bytes of one word, which are bits: those read and those written. */
  entry(agent: number, word: number, read: number, written: number): void {
    const cell = this.cell(word);
    if ((read | written) === 15 && (read === 0 || read === 15) && (written === 0 || written === 15) && this.shadow[cell + SPLIT] === 0) {
      if (read !== 0) this.touch(cell, agent, PLAIN_READ, word * 4, 4);
      if (written === 0) return;
      this.touch(cell, agent, PLAIN_WRITE, word * 4, 4);
      this.set(cell + TAG, 0);
      return;
    }
    for (let byte = 0; byte < 4; byte++) {
      if (((read >> byte) & 1) !== 0) this.plain(agent, word * 4 + byte, 1, false);
      if (((written >> byte) & 1) !== 0) this.plain(agent, word * 4 + byte, 1, true);
    }
  }

  /** A seq-cst access to 1, 2 or 4 aligned bytes. A compareExchange that fails is a read. */
  atomic(agent: number, from: number, bytes: number, reads: boolean, writes: boolean): void {
    const cell = this.cell(from >> 2);
    if (bytes === 4 && this.shadow[cell + SPLIT] === 0) {
      if (reads && this.shadow[cell + TAG] === 4) this.join(agent, cell + HEADER);
      this.touch(cell, agent, writes ? WORD_WRITE : WORD_WRITE + 1, from, 4);
      if (!writes) return;
      this.set(cell + TAG, 4);
      this.release(agent, cell + HEADER);
      return;
    }
    const first = this.split(cell) + (from & 3) * this.cellWords;
    const kind = (WRITE_KIND[bytes] ?? -1) + (writes ? 0 : 1);
    if (kind < 2) throw new RangeError(`no seq-cst access is of ${bytes} bytes`);
    if (reads) {
      let isIntact = true;
      for (let n = 0; n < bytes; n++) if (this.shadow[first + n * this.cellWords + TAG] !== bytes) isIntact = false;
      if (isIntact) this.join(agent, first + HEADER);
    }
    for (let n = 0; n < bytes; n++) this.touch(first + n * this.cellWords, agent, kind, from + n, 1);
    if (!writes) return;
    for (let n = 0; n < bytes; n++) this.set(first + n * this.cellWords + TAG, bytes);
    this.release(agent, first + HEADER);
  }

  /** The look of a wait or waitAsync at its word, and its queueing if the word is as expected. */
  wait(agent: number, at: number, queues: boolean): void {
    this.atomic(agent, at, 4, true, false);
    if (queues) this.change(agent, at);
  }

  /** The end of a timed wait by itself. */
  timeOut(agent: number, at: number): void {
    this.change(agent, at);
  }

  /** A notify. Those it wakes are told by `wake` or `resolve` directly after. */
  notify(agent: number, at: number, wakes: boolean): void {
    if (wakes) this.change(agent, at);
    else {
      const list = this.list(at);
      this.join(agent, list);
      const looked = list + this.agents;
      const mine = agent * this.agents;
      for (let n = 0; n < this.agents; n++)
        if ((this.shadow[mine + n] as number) > (this.shadow[looked + n] as number)) this.set(looked + n, this.shadow[mine + n] as number);
      this.set(mine + agent, (this.shadow[mine + agent] as number) + 1);
    }
  }

  /** An agent that the last notify of the list woke. */
  wake(agent: number, at: number): void {
    this.join(agent, this.list(at));
  }

  /** The last notify of the list resolved a promise of `waitAsync`, which has a small number. */
  resolve(promise: number, at: number): void {
    const list = this.list(at);
    let clock = this.promises[promise] ?? 0;
    if (clock === 0) {
      clock = this.allocate(this.agents);
      this.promises[promise] = clock;
    }
    for (let n = 0; n < this.agents; n++) this.set(clock + n, this.shadow[list + n] as number);
  }

  /** An agent goes on after awaiting a promise, which a notify has resolved or its time-out. */
  settle(agent: number, promise: number): void {
    const clock = this.promises[promise] ?? 0;
    if (clock !== 0) this.join(agent, clock);
  }

  /** A critical section that changes the list: after all others so far, before all later ones. */
  private change(agent: number, at: number): void {
    const list = this.list(at);
    this.join(agent, list);
    this.join(agent, list + this.agents);
    this.release(agent, list);
  }

  private set(index: number, value: number): void {
    const old = this.shadow[index] as number;
    if (old === value) return;
    if (this.logged + 2 > this.log.length) {
      const larger = new Int32Array(this.log.length * 2);
      larger.set(this.log);
      this.log = larger;
    }
    this.log[this.logged++] = index;
    this.log[this.logged++] = old;
    this.shadow[index] = value;
  }

  private allocate(words: number): number {
    const start = this.used;
    this.used += words;
    if (this.used > this.shadow.length) {
      const larger = new Int32Array(Math.max(this.used, this.shadow.length * 2));
      larger.set(this.shadow);
      this.shadow = larger;
    }
    return start;
  }

  /** What is allocated stays so when its contents are forgotten. */
  private cell(word: number): number {
    const known = this.cellOf[word];
    if (known === undefined) throw new RangeError(`word ${word} is not in memory`);
    if (known !== 0) return known;
    const made = this.allocate(this.cellWords);
    this.cellOf[word] = made;
    return made;
  }

  /** The clock of those who changed a list; behind it the clock of those who looked at it. */
  private list(at: number): number {
    const known = this.listOf[at >> 2];
    if (known === undefined) throw new RangeError(`byte ${at} is not in memory`);
    if (known !== 0) return known;
    const made = this.allocate(2 * this.agents);
    this.listOf[at >> 2] = made;
    return made;
  }

  /** The cells of the bytes of a word; from now on nobody looks at the cell of the word itself. */
  private split(cell: number): number {
    const known = this.shadow[cell + SPLIT] as number;
    if (known !== 0) return known;
    const first = this.allocate(4 * this.cellWords);
    for (let byte = 0; byte < 4; byte++)
      for (let n = 1; n < this.cellWords; n++) this.set(first + byte * this.cellWords + n, this.shadow[cell + n] as number);
    this.set(cell + SPLIT, first);
    return first;
  }

  private join(agent: number, clock: number): void {
    const mine = agent * this.agents;
    for (let n = 0; n < this.agents; n++) {
      const value = this.shadow[clock + n] as number;
      if (value > (this.shadow[mine + n] as number)) this.set(mine + n, value);
    }
  }

  private release(agent: number, clock: number): void {
    const mine = agent * this.agents;
    for (let n = 0; n < this.agents; n++) this.set(clock + n, this.shadow[mine + n] as number);
    this.set(mine + agent, (this.shadow[mine + agent] as number) + 1);
  }

  private touch(cell: number, agent: number, kind: number, from: number, bytes: number): void {
    const { agents, shadow } = this;
    const mine = agent * agents;
    const now = shadow[mine + agent] as number;
    const row = cell + HEADER + agents + kind * agents;
    // Touched the same way in this stretch: whoever came between was compared with that one.
    if (shadow[row + agent] === now) return;
    const used = shadow[cell + USED] as number;
    for (let bits = used & (CONFLICTS[kind] as number); bits !== 0; bits &= bits - 1) {
      const other = 31 - Math.clz32(bits & -bits);
      const theirs = cell + HEADER + agents + other * agents;
      for (let n = 0; n < agents; n++)
        if (n !== agent && (shadow[theirs + n] as number) > (shadow[mine + n] as number))
          this.found(cell, n, other, agent, kind, from, bytes);
    }
    this.set(row + agent, now);
    this.set(cell + USED, used | (1 << kind));
  }

  private found(cell: number, other: number, otherKind: number, agent: number, kind: number, from: number, bytes: number): void {
    if (this.race !== null) return;
    const touch = (who: number, how: number, epoch: number): Touch => ({
      agent: who,
      write: how % 2 === 0,
      width: WIDTH_OF_KIND[how] ?? 0,
      epoch,
    });
    const epoch = this.shadow[cell + HEADER + this.agents + otherKind * this.agents + other] as number;
    this.race = { earlier: touch(other, otherKind, epoch), later: touch(agent, kind, this.epoch(agent)), from, bytes };
    // The row that is written next is behind this mark, so that undoing it forgets the race too.
    this.raceAt = this.logged + 1;
  }
}
