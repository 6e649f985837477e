/**
 * A rig for TCP's tests: one kernel, one thread that can't sleep, and the wire and the clock in the test's hands. Host 1 is the
 * kernel; host 2 is a `Peer`, played by the test segment by segment.
 */

import { expect } from 'vitest';
import type { KernelOptions } from '../../impl/config.ts';
import { callout_advance, callout_next_expiry } from '../../impl/kern/callout.ts';
import {
  sys_accept,
  sys_bind,
  sys_close,
  sys_connect,
  sys_getsockopt,
  sys_listen,
  sys_recvfrom,
  sys_sendto,
  sys_setnbio,
  sys_setsockopt,
  sys_shutdown,
  sys_socket,
} from '../../impl/kern/syscalls.ts';
import {
  AF_INET,
  f_data,
  file_zone,
  h_fd_table,
  inp_zone,
  IPPROTO_TCP,
  mbuf_zone,
  NO_ADDRESS,
  SO_OPT_ERROR,
  SO_OPT_LINGER,
  SOCK_STREAM,
  SOL_SOCKET,
  so_error,
  so_pcb,
  so_state,
  socket_zone,
  syncache_zone,
  tcpcb_zone,
  tcptw_zone,
  td_user,
  tseg_zone,
  uz_inuse,
  h_user,
} from '../../impl/layout.ts';
import { thread_attach } from '../../impl/kern/thread.ts';
import { get, type Kernel, load, store } from '../../impl/memory.ts';
import { wire_copyout, wire_deliver, wire_drop, wire_inject, wire_peek } from '../../impl/net/wire.ts';
import { tcp_iss, ws_ack, ws_dport, ws_flags, ws_len, ws_seq, ws_sport, ws_window, wseg_zone } from '../../impl/netinet/layout.ts';
import { TH_ACK, TH_FIN, TH_PUSH, TH_RST, TH_SYN, TH_URG, TH_URP_SHIFT } from '../../impl/netinet/tcp_fsm.ts';
import { tcp_probe_state } from '../../impl/netinet/tcp_probe.ts';
import { rawKernel } from '../../impl/raw.ts';

/** Small and strict: every assertion is checked, the order of locks too. */
const DEFAULTS: KernelOptions = {
  sockets: 32,
  threads: 4,
  mbufs: 4096,
  mbufBytes: 256,
  sendSpace: 32768,
  recvSpace: 32768,
  userBytes: 262144,
  wireSegments: 256,
  tcpMsl: 100,
  tcpRetransmitFirst: 5,
  tcpRetransmitMost: 320,
  timerSlots: 32,
  tcpReassembly: 256,
  tcpHalfOpen: 16,
  witness: true,
};

export interface Segment {
  readonly sport: number;
  readonly dport: number;
  readonly seq: number;
  readonly ack: number;
  /** Letters of S, F, R, A, U; PUSH is left out. */
  readonly flags: string;
  /** The urgent pointer. */
  readonly urgent: number;
  readonly window: number;
  readonly data: Uint8Array;
}

const LETTERS: readonly (readonly [string, number])[] = [
  ['S', TH_SYN],
  ['F', TH_FIN],
  ['R', TH_RST],
  ['A', TH_ACK],
  ['U', TH_URG],
];

export function flagLetters(flags: number): string {
  return LETTERS.filter(([, bit]) => (flags & bit) !== 0)
    .map(([letter]) => letter)
    .join('');
}

export function flagBits(letters: string): number {
  return LETTERS.filter(([letter]) => letters.includes(letter)).reduce((bits, [, bit]) => bits | bit, 0);
}

export class Rig {
  readonly k: Kernel;
  readonly td: number;

  /** `firstIss`: the initial sequence number of the first connection. */
  constructor(options: KernelOptions = {}, firstIss = 7000) {
    const { k, td } = rawKernel({ ...DEFAULTS, ...options });
    this.k = k;
    this.td = td;
    store(k, tcp_iss, firstIss);
  }

  // ---- system calls ---------------------------------------------------------------------------------------------------------

  socket(): number {
    const fd = sys_socket(this.k, this.td, AF_INET, SOCK_STREAM, IPPROTO_TCP);
    expect(fd).toBeGreaterThanOrEqual(0);
    sys_setnbio(this.k, this.td, fd, 1);
    return fd;
  }

  socketOrError(): number {
    return sys_socket(this.k, this.td, AF_INET, SOCK_STREAM, IPPROTO_TCP);
  }

  listen(fd: number): number {
    return sys_listen(this.k, this.td, fd, 5);
  }

  /** A non-blocking listener on the port. */
  listener(port: number, backlog = 8): number {
    const fd = this.socket();
    expect(sys_bind(this.k, this.td, fd, 0, port)).toBe(0);
    expect(sys_listen(this.k, this.td, fd, backlog)).toBe(0);
    return fd;
  }

  connect(fd: number, host: number, port: number): number {
    return sys_connect(this.k, this.td, fd, host, port);
  }

  accept(fd: number): number {
    return sys_accept(this.k, this.td, fd);
  }

  bind(fd: number, port: number): number {
    return sys_bind(this.k, this.td, fd, 0, port);
  }

  shutdown(fd: number, how: number): number {
    return sys_shutdown(this.k, this.td, fd, how);
  }

  close(fd: number): number {
    return sys_close(this.k, this.td, fd);
  }

  /** Sends bytes; how many were taken, or an errno negated. */
  send(fd: number, data: Uint8Array | string): number {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    this.user().set(bytes);
    return sys_sendto(this.k, this.td, fd, get(this.k, this.td + td_user), bytes.length, 0, NO_ADDRESS, 0);
  }

  /** Receives up to `size` bytes; an errno negated if it fails. */
  recv(fd: number, size = 4096): Uint8Array | number {
    const got = sys_recvfrom(this.k, this.td, fd, get(this.k, this.td + td_user), size, 0);
    return got < 0 ? got : this.user().slice(0, got);
  }

  recvText(fd: number, size = 4096): string | number {
    const got = this.recv(fd, size);
    return typeof got === 'number' ? got : new TextDecoder().decode(got);
  }

  /** SO_ERROR, which clears it. */
  takeError(fd: number): number {
    const at = get(this.k, this.td + td_user);
    expect(sys_getsockopt(this.k, this.td, fd, SOL_SOCKET, SO_OPT_ERROR, at)).toBe(0);
    return this.word(at);
  }

  linger(fd: number, ticks: number): void {
    const at = get(this.k, this.td + td_user);
    new DataView(this.k.bytes.buffer).setInt32(get(this.k, h_user) + at, ticks, true);
    expect(sys_setsockopt(this.k, this.td, fd, SOL_SOCKET, SO_OPT_LINGER, at)).toBe(0);
  }

  // ---- looking inside ---------------------------------------------------------------------------------------------------------

  so(fd: number): number {
    return load(this.k, load(this.k, get(this.k, h_fd_table) + fd) + f_data);
  }

  inp(fd: number): number {
    return get(this.k, this.so(fd) + so_pcb);
  }

  /** TCPS_* of the descriptor's connection. */
  state(fd: number): number {
    return tcp_probe_state(this.k, this.inp(fd));
  }

  soState(fd: number): number {
    return load(this.k, this.so(fd) + so_state);
  }

  soError(fd: number): number {
    return load(this.k, this.so(fd) + so_error);
  }

  inuse(zone: number): number {
    return get(this.k, zone + uz_inuse);
  }

  user(): Uint8Array {
    return this.k.bytes.subarray(get(this.k, h_user) + get(this.k, this.td + td_user));
  }

  private word(at: number): number {
    return new DataView(this.k.bytes.buffer).getInt32(get(this.k, h_user) + at, true);
  }

  // ---- wire and clock -----------------------------------------------------------------------------------------------------------

  /** Delivers up to `most` segments to this host; how many there were. */
  deliver(most = 1000): number {
    let count = 0;
    while (count < most && wire_deliver(this.k, this.td) === 1) count++;
    return count;
  }

  tick(count: number): void {
    callout_advance(this.k, this.td, count);
  }

  /** Everything that was sent to host 2 since the last look. */
  sent(): Segment[] {
    const out: Segment[] = [];
    for (let th = wire_peek(this.k, this.td, 1); th !== 0; th = wire_peek(this.k, this.td, 1)) {
      const at = get(this.k, this.td + td_user);
      const len = get(this.k, th + ws_len);
      expect(wire_copyout(this.k, this.td, th, at)).toBe(0);
      out.push({
        sport: get(this.k, th + ws_sport),
        dport: get(this.k, th + ws_dport),
        seq: get(this.k, th + ws_seq),
        ack: get(this.k, th + ws_ack),
        flags: flagLetters(get(this.k, th + ws_flags) & ~TH_PUSH),
        urgent: get(this.k, th + ws_flags) >>> TH_URP_SHIFT,
        window: get(this.k, th + ws_window),
        data: this.user().slice(0, len),
      });
      wire_drop(this.k, this.td, 1);
    }
    return out;
  }

  inject(sport: number, dport: number, seq: number, ack: number, flags: string, window: number, data: Uint8Array | string = ''): void {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    this.user().set(bytes);
    const at = get(this.k, this.td + td_user);
    expect(wire_inject(this.k, this.td, IPPROTO_TCP, 2, sport, 1, dport, seq, ack, flagBits(flags), window, at, bytes.length)).toBe(0);
    this.deliver();
  }

  /** After every descriptor has been closed: lets all timers run out and finds nothing left. */
  expectNothingLeft(): void {
    for (let left = callout_next_expiry(this.k, this.td); left >= 0; left = callout_next_expiry(this.k, this.td)) {
      this.deliver();
      this.sent();
      this.tick(Math.max(left, 1));
    }
    this.deliver();
    this.sent();
    const zones = {
      socket: socket_zone,
      file: file_zone,
      inp: inp_zone,
      tcpcb: tcpcb_zone,
      tcptw: tcptw_zone,
      tseg: tseg_zone,
      syncache: syncache_zone,
      mbuf: mbuf_zone,
      segment: wseg_zone,
    };
    const left = Object.entries(zones)
      .filter(([, zone]) => this.inuse(zone) !== 0)
      .map(([name, zone]) => `${name}: ${this.inuse(zone)}`);
    expect(left).toEqual([]);
  }
}

/** Host 2's end of one connection. */
export class Peer {
  readonly rig: Rig;
  readonly port: number;
  readonly local: number;
  /** Number of our next byte, and of the next one we expect. */
  seq: number;
  ack = 0;
  window = 65535;

  constructor(rig: Rig, port: number, local: number, iss = 1000) {
    this.rig = rig;
    this.port = port;
    this.local = local;
    this.seq = iss;
  }

  /** Sends a segment in sequence. */
  send(flags: string, data: Uint8Array | string = ''): void {
    const seq = this.seq;
    const size = typeof data === 'string' ? new TextEncoder().encode(data).length : data.length;
    this.seq = (this.seq + size + (flags.includes('S') ? 1 : 0) + (flags.includes('F') ? 1 : 0)) | 0;
    this.sendAt(seq, flags, data);
  }

  /** Sends a segment with any sequence number. */
  sendAt(seq: number, flags: string, data: Uint8Array | string = ''): void {
    this.rig.inject(this.port, this.local, seq, flags.includes('A') ? this.ack : 0, flags, this.window, data);
  }

  /** What has come for this end; what is in order counts as received. */
  take(): Segment[] {
    const mine = this.rig.sent().filter((segment) => segment.dport === this.port && segment.sport === this.local);
    for (const segment of mine) {
      const size = segment.data.length + (segment.flags.includes('S') ? 1 : 0) + (segment.flags.includes('F') ? 1 : 0);
      if (segment.flags.includes('S')) this.ack = segment.seq;
      if (segment.seq === this.ack) this.ack = (this.ack + size) | 0;
    }
    return mine;
  }

  /** `take`, as a list of flags with the length of the data: 'A', 'A5', 'FA'. */
  takeFlags(): string[] {
    return this.take().map((segment) => segment.flags + (segment.data.length > 0 ? String(segment.data.length) : ''));
  }
}

/** An active open from the rig to host 2, as far as SYN_SENT. */
export function synSent(rig: Rig): { fd: number; peer: Peer } {
  const fd = rig.socket();
  expect(rig.connect(fd, 2, 9)).toBe(-36);
  const syn = rig.sent()[0];
  if (syn === undefined) throw new Error('no SYN came out of connect; expected exactly one segment to host 2');
  const peer = new Peer(rig, 9, syn.sport);
  peer.ack = (syn.seq + 1) | 0;
  return { fd, peer };
}

/** An established connection to host 2, opened by the rig; the peer's window is what its SYN|ACK says. */
export function established(rig: Rig, window = 65535): { fd: number; peer: Peer } {
  const { fd, peer } = synSent(rig);
  peer.window = window;
  peer.send('SA');
  expect(peer.takeFlags()).toEqual(['A']);
  return { fd, peer };
}

/** The reset of the peer arrives, carried by another thread than the rig's. */
export function resetFrom(rig: Rig, peer: Peer): void {
  const other = thread_attach(rig.k, 0);
  expect(wire_inject(rig.k, other, IPPROTO_TCP, 2, peer.port, 1, peer.local, peer.seq, 0, TH_RST, 0, 0, 0)).toBe(0);
  expect(wire_deliver(rig.k, other)).toBe(1);
}

/** The same kernel, but before the first access to its bytes (a copy from or to user memory, when no lock is held) `event` happens. */
export function interposed(k: Kernel, event: () => void): Kernel {
  let pending = true;
  const bytes = new Proxy(k.bytes, {
    get(target, key) {
      if (pending) {
        pending = false;
        event();
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { words: k.words, bytes };
}
