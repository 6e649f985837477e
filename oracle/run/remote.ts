/**
 * The remote host: plays the other end of connections that leave this host, with segments that fit the connection. All it knows is what
 * it has seen on the wire: whoever never sends a SYN is never answered. What it sends arrives behind what is on the wire.
 */
import { ECONNREFUSED } from '../../impl/errno.ts';
import * as L from '../../impl/layout.ts';
import { fixed, get } from '../../impl/memory.ts';
import { in6_family, in6_selectsrc } from '../../impl/netinet/in6_pcb.ts';
import * as N from '../../impl/netinet/layout.ts';
import { TH_ACK, TH_FIN, TH_RST, TH_SYN, TH_URG, TH_URP_SHIFT } from '../../impl/netinet/tcp_fsm.ts';
import { errnoNumber, RAW_PROTOCOL, UNIT } from '../adapter.ts';
import type { End } from './end.ts';
import type { Ends } from './ends.ts';
import type { Identities } from './identities.ts';
import type { Machine } from './implementation.ts';
import { oddity, type Said, STRANGER } from './oddities.ts';
import { distance, isRemote, keyOf } from './segment.ts';
import type { Specification } from './specification.ts';
import { walk } from './walk.ts';

/** The window it offers unless it was told another; far more than a run sends. */
const WINDOW = 32_000;
const FIRST_PORT = 40_000;
const STRANGE_PORT = FIRST_PORT - 2;
/** So that numbers wrap around soon. */
const ISS = 0x7ffffff0;
const ISS_STEP = 64_000;

/** A connection with the remote host that has not come to its end. */
interface Peer {
  readonly end: End;
  /** The remote host's address in it. */
  readonly host: number;
  readonly state: string;
  readonly port: number;
  readonly remotePort: number;
}

export class Remote {
  private readonly specification: Specification;
  private readonly ids: Identities;
  private readonly machine: Machine;
  private readonly ends: Ends;
  private port = FIRST_PORT;
  private iss = ISS;
  /** Windows other than the usual. */
  private readonly windows = new Map<number, number>();

  constructor(specification: Specification, ids: Identities, machine: Machine, ends: Ends) {
    this.specification = specification;
    this.ids = ids;
    this.machine = machine;
    this.ends = ends;
  }

  reset(): void {
    this.port = FIRST_PORT;
    this.iss = ISS;
    this.windows.clear();
  }

  /** From now on the connection number `which` may send so many units beyond what is acknowledged. False if there is none. */
  offers(which: number, units: number): boolean {
    const peer = this.fitting('remote-ack', which);
    if (peer === undefined) return false;
    this.windows.set(keyOf(peer.port, peer.host, peer.remotePort), units * UNIT);
    this.says(peer, { seq: peer.end.told, ack: peer.end.acked, flags: TH_ACK, length: 0 });
    return true;
  }

  /** Sends something odd to the connection number `which`. False if there is none. */
  odd(which: number, what: string): boolean {
    const peers = this.peers();
    const peer = peers[which % Math.max(1, peers.length)];
    if (peer === undefined) return false;
    // Numbers would go wrong by the one byte that is announced and has not come.
    if (isAwaited(peer.end)) return false;
    const { told: next, edge, acked, sent } = peer.end;
    const known = { opening: peer.state === 'SYN_SENT', next, room: distance(edge, next), acked, received: received(peer.end), sent };
    const said = oddity(what, { ...known, unused: this.iss });
    this.says(what === STRANGER ? { ...peer, remotePort: STRANGE_PORT } : peer, said);
    return true;
  }

  /** Sends what the operation says to the connection number `which`. False if there is none that it fits. */
  send(name: string, which: number, flag: boolean): boolean {
    switch (name) {
      case 'remote-datagram':
        return this.udp(which, L.IPPROTO_UDP);
      case 'remote-broadcast':
        return this.udp(which, L.IPPROTO_UDP, N.HOST_BROADCAST);
      case 'remote-unreachable':
        return this.udp(which, N.IPPROTO_ICMP);
      default:
        return this.tcp(name, which, flag);
    }
  }

  /** The SYN of a connection to one of our listeners; the key of that connection, null if nobody listens. */
  syn(which: number): number | null {
    const k = this.machine.kernel;
    const listeners = this.pcbs(N.tcbinfo).filter((inp) => this.stateOf(inp) === 'LISTEN');
    const inp = listeners[which % Math.max(1, listeners.length)];
    if (inp === undefined) return null;
    const port = get(k, inp + N.inp_lport);
    const remotePort = this.port++;
    const iss = this.iss;
    this.iss = (this.iss + ISS_STEP) | 0;
    const host = this.hostFor(inp, remotePort);
    this.inject(port, host, remotePort, { seq: iss, ack: 0, flags: TH_SYN, length: 0 });
    return keyOf(port, host, remotePort);
  }

  /** The last segment of that handshake. False if there was no answer to the SYN. */
  acknowledge(key: number): boolean {
    const handshake = this.ends.handshake(key);
    if (handshake?.answer === null || handshake === null) return false;
    const { port, host, remotePort } = portsOf(key);
    const { irs, answer } = handshake;
    this.inject(port, host, remotePort, { seq: (irs + 1) | 0, ack: (answer.iss + 1) | 0, flags: TH_ACK, length: 0 });
    return true;
  }

  /** Acknowledges whatever has reached it, answers every SYN, and opens its windows. False if there was nothing to do. */
  catchesUp(): boolean {
    let said = false;
    for (const peer of this.peers()) {
      const { state, end, port, host, remotePort } = peer;
      if (state === 'TIME_WAIT') continue;
      const opens = this.windows.delete(keyOf(port, host, remotePort));
      if (state === 'SYN_SENT') this.answers('remote-synack', peer, false);
      else if (state === 'SYN_RECEIVED') this.answers('remote-ack', peer, false);
      else if (received(end) !== end.acked || opens) this.says(peer, { seq: end.told, ack: received(end), flags: TH_ACK, length: 0 });
      else continue;
      said = true;
    }
    return said;
  }

  /** ICMP says this of the peer of the connection number `which`: first those of TCP, then the UDP sockets that have one. False if there is none. */
  icmp(which: number, error: string): boolean {
    const k = this.machine.kernel;
    const tcp = this.peers().map(({ port, host, remotePort }): readonly number[] => [L.IPPROTO_TCP, host, remotePort, port]);
    const udp = this.pcbs(N.udbinfo)
      .filter((inp) => get(k, inp + N.inp_faddr) !== 0)
      .map((inp): readonly number[] => [L.IPPROTO_UDP, get(k, inp + N.inp_faddr), get(k, inp + N.inp_fport), get(k, inp + N.inp_lport)]);
    const all = [...tcp, ...udp];
    const [proto = 0, host = 0, remotePort = 0, port = 0] = all[which % Math.max(1, all.length)] ?? [];
    if (proto === 0) return false;
    this.machine.inject(icmpOf(host), host, remotePort, in6_selectsrc(host), port, 0, 0, proto, errnoNumber(error), this.machine.user, 0);
    return true;
  }

  private udp(which: number, proto: number, dst = N.HOST_LOCAL): boolean {
    const k = this.machine.kernel;
    const udp = this.pcbs(N.udbinfo).filter((inp) => get(k, inp + N.inp_lport) !== 0);
    const raw =
      dst === N.HOST_LOCAL ? this.pcbs(N.ripcbinfo) : this.pcbs(N.ripcbinfo).filter((inp) => this.hostFor(inp, 0) === N.HOST_REMOTE);
    const all = proto === N.IPPROTO_ICMP ? udp : [...udp, ...raw];
    const fitting = proto === N.IPPROTO_ICMP ? all.filter((inp) => get(k, inp + N.inp_faddr) !== 0) : all;
    const inp = fitting[which % Math.max(1, fitting.length)];
    if (inp === undefined) return false;
    const connected = dst === N.HOST_LOCAL && get(k, inp + N.inp_faddr) !== 0;
    const src = connected ? get(k, inp + N.inp_faddr) : dst === N.HOST_LOCAL ? this.hostFor(inp, which) : this.machine.remoteHost;
    const from = {
      src,
      sport: connected ? get(k, inp + N.inp_fport) : FIRST_PORT - 1,
      dst: dst === N.HOST_LOCAL ? in6_selectsrc(src) : dst,
      dport: get(k, inp + N.inp_lport),
    };
    if (proto === N.IPPROTO_ICMP)
      this.machine.inject(icmpOf(src), from.src, from.sport, from.dst, from.dport, 0, 0, L.IPPROTO_UDP, ECONNREFUSED, this.machine.user, 0);
    else if (fixed(k, inp + N.inp_pcbinfo) === N.ripcbinfo)
      this.machine.inject(RAW_PROTOCOL, from.src, 0, from.dst, 0, 0, 0, 0, 0, this.machine.user, UNIT);
    else this.machine.inject(proto, from.src, from.sport, from.dst, from.dport, 0, 0, 0, 0, this.machine.user, UNIT);
    return true;
  }

  private tcp(name: string, which: number, flag: boolean): boolean {
    const peer = this.fitting(name, which);
    return peer !== undefined && this.answers(name, peer, flag);
  }

  private fitting(name: string, which: number): Peer | undefined {
    const all = this.peers().filter(({ state }) => fits(name, state));
    return all[which % Math.max(1, all.length)];
  }

  private answers(name: string, peer: Peer, flag: boolean): boolean {
    const { end, state } = peer;
    const { told: next, acked } = end;
    switch (name) {
      case 'remote-syn':
        this.iss = (this.iss + ISS_STEP) | 0;
        this.says(peer, { seq: this.iss, ack: 0, flags: TH_SYN, length: 0 });
        return true;
      case 'remote-synack':
        this.iss = (this.iss + ISS_STEP) | 0;
        this.says(peer, { seq: this.iss, ack: (end.iss + 1) | 0, flags: TH_SYN | TH_ACK, length: 0 });
        return true;
      case 'remote-rst': {
        const opening = state === 'SYN_SENT';
        const ack = (end.iss + 1) | 0;
        this.says(peer, { seq: opening ? 0 : next, ack, flags: opening ? TH_RST | TH_ACK : TH_RST, length: 0 });
        return true;
      }
      case 'remote-ack': {
        const all = state === 'SYN_RECEIVED' ? end.sent : received(end);
        if (all === acked) return false;
        const part = flag && distance(all, acked) > UNIT;
        this.says(peer, { seq: next, ack: part ? (acked + UNIT) | 0 : all, flags: TH_ACK, length: 0 });
        return true;
      }
      case 'remote-urgent':
        return this.urgent(peer, flag);
      case 'remote-data':
        // What was announced as urgent comes first.
        if (isAwaited(end)) return this.urgent(peer, true);
        this.says(peer, { seq: next, ack: acked, flags: TH_ACK, length: UNIT });
        return true;
      default:
        this.says(peer, { seq: next, ack: flag ? received(end) : acked, flags: TH_ACK | TH_FIN, length: 0 });
        return true;
    }
  }

  /** The next byte is urgent; it comes with that word, or the word comes alone. Not while anything is missing before it, or there is no room. */
  private urgent(peer: Peer, here: boolean): boolean {
    const { told: seq, acked: ack, edge, late } = peer.end;
    if (late.length > 0 || distance(edge, seq) <= 0) return false;
    this.says(peer, { seq, ack, flags: TH_ACK | TH_URG | (1 << TH_URP_SHIFT), length: here ? 1 : 0 });
    return true;
  }

  private says({ port, host, remotePort }: Peer, said: Said): void {
    this.inject(port, host, remotePort, said);
  }

  /** The address under which the remote host reaches this pcb: of a family that it takes, or one or the other. */
  private hostFor(inp: number, either: number): number {
    const vflag = get(this.machine.kernel, inp + N.inp_vflag);
    const six = (vflag & N.INP_IPV6) !== 0 && ((vflag & N.INP_IPV4) === 0 || either % 2 === 0);
    return six ? N.HOST6_REMOTE : this.machine.remoteHost;
  }

  /** Connections of whose beginning the remote host has heard, oldest first. */
  private peers(): readonly Peer[] {
    const found: Peer[] = [];
    for (const [key, end] of this.ends.all()) {
      const ours = this.specification.connection(end.pcb);
      if (ours !== null && isRemote(key % 16)) found.push({ end, state: ours.state, ...portsOf(key) });
    }
    return found;
  }

  /** All pcbs of a protocol whose connection is not over, oldest first. */
  private pcbs(pcbinfo: number): readonly number[] {
    const k = this.machine.kernel;
    return walk(k, get(k, pcbinfo + N.ipi_list), N.inp_list_next)
      .filter((inp) => (get(k, inp + N.inp_flags) & (N.INP_DROPPED | N.INP_TIMEWAIT)) === 0)
      .sort((a, b) => get(k, a + N.inp_gencnt) - get(k, b + N.inp_gencnt));
  }

  private stateOf(inp: number): string {
    return this.specification.connection(this.ids.pcbCode(inp) - 1)?.state ?? 'CLOSED';
  }

  private inject(port: number, host: number, remotePort: number, { seq, ack, flags, length }: Said): void {
    const { machine } = this;
    const window = this.windows.get(keyOf(port, host, remotePort)) ?? WINDOW;
    machine.inject(L.IPPROTO_TCP, host, remotePort, in6_selectsrc(host), port, seq, ack, flags, window, machine.user, length);
  }
}

/** Whether the urgent byte was announced and has not come. */
function isAwaited(end: End): boolean {
  return end.came === null && distance(end.announced, end.next) > 0;
}

/** What of that which was sent counts as received: whole units, and a FIN. The single byte of a window probe does not. */
function received(end: End): number {
  if (distance(end.sent, end.written) > 0) return end.sent;
  return (end.acked + Math.floor(distance(end.sent, end.acked) / UNIT) * UNIT) | 0;
}

function fits(name: string, state: string): boolean {
  if (state === 'TIME_WAIT') return false;
  if (name === 'remote-synack' || name === 'remote-syn') return state === 'SYN_SENT';
  // Behind its own FIN the remote host has nothing to say.
  if (name === 'remote-urgent') return state === 'ESTABLISHED' || state === 'FIN_WAIT_1' || state === 'FIN_WAIT_2';
  return state !== 'SYN_SENT' || name === 'remote-rst';
}

/** The protocol in which something is said of this host. */
function icmpOf(host: number): number {
  return in6_family(host) === N.INP_IPV6 ? N.IPPROTO_ICMPV6 : N.IPPROTO_ICMP;
}

/** The reverse of `keyOf`. */
function portsOf(key: number): { readonly port: number; readonly host: number; readonly remotePort: number } {
  const ports = Math.floor(key / 16);
  return { port: Math.floor(ports / 65536), host: key % 16, remotePort: ports % 65536 };
}
