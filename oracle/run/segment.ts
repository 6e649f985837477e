/**
 * A *segment* as it lies on the wire: the fields of its header and its bytes, copied, so that it can be looked at after the
 * implementation has taken it. Sequence numbers are 32 bits wide and wrap around; `distance` compares them.
 */
import { IPPROTO_TCP, IPPROTO_UDP, m_len, m_next, m_off, MBUF_HEADER } from '../../impl/layout.ts';
import { copyBytesOut, get, type Kernel, sizeOf } from '../../impl/memory.ts';
import { in6_family } from '../../impl/netinet/in6_pcb.ts';
import * as N from '../../impl/netinet/layout.ts';
import { TH_ACK, TH_FIN, TH_RST, TH_SYN, TH_URG, TH_URP_SHIFT } from '../../impl/netinet/tcp_fsm.ts';
import { RAW_PROTOCOL } from '../adapter.ts';
import { walk } from './walk.ts';

/** What ICMP can say of a peer. */
export const ICMP_ERRORS = ['ECONNREFUSED', 'EHOSTUNREACH', 'EMSGSIZE'] as const;

export interface Segment {
  readonly proto: number;
  readonly src: number;
  readonly sport: number;
  readonly dst: number;
  readonly dport: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  /** The urgent pointer. */
  readonly urgent: number;
  readonly window: number;
  /** Bytes of data as the header states them. */
  readonly len: number;
  /** The data. It is shorter than `len` if the mbufs hold less. */
  readonly bytes: Uint8Array;
}

const NONE = new Uint8Array(0);
/** More than any segment of a run has; what a header states is not to be trusted. */
const MOST_BYTES = 4096;

export function readSegment(k: Kernel, th: number): Segment {
  const len = get(k, th + N.ws_len);
  return {
    proto: get(k, th + N.ws_proto),
    src: get(k, th + N.ws_src),
    sport: get(k, th + N.ws_sport),
    dst: get(k, th + N.ws_dst),
    dport: get(k, th + N.ws_dport),
    seq: get(k, th + N.ws_seq),
    ack: get(k, th + N.ws_ack),
    flags: get(k, th + N.ws_flags) & 0xffff,
    urgent: get(k, th + N.ws_flags) >>> TH_URP_SHIFT,
    window: get(k, th + N.ws_window),
    len,
    bytes: len > 0 ? readBytes(k, get(k, th + N.ws_m), Math.min(len, MOST_BYTES)) : NONE,
  };
}

function readBytes(k: Kernel, chain: number, most: number): Uint8Array {
  const bytes = new Uint8Array(most);
  let filled = 0;
  for (const m of walk(k, chain, m_next)) {
    const from = (m + MBUF_HEADER) * 4 + get(k, m + m_off);
    const count = Math.min(get(k, m + m_len), most - filled);
    if (count < 0 || from < 0 || from + count > sizeOf(k) * 4) break;
    copyBytesOut(k, from, bytes, filled, count);
    filled += count;
  }
  return filled === most ? bytes : bytes.subarray(0, filled);
}

/** a - b of two sequence numbers. */
export function distance(a: number, b: number): number {
  return (a - b) | 0;
}

/** Under its address of IPv4, or that of IPv6. */
export function isRemote(host: number): boolean {
  return host === N.HOST_REMOTE || host === N.HOST6_REMOTE;
}

/** One end of a connection of this host: its port, and the address and port at the other end. */
export function keyOf(port: number, peer: number, peerPort: number): number {
  return (port * 65536 + peerPort) * 16 + peer;
}

/** The other end of a connection between two sockets of this host. For one with another host it names no end. */
export function mirrored(key: number): number {
  const ports = Math.floor(key / 16);
  return keyOf(ports % 65536, key % 16, Math.floor(ports / 65536));
}

/** Of the end that a segment comes from. */
export function senderOf({ sport, dst, dport }: Segment): number {
  return keyOf(sport, dst, dport);
}

/** Of the end that a segment is for. */
export function receiverOf({ dport, src, sport }: Segment): number {
  return keyOf(dport, src, sport);
}

const LETTERS: readonly (readonly [bit: number, name: string])[] = [
  [TH_SYN, 'SYN'],
  [TH_FIN, 'FIN'],
  [TH_RST, 'RST'],
  [TH_ACK, 'ACK'],
  [TH_URG, 'URG'],
];

/** "SYN|ACK 64001 ack 7000001, port 1 to the remote host's port 40000" */
export function printSegment(segment: Segment): string {
  const { proto, src, sport, dst, dport, seq, ack, flags, len, window } = segment;
  const way = `${printHost(src)}port ${sport} to ${printHost(dst)}port ${dport}`;
  if (proto === IPPROTO_UDP) return `a datagram of ${len} bytes, ${way}`;
  if (proto === RAW_PROTOCOL)
    return `a raw datagram of ${len} bytes, from ${printHost(src) || 'this '}host to ${printHost(dst) || 'this '}host`;
  if (proto !== IPPROTO_TCP) return `an error message, ${way}`;
  const names = LETTERS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  const acks = (flags & TH_ACK) === 0 ? '' : ` ack ${ack} window ${window}`;
  return `${names.join('|') || 'no flags'} ${seq}${len > 0 ? ` with ${len} bytes` : ''}${acks}, ${way}`;
}

function printHost(host: number): string {
  const six = in6_family(host) === N.INP_IPV6 ? "IPv6's " : '';
  return six + (isRemote(host) ? 'the remote ' : host === N.HOST_BROADCAST ? "everybody's " : '');
}
