/** Tests of mbufs by themselves: each is handed out once, and which one comes next. */
import { describe, expect, it } from 'vitest';
import { inUse, type Kernel, type KernelPanic, mbuf_zone, rawKernel } from '../../impl/raw.ts';
import { MT_DATA } from '../../impl/layout.ts';
import { m_free, m_get } from '../../impl/kern/mbuf.ts';
import { PANIC_DOUBLE_FREE } from '../../impl/panic.ts';

const COUNT = 4;

function kernelOf(mbufBytes: number): { readonly k: Kernel; readonly td: number } {
  return rawKernel({ sockets: 1, threads: 1, mbufs: COUNT, mbufBytes, witness: true });
}

describe.each([
  ['small', 16],
  ['bulk', 8192],
])('%s mbufs', (_, mbufBytes) => {
  it('are handed out once each, however often they come and go, and all come back', () => {
    const { k, td } = kernelOf(mbufBytes);
    const held: number[] = [];
    // A sequence in which the free list is empty, has one, and has several, over and over.
    for (let step = 0; step < 1000; step++) {
      const take = (step * 7) % 11 < 6;
      if (take) {
        const m = m_get(k, td, MT_DATA);
        expect(m === 0).toBe(held.length === COUNT);
        expect(held).not.toContain(m);
        if (m !== 0) held.push(m);
      } else if (held.length > 0) {
        m_free(k, td, held.splice(step % held.length, 1)[0] ?? 0);
      }
      expect(inUse(k, mbuf_zone)).toBe(held.length);
    }
    for (const m of held) m_free(k, td, m);
    const again = new Set(Array.from({ length: COUNT }, () => m_get(k, td, MT_DATA)));
    expect(again.size).toBe(COUNT);
    expect(again).not.toContain(0);
    expect(m_get(k, td, MT_DATA)).toBe(0);
  });

  it('panic when freed twice', () => {
    const { k, td } = kernelOf(mbufBytes);
    const m = m_get(k, td, MT_DATA);
    m_free(k, td, m);
    expect(() => m_free(k, td, m)).toThrow(expect.objectContaining({ panicCode: PANIC_DOUBLE_FREE }) as KernelPanic);
  });
});

it('a bulk mbuf that was just read is the last to be written again; a small one the first', () => {
  const again = (mbufBytes: number): readonly number[] => {
    const { k, td } = kernelOf(mbufBytes);
    const first = m_get(k, td, MT_DATA);
    m_free(k, td, first);
    return Array.from({ length: COUNT }, () => m_get(k, td, MT_DATA)).map((m) => (m === first ? 1 : 0));
  };
  expect(again(8192)).toEqual([0, 0, 0, 1]);
  expect(again(16)).toEqual([1, 0, 0, 0]);
});
