/**
 * Segments of the remote host, made before the exploration from the numbers that its connections have then, and put on the wire to
 * this host. Each continues the stream where the one before it ended, so that they are acceptable in their order whatever happens
 * on this side meanwhile.
 */
import { ECONNREFUSED } from '../../../impl/errno.ts';
import * as L from '../../../impl/layout.ts';
import { fixed, get, type Kernel, load } from '../../../impl/memory.ts';
import { in6_family, in6_selectsrc } from '../../../impl/netinet/in6_pcb.ts';
import * as N from '../../../impl/netinet/layout.ts';
import { TCPS_SYN_SENT, TH_ACK, TH_FIN, TH_RST, TH_SYN, TH_URG, TH_URP_SHIFT } from '../../../impl/netinet/tcp_fsm.ts';
import { errnoNumber, FIRST_PORT as NAME_0, isUnixProtocol, RAW_PROTOCOL, socketOf, UNIT } from '../../adapter.ts';
import type { Machine } from '../../run/implementation.ts';
import { UsageError } from '../../usage.ts';
import type { Segment } from './scenario.ts';

/** As many as the wire of a scenario's kernel holds. */
export const WIRE_SEGMENTS = 8;
/** The window it offers; far more than a scenario sends. */
const WINDOW = 32_000;
/** Apart from what run/remote.ts uses, which plays the remote host in prologues. */
const FIRST_PORT = 50_000;
const ISS = 9_000_000;

/** Where the remote host is in a connection: the next number it sends, and what it acknowledges. */
interface Peer {
  next: number;
  ack: number;
}

type StreamSegment = Exclude<Segment, { what: 'handshake' | 'datagram' | 'broadcast' | 'unreachable' | 'icmp' }>;

/** Puts the segments on the wire, in this order; of data at most so many units. Throws a UsageError for one that is for nobody. */
export function putOnWire(machine: Machine, segments: readonly Segment[], most: number): void {
  const peers = new Map<number, Peer>();
  for (const [index, segment] of segments.entries()) {
    const wrong = wrongWith(machine, segment, index, most);
    if (wrong !== null) throw new UsageError(`segments[${index}]: ${wrong}`, { field: `segments[${index}]`, reason: wrong });
    if (segment.what === 'handshake') handshake(machine, segment.fd, FIRST_PORT + index, segment.six === true);
    else if (segment.what === 'datagram' || segment.what === 'broadcast' || segment.what === 'unreachable') datagram(machine, segment);
    else if (segment.what === 'icmp') icmp(machine, segment.fd, errnoNumber(segment.error));
    else stream(machine, segment, peers);
  }
}

function wrongWith(machine: Machine, segment: Segment, index: number, most: number): string | null {
  const { kernel } = machine;
  const { what, fd } = segment;
  const so = socketOf(kernel, fd);
  if (so === 0) return `it is for descriptor ${fd}, which is not open`;
  const isDatagram = what === 'datagram' || what === 'broadcast' || what === 'unreachable';
  const info = fixed(kernel, get(kernel, so + L.so_pcb) + N.inp_pcbinfo);
  if (
    isUnixProtocol(fixed(kernel, so + L.so_proto)) ||
    (info !== (isDatagram ? N.udbinfo : N.tcbinfo) && !(what === 'datagram' && info === N.ripcbinfo))
  )
    return `it is for descriptor ${fd}, which is not a ${isDatagram ? 'UDP' : 'TCP'} socket`;
  if (
    (what === 'handshake' || what === 'datagram') &&
    segment.six === true &&
    (get(kernel, get(kernel, so + L.so_pcb) + N.inp_vflag) & N.INP_IPV6) === 0
  )
    return `it comes over IPv6, which descriptor ${fd} does not take`;
  if (what === 'handshake' && machine.waiting() > 0) return 'a handshake must be the first segment';
  if (isQueued(what) && queued(kernel, so) === 0) return `no connection waits at descriptor ${fd}`;
  if (what === 'data' && segment.units > most) return `it has ${segment.units} units of data, and ${most} is the most`;
  return index < WIRE_SEGMENTS ? null : `the wire holds ${WIRE_SEGMENTS} segments`;
}

function pcbOf(machine: Machine, fd: number): number {
  return get(machine.kernel, socketOf(machine.kernel, fd) + L.so_pcb);
}

/** The SYN is answered at once, since the answer says what the last segment of the handshake must acknowledge. */
function handshake(machine: Machine, fd: number, port: number, six: boolean): void {
  const k = machine.kernel;
  const [from, here] = six ? [N.HOST6_REMOTE, N.HOST6_LOCAL] : [machine.remoteHost, N.HOST_LOCAL];
  const to = get(k, pcbOf(machine, fd) + N.inp_lport);
  const send = (seq: number, ack: number, flags: number): void =>
    machine.inject(L.IPPROTO_TCP, from, port, here, to, seq, ack, flags, WINDOW, machine.user, 0);
  send(ISS, 0, TH_SYN);
  machine.deliver();
  for (let sc = get(k, N.syncache_first); sc !== 0; sc = get(k, sc + N.sc_next)) {
    if (get(k, sc + N.sc_fport) === port) send(ISS + 1, (get(k, sc + N.sc_iss) + 1) | 0, TH_ACK);
  }
}

function datagram(machine: Machine, segment: Segment): void {
  const { what, fd } = segment;
  const k = machine.kernel;
  const inp = pcbOf(machine, fd);
  const connected = get(k, inp + N.inp_faddr) !== 0;
  const six = what === 'datagram' && segment.six === true;
  const from = connected ? get(k, inp + N.inp_faddr) : six ? N.HOST6_REMOTE : machine.remoteHost;
  const here = in6_selectsrc(from);
  const port = connected ? get(k, inp + N.inp_fport) : FIRST_PORT;
  const to = get(k, inp + N.inp_lport);
  if (fixed(k, inp + N.inp_pcbinfo) === N.ripcbinfo) machine.inject(RAW_PROTOCOL, from, 0, here, 0, 0, 0, 0, 0, machine.user, UNIT);
  else if (what === 'unreachable') machine.inject(icmpOf(from), from, port, here, to, 0, 0, L.IPPROTO_UDP, ECONNREFUSED, machine.user, 0);
  else machine.inject(L.IPPROTO_UDP, from, port, what === 'broadcast' ? N.HOST_BROADCAST : here, to, 0, 0, 0, 0, machine.user, UNIT);
}

function icmp(machine: Machine, fd: number, error: number): void {
  const k = machine.kernel;
  const inp = pcbOf(machine, fd);
  const [host, port, local] = [get(k, inp + N.inp_faddr), get(k, inp + N.inp_fport), get(k, inp + N.inp_lport)];
  machine.inject(icmpOf(host), host, port, in6_selectsrc(host), local, 0, 0, L.IPPROTO_TCP, error, machine.user, 0);
}

/** The protocol in which something is said of this host. */
function icmpOf(host: number): number {
  return in6_family(host) === N.INP_IPV6 ? N.IPPROTO_ICMPV6 : N.IPPROTO_ICMP;
}

function stream(machine: Machine, segment: StreamSegment, peers: Map<number, Peer>): void {
  const k = machine.kernel;
  const inp = isQueued(segment.what) ? get(k, queued(k, socketOf(k, segment.fd)) + L.so_pcb) : pcbOf(machine, segment.fd);
  const tp = get(k, inp + N.inp_ppcb);
  const opening = get(k, tp + N.t_state) <= TCPS_SYN_SENT;
  // What is not connected yet will be, from here on.
  const ahead = get(k, inp + N.inp_faddr) === 0;
  const first = ahead ? load(k, N.tcp_iss) : get(k, tp + N.iss);
  const peer = peers.get(inp) ?? { next: opening ? ISS : get(k, tp + N.rcv_nxt), ack: opening ? (first + 1) | 0 : get(k, tp + N.snd_una) };
  peers.set(inp, peer);
  const from = ahead ? machine.remoteHost : get(k, inp + N.inp_faddr);
  const send = (flags: number, length: number): void =>
    machine.inject(
      L.IPPROTO_TCP,
      from,
      ahead ? NAME_0 : get(k, inp + N.inp_fport),
      in6_selectsrc(from),
      get(k, inp + N.inp_lport),
      peer.next,
      peer.ack,
      flags,
      WINDOW,
      machine.user,
      length,
    );
  switch (segment.what) {
    case 'syn':
      // The SYN|ACK that follows says the same number again.
      send(TH_SYN, 0);
      break;
    case 'synack':
      send(TH_SYN | TH_ACK, 0);
      peer.next += 1;
      break;
    case 'rst':
    case 'queued rst':
      // Only with an acknowledgement does a reset refuse a connection that is being opened.
      send(opening ? TH_RST | TH_ACK : TH_RST, 0);
      break;
    case 'fin':
    case 'queued fin':
      send(TH_ACK | TH_FIN, 0);
      peer.next += 1;
      break;
    case 'data':
      send(TH_ACK, segment.units * UNIT);
      peer.next += segment.units * UNIT;
      break;
    case 'queued data':
      send(TH_ACK, UNIT);
      peer.next += UNIT;
      break;
    case 'urgent':
      send(TH_ACK | TH_URG | (1 << TH_URP_SHIFT), segment.here ? 1 : 0);
      peer.next += segment.here ? 1 : 0;
      break;
    case 'ack':
      peer.ack = (get(k, tp + N.snd_max) + segment.units * UNIT + (segment.fin ? 1 : 0)) | 0;
      send(TH_ACK, 0);
      break;
  }
}

function isQueued(what: Segment['what']): boolean {
  return what === 'queued rst' || what === 'queued fin' || what === 'queued data';
}

/** The oldest that can be accepted; else the oldest that a filter keeps back; 0 if there is none. */
function queued(k: Kernel, listener: number): number {
  const first = get(k, listener + L.so_comp_first);
  return first !== 0 ? first : get(k, listener + L.so_incomp_first);
}
