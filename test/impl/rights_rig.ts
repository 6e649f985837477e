/** A world that passes descriptors: sendmsg and recvmsg with a header and a control buffer in user memory, and the collector. */
import type { KernelOptions } from '../../impl/config.ts';
import {
  CMSG_CREDS,
  CMSG_HEADER,
  copyBytesIn,
  copyBytesOut,
  sb_mbcnt,
  SCM_CREDS,
  SCM_RIGHTS,
  SOL_SOCKET,
  so_rcv,
  sys_mfreem,
  sys_recvmsg,
  sys_sendmsg,
  sys_unp_gc,
  td_lent,
  td_uid,
  unp_rights,
  word,
} from '../../impl/raw.ts';
import { put } from '../../impl/memory.ts';
import { World } from './world.ts';

/** Where things lie in user memory. */
const DATA = 0;
const HEADER = 2048;
const NAME = 2560;
const CONTROL = 3072;
/** No user address. */
export const NOWHERE = -4;

export interface Received {
  /** What has come, or an errno negated. */
  readonly text: string | number;
  readonly fds: readonly number[];
  readonly flags: number;
  /** Who sent it, if that was said. */
  readonly user: number | null;
  /** The host and port of the sender, as much of it as there was room for; if that was asked for. */
  readonly from?: readonly number[];
}

export class Mail extends World {
  constructor(options: KernelOptions = {}) {
    super({ sockets: 64, mbufs: 256, userBytes: 4096, ...options });
  }

  /** Says whose thread it is. */
  is(user: number): void {
    put(this.k, this.td + td_uid, user);
  }

  /** Sends text and descriptors, and behind them, with `creds`, who sends, perhaps `twice`; the result of sendmsg. */
  mail(
    fd: number,
    text: string,
    fds: readonly number[],
    {
      flags = 0,
      control = CONTROL,
      level = SOL_SOCKET,
      length = -1,
      creds = -1,
      twice = false,
      to = [] as readonly number[],
      name = NAME,
    } = {},
  ): number {
    const bytes = new TextEncoder().encode(text);
    copyBytesIn(this.k, this.userByte + DATA, bytes, 0, bytes.length);
    const rights = fds.length === 0 && to.length > 0 ? [] : [CMSG_HEADER + 4 * fds.length, level, SCM_RIGHTS, ...fds];
    const who = creds < 0 ? [] : [CMSG_CREDS, level, SCM_CREDS, creds];
    const messages = [...rights, ...who, ...(twice ? who : [])];
    this.words(HEADER, [name, 4 * to.length, DATA, bytes.length, control, length < 0 ? 4 * messages.length : length, 0]);
    this.words(NAME, to);
    this.words(CONTROL, messages);
    return sys_sendmsg(this.k, this.td, fd, HEADER, flags);
  }

  /** Receives with room for so many descriptors, and so many bytes of an address. */
  take(fd: number, { size = 100, room = 8, flags = 0, control = CONTROL, data = DATA, name = NAME, nameRoom = 0 } = {}): Received {
    this.words(HEADER, [name, nameRoom, data, size, control, room < 0 ? 0 : CMSG_HEADER + 4 * room, 0]);
    const header = this.read(HEADER, 7);
    const result = sys_recvmsg(this.k, this.td, fd, HEADER, flags);
    // Of a call that fails the header stays as it was, so that it can be made again.
    if (result < 0 && this.read(HEADER, 7).join() !== header.join()) throw new Error('a recvmsg that failed has changed its header');
    const [, namelen = 0, , , , used = 0, outflags = 0] = this.read(HEADER, 7);
    const from = nameRoom === 0 ? {} : { from: this.read(NAME, Math.max(0, namelen) >> 2) };
    if (result < 0) return { text: result, fds: [], flags: 0, user: null, ...(nameRoom === 0 ? {} : { from: [] }) };
    const bytes = new Uint8Array(result);
    copyBytesOut(this.k, this.userByte + DATA, bytes, 0, result);
    const messages = this.read(CONTROL, used / 4);
    const says = messages[2] === SCM_CREDS;
    const fds = messages.slice((says ? CMSG_CREDS + CMSG_HEADER : CMSG_HEADER) / 4);
    return { text: new TextDecoder().decode(bytes), fds, flags: outflags, user: says ? (messages[3] as number) : null, ...from };
  }

  collect(): void {
    const result = sys_unp_gc(this.k, this.td);
    if (result !== 0) throw new Error(`sys_unp_gc ${result}`);
  }

  /** Bytes of storage in a receive buffer. */
  storage(fd: number): number {
    return word(this.k, this.so(fd) + so_rcv + sb_mbcnt);
  }

  /** Returns all that is on loan. */
  giveAllBack(): void {
    for (let loan = word(this.k, this.td + td_lent); loan !== 0; loan = word(this.k, this.td + td_lent)) sys_mfreem(this.k, this.td, loan);
  }

  /** Rights in flight. */
  rights(): number {
    return word(this.k, unp_rights);
  }

  closeAll(...fds: readonly number[]): void {
    for (const fd of fds) if (this.close(fd) !== 0) throw new Error(`close ${fd}`);
  }

  private words(uaddr: number, words: readonly number[]): void {
    copyBytesIn(this.k, this.userByte + uaddr, new Uint8Array(Int32Array.from(words).buffer), 0, words.length * 4);
  }

  private read(uaddr: number, count: number): readonly number[] {
    const bytes = new Uint8Array(count * 4);
    copyBytesOut(this.k, this.userByte + uaddr, bytes, 0, bytes.length);
    return [...new Int32Array(bytes.buffer)];
  }
}
