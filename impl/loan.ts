/**
 * A loan at the face: bytes that were received and lie where the kernel has them, in the mbufs that brought them. Whoever has one reads it and
 * gives it back (`returnLoan`): until then nobody else touches these bytes, and the kernel has that many mbufs less.
 */
import { m_len, m_next } from './layout.ts';
import { mtod } from './kern/mbuf.ts';
import { get, type Kernel, viewBytes } from './memory.ts';

type Bytes = Kernel['bytes'];

export class Loan {
  /** Bytes of all parts; 0 at the end of a stream. */
  readonly length: number;
  readonly #chain: number;
  #parts: readonly Bytes[] | null;

  constructor(k: Kernel, chain: number, length: number) {
    const parts: Bytes[] = [];
    for (let m = chain; m !== 0; m = get(k, m + m_next)) parts.push(viewBytes(k, mtod(k, m), get(k, m + m_len)));
    this.length = length;
    this.#chain = chain;
    this.#parts = parts;
  }

  /**
   * Views of the kernel's memory, in the order of the stream; each is as long as an mbuf at most (`mbufBytes`). They may be written, too. Views
   * that are kept beyond `returnLoan` show what others have there next: throws an Error when asked for them after it.
   */
  get parts(): readonly Bytes[] {
    if (this.#parts === null) throw new Error('this loan was given back; what its views show now belongs to somebody else');
    return this.#parts;
  }

  /** For `returnLoan`: the kernel's name of it, 0 where nothing is lent. */
  get chain(): number {
    return this.parts.length === 0 ? 0 : this.#chain;
  }

  /** For `returnLoan`: it was given back. */
  end(): void {
    this.#parts = null;
  }
}
