/** KASSERT: an assertion that a kernel made with `invariants: false` does not check. */

import { h_flags, KF_INVARIANTS } from '../layout.ts';
import { fixed, type Kernel, panic } from '../memory.ts';

export function KASSERT(k: Kernel, condition: boolean, code: number, about: number): void {
  if (!condition && (fixed(k, h_flags) & KF_INVARIANTS) !== 0) panic(k, code, about);
}
