/**
 * A loan at the face: bytes that lie where the kernel has them, in mbufs: those that were received, or room for what is to be sent. Whoever has one
 * reads or writes it, and gives it back (`returnLoan`) or sends it: until then nobody else touches these bytes, and the kernel has that many
 * mbufs less.
 */
import { m_len, m_next, td_retval1 } from './layout.ts';
import { mtod } from './kern/mbuf.ts';
import { get, type Kernel, viewBytes } from './memory.ts';

type Bytes = Kernel['bytes'];

export class Loan {
  #chain = 0;
  #length = 0;
  #parts: readonly Bytes[] | null = [];

  constructor(k: Kernel, td: number) {
    this.left(k, td);
  }

  /** Bytes of all parts, 0 at the end of a stream; what it was, once it is given back. */
  get length(): number {
    return this.#length;
  }

  /**
   * Views of the kernel's memory, in the order of the stream; each is as long as an mbuf at most (`mbufBytes`). Views that are kept beyond
   * `returnLoan` or `sendLoan` show what others have there next: throws an Error when asked for them after that.
   */
  get parts(): readonly Bytes[] {
    if (this.#parts === null) throw new Error('this loan was given back or sent; what its views show now belongs to somebody else');
    return this.#parts;
  }

  /** The kernel's name of it, 0 where nothing is lent. For the face, as what follows. */
  get chain(): number {
    return this.parts.length === 0 ? 0 : this.#chain;
  }

  /** It is the chain now that the thread's last call has left: in the beginning what is lent, then what of it was not sent. */
  left(k: Kernel, td: number): void {
    const parts: Bytes[] = [];
    const chain = get(k, td + td_retval1);
    for (let m = chain; m !== 0; m = get(k, m + m_next)) parts.push(viewBytes(k, mtod(k, m), get(k, m + m_len)));
    if (chain === 0 && this.#chain !== 0) this.#parts = null;
    else this.#parts = parts;
    this.#chain = chain;
    this.#length = parts.reduce((sum, { length }) => sum + length, 0);
  }

  /** It was given back. */
  end(): void {
    this.#parts = null;
  }
}
