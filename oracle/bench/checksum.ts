/**
 * A *checksum* of a stream that depends on the order of its blocks of eight 32-bit words: Fletcher's, with the sum of a block where Fletcher has
 * a word, so that summing up costs no more than a copy and what is measured is the stream. What a sender says can be told from one chunk and
 * the numbers stamped into its first word, without reading every chunk again. The stream may be cut anywhere.
 */
export class Checksum {
  #sum = 0;
  #weighted = 0;
  #bytes = 0;
  /** Bytes of a block of which the rest has not come. */
  readonly #rest = new Uint8Array(BLOCK * 4);
  readonly #restWords = new Int32Array(this.#rest.buffer);

  get bytes(): number {
    return this.#bytes;
  }

  /** Of the whole blocks that have come. */
  get value(): string {
    return `${this.#sum >>> 0}:${this.#weighted >>> 0}`;
  }

  add(data: Uint8Array): void {
    let at = 0;
    while ((this.#bytes + at) % (BLOCK * 4) !== 0 && at < data.length) at = this.#byte(data, at);
    const words = ((data.length - at) >> 2) & -BLOCK;
    if ((data.byteOffset + at) % 4 === 0) {
      this.#add(new Int32Array(data.buffer, data.byteOffset + at, words));
      at += words * 4;
    }
    while (at < data.length) at = this.#byte(data, at);
    this.#bytes += data.length;
  }

  /** The same chunk of whole blocks, `chunks` times, with its number in the first word. */
  addStamped(chunk: Int32Array, chunks: number): void {
    const blocks = chunk.length / BLOCK;
    let [sum, weighted] = [0, 0];
    for (let block = 0; block < blocks; block++) {
      for (let i = block === 0 ? 1 : 0; i < BLOCK; i++) {
        const word = chunk[block * BLOCK + i] as number;
        sum = (sum + word) | 0;
        weighted = (weighted + Math.imul(blocks - block, word)) | 0;
      }
    }
    for (let number = 0; number < chunks; number++) {
      this.#weighted = (this.#weighted + Math.imul(blocks, this.#sum) + weighted + Math.imul(blocks, number)) | 0;
      this.#sum = (this.#sum + sum + number) | 0;
    }
    this.#bytes += chunks * chunk.length * 4;
  }

  /** Whole blocks. */
  #add(words: Int32Array): void {
    let sum = this.#sum;
    let weighted = this.#weighted;
    // A loop over the words of a block would take twice as long.
    for (let i = 0; i < words.length; i += BLOCK) {
      const first = word(words, i) + word(words, i + 1) + word(words, i + 2) + word(words, i + 3);
      const second = word(words, i + 4) + word(words, i + 5) + word(words, i + 6) + word(words, i + 7);
      sum = (sum + first + second) | 0;
      weighted = (weighted + sum) | 0;
    }
    this.#sum = sum;
    this.#weighted = weighted;
  }

  #byte(data: Uint8Array, at: number): number {
    const place = (this.#bytes + at) % (BLOCK * 4);
    this.#rest[place] = data[at] as number;
    if (place === BLOCK * 4 - 1) this.#add(this.#restWords);
    return at + 1;
  }
}

/** Words of a block: the loop of `#add` names them one by one. */
const BLOCK = 8;

function word(words: Int32Array, at: number): number {
  return words[at] as number;
}
