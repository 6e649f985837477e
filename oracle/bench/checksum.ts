/**
 * A *checksum* of a stream of 32-bit words that depends on their order: Fletcher's, of which the sum of what a sender says can be told from
 * one chunk and the numbers stamped into its first word, without reading every chunk again. The stream may be cut anywhere.
 */
export class Checksum {
  #sum = 0;
  #weighted = 0;
  #bytes = 0;
  /** Bytes of a word of which the rest has not come. */
  readonly #rest = new Uint8Array(4);
  readonly #restWord = new Int32Array(this.#rest.buffer);

  get bytes(): number {
    return this.#bytes;
  }

  /** Of the whole words that have come. */
  get value(): string {
    return `${this.#sum >>> 0}:${this.#weighted >>> 0}`;
  }

  add(data: Uint8Array): void {
    let at = 0;
    while ((this.#bytes + at) % 4 !== 0 && at < data.length) at = this.#byte(data, at);
    const words = (data.length - at) >> 2;
    if ((data.byteOffset + at) % 4 === 0) {
      this.#add(new Int32Array(data.buffer, data.byteOffset + at, words));
      at += words * 4;
    }
    while (at < data.length) at = this.#byte(data, at);
    this.#bytes += data.length;
  }

  /** The same chunk of words, `chunks` times, with its number in the first word. */
  addStamped(chunk: Int32Array, chunks: number): void {
    const length = chunk.length;
    let [sum, weighted] = [0, 0];
    for (let i = 1; i < length; i++) {
      sum = (sum + (chunk[i] as number)) | 0;
      weighted = (weighted + Math.imul(length - i, chunk[i] as number)) | 0;
    }
    for (let number = 0; number < chunks; number++) {
      this.#weighted = (this.#weighted + Math.imul(length, this.#sum) + weighted + Math.imul(length, number)) | 0;
      this.#sum = (this.#sum + sum + number) | 0;
    }
    this.#bytes += chunks * length * 4;
  }

  #add(words: Int32Array): void {
    let sum = this.#sum;
    let weighted = this.#weighted;
    for (let i = 0; i < words.length; i++) {
      sum = (sum + (words[i] as number)) | 0;
      weighted = (weighted + sum) | 0;
    }
    this.#sum = sum;
    this.#weighted = weighted;
  }

  #byte(data: Uint8Array, at: number): number {
    const place = (this.#bytes + at) % 4;
    this.#rest[place] = data[at] as number;
    if (place === 3) this.#add(this.#restWord);
    return at + 1;
  }
}
