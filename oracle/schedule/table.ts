/**
 * The *table* of states that a search has seen: fingerprints in an open-addressing table over one array of words, and with each a word of
 * the search's own. It doubles when it is two thirds full, as far as its limit of memory allows. Entries may be numbered in the order they
 * came, for as long as there is memory for that too.
 */

/** Words of an entry: four of the fingerprint, the search's own. */
const ENTRY = 5;
const FIRST = 1 << 14;

export class StateTable {
  size = 0;
  /** There is no memory for more: this was the last one. */
  isFull = false;
  private words = new Int32Array(FIRST * ENTRY);
  private mask = FIRST - 1;
  private numbers: Int32Array | null;
  private readonly mostBytes: number;

  /** `limit` in MiB, null: none. */
  constructor(limit: number | null, isNumbered = false) {
    this.mostBytes = limit === null ? Number.POSITIVE_INFINITY : limit * 2 ** 20;
    this.numbers = isNumbered ? new Int32Array(FIRST) : null;
  }

  /** Where the entry of a fingerprint is, or (complemented) where it belongs. */
  find(hash: Int32Array): number {
    const { words, mask } = this;
    // A first word of 0 marks a free entry.
    const a = hash[0]! === 0 ? 1 : hash[0]!;
    const [b, c, d] = [hash[1]!, hash[2]!, hash[3]!];
    for (let slot = b & mask; ; slot = (slot + 1) & mask) {
      const at = slot * ENTRY;
      const first = words[at]!;
      if (first === 0) return ~at;
      if (first === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return at;
    }
  }

  /** Makes an entry where `find` said it belongs, complemented. */
  insert(place: number, hash: Int32Array, value: number): void {
    const { words } = this;
    const at = ~place;
    words[at] = hash[0]! === 0 ? 1 : hash[0]!;
    words[at + 1] = hash[1]!;
    words[at + 2] = hash[2]!;
    words[at + 3] = hash[3]!;
    words[at + 4] = value;
    if (this.numbers !== null) this.numbers[at / ENTRY] = this.size;
    this.size++;
    if (this.size * 3 >= (this.mask + 1) * 2) this.isFull = !this.grow();
  }

  value(at: number): number {
    return this.words[at + 4]!;
  }

  setValue(at: number, value: number): void {
    this.words[at + 4] = value;
  }

  get bytes(): number {
    return this.words.byteLength + (this.numbers?.byteLength ?? 0);
  }

  get isNumbered(): boolean {
    return this.numbers !== null;
  }

  /** How many entries came before this one, -1: there are no numbers. */
  number(at: number): number {
    return this.numbers === null ? -1 : this.numbers[at / ENTRY]!;
  }

  dropNumbers(): void {
    this.numbers = null;
  }

  /** Whether so many bytes may be had beside this table. */
  leaves(bytes: number): boolean {
    return this.bytes + bytes <= this.mostBytes;
  }

  /** As when it was made, but without numbers. */
  clear(): void {
    this.words = new Int32Array(FIRST * ENTRY);
    this.mask = FIRST - 1;
    this.numbers = null;
    this.size = 0;
    this.isFull = false;
  }

  /** Entries move: what `find` said before holds no longer. */
  private grow(): boolean {
    const old = this.words;
    // Both stand side by side while entries move. More entries are worth more than numbers.
    if (this.bytes * 3 > this.mostBytes) this.numbers = null;
    if (old.byteLength * 3 > this.mostBytes) return false;
    let words: Int32Array<ArrayBuffer>;
    try {
      words = new Int32Array(old.length * 2);
    } catch {
      return false;
    }
    const { numbers } = this;
    const moved = numbers === null ? null : new Int32Array(numbers.length * 2);
    const mask = this.mask * 2 + 1;
    for (let from = 0; from < old.length; from += ENTRY) {
      if (old[from] === 0) continue;
      let slot = old[from + 1]! & mask;
      while (words[slot * ENTRY] !== 0) slot = (slot + 1) & mask;
      for (let n = 0; n < ENTRY; n++) words[slot * ENTRY + n] = old[from + n]!;
      if (moved !== null && numbers !== null) moved[slot] = numbers[from / ENTRY]!;
    }
    this.words = words;
    this.numbers = moved;
    this.mask = mask;
    return true;
  }
}
