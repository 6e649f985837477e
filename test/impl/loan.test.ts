/**
 * Mbufs on loan: a receive that lends says and does what one that copies does, what is lent stays as it is until it is given back, and nothing
 * is lost or given back twice.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attach, createKernel, type KernelOptions, Loan } from '../../impl/index.ts';
import { copyBytesIn, get } from '../../impl/memory.ts';
import {
  bufferOf,
  EBADF,
  EINVAL,
  ENOBUFS,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
  EWOULDBLOCK,
  fixed,
  h_user,
  MSG_DONTWAIT,
  MSG_EOR,
  MSG_OOB,
  MSG_PEEK,
  MSG_WAITALL,
  mbuf_zone,
  sb_cc,
  sb_hiwat,
  sb_mb,
  sb_mbcnt,
  sb_mbmax,
  sb_sx,
  so_rcv,
  so_snd,
  sys_mfreem,
  sys_mgetm,
  sys_recvmbuf,
  sys_sendmbuf,
  sys_sockatmark,
  TH_ACK,
  TH_URG,
  TH_URP_SHIFT,
  td_nlent,
  td_retval1,
  td_user,
  thread_attach,
  thread_detach,
  uz_inuse,
  wire_inject,
  word,
} from '../../impl/raw.ts';
import { established, Rig } from './tcp_rig.ts';
import type { LoanJob } from './workers/loan_worker.ts';
import { spawn } from './workers/spawn.ts';
import { NOTHING_LEFT, World } from './world.ts';

/** What a call has lent, or its error. */
interface Lent {
  readonly result: number;
  readonly chain: number;
  readonly loan: Loan;
}

function lend(w: World, fd: number, most = 1000, flags = 0, td = w.td): Lent {
  const result = sys_recvmbuf(w.k, td, fd, most, flags);
  const chain = word(w.k, td + td_retval1);
  return { result, chain, loan: new Loan(w.k, td) };
}

function textOf({ loan }: Lent): string {
  return loan.parts.map((part) => new TextDecoder().decode(part.slice())).join('');
}

function giveBack(w: World, { chain }: Lent, td = w.td): number {
  return sys_mfreem(w.k, td, chain);
}

const mbufs = (w: World): number => word(w.k, mbuf_zone + uz_inuse);

/** What the socket layer knows of a stream: of the reader's buffer and the sender's limits. */
function books(w: World, reader: number, sender: number): readonly number[] {
  const [rcv, snd] = [w.so(reader) + so_rcv, w.so(sender) + so_snd];
  return [rcv + sb_cc, rcv + sb_mbcnt, snd + sb_hiwat, snd + sb_mbmax, rcv + sb_sx].map((at) => word(w.k, at));
}

describe('a receive that lends', () => {
  it('takes mbufs out of the buffer as they are, and gives the sender its room back at once', () => {
    const w = new World({ mbufBytes: 16 });
    const [here, there] = w.pair();
    const fresh = books(w, there, here);
    w.send(here, 'a chunk of sixteen, and some');
    const [first, inUse] = [word(w.k, w.so(there) + so_rcv + sb_mb), mbufs(w)];
    const lent = lend(w, there);
    expect(lent.result).toBe(28);
    expect(lent.chain).toBe(first);
    expect(lent.loan.parts.map(({ length }) => length)).toEqual([16, 12]);
    expect(lent.loan.parts.every(({ buffer }) => buffer === bufferOf(w.k))).toBe(true);
    expect(textOf(lent)).toBe('a chunk of sixteen, and some');
    expect(books(w, there, here)).toEqual(fresh);
    expect(mbufs(w)).toBe(inUse);
    expect(giveBack(w, lent)).toBe(0);
    expect(mbufs(w)).toBe(0);
  });

  it('copies a part of an mbuf, and leaves the rest', () => {
    const w = new World({ mbufBytes: 16 });
    const [here, there] = w.pair();
    w.send(here, 'abcdefghijklmnopqrstuvwxyz');
    const first = lend(w, there, 3);
    const second = lend(w, there, 20);
    expect([textOf(first), textOf(second), w.recv(there)]).toEqual(['abc', 'defghijklmnopqrstuvw', 'xyz']);
    expect([giveBack(w, first), giveBack(w, second), mbufs(w)]).toEqual([0, 0, 0]);
  });

  it('says what one that copies says, and takes what it takes, however the stream is cut', () => {
    const step = fc.oneof(
      fc.record({ does: fc.constant('send' as const), bytes: fc.integer({ min: 1, max: 70 }) }),
      fc.record({ does: fc.constant('receive' as const), bytes: fc.integer({ min: 0, max: 70 }), waitall: fc.boolean() }),
      fc.record({ does: fc.constant('shutdown' as const) }),
      fc.record({ does: fc.constant('close' as const) }),
      fc.record({ does: fc.constant('return' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const [copying, lending] = [new World({ mbufBytes: 12 }), new World({ mbufBytes: 12, lentMbufs: 64 })];
        const loans: { readonly lent: Lent; readonly text: string }[] = [];
        const ends = [copying, lending].map((w) => w.pair());
        let sent = 0;
        for (const each of steps) {
          const seen = [copying, lending].map((w, which): unknown => {
            const [here, there] = ends[which] as readonly [number, number];
            if (each.does === 'send') {
              const text = Array.from({ length: each.bytes }, (_, at) => String.fromCharCode(48 + ((sent + at) % 75))).join('');
              return w.send(here, text, undefined, MSG_DONTWAIT);
            }
            if (each.does === 'shutdown') return w.shutdown(here, 1);
            if (each.does === 'close') return w.close(here);
            if (each.does === 'return') {
              if (w === lending) for (const { lent } of loans.splice(0)) giveBack(w, lent);
              return 0;
            }
            const flags = each.waitall ? MSG_WAITALL : MSG_DONTWAIT;
            if (w === copying) return w.recv(there, each.bytes, flags);
            const lent = lend(w, there, each.bytes, flags);
            if (lent.chain !== 0) loans.push({ lent, text: textOf(lent) });
            return lent.result < 0 ? lent.result : textOf(lent);
          });
          if (each.does === 'send') sent += each.bytes;
          expect(seen[1]).toEqual(seen[0]);
          for (const { lent, text } of loans) expect(textOf(lent)).toBe(text);
        }
        expect(word(lending.k, lending.td + td_nlent)).toBe(loans.reduce((sum, { lent }) => sum + lent.loan.parts.length, 0));
        for (const { lent } of loans) giveBack(lending, lent);
        for (const [which, w] of [copying, lending].entries()) for (const fd of ends[which] ?? []) w.close(fd);
        expect([copying.leftOver(), lending.leftOver()]).toEqual([NOTHING_LEFT, NOTHING_LEFT]);
      }),
      { numRuns: 150 },
    );
  });

  it('refuses what it can not do', () => {
    const w = new World();
    const [here, there] = w.pair();
    w.send(here, 'x');
    expect(lend(w, there, 10, MSG_PEEK).result).toBe(-EINVAL);
    expect(lend(w, there, 10, MSG_OOB).result).toBe(-EINVAL);
    expect(lend(w, there, -1).result).toBe(-EINVAL);
    expect(lend(w, 9).result).toBe(-EBADF);
    for (const type of ['dgram', 'seqpacket'] as const) expect(lend(w, w.pair(type)[0]).result).toBe(-EOPNOTSUPP);
    expect(lend(w, w.socket('udp')).result).toBe(-EOPNOTSUPP);
    expect(lend(w, w.socket('unix')).result).toBe(-ENOTCONN);
    expect(lend(w, here, 10, MSG_DONTWAIT).result).toBe(-EWOULDBLOCK);
    expect(lend(w, there, 0)).toMatchObject({ result: 0, chain: 0 });
    w.shutdown(here, 1);
    expect([textOf(lend(w, there)), lend(w, there).result]).toEqual(['x', 0]);
  });

  it('stops before what somebody else than its reader is to see first: descriptors', () => {
    const sockets = attach(createKernel({ sockets: 8, witness: true }), { blocking: false });
    const [here, there] = sockets.socketpair();
    sockets.send(here, new Uint8Array(3));
    sockets.sendMessage(here, new Uint8Array(4), [here]);
    const [first, second] = [sockets.recvLoan(there), sockets.recvLoan(there)];
    expect([first.length, second.length]).toEqual([3, 4]);
    sockets.collect();
    expect(sockets.statistics().rights).toBe(0);
  });

  it('stops at the mark of urgent data, and says then that it is there', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    const user = get(rig.k, rig.td + td_user);
    copyBytesIn(rig.k, fixed(rig.k, h_user) + user, new TextEncoder().encode('abX'), 0, 3);
    const flags = TH_ACK | TH_URG | (3 << TH_URP_SHIFT);
    wire_inject(rig.k, rig.td, 6, 2, peer.port, 1, peer.local, peer.seq, peer.ack, flags, peer.window, user, 3);
    peer.seq += 3;
    rig.deliver();
    peer.send('A', 'cd');
    rig.deliver();
    const taken = (most: number): readonly [number, number] => {
      const result = sys_recvmbuf(rig.k, rig.td, fd, most, 0);
      expect(sys_mfreem(rig.k, rig.td, word(rig.k, rig.td + td_retval1))).toBe(0);
      return [result, sys_sockatmark(rig.k, rig.td, fd)];
    };
    expect([taken(1), taken(10), taken(10)]).toEqual([
      [1, 0],
      [1, 1],
      [2, 0],
    ]);
  });
});

describe('what is on loan', () => {
  it('stays as it is whatever happens to the socket, and to what is sent after it', () => {
    const w = new World({ mbufBytes: 16, mbufs: 8 });
    const [here, there] = w.pair();
    w.send(here, 'sixteen letters!and a part');
    const lent = lend(w, there);
    // As many as there are: none of them is one of those on loan.
    for (let i = 0; i < 3; i++) {
      expect(w.send(here, '0123456789abcdefFEDCBA9876543210')).toBe(32);
      expect(w.recv(there)).toBe('0123456789abcdefFEDCBA9876543210');
    }
    w.close(here);
    w.close(there);
    expect(textOf(lent)).toBe('sixteen letters!and a part');
    expect(w.leftOver()).toEqual({ ...NOTHING_LEFT, mbufs: 2 });
    expect(giveBack(w, lent)).toBe(0);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('can be given back once, by who has it, in any order; and nothing else can', () => {
    const w = new World({ threads: 2 });
    const other = thread_attach(w.k, 0);
    const [here, there] = w.pair();
    const loans = ['a', 'b', 'c', 'd'].map((text) => {
      w.send(here, text);
      return lend(w, there);
    });
    w.send(here, 'x');
    const inBuffer = word(w.k, w.so(there) + so_rcv + sb_mb);
    expect(loans.map((lent) => giveBack(w, lent, other))).toEqual([-EINVAL, -EINVAL, -EINVAL, -EINVAL]);
    const [a, b, c, d] = loans as [Lent, Lent, Lent, Lent];
    expect([c, a, d].map((lent) => giveBack(w, lent))).toEqual([0, 0, 0]);
    expect([c, a, d].map((lent) => giveBack(w, lent))).toEqual([-EINVAL, -EINVAL, -EINVAL]);
    for (const chain of [0, -1, inBuffer, b.chain + 1, fixed(w.k, h_user), 1 << 30]) expect(sys_mfreem(w.k, w.td, chain)).toBe(-EINVAL);
    expect([textOf(b), giveBack(w, b), w.recv(there)]).toEqual(['b', 0, 'x']);
    expect(mbufs(w)).toBe(0);
  });

  it('is limited: who gives nothing back is lent no more, and what has come waits', () => {
    const w = new World({ mbufBytes: 16, lentMbufs: 3 });
    const [here, there] = w.pair();
    w.send(here, 'one mbuf is this');
    const first = lend(w, there);
    w.send(here, '1111111111111111222222222222222233333333');
    const second = lend(w, there, 1000, MSG_WAITALL);
    expect(textOf(second)).toBe('11111111111111112222222222222222');
    expect(lend(w, there)).toMatchObject({ result: -ENOBUFS, chain: 0 });
    expect([giveBack(w, first), textOf(lend(w, there)), lend(w, there).result]).toEqual([0, '33333333', -ENOBUFS]);
    const none = new World({ lentMbufs: 0 });
    expect(lend(none, none.pair()[0]).result).toBe(-ENOBUFS);
  });

  it('goes back when its thread leaves the kernel', () => {
    const w = new World({ threads: 2 });
    const [here, there] = w.pair();
    const other = thread_attach(w.k, 0);
    for (const text of ['a', 'b']) {
      w.send(here, text);
      expect(lend(w, there, 1000, 0, other).result).toBe(1);
    }
    thread_detach(w.k, other);
    expect([mbufs(w), word(w.k, thread_attach(w.k, 0) + td_nlent)]).toEqual([0, 0]);
  });

  it('is nothing where there is no mbuf for a part: the bytes are still there', () => {
    const w = new World();
    const [here, there] = w.pair();
    w.send(here, 'abc');
    const before = books(w, there, here);
    w.failAllocation(1);
    expect(lend(w, there, 2)).toMatchObject({ result: -ENOBUFS, chain: 0 });
    expect([books(w, there, here), w.recv(there)]).toEqual([before, 'abc']);
  });
});

/** A loan that holds the text. */
function filled(w: World, text: string): Lent {
  const result = sys_mgetm(w.k, w.td, text.length);
  const loan = new Loan(w.k, w.td);
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  for (const part of loan.parts) {
    part.set(bytes.subarray(at, at + part.length));
    at += part.length;
  }
  return { result, chain: word(w.k, w.td + td_retval1), loan };
}

/** Sends so much of it; what is left is in `rest`. */
function sendLent(w: World, fd: number, { chain }: Lent, length: number, flags = 0): { readonly sent: number; readonly rest: Lent } {
  const sent = sys_sendmbuf(w.k, w.td, fd, chain, length, flags);
  const rest = word(w.k, w.td + td_retval1);
  return { sent, rest: { result: sent, chain: rest, loan: new Loan(w.k, w.td) } };
}

describe('a send of what is on loan', () => {
  it('hands the mbufs over as they are, and they are no loan any more', () => {
    const w = new World({ mbufBytes: 16 });
    const [here, there] = w.pair();
    const lent = filled(w, 'a chunk of sixteen, and some');
    expect(mbufs(w)).toBe(2);
    expect(sendLent(w, here, lent, 28)).toMatchObject({ sent: 28, rest: { chain: 0 } });
    expect(word(w.k, w.so(there) + so_rcv + sb_mb)).toBe(lent.chain);
    expect([word(w.k, w.td + td_nlent), giveBack(w, lent), mbufs(w)]).toEqual([0, -EINVAL, 2]);
    const received = lend(w, there);
    expect([received.chain, textOf(received)]).toEqual([lent.chain, 'a chunk of sixteen, and some']);
    // What was received is sent on.
    expect(sendLent(w, there, received, 28).sent).toBe(28);
    expect([w.recv(here), mbufs(w)]).toEqual(['a chunk of sixteen, and some', 0]);
  });

  it('takes what there is room for; the rest is on loan still', () => {
    const w = new World({ mbufBytes: 16, sendSpace: 20, sendLowWater: 1 });
    const [here, there] = w.pair();
    const first = sendLent(w, here, filled(w, 'abcdefghijklmnopqrstuvwxyz0123456789ABCD'), 40, MSG_DONTWAIT);
    expect([first.sent, textOf(first.rest), w.recv(there)]).toEqual([20, 'uvwxyz0123456789ABCD', 'abcdefghijklmnopqrst']);
    const second = sendLent(w, here, first.rest, 5);
    const third = sendLent(w, here, second.rest, 15);
    expect([second.sent, third.sent, third.rest.chain, w.recv(there)]).toEqual([5, 15, 0, 'uvwxyz0123456789ABCD']);
    expect([mbufs(w), word(w.k, w.td + td_nlent)]).toEqual([0, 0]);
  });

  it('says what one that copies says, and sends what it sends, however the stream is cut', () => {
    const step = fc.oneof(
      fc.record({ does: fc.constant('send' as const), bytes: fc.integer({ min: 1, max: 70 }) }),
      fc.record({ does: fc.constant('receive' as const), bytes: fc.integer({ min: 1, max: 70 }) }),
      fc.record({ does: fc.constant('shutdown' as const) }),
      fc.record({ does: fc.constant('close' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const [copying, lending] = [12, 12].map((mbufBytes) => new World({ mbufBytes, sendSpace: 50, recvSpace: 50, sendLowWater: 1 })) as [
          World,
          World,
        ];
        const ends = [copying, lending].map((w) => w.pair());
        let sent = 0;
        for (const each of steps) {
          const seen = [copying, lending].map((w, which): unknown => {
            const [here, there] = ends[which] as readonly [number, number];
            if (each.does === 'receive') return w.recv(there, each.bytes, MSG_DONTWAIT);
            if (each.does === 'shutdown') return w.shutdown(here, 1);
            if (each.does === 'close') return w.close(there);
            const text = Array.from({ length: each.bytes }, (_, at) => String.fromCharCode(48 + ((sent + at) % 75))).join('');
            if (w === copying) return w.send(here, text, undefined, MSG_DONTWAIT);
            const { sent: taken, rest } = sendLent(w, here, filled(w, text), each.bytes, MSG_DONTWAIT);
            if (taken > 0) expect(textOf(rest)).toBe(text.slice(taken));
            if (rest.chain !== 0) expect(giveBack(w, rest)).toBe(0);
            return taken;
          });
          if (each.does === 'send') sent += each.bytes;
          expect(seen[1]).toEqual(seen[0]);
        }
        expect(word(lending.k, lending.td + td_nlent)).toBe(0);
        for (const [which, w] of [copying, lending].entries()) for (const fd of ends[which] ?? []) w.close(fd);
        expect([copying.leftOver(), lending.leftOver()]).toEqual([NOTHING_LEFT, NOTHING_LEFT]);
      }),
      { numRuns: 150 },
    );
  });

  it('that fails leaves the loan as it was, but for a piece that the protocol had', () => {
    const w = new World({ mbufBytes: 16, lentMbufs: 4, sendSpace: 20, sendLowWater: 1, threads: 2 });
    const [here, there] = w.pair();
    const other = thread_attach(w.k, 0);
    const lent = filled(w, 'abcdefghijklmnopqrstuvwxyz');
    for (const [fd, length, flags, error] of [
      [9, 26, 0, EBADF],
      [here, 0, 0, EINVAL],
      [here, 27, 0, EINVAL],
      [here, 26, MSG_OOB, EINVAL],
      [here, 26, MSG_EOR, EINVAL],
      [w.pair('dgram')[0], 26, 0, EOPNOTSUPP],
      [w.socket('unix'), 26, 0, ENOTCONN],
    ] as const)
      expect(sendLent(w, fd, lent, length, flags)).toMatchObject({ sent: -error, rest: { chain: lent.chain } });
    expect(sys_sendmbuf(w.k, other, here, lent.chain, 26, 0)).toBe(-EINVAL);
    // No mbuf for what is behind the room.
    w.failAllocation(1);
    expect(sendLent(w, here, lent, 26).sent).toBe(-ENOBUFS);
    expect(textOf(lent)).toBe('abcdefghijklmnopqrstuvwxyz');
    expect([filled(w, 'more than 4 mbufs in all, which is the limit').result, mbufs(w)]).toEqual([-ENOBUFS, 2]);
    expect(sys_mgetm(w.k, w.td, 0)).toBe(-EINVAL);
    w.close(there);
    const { sent, rest } = sendLent(w, here, lent, 26);
    expect([sent, textOf(rest), giveBack(w, rest)]).toEqual([-EPIPE, 'abcdefghijklmnopqrstuvwxyz', 0]);
    expect(mbufs(w)).toBe(0);
  });
});

describe('a loan at the face', () => {
  const options: KernelOptions = { sockets: 4, mbufBytes: 16, witness: true };

  it('shows what has come, and nothing any more once it is given back', () => {
    const sockets = attach(createKernel(options), { blocking: false });
    const [here, there] = sockets.socketpair();
    const bytes = Uint8Array.from({ length: 40 }, (_, at) => at);
    sockets.send(here, bytes);
    const loan = sockets.recvLoan(there);
    expect(loan.parts.flatMap((part) => [...part])).toEqual([...bytes]);
    expect(loan.length).toBe(40);
    sockets.returnLoan(loan);
    expect(() => loan.parts).toThrow('given back');
    expect(() => sockets.returnLoan(loan)).toThrow('given back');
    expect(loan.length).toBe(40);
    expect(sockets.statistics().mbufs).toBe(0);
    sockets.close(here);
    const end = sockets.recvLoan(there);
    expect([end.length, end.parts]).toEqual([0, []]);
    sockets.returnLoan(end);
  });

  it('is filled and sent, in parts if need be', () => {
    const sockets = attach(createKernel({ ...options, sendSpace: 24, sendLowWater: 1 }), { blocking: false });
    const [here, there] = sockets.socketpair();
    const loan = sockets.newLoan(40);
    for (const [at, part] of loan.parts.entries()) part.fill(at + 1);
    expect(sockets.sendLoan(here, loan, 10)).toBe(10);
    expect([loan.length, sockets.sendLoan(here, loan), loan.length]).toEqual([30, 14, 16]);
    const bytes = new Uint8Array(64);
    expect([...bytes.subarray(0, sockets.recv(there, bytes))]).toEqual([...Array(16).fill(1), ...Array(8).fill(2)]);
    expect(sockets.sendLoan(here, loan)).toBe(16);
    expect(() => loan.parts).toThrow('given back or sent');
    expect([...bytes.subarray(0, sockets.recv(there, bytes))]).toEqual([...Array(8).fill(2), ...Array(8).fill(3)]);
    expect(() => sockets.sendLoan(9, sockets.newLoan(1))).toThrow(expect.objectContaining({ code: 'EBADF', syscall: 'send' }));
    expect(sockets.statistics().mbufs).toBe(1);
    sockets.detach();
  });

  it('belongs to the thread that received it', () => {
    const kernel = createKernel(options);
    const [sockets, others] = [attach(kernel, { blocking: false }), attach(kernel, { blocking: false })];
    const [here, there] = sockets.socketpair();
    sockets.send(here, new Uint8Array(5));
    const loan = sockets.recvLoan(there);
    expect(() => others.returnLoan(loan)).toThrow(expect.objectContaining({ code: 'EINVAL', syscall: 'returnLoan' }));
    expect(loan.parts.length).toBe(1);
    sockets.returnLoan(loan);
    expect(() => sockets.recvLoan(there, 10, { dontWait: true })).toThrow(expect.objectContaining({ code: 'EAGAIN', syscall: 'recv' }));
    expect(() => createKernel({ lentMbufs: -1 })).toThrow(RangeError);
    const few = attach(createKernel({ ...options, lentMbufs: 1 }), { blocking: false });
    few.newLoan(16);
    expect(() => few.newLoan(1)).toThrow('newLoan ENOBUFS: out of sockets, buffers or wire, or too much on loan');
  });
});

describe('between threads', () => {
  it('a million bytes go through three hands, and every mbuf comes back', async () => {
    const kernel = createKernel({ sockets: 8, threads: 8, mbufs: 200, mbufBytes: 1024, sendSpace: 8000, recvSpace: 8000, witness: true });
    const here = attach(kernel, { blocking: false });
    const [first, second] = [here.socketpair(), here.socketpair()];
    const bytes = 1_000_003;
    const jobs: readonly Omit<LoanJob, 'kernel' | 'bytes'>[] = [
      { from: null, to: first[0], most: 5000 },
      { from: first[1], to: second[0], most: 3001 },
      { from: second[1], to: null, most: 9000 },
    ];
    const workers = jobs.map((job) => spawn('loan_worker', { kernel, bytes, ...job } satisfies LoanJob));
    expect(await Promise.all(workers.map(({ answer }) => answer))).toEqual([bytes, bytes, bytes]);
    expect(here.statistics().mbufs).toBe(0);
  });
});
