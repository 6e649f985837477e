/**
 * The *loan* of a run: mbufs that a receive has lent, until the next one does or the program ends. The specification has received the bytes and
 * knows no more of it; but what is lent is the user's alone, so it must be when it is given back what it was when it came, and can be given
 * back once.
 */
import * as L from '../../impl/layout.ts';
import { get } from '../../impl/memory.ts';
import { errnoName, lentBytes } from '../adapter.ts';
import type { Machine } from './implementation.ts';
import type { Mismatch } from './mismatch.ts';

export class Loans {
  private readonly machine: Machine;
  private loan: { readonly chain: number; readonly bytes: Uint8Array } | null = null;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  reset(): void {
    this.loan = null;
  }

  /** Whether something is lent. */
  get some(): boolean {
    return this.loan !== null;
  }

  /** A receive that lends has returned. */
  take(): void {
    const { kernel, td } = this.machine;
    const chain = get(kernel, td + L.td_retval1);
    this.loan = chain === 0 ? null : { chain, bytes: lentBytes(kernel, chain) };
  }

  /** Gives back what is lent, and tries to do so again. */
  giveBack(): Mismatch | null {
    if (this.loan === null) return null;
    const { chain, bytes } = this.loan;
    const { machine } = this;
    this.loan = null;
    const now = lentBytes(machine.kernel, chain);
    const at = bytes.findIndex((byte, index) => byte !== now[index]);
    if (at >= 0 || now.length !== bytes.length) {
      const seen = at < 0 ? `${now.length} bytes are lent now` : `byte ${at} of what is lent is ${now[at]} now`;
      return { breaks: 'data-intact', seen, allowed: at < 0 ? `${bytes.length}, as were lent` : `${bytes[at]}, as it was lent` };
    }
    for (const allowed of ['none', 'EINVAL']) {
      const seen = errnoName(-machine.attempt(() => machine.sys.sys_mfreem(machine.kernel, machine.td, chain)));
      if (seen !== allowed)
        return { breaks: 'same-result', seen: `mfreem ${seen}`, allowed: `mfreem ${allowed}, of ${bytes.length} bytes` };
    }
    return null;
  }
}
