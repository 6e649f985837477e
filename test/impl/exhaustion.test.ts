/**
 * Out of resources is an errno: every allocation of every call is made to fail once. The call then says so, leaves everything
 * as it was, and works when it is tried again; and in the end nothing is left over.
 */
import { describe, expect, it } from 'vitest';
import {
  callout_mtx,
  copyBytesIn,
  ECONNREFUSED,
  EINPROGRESS,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  EV_ADD,
  EV_DELETE,
  EV_ONESHOT,
  EVFILT_READ,
  EVFILT_WRITE,
  EWOULDBLOCK,
  f_watched,
  file_zone,
  fixed,
  h_fail,
  h_fd_freefile,
  h_fd_map,
  h_fd_table,
  h_nfiles,
  h_nhandles,
  h_handles,
  h_unp_names,
  h_unp_nnames,
  HEADER_WORDS,
  inp_gencnt,
  inp_zone,
  ipi_gencnt,
  ipi_lastport,
  type Kernel,
  knote_zone,
  kqueue_zone,
  mbuf_zone,
  POLLIN,
  POLLOUT,
  records,
  SHUT_WR,
  sb_flags,
  so_gencnt,
  so_gencnt_global,
  so_rcv,
  so_snd,
  socket_zone,
  syncache_zone,
  sys_kevent,
  sys_kqueue,
  sys_poll,
  sys_unp_gc,
  tcbinfo,
  tcp_iss,
  tcpcb_zone,
  tseg_zone,
  udbinfo,
  unp_gencnt,
  unp_gencnt_global,
  unp_zone,
  uz_free,
  uz_peak,
  uz_size,
  wire_lost,
  word,
  wseg_zone,
} from '../../impl/raw.ts';
import { Mail, type Received } from './rights_rig.ts';
import { NOTHING_LEFT, World } from './world.ts';

// biome-ignore format: a list of names
const ZONES = [
  socket_zone, file_zone, mbuf_zone, unp_zone, inp_zone, tcpcb_zone, tseg_zone, syncache_zone, wseg_zone, kqueue_zone, knote_zone,
] as const;

/** Words that count what has been tried rather than say what is. */
const COUNTERS = new Set([
  h_fail,
  h_fd_freefile,
  so_gencnt_global,
  unp_gencnt_global,
  tcp_iss,
  wire_lost,
  callout_mtx,
  ...[udbinfo, tcbinfo].flatMap((info) => [info + ipi_gencnt, info + ipi_lastport]),
  // The order in which free records are strung is nobody's business.
  ...ZONES.flatMap((zone) => [zone + uz_peak, zone + uz_free]),
]);
const STAMPS = new Map<number, readonly number[]>([
  [socket_zone, [so_gencnt, so_rcv + sb_flags, so_snd + sb_flags]],
  [unp_zone, [unp_gencnt]],
  // Says that somebody was about to watch the file; it stays, and costs a look.
  [file_zone, [f_watched]],
  [inp_zone, [inp_gencnt]],
]);

/** All that a kernel knows: its header, its tables, and every word of every record in use. */
function snapshot(k: Kernel): readonly string[] {
  const words: string[] = [];
  for (let at = 4; at < HEADER_WORDS; at++) if (!COUNTERS.has(at)) words.push(`header ${at}: ${word(k, at)}`);
  for (const zone of ZONES) {
    for (const record of records(k, zone)) {
      for (let at = 1; at < fixed(k, zone + uz_size); at++) {
        if (!STAMPS.get(zone)?.includes(at)) words.push(`zone ${zone} record ${record} word ${at}: ${word(k, record + at)}`);
      }
    }
  }
  const table = (what: string, at: number, count: number) => {
    for (let i = 0; i < count; i++) words.push(`${what} ${i}: ${word(k, at + i)}`);
  };
  table('descriptor', fixed(k, h_fd_table), fixed(k, h_nfiles));
  table('reserved', fixed(k, h_fd_map), 1);
  table('name', fixed(k, h_unp_names), fixed(k, h_unp_nnames));
  table('handle', fixed(k, h_handles), fixed(k, h_nhandles));
  return words;
}

interface Step {
  readonly says: string;
  readonly run: (w: Mail) => number;
  /** The call has no way to say that it failed: a datagram may be lost, a segment is sent again. */
  readonly silent?: boolean;
}

/** Descriptors are given out lowest first, so a program can name them. */
const UNIX: readonly Step[] = [
  { says: 'socket 0', run: (w) => w.socket('unix') },
  { says: 'bind', run: (w) => w.bind(0, 1) },
  { says: 'listen', run: (w) => w.listen(0, 5) },
  { says: 'socket 1', run: (w) => w.socket('unix') },
  { says: 'connect', run: (w) => w.connect(1, 1) },
  { says: 'accept 2', run: (w) => w.accept(0) },
  { says: 'socketpair 3, 4', run: (w) => w.pair()[0] },
  { says: 'send', run: (w) => w.send(1, 'x'.repeat(150)) },
  { says: 'send little', run: (w) => w.send(3, 'y') },
  { says: 'send into the same mbuf', run: (w) => w.send(3, 'y') },
  { says: 'recv', run: (w) => String(w.recv(2)).length },
  { says: 'dup 5', run: (w) => w.dup(3) },
  { says: 'fgetsock', run: (w) => w.fgetsock(4) },
  { says: 'shutdown', run: (w) => w.shutdown(1, SHUT_WR) },
  { says: 'fputsock', run: (w) => w.fputsock(0) },
  ...[0, 1, 2, 3, 4, 5].map((fd) => ({ says: `close ${fd}`, run: (w: World) => w.close(fd) })),
];

const UDP: readonly Step[] = [
  { says: 'socket 0', run: (w) => w.socket('udp') },
  { says: 'bind', run: (w) => w.bind(0, 7) },
  { says: 'socket 1', run: (w) => w.socket('udp') },
  // A socket that gets its port by sending keeps it, as in BSD, even if the datagram can't leave; so this one has one.
  { says: 'bind', run: (w) => w.bind(1, 8) },
  { says: 'send', run: (w) => w.send(1, 'x'.repeat(100), 7) },
  { says: 'connect', run: (w) => w.connect(1, 7) },
  { says: 'send connected', run: (w) => w.send(1, '') },
  { says: 'deliver', run: (w) => w.deliver(), silent: true },
  { says: 'deliver', run: (w) => w.deliver(), silent: true },
  ...[0, 1].map((fd) => ({ says: `close ${fd}`, run: (w: World) => w.close(fd) })),
];

const TCP: readonly Step[] = [
  { says: 'socket 0', run: (w) => w.socket('tcp') },
  { says: 'bind', run: (w) => w.bind(0, 80) },
  { says: 'listen', run: (w) => w.listen(0, 5) },
  { says: 'socket 1', run: (w) => w.socket('tcp') },
  { says: 'setnbio', run: (w) => w.nonblocking(1) },
];

const PACKETS: readonly Step[] = [
  { says: 'datagram socket 0', run: (w) => w.socket('dgram') },
  { says: 'bind', run: (w) => w.bind(0, 1) },
  { says: 'datagram socket 1', run: (w) => w.socket('dgram') },
  { says: 'bind', run: (w) => w.bind(1, 2) },
  { says: 'connect', run: (w) => w.connect(1, 1) },
  { says: 'send connected', run: (w) => w.send(1, 'x'.repeat(100)) },
  { says: 'recv', run: (w) => String(w.recv(0)).length },
  { says: 'disconnect', run: (w) => w.disconnect(1) },
  { says: 'packet pair 2, 3', run: (w) => w.pair('seqpacket')[0] },
  { says: 'send', run: (w) => w.send(2, 'y'.repeat(70)) },
  { says: 'recv', run: (w) => String(w.recv(3)).length },
  { says: 'datagram pair 4, 5', run: (w) => w.pair('dgram')[0] },
  { says: 'raw socket 6', run: (w) => w.socket('raw', 200) },
  { says: 'connect raw', run: (w) => w.connect(6, 0) },
  ...[0, 1, 2, 3, 4, 5, 6].map((fd) => ({ says: `close ${fd}`, run: (w: World) => w.close(fd) })),
];

/** Words of the user's, behind what a message takes. */
function putWords(w: World, ...words: readonly number[]): number {
  copyBytesIn(w.k, w.userByte + WORDS, new Uint8Array(Int32Array.from(words).buffer), 0, 4 * words.length);
  return WORDS;
}
const WORDS = 3584;

const poll = (w: World, fd: number): number => sys_poll(w.k, w.td, putWords(w, fd, POLLIN | POLLOUT, 0), 1, 0);
const change = (w: World, kq: number, fd: number, filter: number, flags: number): number =>
  sys_kevent(w.k, w.td, kq, putWords(w, fd, filter, flags, 0, 0, 0), 1, 0, 0, 0);

const EVENTS: readonly Step[] = [
  { says: 'socketpair 0, 1', run: (w) => w.pair()[0] },
  { says: 'kqueue 2', run: (w) => sys_kqueue(w.k, w.td) },
  { says: 'an event', run: (w) => change(w, 2, 0, EVFILT_READ, EV_ADD) },
  { says: 'another', run: (w) => change(w, 2, 1, EVFILT_WRITE, EV_ADD | EV_ONESHOT) },
  { says: 'the same', run: (w) => change(w, 2, 0, EVFILT_READ, EV_ADD) },
  { says: 'poll', run: (w) => poll(w, 0) },
  { says: 'send', run: (w) => w.send(1, 'x') },
  { says: 'poll', run: (w) => poll(w, 0) },
  { says: 'kevent', run: (w) => sys_kevent(w.k, w.td, 2, 0, 0, WORDS, 4, 0) },
  { says: 'an event less', run: (w) => change(w, 2, 0, EVFILT_READ, EV_DELETE) },
  { says: 'an event of a descriptor that is closed', run: (w) => change(w, 2, 1, EVFILT_READ, EV_ADD) },
  ...[1, 0, 2].map((fd) => ({ says: `close ${fd}`, run: (w: World) => w.close(fd) })),
];

const RIGHTS: readonly Step[] = [
  { says: 'socketpair 0, 1', run: (w) => w.pair()[0] },
  { says: 'datagram socket 2', run: (w) => w.socket('dgram') },
  { says: 'sendmsg', run: (w) => w.mail(0, 'x', [2]) },
  { says: 'sendmsg of two', run: (w) => w.mail(0, 'y'.repeat(100), [2, 0]) },
  { says: 'recvmsg 3', run: (w) => textOf(w.take(1)) },
  { says: 'recvmsg 4, 5', run: (w) => textOf(w.take(1)) },
  { says: 'sendmsg of its own end', run: (w) => w.mail(0, 'z', [1]) },
  ...[0, 1, 2, 3, 4, 5].map((fd) => ({ says: `close ${fd}`, run: (w: World) => w.close(fd) })),
  { says: 'collect', run: (w) => sys_unp_gc(w.k, w.td) },
];

const textOf = ({ text }: Received): number => (typeof text === 'number' ? text : text.length);

/** A program without UNIX pairs throws nothing; `pair` throws what it was answered. */
function attempt(step: Step, w: Mail): number {
  try {
    return step.run(w);
  } catch (error) {
    return Number(/-\d+$/.exec(String(error))?.[0] ?? -1);
  }
}

const EXPECTED = [-ENOBUFS, -ENFILE, -ENOMEM, -ECONNREFUSED];

describe.each([
  ['UNIX', UNIX],
  ['UDP', UDP],
  ['packet', PACKETS],
  ['event', EVENTS],
  ['message', RIGHTS],
  ['TCP', TCP],
] as const)('every allocation of every %s call', (_name, program) => {
  it('may fail, and is then as if it had not been tried', () => {
    let failures = 0;
    for (const [at, step] of program.entries()) {
      for (let n = 1; ; n++) {
        const w = new Mail({ sockets: 16, mbufs: 64, hashChains: 1 });
        for (const before of program.slice(0, at)) before.run(w);
        const before = snapshot(w.k);
        w.failAllocation(n);
        const result = attempt(step, w);
        const hit = word(w.k, h_fail) === 0;
        w.failAllocation(0);
        if (hit) {
          failures++;
          if (step.silent !== true) {
            expect(EXPECTED, `${step.says}, allocation ${n}`).toContain(result);
            expect(snapshot(w.k), `${step.says}, allocation ${n}`).toEqual(before);
            expect(attempt(step, w), `${step.says} again`).toBeGreaterThanOrEqual(0);
          }
        } else {
          expect(result, step.says).toBeGreaterThanOrEqual(0);
        }
        for (const after of program.slice(at + 1)) after.run(w);
        for (let fd = 0; fd < 8; fd++) w.close(fd);
        w.collect();
        while (w.deliver() === 1);
        expect(w.leftOver()).toEqual(NOTHING_LEFT);
        if (!hit) break;
      }
    }
    expect(failures).toBeGreaterThan(2);
  });
});

describe('a TCP connection', () => {
  it('comes about, carries its data and goes, whichever single allocation fails', () => {
    for (let n = 1; ; n++) {
      const w = new Mail({ sockets: 16, mbufs: 64, tcpRetransmitFirst: 1, tcpMsl: 1 });
      for (const step of TCP) step.run(w);
      w.failAllocation(n);
      let connected = w.connect(1, 80);
      if (connected === -ENOBUFS) connected = w.connect(1, 80);
      expect(connected, `allocation ${n}`).toBe(-EINPROGRESS);
      w.nonblocking(0);
      const run = () => {
        while (w.deliver() === 1);
        w.tick();
      };
      let a = w.accept(0);
      for (let i = 0; i < 20 && a < 0; i++) {
        run();
        a = w.accept(0);
      }
      if (a >= 0) {
        const sent = w.send(1, 'z'.repeat(130));
        expect([130, 64, 128, -ENOBUFS]).toContain(sent);
        let got = '';
        for (let i = 0; i < 20 && got.length < sent; i++) {
          run();
          const piece = w.recv(a);
          if (typeof piece === 'string') got += piece;
          else expect(piece).toBe(-EWOULDBLOCK);
        }
        expect(got.length).toBe(Math.max(sent, 0));
      }
      const hit = word(w.k, h_fail) === 0;
      w.failAllocation(0);
      for (const fd of [1, 2, 0]) w.close(fd);
      for (let i = 0; i < 40; i++) run();
      expect(w.leftOver(), `allocation ${n}`).toEqual(NOTHING_LEFT);
      if (!hit) return;
    }
  });
});

describe('a kernel in which everything is used', () => {
  it('refuses sockets and pairs, and recovers', () => {
    const w = new Mail({ sockets: 5, mbufs: 64, descriptors: 20 });
    const head = w.listener(1, 5);
    const fds = [w.socket('unix'), w.socket('udp'), w.socket('tcp')];
    const before = snapshot(w.k);
    expect(attempt({ says: 'pair', run: (world) => world.pair()[0] }, w)).toBe(-ENOBUFS);
    expect(snapshot(w.k)).toEqual(before);
    fds.push(w.socket('unix'));
    expect(w.socket('tcp')).toBe(-ENOBUFS);
    expect(w.connect(1, 1)).toBe(-ECONNREFUSED);
    w.close(fds.pop() as number);
    expect(w.connect(1, 1)).toBe(0);
    for (const fd of [head, ...fds]) w.close(fd);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('takes what there are mbufs for, says how much, and loses nothing', () => {
    const w = new World({ mbufs: 4, mbufBytes: 16, sendSpace: 1000, recvSpace: 1000, sendLowWater: 1 });
    const [a, b] = w.pair();
    const other = w.pair();
    expect(w.send(a, 'x'.repeat(30))).toBe(30);
    expect(w.send(a, 'y'.repeat(100))).toBe(-ENOBUFS);
    expect(w.send(other[0], 'z'.repeat(20))).toBe(20);
    expect(w.send(other[0], 'z')).toBe(-ENOBUFS);
    expect([w.recv(b), w.recv(other[1])]).toEqual(['x'.repeat(30), 'z'.repeat(20)]);
    expect(w.send(other[0], 'z')).toBe(1);
    for (const fd of [a, b, ...other]) w.close(fd);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });
});
