/** A world that passes descriptors: sendmsg and recvmsg with a header and a control buffer in user memory, and the collector. */
import type { KernelOptions } from '../../impl/config.ts';
import {
  CMSG_HEADER,
  copyBytesIn,
  copyBytesOut,
  SCM_RIGHTS,
  SOL_SOCKET,
  sys_recvmsg,
  sys_sendmsg,
  sys_unp_gc,
  unp_rights,
  word,
} from '../../impl/raw.ts';
import { World } from './world.ts';

/** Where things lie in user memory. */
const DATA = 0;
const HEADER = 2048;
const CONTROL = 3072;
/** No user address. */
export const NOWHERE = -4;

export interface Received {
  /** What has come, or an errno negated. */
  readonly text: string | number;
  readonly fds: readonly number[];
  readonly flags: number;
}

export class Mail extends World {
  constructor(options: KernelOptions = {}) {
    super({ sockets: 64, mbufs: 256, userBytes: 4096, ...options });
  }

  /** Sends text and descriptors; the result of sendmsg. */
  mail(fd: number, text: string, fds: readonly number[], { flags = 0, control = CONTROL, level = SOL_SOCKET, length = -1 } = {}): number {
    const bytes = new TextEncoder().encode(text);
    copyBytesIn(this.k, this.userByte + DATA, bytes, 0, bytes.length);
    const size = CMSG_HEADER + 4 * fds.length;
    this.words(HEADER, [DATA, bytes.length, control, length < 0 ? size : length, 0]);
    this.words(CONTROL, [size, level, SCM_RIGHTS, ...fds]);
    return sys_sendmsg(this.k, this.td, fd, HEADER, flags);
  }

  /** Receives with room for so many descriptors. */
  take(fd: number, { size = 100, room = 8, flags = 0, control = CONTROL, data = DATA } = {}): Received {
    this.words(HEADER, [data, size, control, room < 0 ? 0 : CMSG_HEADER + 4 * room, 0]);
    const result = sys_recvmsg(this.k, this.td, fd, HEADER, flags);
    const [, , , used = 0, outflags = 0] = this.read(HEADER, 5);
    if (result < 0) return { text: result, fds: [], flags: outflags };
    const bytes = new Uint8Array(result);
    copyBytesOut(this.k, this.userByte + DATA, bytes, 0, result);
    const fds = used === 0 ? [] : this.read(CONTROL + CMSG_HEADER, (used - CMSG_HEADER) / 4);
    return { text: new TextDecoder().decode(bytes), fds, flags: outflags };
  }

  collect(): void {
    const result = sys_unp_gc(this.k, this.td);
    if (result !== 0) throw new Error(`sys_unp_gc ${result}`);
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
