/**
 * The collector (FreeBSD's unix_gc, Linux's scm_rights): sockets that lie in each other's buffers, in every shape and every order of closing.
 * After it has run nothing is left, and what a descriptor leads to has lost nothing.
 */
import { describe, expect, it } from 'vitest';
import { EPIPE, sb_mb, so_rcv, word } from '../../impl/raw.ts';
import { Mail } from './rights_rig.ts';
import { NOTHING_LEFT } from './world.ts';

function atRest(w: Mail): void {
  w.collect();
  expect(w.rights()).toBe(0);
  expect(w.leftOver()).toEqual(NOTHING_LEFT);
}

/** Every order of the items. */
function orders<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => orders(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

describe('nothing sent', () => {
  it('leaves nothing: twosome, threesome, fivesome', () => {
    const w = new Mail();
    for (const pairs of [1, 2, 3]) {
      const fds = Array.from({ length: pairs }, () => w.pair()).flat();
      w.collect();
      w.closeAll(...fds);
      atRest(w);
    }
  });
});

describe('twosome', () => {
  for (const over of [0, 1]) {
    for (const sent of [0, 1]) {
      for (const first of [0, 1]) {
        it(`end ${sent} sent over end ${over}, end ${first} closed first`, () => {
          const w = new Mail();
          const ends = w.pair();
          w.mail(ends[over] as number, '.', [ends[sent] as number]);
          w.closeAll(ends[first] as number, ends[1 - first] as number);
          atRest(w);
        });
      }
    }
  }
});

describe('threesome', () => {
  it('a spare over a pair, every order of closing', () => {
    for (const order of orders([0, 1, 2])) {
      const w = new Mail();
      const [a, b] = w.pair();
      const spare = w.socket('unix');
      w.mail(a, '.', [spare]);
      w.closeAll(...order.map((index) => [a, b, spare][index] as number));
      atRest(w);
    }
  });
});

describe('fivesome', () => {
  it('a spare over A, the ends of A over B', () => {
    for (const order of orders([0, 1, 2])) {
      const w = new Mail();
      const [a0, a1] = w.pair();
      const [b0, b1] = w.pair();
      const spare = w.socket('unix');
      const parts = [[a0, a1], [b0, b1], [spare]];
      w.mail(a0, '.', [spare]);
      w.mail(b0, '.', [a0]);
      w.mail(b0, '.', [a1]);
      for (const index of order) {
        w.collect();
        w.closeAll(...(parts[index] as number[]));
      }
      atRest(w);
    }
  });
});

describe('cycles', () => {
  it('a socket in its own buffer (T16)', () => {
    const w = new Mail();
    const [a, b] = w.pair();
    w.mail(b, 'to a', [a]);
    w.closeAll(a);
    w.collect();
    // Nobody could ever read what b sends.
    expect([w.rights(), w.send(b, '.')]).toEqual([0, -EPIPE]);
    w.closeAll(b);
    atRest(w);
  });

  it('complex: A carries B and a spare, B carries A', () => {
    const w = new Mail();
    const [a0, a1] = w.pair();
    const [b0, b1] = w.pair();
    const spare = w.socket('unix');
    w.mail(a0, '.', [b0, b1, spare]);
    w.mail(b0, '.', [a0, a1]);
    w.closeAll(a0, a1, b0, b1);
    expect(w.leftOver().unix).toBe(5);
    w.collect();
    expect([w.leftOver().unix, w.rights()]).toEqual([1, 0]);
    w.closeAll(spare);
    atRest(w);
  });

  it('triangle, cross edge, two cycles with one socket in common', () => {
    const shapes: readonly (readonly (readonly [number, number])[])[] = [
      [
        [0, 1],
        [1, 2],
        [2, 0],
      ],
      [
        [0, 1],
        [1, 0],
        [1, 2],
        [2, 3],
        [3, 2],
      ],
      [
        [0, 1],
        [1, 0],
        [0, 2],
        [2, 0],
      ],
      [
        [0, 0],
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 1],
      ],
    ];
    for (const edges of shapes) {
      const w = new Mail();
      const pairs = Array.from({ length: 4 }, () => w.pair());
      // The right of `to` lies in the buffer of `from`.
      for (const [from, to] of edges) w.mail(pairs[from]?.[1] as number, '.', [pairs[to]?.[0] as number]);
      w.closeAll(...pairs.map(([end]) => end));
      w.collect();
      w.closeAll(...pairs.map(([, other]) => other));
      atRest(w);
    }
  });

  it('with one descriptor left that leads to them lose nothing', () => {
    const w = new Mail();
    const [a, a1] = w.pair();
    const [b, b1] = w.pair();
    w.mail(a1, 'b is here', [b]);
    w.mail(b1, 'a is here', [a]);
    w.send(b1, 'data');
    w.closeAll(b, b1, a1);
    w.collect();
    expect(w.rights()).toBe(2);
    const first = w.take(a);
    expect([first.text, first.fds.length]).toEqual(['b is here', 1]);
    const second = w.take(first.fds[0] as number);
    expect([second.text, second.fds.length]).toEqual(['a is heredata', 1]);
    w.closeAll(a, ...first.fds, ...second.fds);
    atRest(w);
  });
});

describe('listeners', () => {
  /** A UNIX listener with a connection that nobody has accepted. */
  function queued(w: Mail): { readonly listener: number; readonly client: number; readonly child: number } {
    const listener = w.listener(1, 5);
    const client = w.client(1);
    const [child = 0] = w.completed(w.so(listener));
    return { listener, client, child };
  }

  it('sent over a pair and dropped, with and without a connection, UNIX and TCP', () => {
    for (const make of [
      (w: Mail) => [w.listener(1, 5)],
      (w: Mail) => {
        const { listener, client } = queued(w);
        return [listener, client];
      },
      (w: Mail) => {
        const tcp = w.socket('tcp');
        w.bind(tcp, 80);
        w.listen(tcp, 5);
        return [tcp];
      },
    ]) {
      for (const order of orders([0, 1, 2])) {
        const w = new Mail();
        const [a, b] = w.pair();
        const [listener = -1, ...others] = make(w);
        w.mail(a, '.', [listener]);
        w.closeAll(...order.map((index) => [a, b, listener][index] as number), ...others);
        atRest(w);
      }
    }
  });

  it('keep what lies in the buffer of one that waits to be accepted (T17)', () => {
    const w = new Mail();
    const { listener, client, child } = queued(w);
    const [x, y] = w.pair();
    w.mail(client, 'for whoever accepts', [x]);
    w.closeAll(x);
    w.collect();
    expect(word(w.k, child + so_rcv + sb_mb)).not.toBe(0);
    const got = w.take(w.accept(listener));
    expect([got.text, got.fds.length]).toEqual(['for whoever accepts', 1]);
    w.send(y, 'alive');
    expect(w.recv(got.fds[0] as number)).toBe('alive');
  });

  it('go with those who wait to be accepted, when they lie in such a buffer themselves (T17)', () => {
    const w = new Mail();
    const { listener, client } = queued(w);
    w.mail(client, 'yourself', [listener]);
    w.closeAll(listener);
    w.collect();
    expect([w.rights(), w.send(client, '.'), w.send(client, '.')]).toEqual([0, -EPIPE, -EPIPE]);
    w.closeAll(client);
    atRest(w);
  });
});

describe('recursion', () => {
  it('a chain in which each pair carries both ends of the one before is closed without a deep stack', () => {
    const w = new Mail({ sockets: 4000, mbufs: 8000, descriptors: 4000 });
    let before = w.pair();
    for (let depth = 0; depth < 1500; depth++) {
      const next = w.pair();
      expect(w.mail(next[0], '.', before)).toBe(1);
      w.closeAll(...before);
      before = next;
    }
    expect(w.rights()).toBe(3000);
    w.closeAll(...before);
    atRest(w);
  });
});
