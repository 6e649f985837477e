/**
 * Sequence numbers: 32-bit integers that wrap. They are kept as signed words; two of them are compared by the sign of their
 * difference, so "less" means "less than half the number circle behind". Every sum goes through seq_add, which wraps.
 */

export function SEQ_LT(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

export function SEQ_LEQ(a: number, b: number): boolean {
  return ((a - b) | 0) <= 0;
}

export function SEQ_GT(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

export function SEQ_GEQ(a: number, b: number): boolean {
  return ((a - b) | 0) >= 0;
}

export function seq_add(a: number, amount: number): number {
  return (a + amount) | 0;
}

/** How far `a` is ahead of `b`; negative if it is behind. */
export function seq_diff(a: number, b: number): number {
  return (a - b) | 0;
}
