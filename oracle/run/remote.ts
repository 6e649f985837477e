/**
 * The remote host: plays the other end of connections that leave this host, with segments that fit the connection. All it knows is what
 * it has seen on the wire: whoever never sends a SYN is never answered. What it sends arrives behind what is on the wire.
 */
import { ECONNREFUSED } from '../../impl/errno.ts';
import * as L from '../../impl/layout.ts';
import { get } from '../../impl/memory.ts';
import * as N from '../../impl/netinet/layout.ts';
import { TH_ACK, TH_FIN, TH_RST, TH_SYN } from '../../impl/netinet/tcp_fsm.ts';
import { UNIT } from '../adapter.ts';
import type { End } from './end.ts';
import type { Ends } from './ends.ts';
import type { Identities } from './identities.ts';
import type { Machine } from './implementation.ts';
import { distance, keyOf } from './segment.ts';
import type { Specification } from './specification.ts';
import { walk } from './walk.ts';

/** The window it offers; far more than a run sends. */
const WINDOW = 32_000;
const FIRST_PORT = 40_000;
const ISS = 7_000_000;

/** A connection with the remote host that has not come to its end. */
interface Peer {
  readonly end: End;
  readonly state: string;
  readonly port: number;
  readonly remotePort: number;
}

/** What a segment to a connection says. */
interface Said {
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly length: number;
}

export class Remote {
  private readonly specification: Specification;
  private readonly ids: Identities;
  private readonly machine: Machine;
  private readonly ends: Ends;
  private port = FIRST_PORT;
  private iss = ISS;

  constructor(specification: Specification, ids: Identities, machine: Machine, ends: Ends) {
    this.specification = specification;
    this.ids = ids;
    this.machine = machine;
    this.ends = ends;
  }

  reset(): void {
    this.port = FIRST_PORT;
    this.iss = ISS;
  }

  /** Sends what the operation says to the connection number `which`. False if there is none that it fits. */
  send(name: string, which: number, flag: boolean): boolean {
    switch (name) {
      case 'remote-datagram':
        return this.udp(which, L.IPPROTO_UDP);
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
    this.iss += 64_000;
    this.inject(port, remotePort, { seq: iss, ack: 0, flags: TH_SYN, length: 0 });
    return keyOf(port, this.machine.remoteHost, remotePort);
  }

  /** The last segment of that handshake. False if there was no answer to the SYN. */
  acknowledge(key: number): boolean {
    const handshake = this.ends.handshake(key);
    if (handshake?.answer === null || handshake === null) return false;
    const { port, remotePort } = portsOf(key);
    const { irs, answer } = handshake;
    this.inject(port, remotePort, { seq: (irs + 1) | 0, ack: (answer.iss + 1) | 0, flags: TH_ACK, length: 0 });
    return true;
  }

  /** Acknowledges whatever has reached it, and answers every SYN. False if there was nothing. */
  catchesUp(): boolean {
    let said = false;
    for (const peer of this.peers()) {
      const { state, end } = peer;
      if (state === 'TIME_WAIT' || distance(end.sent, end.acked) <= 0) continue;
      said = this.says(state === 'SYN_SENT' ? 'remote-synack' : 'remote-ack', peer, false) || said;
    }
    return said;
  }

  private udp(which: number, proto: number): boolean {
    const k = this.machine.kernel;
    const all = this.pcbs(N.udbinfo).filter((inp) => get(k, inp + N.inp_lport) !== 0);
    const fitting = proto === N.IPPROTO_ICMP ? all.filter((inp) => get(k, inp + N.inp_faddr) !== 0) : all;
    const inp = fitting[which % Math.max(1, fitting.length)];
    if (inp === undefined) return false;
    const connected = get(k, inp + N.inp_faddr) !== 0;
    const from = {
      src: connected ? get(k, inp + N.inp_faddr) : this.machine.remoteHost,
      sport: connected ? get(k, inp + N.inp_fport) : FIRST_PORT - 1,
      dst: N.HOST_LOCAL,
      dport: get(k, inp + N.inp_lport),
    };
    if (proto === N.IPPROTO_ICMP)
      this.machine.inject(proto, from.src, from.sport, from.dst, from.dport, 0, 0, L.IPPROTO_UDP, ECONNREFUSED, this.machine.user, 0);
    else this.machine.inject(proto, from.src, from.sport, from.dst, from.dport, 0, 0, 0, 0, this.machine.user, UNIT);
    return true;
  }

  private tcp(name: string, which: number, flag: boolean): boolean {
    const all = this.peers().filter(({ state }) => fits(name, state));
    const peer = all[which % Math.max(1, all.length)];
    return peer !== undefined && this.says(name, peer, flag);
  }

  private says(name: string, { end, state, port, remotePort }: Peer, flag: boolean): boolean {
    const { told: next, acked, sent } = end;
    switch (name) {
      case 'remote-synack':
        this.iss += 64_000;
        this.inject(port, remotePort, { seq: this.iss, ack: (end.iss + 1) | 0, flags: TH_SYN | TH_ACK, length: 0 });
        return true;
      case 'remote-rst': {
        const opening = state === 'SYN_SENT';
        const ack = (end.iss + 1) | 0;
        this.inject(port, remotePort, { seq: opening ? 0 : next, ack, flags: opening ? TH_RST | TH_ACK : TH_RST, length: 0 });
        return true;
      }
      case 'remote-ack': {
        const outstanding = distance(sent, acked);
        if (outstanding <= 0) return false;
        const part = flag && outstanding > UNIT;
        this.inject(port, remotePort, { seq: next, ack: part ? (acked + UNIT) | 0 : sent, flags: TH_ACK, length: 0 });
        return true;
      }
      case 'remote-data':
        this.inject(port, remotePort, { seq: next, ack: acked, flags: TH_ACK, length: UNIT });
        return true;
      default:
        this.inject(port, remotePort, { seq: next, ack: flag ? sent : acked, flags: TH_ACK | TH_FIN, length: 0 });
        return true;
    }
  }

  /** Connections of whose beginning the remote host has heard, oldest first. */
  private peers(): readonly Peer[] {
    const found: Peer[] = [];
    for (const [key, end] of this.ends.all()) {
      const ours = this.specification.connection(end.pcb);
      if (ours !== null && key % 16 === this.machine.remoteHost) found.push({ end, state: ours.state, ...portsOf(key) });
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

  private inject(port: number, remotePort: number, { seq, ack, flags, length }: Said): void {
    const { machine } = this;
    machine.inject(L.IPPROTO_TCP, machine.remoteHost, remotePort, N.HOST_LOCAL, port, seq, ack, flags, WINDOW, machine.user, length);
  }
}

function fits(name: string, state: string): boolean {
  if (state === 'TIME_WAIT') return false;
  if (name === 'remote-synack') return state === 'SYN_SENT';
  return state !== 'SYN_SENT' || name === 'remote-rst';
}

/** The reverse of `keyOf`. */
function portsOf(key: number): { readonly port: number; readonly remotePort: number } {
  const ports = Math.floor(key / 16);
  return { port: Math.floor(ports / 65536), remotePort: ports % 65536 };
}
