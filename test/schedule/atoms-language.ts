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
    name: 'parameters that are fields',
    top: 'class Counted { total = 0; constructor(private readonly cells: Int32Array, private step = 2, at = step) { this.total = Atomics.add(cells, at, step) + step; step = 9; } next(): number { return Atomics.add(this.cells, 0, this.step); } }',
    body: 'const k = new Counted(c); assert.equal(k.total, 2); assert.equal(k.next(), 0); assert.equal(c[2], 2); assert.equal(new Counted(c, 1).total, 1); assert.equal(c[0] + c[1], 3);',
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
  {
    name: '`catch` takes what was thrown',
    top: `function f(c: Int32Array, n: number): number { c[0]++; if (n > 1) throw new Error('x'); return 3; }`,
    body: `let x = 1; try { x = 2; x = c[0] + f(c, n); c[3] = 1; } catch { c[1] = x; } assert.equal(c[0], 1); assert.equal(c[1], 2); assert.equal(c[3], 0);
      try { x = f(c, 1); } catch { x = 7; } assert.equal(x, 3); try { throw n; } catch (e) { console.log(e); c[4] = 1; } assert.equal(c[4], 1);
      const ok = ((): number => { try { if (n > 1) throw new Error('x'); return c[0]; } catch { return -1; } })(); assert.equal(ok, -1);`,
  },
  {
    name: '`finally` comes last, and before what goes on',
    body: `let s = 0; const log = (k: number): void => { c[s++] = k; };
      try { try { log(1); throw new Error('a'); } catch (e) { log(2); throw e; } finally { log(3); } } catch { log(4); } finally { log(5); }
      for (let i = 0; i < 5; i++) assert.equal(c[i], i + 1);
      const f = (): number => { try { throw new Error('a'); } catch { return c[0] + 1; } finally { c[0] = 9; } }; assert.equal(f(), 2); assert.equal(c[0], 9);`,
  },
  {
    name: '`finally` of several functions on the way to a `catch`',
    top: `function lock(c: Int32Array): void { while (Atomics.compareExchange(c, 0, 0, 1) !== 0) Atomics.wait(c, 0, 1); }`,
    body: `const run = <T>(work: () => T): T => { lock(c); try { return work(); } finally { Atomics.store(c, 0, 0); Atomics.notify(c, 0, 1); } };
      const outer = (): void => { try { run(() => { throw new Error('x'); }); } finally { c[2] = c[0] + 5; } };
      try { outer(); } catch { c[3] = c[2]; } assert.equal(c[0], 0); assert.equal(c[3], 5); assert.equal(run(() => n), 2);`,
  },
  {
    name: 'a `finally` that leaves by itself ends what was thrown',
    body: `const f = (k: number): number => { try { throw new Error('a'); } finally { c[1]++; if (k > 1) return 3; } }; assert.equal(f(n), 3);
      try { f(1); c[5] = 1; } catch { c[6] = c[1]; } assert.equal(c[6], 2); assert.equal(c[5], 0);
      for (let i = 0; i < 3; i++) { try { c[0]++; throw new Error('a'); } finally { if (i < 2) continue; else break; } } assert.equal(c[0], 3);`,
  },
  {
    name: 'an exception of a `catch` or a `finally` takes the place of the first',
    body: `try { try { throw new Error('a'); } finally { c[0] = 1; throw new Error('b'); } } catch { c[1]++; } assert.equal(c[1], 1);
      try { try { throw new Error('a'); } catch { throw new Error('b'); } finally { c[2]++; } } catch { c[1]++; } assert.equal(c[1], 2); assert.equal(c[2], 1);
      for (let i = 0; i < 5; i++) { try { if (i === n) throw new Error('x'); c[3]++; } catch { continue; } finally { c[4]++; } c[5]++; } assert.equal(c[3] + c[4] + c[5], 13);`,
  },
  {
    name: 'what nobody catches is a failure',
    top: `function f(c: Int32Array, n: number): number { if (n > 1) throw new RangeError('x'); return 3; }`,
    body: `try { c[0] = f(c, n); } finally { c[1] = 1; }`,
    end: 'assertion',
  },
  {
    name: 'what is thrown again and not caught is a failure',
    body: `try { if (n > 1) throw new Error('x'); c[0] = 1; } catch (e) { c[1] = 1; throw e; }`,
    end: 'assertion',
  },
  {
    name: 'what a `finally` need not end is a failure',
    body: `const f = (k: number): number => { try { throw new Error('a'); } finally { c[1]++; if (k > 7) return 3; } }; c[0] = f(n);`,
    end: 'assertion',
  },
  {
    name: 'errors of the source',
    top: `class Full extends Error { code = 3; constructor(text: string, readonly at: number) { super(text); this.name = 'Full'; } } function make(c: Int32Array): Error { Atomics.store(c, 0, 3); return new TypeError(\`x \${c[0]}\`); }`,
    body: `try { if (n > 1) throw new Full('x', Atomics.add(c, 0, 2)); } catch (e) { console.log((e as Full).message, String(e)); c[1] = c[0]; } assert.equal(c[1], 2);
      try { throw make(c); } catch { c[2] = c[0]; } assert.equal(c[2], 3); const known = new Error('x'); try { if (n > 1) throw known; } catch { c[3] = 1; } assert.equal(c[3], 1);`,
  },
  {
    name: 'methods and constructors that throw',
    top: `class Queue { size = 0; constructor(private cells: Int32Array, readonly most: number) { if (most < 1) throw new Error('none'); } push(x: number): void { if (this.size === this.most) throw new Error('full'); this.cells[this.size++] = x; } }`,
    body: `const q = new Queue(c, n); try { for (;;) q.push(7); } catch { c[7] = q.size; } assert.equal(c[7], 2); assert.equal(c[1], 7); assert.equal(c[2], 0);
      try { new Queue(c, n - 2); c[6] = 1; } catch { c[5] = 1; } assert.equal(c[5], 1); assert.equal(c[6], 0);`,
  },
  {
    name: 'asynchronous functions that throw',
    top: `async function f(c: Int32Array, n: number): Promise<number> { await 0; if (n > 1) throw new Error('x'); return 3; } async function g(c: Int32Array, n: number): Promise<number> { try { return await f(c, n); } catch { c[1] = 7; return 2; } }`,
    body: `const r = await g(c, n); assert.equal(r, 2); assert.equal(c[1], 7); try { await f(c, n); } catch { c[2] = 1; } assert.equal(c[2], 1);`,
  },
  {
    name: "what can't be reached changes nothing of the rest",
    top: `class A { cells: Int32Array; constructor(c: Int32Array, first: boolean) { if (first) this.cells = c; else this.cells = c.subarray(1); } }`,
    body: `const die = (): number => { throw new Error('x'); }; const fs = [(x: number): number => x, (x: number): number => Atomics.add(c, 2, x)]; let v = n;
      if (v === n + 1 && 7 === (-1 as number) && fs[1](n) < 3) c[1] = 1; else v = 3; assert.equal(v, 3);
      if (c[0] === 1 && die() > 3) c[1] = 1; else c[2] = 1; assert.equal(c[2], 1);
      for (let i = 0; ; i = die() + 1) { if (c[0] === 0) break; return; } do { if (c[0] === 0) break; return; } while (die() + 1 > 0); c[3] = 1; assert.equal(c[3], 1);
      const a = new A(c, false); a.cells[0] = 5; assert.equal(c[1], 5);`,
  },
  {
    name: 'arrays that a thread has for itself',
    body: `const a = new Uint8Array(4); a[n] = 300; a[n & 1]--; assert.equal(a[n], 44); assert.equal(a[0], 255); a.fill(3, 1, 3); assert.equal(a[1] + a[3], 3);
      const b = new Uint16Array([1, 70000, n]); assert.equal(b[1], 4464); assert.equal(b.length, 3); const d = b.slice(1); d[0] = 1; assert.equal(b[1], 4464);
      b.set([5, 6], 1); assert.equal(b[2], 6); for (const x of b) c[4] += x; assert.equal(c[4], 12); assert.equal(b.at(-1), 6);
      c[1] = 5; const e = new Int32Array(c); c[1] = 6; assert.equal(e[1], 5); c.set(b, 5); assert.equal(c[6], 5); assert.equal(Uint16Array.BYTES_PER_ELEMENT, b.BYTES_PER_ELEMENT);
      assert.equal(new Int8Array(3).map((x, i) => 200 + i)[1], -55); for (let i = 0; i < 3; i++) { const f = [0, 0]; f[i & 1]++; c[i] = f[0]; } assert.equal(c[0] * 4 + c[1] * 2 + c[2], 5);`,
  },
  {
    name: 'lists whose elements change',
    top: `function first(list: number[]): number { return list[0]++; }`,
    body: `const l = [1, n, 3]; l[n] = 7; l[0] += l[n]; assert.equal(l[0], 8); const o = { l }; assert.equal(o.l[2], 7); const at = (): number => l[0]; l[0] = 5; assert.equal(at(), 5);
      assert.equal(first(l), 5); assert.equal(l[0], 6); const copy = [...l, (l[0] = 9)]; assert.equal(copy[0], 6); const [p, ...q] = l; l[0] = 1; assert.equal(p, 9); assert.equal(q[1], 7);
      const m = [true, false]; m[n & 1] = false; assert.ok(!m[0]); const u = [1, undefined, 3]; u[n] = undefined; assert.equal(u[n] ?? 9, 9); assert.equal(u[0], 1);
      const z = new Array(3).fill(0); z[1] = n; assert.equal(z[1] + z[0] + z.length, 5); const g = Array.from({ length: 3 }, (_, i) => i * 2); g[n]++; assert.equal(g[2], 5);`,
  },
  {
    name: 'methods of lists',
    top: `class Slot { constructor(private readonly cells: Int32Array, private readonly at: number) {} up(): number { return Atomics.add(this.cells, this.at, 1); } }`,
    body: `const slots = [0, 1].map((i) => new Slot(c, i)); for (const s of slots) s.up(); slots.forEach((s) => s.up()); assert.equal(c[1], 2); assert.equal(slots.reduce((sum, s) => sum + s.up(), 10), 14);
      const a = [3, n, 4]; assert.equal(a.indexOf(2), 1); assert.equal(a.indexOf(9), -1); assert.ok(a.includes(4)); assert.equal(a.slice(1).concat([7], 8).at(-1), 8); assert.equal(a.reduce((s, x) => s * x), 24); assert.equal(['a', 1].join('-'), 'a-1');
      assert.ok(a.some((x) => Atomics.add(c, 3, x) === 3)); assert.equal(c[3], 5); assert.ok(!a.every((x) => Atomics.add(c, 4, 1) < 1)); assert.equal(c[4], 2);
      let k = 0; const sums = a.map((x) => (k += x)); assert.equal(sums[0] * 100 + sums[2], 309); const live = [1, 2, 3]; live.forEach((x, i) => { if (i < 2) live[i + 1] = x + 10; }); assert.equal(live[2], 21);`,
  },
  {
    name: 'elements of a list in their order among other values',
    body: `const f = (a: number, b: number): number => a * 10 + b; assert.equal(f(Atomics.add(c, 0, 1), ...[Atomics.load(c, 0)]), 1); const a = [1, 2]; const b = [(a[0] = 7), ...a]; assert.equal(b[1], 7);`,
  },
  {
    name: '`var`',
    top: `function f(x?: number): number { if (x === undefined) { var x: number | undefined = 5; } return x; }`,
    body: `if (n > 1) { var x = 3; } else { var x = 4; } assert.equal(x, 3); if (n > 5) { var y = 3; } assert.equal(y, undefined); assert.equal(z, undefined); var z = 4; assert.equal(z, 4);
      for (var i = 0; i < 3; i++) { var k = i * 2; c[k] = k; if (i === 0) { var stale = 9; } c[7] += stale; } assert.equal(i + k, 7); assert.equal(c[7], 27);
      assert.equal(f() + f(2), 7); var d = c.subarray(1); if (n > 1) { var e = d; e[0] = 4; } assert.equal(c[1], 4);`,
  },
  {
    name: 'fields that are set in a branch',
    top: `class A { count: number; seen?: number; constructor(n: number) { if (n > 5) { this.count = 3; this.seen = 1; } else this.count = 4; } }`,
    body: `const a = new A(n); a.count++; assert.equal(a.count, 5); assert.equal(a.seen, undefined); a.seen = 2; assert.equal(a.seen + new A(n + 4).count, 5);`,
  },
  {
    name: 'a delay',
    body: `await new Promise((r) => setTimeout(r, 10)); c[0]++; await new Promise<void>((resolve) => { setTimeout(() => resolve(), 10); }); assert.equal(c[0], 1);`,
  },
  {
    name: 'what there is of the platform',
    body: `assert.equal(typeof Atomics.wait, 'function'); assert.equal(typeof (globalThis as any).nothing, 'undefined'); if ((globalThis as any).nothing) c[0] = 1; assert.equal(c[0], 0); assert.ok((globalThis as any).nothing === undefined); const t = \`\${n}\`; assert.equal(typeof t, 'string');`,
  },
  {
    name: 'what a value is an instance of',
    top: 'class A {} class B extends A {} class D {}',
    body: `const b = new B(); assert.ok(b instanceof A && b instanceof B && !(b instanceof D) && !((n as unknown) instanceof A)); assert.ok(c instanceof Int32Array && !((c as unknown) instanceof Uint8Array));
      assert.ok([n] instanceof Array && new Uint8Array(2) instanceof Uint8Array && Array.isArray([n]) && !Array.isArray(c));
      assert.ok(Number.isInteger(n) && Number.isSafeInteger(c[0]) && Number.isFinite(n) && !Number.isNaN(n) && !Number.isInteger(0.5) && Number.isNaN(NaN));`,
  },
  {
    name: 'variables that change places',
    body: 'let a = n, b = 5, d = 0; [a, b] = [b, a]; assert.equal(a * 10 + b, 52); [a, , d] = [b, c[0]++, a, 7]; assert.equal(a * 10 + d, 25); assert.equal(c[0], 1); const l = [1, n]; [b] = l; assert.equal(b, 1);',
  },
];
