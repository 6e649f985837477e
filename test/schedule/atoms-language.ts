/**
 * Pieces of user code, one for each thing of the language, that assert what JavaScript says of them. Each is the body of a function
 * `w(c: Int32Array, n: number)` with `n` 2 and eight words in `c`, run by one thread.
 */
export interface Piece {
  readonly name: string;
  /** Declarations of the top level. */
  readonly top?: string;
  readonly body: string;
  /** How the run ends, if not well. */
  readonly end?: string;
}

export const PIECES: readonly Piece[] = [
  {
    name: 'elements are numbers of their type',
    body: `const b = new Uint8Array(c.buffer), s = new Int16Array(c.buffer, 4, 2), u = new Uint32Array(c.buffer, 8);
      b[0] = 300; assert.equal(b[0], 44); assert.equal(c[0], 44);
      s[0] = 40000; assert.equal(s[0], -25536); assert.equal(s.length, 2); assert.equal(s.byteOffset, 4);
      u[0] = -1; assert.equal(u[0], 0xffffffff); assert.equal(c[2], -1); assert.equal(u[0] % 7, 3); assert.equal(u[0] / 2, 2147483647.5);
      u[1] = 7; u[1] -= 8; assert.equal(u[1]++, 4294967295); assert.equal(u[1], 0); assert.equal(Uint16Array.BYTES_PER_ELEMENT, 2);`,
  },
  {
    name: 'Atomics give what was there',
    body: `const b = new Int8Array(c.buffer);
      assert.equal(Atomics.store(b, 1, 300), 300); assert.equal(Atomics.load(b, 1), 44);
      assert.equal(Atomics.compareExchange(b, 1, 300, -1), 44); assert.equal(Atomics.exchange(b, 1, 5), -1);
      assert.equal(Atomics.add(b, 1, 250), 5); assert.equal(b[1], -1); assert.equal(Atomics.sub(b, 1, 1), -1);
      assert.equal(Atomics.xor(b, 1, 0xff), -2); assert.equal(Atomics.or(b, 1, 6), 1); assert.equal(Atomics.and(b, 1, 3), 7); assert.equal(b[1], 3);
      const u = new Uint32Array(c.buffer); assert.equal(Atomics.exchange(u, 3, 0x80000000), 0); assert.equal(Atomics.load(u, 3), 2147483648);
      assert(Atomics.isLockFree(4)); assert.equal(Atomics.notify(c, 0), 0); assert.equal(Atomics.load(c, 1.9), c[1]);`,
  },
  {
    name: 'waiting says how it ended',
    body: `assert.equal(Atomics.wait(c, 0, 9), 'not-equal'); assert.equal(Atomics.wait(c, 0, 0, 5), 'timed-out');
      const r = Atomics.waitAsync(c, 0, 9); assert(!r.async); assert.equal(r.value, 'not-equal');
      const later = Atomics.waitAsync(c, 0, 0); assert(later.async); assert.equal(Atomics.notify(c, 0), 1); assert.equal(await later.value, 'ok');`,
  },
  {
    name: 'numbers that JavaScript has and 32 bits have not',
    body: `const big = c.length * 0x7fffffff; assert.equal(big, 17179869176); assert.equal(big | 0, -8); assert.equal(big >>> 0, 4294967288);
      assert.equal(Math.floor(n / 4), 0); assert.equal((n + 1) / 2, 1.5); assert.equal(-7 % n, -1); assert.equal(Math.trunc(-7 / n), -3);
      assert.equal(Math.imul(0x7fffffff, n), -2); assert.equal(Math.clz32(n), 30); assert.equal(~n, -3); assert.equal(Math.abs(-n), 2);
      let h = 2166136261; h = Math.imul(h ^ n, 16777619) >>> 0; c[0] = 1; assert.equal(h, Math.imul(2166136261 ^ n, 16777619) >>> 0);
      assert.equal(Number.MAX_SAFE_INTEGER, 9007199254740991); assert(!(NaN > n)); assert(n < Infinity); assert.equal(Number(true), 1);`,
  },
  {
    name: 'values are taken in the order of the source',
    body: `let w = 1; assert.equal(w + (w = 5) + w, 11); let v = 3; v = v++ + v; assert.equal(v, 7);
      const two = (a: number, b: number): number => a * 10 + b; assert.equal(two(w++, w), 56); c[1] = 1;
      assert.equal(c[1] + (c[1] = 7) + c[1], 15); let i = 0; c[i++] = i; assert.equal(c[0], 1); c[i] = i++; assert.equal(c[1], 1);
      c[i] += (i = 5, 4); assert.equal(c[2], 4); assert.equal((i = 3) && i, 3); i += i++ + ++i; assert.equal(i, 11);`,
  },
  {
    name: 'logic takes the side it needs',
    body: `let hits = 0; const hit = (x: boolean): boolean => { hits++; Atomics.add(c, 0, 1); return x; };
      assert(!(hit(false) && hit(true))); assert.equal(hits, 1); assert(hit(true) || hit(true)); assert.equal(hits, 2);
      const x = hit(true) ? 5 : c[99]; assert.equal(x, 5); hit(false) || hit(true); assert.equal(hits, 5); assert.equal(c[0], 5);
      const z = c[7] || 9; assert.equal(z, 9); const y = n && c[0]; assert.equal(y, 5); hit(false) && hit(true) ? hit(true) : 0; assert.equal(hits, 6);
      if (!(hit(true) && (hit(false) || hit(true)))) assert.fail(); assert.equal(hits, 9);`,
  },
  {
    name: 'loops, labels and switches',
    body: `let s = 0; do { s += 2; if (s === 4) continue; } while (s < 7); assert.equal(s, 8);
      outer: for (let i = 0; ; i++) { for (;;) { if (i > 3) break outer; if (i & 1) continue outer; s++; break; } } assert.equal(s, 10);
      for (const x of [1, n, 3]) s += x; assert.equal(s, 16); c.fill(2); for (const x of c) { if (s > 20) break; s += x; } assert.equal(s, 22);
      block: { if (n === 2) break block; assert.fail(); } let t = 0;
      switch (Atomics.load(c, 0)) { case 1: assert.fail(); case n: t = 1; default: t += 10; break; case 7: t = 0; } assert.equal(t, 11);
      switch (s) { default: t = 5; case 3: t++; } assert.equal(t, 6); for (const x of c.subarray(6)) t += x; assert.equal(t, 10);
      while (true) { if (t-- < 5) break; } assert.equal(t, 3);`,
  },
  {
    name: 'finally is done on every way out',
    top: `function out(c: Int32Array, way: number): number {
      for (let i = 0; i < 2; i++) { try { if (way === 0) return Atomics.load(c, 0); if (way === 1) break; if (way === 2) continue; } finally { c[0]++; } c[1]++; }
      return -1; }`,
    body: `assert.equal(out(c, 0), 0); assert.equal(c[0], 1); assert.equal(out(c, 1), -1); assert.equal(c[0], 2); assert.equal(c[1], 0);
      assert.equal(out(c, 2), -1); assert.equal(c[0], 4); assert.equal(c[1], 0); out(c, 3); assert.equal(c[0], 6); assert.equal(c[1], 2);
      const f = (): number => { try { try { return c[0]; } finally { c[0] = 9; } } finally { c[0] *= 2; } }; assert.equal(f(), 6); assert.equal(c[0], 18);`,
  },
  {
    name: 'functions: recursion, defaults, rest, what may be missing',
    top: `function fib(n: number): number { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
      function even(c: Int32Array, n: number): boolean { return n === 0 ? Atomics.load(c, 0) === 0 : !even(c, n - 1); }
      function find(a: Int32Array, x: number, from = 0): number | undefined { for (let i = from; i < a.length; i++) if (a[i] === x) return i; return undefined; }
      function sum(...all: number[]): number { let s = 0; for (const x of all) s += x; return s; }`,
    body: `assert.equal(fib(9), 34); assert(even(c, 6)); assert(!even(c, 3)); c[3] = 6; c[5] = 6; assert.equal(find(c, 6), 3); assert.equal(find(c, 6, 4), 5);
      assert.equal(find(c, 77), undefined); const at = find(c, 8) ?? -1; assert.equal(at, -1); assert.equal(sum(1, n, ...[3, 4]), 10); assert.equal(sum(), 0);
      let m: number | null = null; for (const x of [1, 2, 3]) if (x === n) m = x; assert(m !== null && m === 2); assert.equal(typeof m, 'number');
      let u; if (n > 5) u = 1; assert(u === undefined); assert(u == null); const found = find(c, 6); if (found) assert.equal(found + 1, 4);`,
  },
  {
    name: 'classes: fields, parents, getters, private members, statics',
    top: `enum Slot { Head, Tail = 3, Data }
      class Base { constructor(protected a: Int32Array) {} get head(): number { return this.a[Slot.Head]; } set head(v: number) { this.a[Slot.Head] = v; } bump(): number { return ++this.a[Slot.Head]; } }
      class Ring extends Base { static readonly SIZE = 4; static twice(x: number): number { return x * 2; } #pushed = 0; count; readonly items: Int32Array;
        constructor(a: Int32Array) { super(a); this.items = a.subarray(Slot.Data, Slot.Data + Ring.SIZE); this.count = 0; }
        override bump(): number { return Ring.twice(super.bump()); } push(v: number): number { this.items[this.count++ % Ring.SIZE] = v; this.#pushed++; return this.#pushed; } }
      const shared = { step: 3, names: ['a', 'b'], at: (i: number): number => i + 1 } as const;`,
    body: `const r = new Ring(c); r.head = 3; assert.equal(r.head, 3); assert.equal(r.bump(), 8); assert.equal(r.head++, 4); assert.equal(r.head, 5);
      for (let i = 0; i < 5; i++) assert.equal(r.push(i), i + 1); assert.equal(c[4], 4); assert.equal(c[5], 1); assert.equal(r.count, 5);
      assert.equal(shared.step + shared.at(n), 6); assert.equal(shared.names.length, 2); assert.equal(shared.names[1], 'b'); assert.equal(Slot.Tail, 3);
      const rings = [new Ring(c), new Ring(c.subarray(0))]; for (let i = 0; i < 2; i++) { rings[i].count = i + 1; rings[i].push(7); } assert.equal(rings[1].count, 3); assert.equal(rings[0].count, 2);`,
  },
  {
    name: 'objects and functions as values',
    top: `function counter(a: Int32Array, at: number) { let calls = 0; return { up(by = 1): number { calls++; return Atomics.add(a, at, by); }, get calls(): number { return calls; }, at }; }
      const { load, store: put } = Atomics;
      function twice<T>(work: (x: number) => T): T { work(0); return work(1); }`,
    body: `const k = counter(c, 2); assert.equal(k.up(), 0); assert.equal(k.up(5), 1); assert.equal(k.calls, 2); assert.equal(load(c, k.at), 6); put(c, 1, 8);
      const { up, calls: { } = {} } = { up: 4 }; assert.equal(up, 4); let seen = 0; assert.equal(twice((x) => { seen += c[1]; return x + 5; }), 6); assert.equal(seen, 16);
      const fs = [(x: number): number => x + 1, (x: number): number => x * 2]; let s = 5; for (const f of fs) s = f(s); assert.equal(s, 12); for (let i = 0; i < 2; i++) s = fs[i](s); assert.equal(s, 26);
      const o = { x: 1, ...{ y: n } }; o.x += o.y; o['y'] = 9; assert.equal(o.x, 3); assert.equal(o.y, 9); const [a, , b = 7] = [1, 2]; assert.equal(a + b, 8); [4, 5].forEach((v, i) => { c[i] = v; }); assert.equal(c[1], 5);`,
  },
  {
    name: 'many elements at once',
    body: `c.fill(7, 1, 3); assert.equal(c[2], 7); assert.equal(c[3], 0); c.set([9, n], 4); assert.equal(c[5], 2); c.copyWithin(0, 4, 6); assert.equal(c[0], 9);
      const b = new Uint8Array(c.buffer); b.set(b.subarray(0, 4), 12); assert.equal(c[3], 9); c.set(c.subarray(0, 2), 6); assert.equal(c[7], 2); assert.equal(c.at(-1), 2);
      c.fill(1, -2); assert.equal(c[6], 1); c.subarray(n).fill(4); assert.equal(c[7], 4); assert.equal(c.subarray(3, 2).length, 0);`,
  },
  {
    name: 'asynchronous functions, awaited',
    top: 'async function later(c: Int32Array): Promise<number> { await null; return Atomics.add(c, 0, 1); }',
    body: 'await later(c); assert.equal(await later(c), 1);',
  },
  {
    name: 'strings that are known',
    body: `let name = 'a'; if (c[0] === 0) name = 'b'; assert(name === 'b'); assert.equal('x' + 1, 'x1'); const t = c[0] > 0 ? 'up' : 'down'; switch (t) { case 'down': return; } assert.fail();`,
  },
  { name: 'a plain read outside of an array', body: 'if (c[n + 6] === undefined) c[0] = 1;', end: 'out-of-bounds' },
  { name: 'a plain write outside of an array', body: 'c[-n] = 1;', end: 'out-of-bounds' },
  { name: 'an atomic access outside of an array', body: 'Atomics.load(c, c.length);', end: 'out-of-bounds' },
  { name: 'what does not fit', body: 'c.set([1, 2, 3], 6);', end: 'out-of-bounds' },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source
  { name: 'an assertion', body: 'assert(c[0] === 1, `c[0] is ${c[0]}`);', end: 'assertion' },
  { name: 'a number that outgrows its word', body: 'let s = 0x7fffffff; s += n; Atomics.load(c, 0); c[0] = s;', end: 'wide' },
  { name: 'an exception', body: "if (c[0] === 0) throw new RangeError('no');", end: 'assertion' },
  { name: 'an exception passes by finally', body: "try { throw new Error('no'); } finally { c[0] = 1; }", end: 'assertion' },
];
