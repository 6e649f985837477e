/**
 * The remote host: plays the other end of connections that leave this host, with segments that fit the connection. It looks at our
 * numbers to make them, as a real peer would know them from what it received. What it sends arrives behind what is on the wire.
 */
import * as L from '../../impl/layout.ts';
import { get } from '../../impl/memory.ts';
import * as N from '../../impl/netinet/layout.ts';
import { TCPS_CLOSED, TCPS_LISTEN, TCPS_SYN_SENT, TH_ACK, TH_FIN, TH_RST, TH_SYN } from '../../impl/netinet/tcp_fsm.ts';
import { ECONNREFUSED } from '../../impl/errno.ts';
import { UNIT } from '../adapter.ts';
import type { Machine } from './implementation.ts';

/** The window it offers; far more than a run sends. */
const WINDOW = 32_000;
const FIRST_PORT = 40_000;
const ISS = 7_000_000;

interface Segment {
  readonly src: number;
  readonly sport: number;
  readonly dst: number;
  readonly dport: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly length: number;
}

export class Remote {
  private readonly machine: Machine;
  private port = FIRST_PORT;
  private iss = ISS;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Sends what the operation says for the connection number `which`. False if there is none that it fits. */
  send(name: string, which: number, flag: boolean): boolean {
    switch (name) {
      case 'remote-connect':
        return this.connect(which);
      case 'remote-datagram':
        return this.udp(which, L.IPPROTO_UDP);
      case 'remote-unreachable':
        return this.udp(which, N.IPPROTO_ICMP);
      default:
        return this.tcp(name, which, flag);
    }
  }

  /** A whole passive handshake with one of our listeners. The SYN must arrive first: its answer says what to acknowledge. */
  private connect(which: number): boolean {
    const k = this.machine.kernel;
    const listeners = this.pcbs(N.tcbinfo).filter((inp) => this.stateOf(inp) === TCPS_LISTEN);
    const inp = listeners[which % Math.max(1, listeners.length)];
    if (inp === undefined || this.machine.waiting() > 0) return false;
    const sport = this.port++;
    const iss = this.iss;
    this.iss += 64_000;
    const from = { src: this.machine.remoteHost, sport, dst: N.HOST_LOCAL, dport: get(k, inp + N.inp_lport) };
    this.inject({ ...from, seq: iss, ack: 0, flags: TH_SYN, length: 0 });
    this.machine.deliver();
    for (let sc = get(k, N.syncache_first); sc !== 0; sc = get(k, sc + N.sc_next)) {
      if (get(k, sc + N.sc_fport) !== sport) continue;
      this.inject({ ...from, seq: (iss + 1) | 0, ack: (get(k, sc + N.sc_iss) + 1) | 0, flags: TH_ACK, length: 0 });
      return true;
    }
    return false;
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
    const k = this.machine.kernel;
    const wanted =
      name === 'remote-synack' ? (state: number): boolean => state === TCPS_SYN_SENT : (state: number): boolean => fits(name, state);
    const all = this.pcbs(N.tcbinfo).filter((inp) => get(k, inp + N.inp_faddr) === this.machine.remoteHost && wanted(this.stateOf(inp)));
    const inp = all[which % Math.max(1, all.length)];
    if (inp === undefined) return false;
    const tp = get(k, inp + N.inp_ppcb);
    const opening = this.stateOf(inp) === TCPS_SYN_SENT;
    const from = { src: get(k, inp + N.inp_faddr), sport: get(k, inp + N.inp_fport), dst: N.HOST_LOCAL, dport: get(k, inp + N.inp_lport) };
    const next = get(k, tp + N.rcv_nxt);
    const una = get(k, tp + N.snd_una);
    const max = get(k, tp + N.snd_max);
    switch (name) {
      case 'remote-synack':
        this.iss += 64_000;
        this.inject({ ...from, seq: this.iss, ack: (get(k, tp + N.iss) + 1) | 0, flags: TH_SYN | TH_ACK, length: 0 });
        return true;
      case 'remote-rst':
        this.inject({
          ...from,
          seq: opening ? 0 : next,
          ack: (get(k, tp + N.iss) + 1) | 0,
          flags: opening ? TH_RST | TH_ACK : TH_RST,
          length: 0,
        });
        return true;
      case 'remote-ack': {
        const outstanding = (max - una) | 0;
        if (outstanding <= 0) return false;
        const part = flag && outstanding > UNIT;
        this.inject({ ...from, seq: next, ack: part ? (una + UNIT) | 0 : max, flags: TH_ACK, length: 0 });
        return true;
      }
      case 'remote-data':
        this.inject({ ...from, seq: next, ack: una, flags: TH_ACK, length: UNIT });
        return true;
      default:
        this.inject({ ...from, seq: next, ack: flag ? max : una, flags: TH_ACK | TH_FIN, length: 0 });
        return true;
    }
  }

  /** All pcbs of a protocol whose connection is not over. */
  private pcbs(pcbinfo: number): readonly number[] {
    const k = this.machine.kernel;
    const found: number[] = [];
    for (let inp = get(k, pcbinfo + N.ipi_list); inp !== 0; inp = get(k, inp + N.inp_list_next)) {
      if ((get(k, inp + N.inp_flags) & (N.INP_DROPPED | N.INP_TIMEWAIT)) === 0) found.push(inp);
    }
    // The list has the newest first; a program counts from the oldest.
    return found.sort((a, b) => get(k, a + N.inp_gencnt) - get(k, b + N.inp_gencnt));
  }

  private stateOf(inp: number): number {
    const tp = get(this.machine.kernel, inp + N.inp_ppcb);
    return tp === 0 ? TCPS_CLOSED : get(this.machine.kernel, tp + N.t_state);
  }

  private inject({ src, sport, dst, dport, seq, ack, flags, length }: Segment): void {
    this.machine.inject(L.IPPROTO_TCP, src, sport, dst, dport, seq, ack, flags, WINDOW, this.machine.user, length);
  }
}

function fits(name: string, state: number): boolean {
  if (state === TCPS_CLOSED || state === TCPS_LISTEN) return false;
  return state !== TCPS_SYN_SENT || name === 'remote-rst';
}
