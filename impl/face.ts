/** The shapes of what the face (index.ts) takes and gives: addresses, options of single calls, and answers. */

/** A UNIX name is a number below the `names` that the kernel was made with. */
export interface UnixAddress {
  readonly family: 'unix';
  readonly name: number;
}

/** Host 1 is this kernel, host 2 is played by whoever drives the wire, host 15 is everybody. Port 0 in bind asks for any. */
export interface InetAddress {
  readonly family: 'inet';
  readonly host: number;
  readonly port: number;
}

/** Hosts 1 and 2 are the same two as those of IPv4, under other addresses; 0 is any. */
export interface Inet6Address {
  readonly family: 'inet6';
  readonly host: number;
  readonly port: number;
  /** It is the IPv4 address of this host, as a v4-mapped one: "::ffff:" and that. */
  readonly mapped?: boolean;
}

export type Address = UnixAddress | InetAddress | Inet6Address;

export interface SendOptions {
  /** A datagram's destination; left out, the peer. */
  readonly to?: Address;
  /** Throw EAGAIN rather than wait. */
  readonly dontWait?: boolean;
  /** These are the last bytes (TCP). */
  readonly end?: boolean;
  /** The last byte is urgent (TCP). */
  readonly urgent?: boolean;
  /** The record ends here, and its reader is told so (sequenced packets). */
  readonly endOfRecord?: boolean;
}

export interface ReceiveOptions {
  /** Look at the bytes without taking them. */
  readonly peek?: boolean;
  /** The urgent byte alone (TCP); EINVAL if none was announced or it was taken, EAGAIN if it has not come. */
  readonly urgent?: boolean;
  /** Wait until the buffer is full or the stream ends. */
  readonly waitAll?: boolean;
  /** Throw EAGAIN rather than wait. */
  readonly dontWait?: boolean;
}

export interface Received {
  readonly length: number;
  /** Null for a stream, sequenced packets, and who has no name. */
  readonly from: Address | null;
  /** The record was longer than the target; the rest of it is lost. */
  readonly truncated: boolean;
  /** It was sent with `endOfRecord`, and this is its end. */
  readonly endOfRecord: boolean;
}

export interface MessageOptions extends Pick<SendOptions, 'to' | 'dontWait' | 'endOfRecord'> {
  /** Tell the receiver the `user` of this thread. */
  readonly credentials?: boolean;
}

/** What `recvMessage` has received. */
export interface Message {
  /** Bytes of data. */
  readonly length: number;
  /** The sender of a record, if it has an address. */
  readonly from: Address | null;
  /** Descriptors that came with them, now this program's own. */
  readonly descriptors: readonly number[];
  /** Whose thread sent it, if the sender wanted that to be known, or this socket did (the option `credentials`); else null. */
  readonly user: number | null;
  /** There were more, for which there was no room; they are closed. */
  readonly truncated: boolean;
}

export interface AttachOptions {
  /** False for a thread that must not sleep, such as a browser's main thread. Default true. */
  readonly blocking?: boolean;
  /** False for a thread that may not make raw sockets. Default true. */
  readonly privileged?: boolean;
  /** Whose thread it is, for the other ends of its UNIX connections (the option `peerUser`) and who receives its messages. Default 0. */
  readonly user?: number;
}

/** What is in use, each number as of the moment it was read. */
export interface Statistics {
  readonly sockets: number;
  readonly files: number;
  readonly mbufs: number;
  readonly unixPcbs: number;
  readonly inetPcbs: number;
  /** Descriptors sent and not yet received or closed. */
  readonly rights: number;
  readonly ticks: number;
}
