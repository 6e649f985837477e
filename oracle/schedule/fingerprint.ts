/**
 * *Fingerprints*: 128 bits in four lanes that stand for a state. Each part of a state (a word of memory at its address, a frame at its place,
 * an agent, the monitor) has lanes of its own, and the fingerprint is their sum, so that a change costs what has changed. Lanes are sums
 * of values that were mixed until every bit depends on every other, each with constants of its own; they are no cryptography.
 */

/** Adds the lanes of a value at an address to four words from `lanes` on; with `sign` -1 takes them away. */
export function addCell(heap: Int32Array, lanes: number, address: number, value: number, sign: number): void {
  // For one address each of p and q is a permutation of the value.
  let p = Math.imul(value ^ Math.imul(address, 0x9e3779b1), 0x85ebca6b);
  p = Math.imul((p ^ (p >>> 15)) + address, 0xc2b2ae35);
  p ^= p >>> 13;
  let q = Math.imul(value + Math.imul(address ^ 0x5bd1e995, 0x27d4eb2f), 0x165667b1);
  q = Math.imul((q ^ (q >>> 14)) - address, 0x2c1b3c6d);
  q ^= q >>> 16;
  let r = Math.imul(p ^ ((q << 16) | (q >>> 16)), 0x5d3833e5);
  r = Math.imul(r ^ (r >>> 15), 0x3c6ef373);
  r ^= r >>> 14;
  let s = Math.imul(q + Math.imul(p, 0x2545f491), 0x7feb352d);
  s = Math.imul(s ^ (s >>> 15), 0x046ca68b);
  s ^= s >>> 16;
  // The words are the machine's own: these and all other indices here are inside its heap.
  heap[lanes] = heap[lanes]! + Math.imul(p, sign);
  heap[lanes + 1] = heap[lanes + 1]! + Math.imul(q, sign);
  heap[lanes + 2] = heap[lanes + 2]! + Math.imul(r, sign);
  heap[lanes + 3] = heap[lanes + 3]! + Math.imul(s, sign);
}

/** The lanes of an empty sequence, written to four words from `lanes` on. */
export function emptyLanes(to: Int32Array, lanes: number): void {
  to[lanes] = 0x3c6ef372;
  to[lanes + 1] = 0x1b873593;
  to[lanes + 2] = 0x6a09e667;
  to[lanes + 3] = 0x52dce729;
}

/** Appends a word, then those of an array, to a sequence whose four lanes are at `lanes`. They are no fingerprint before they are mixed. */
export function appendWords(head: number, from: Int32Array, begin: number, end: number, to: Int32Array, lanes: number): void {
  // The rotations differ so that a difference in one bit goes to another place in each lane, and can't be undone in all.
  let a = Math.imul(to[lanes]! ^ head, 0x85ebca6b);
  let b = Math.imul(to[lanes + 1]! + head, 0xc2b2ae35);
  let c = Math.imul(to[lanes + 2]! ^ head, 0x27d4eb2f);
  let d = Math.imul(to[lanes + 3]! + head, 0x165667b1);
  a = (a << 13) | (a >>> 19);
  b = (b << 17) | (b >>> 15);
  c = (c << 7) | (c >>> 25);
  d = (d << 21) | (d >>> 11);
  for (let n = begin; n < end; n++) {
    const word = from[n]!;
    a = Math.imul(a ^ word, 0x85ebca6b);
    b = Math.imul(b + word, 0xc2b2ae35);
    c = Math.imul(c ^ word, 0x27d4eb2f);
    d = Math.imul(d + word, 0x165667b1);
    a = (a << 13) | (a >>> 19);
    b = (b << 17) | (b >>> 15);
    c = (c << 7) | (c >>> 25);
    d = (d << 21) | (d >>> 11);
  }
  to[lanes] = a;
  to[lanes + 1] = b;
  to[lanes + 2] = c;
  to[lanes + 3] = d;
}

/** Every bit of the result depends on every bit of the value; a permutation. */
export function mix(value: number): number {
  let x = value ^ (value >>> 16);
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return x ^ (x >>> 16);
}

/** At most how likely it is that two of so many states had one fingerprint. */
export function missedStateChance(states: number): number {
  return states ** 2 / 2 ** 129;
}
