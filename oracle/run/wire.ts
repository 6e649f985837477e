/**
 * The *wire*, as the specification sees it: the segment that arrives next is looked at before the implementation gets it, and what it means
 * is told to the specification, event by event. Whom it is for is decided by ports and addresses, what it means by the numbers that the
 * wire has shown (end.ts). What it must be answered with goes to the duties.
 */
import { EHOSTUNREACH, EMSGSIZE } from '../../impl/errno.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../impl/layout.ts';
import { get, type Kernel } from '../../impl/memory.ts';
import { in_pcbchain_of } from '../../impl/netinet/inpcb.ts';
import * as N from '../../impl/netinet/layout.ts';
import { TH_ACK, TH_FIN, TH_RST, TH_SYN } from '../../impl/netinet/tcp_fsm.ts';
import { RAW_PROTOCOL } from '../adapter.ts';
import type { Plain } from '../compile/values.ts';
import type { Data } from './data.ts';
import type { Duties } from './duties.ts';
import { answerToStranger, arrives, type End, type Meant, opening, type Reply, synchronized, waitsForWindow } from './end.ts';
import { cancels, completes, type Ends } from './ends.ts';
import type { Identities } from './identities.ts';
import type { Machine } from './implementation.ts';
import type { Mismatch } from './mismatch.ts';
import { printSegment, receiverOf, type Segment } from './segment.ts';
import type { Connection, Specification } from './specification.ts';
import type { Timer } from './timers.ts';
import { walk } from './walk.ts';

/** What has had no answer so often is given up. A SYN|ACK is sent again less often. */
const TRIES = 12;
const ANSWERS = 3;
/** After so many attempts in vain a connection that is being made takes the net's word for it. */
const TRIED = 3;
/** Keepalive probes without an answer. */
const KEEPS = 8;

/** Whose meaning is told, in words: only where something is wrong do they have to be made. */
type About = () => string;

export class Wire {
  private readonly specification: Specification;
  private readonly ids: Identities;
  private readonly machine: Machine;
  private readonly ends: Ends;
  private readonly duties: Duties;
  private readonly data: Data;

  constructor(specification: Specification, ids: Identities, machine: Machine, ends: Ends, duties: Duties, data: Data) {
    this.specification = specification;
    this.ids = ids;
    this.machine = machine;
    this.ends = ends;
    this.duties = duties;
    this.data = data;
  }

  /** The specification learns what the segment means. Null: it can happen. */
  arrives(segment: Segment): Mismatch | null {
    const about = (): string => printSegment(segment);
    switch (segment.proto) {
      case IPPROTO_TCP:
        return this.tcp(segment, about, 0);
      case IPPROTO_UDP:
        return segment.dst === N.HOST_BROADCAST ? this.everybody(segment, about) : this.datagram(segment, 'datagram', about);
      case RAW_PROTOCOL:
        return this.copies(segment, about);
      default:
        return segment.flags === IPPROTO_TCP ? this.notified(segment, about) : this.datagram(segment, icmpEvent(segment), about);
    }
  }

  private datagram(segment: Segment, event: string, about: About): Mismatch | null {
    // A connected pcb for just this peer comes before one that takes from anybody; an error is only for the former.
    const at = lookup(this.machine.kernel, N.udbinfo, segment, event === 'datagram', 0);
    const args = event === 'unreachable' || event === 'unroutable' ? [false] : [];
    if (at !== 0) return this.happens(event, this.ids.pcbCode(at) - 1, args, about);
    if (event === 'datagram') this.duties.owe({ kind: 'unreachable', to: segment });
    return null;
  }

  /** ICMP says something of a TCP connection; that a segment is too long means nothing to the specification. */
  private notified(segment: Segment, about: About): Mismatch | null {
    const key = receiverOf(segment);
    const end = this.ends.at(key);
    const ours = end === null ? null : this.specification.connection(end.pcb);
    const event = icmpEvent(segment);
    if (end === null || ours === null || ours.state === 'TIME_WAIT' || event === 'toolong') return null;
    const often = end.tries > TRIED && opening(ours.state);
    this.duties.fromOutside(key);
    const received = ours.state === 'SYN_RECEIVED';
    const mismatch = this.happens(event, end.pcb, [often], about);
    // Who gives a connection up tells a peer that has been heard.
    if (received && this.specification.connection(end.pcb) === null) this.duties.owe({ kind: 'reset', key, seqs: [end.sent, end.acked] });
    return mismatch;
  }

  /** Every UDP socket with this port that has no address of its own, as one with a peer has, gets a copy. */
  private everybody({ dport }: Segment, about: About): Mismatch | null {
    const { kernel: k } = this.machine;
    for (const inp of walk(k, get(k, N.udbinfo + N.ipi_list), N.inp_list_next)) {
      const wants = takes(k, inp, N.HOST_BROADCAST) && get(k, inp + N.inp_lport) === dport && get(k, inp + N.inp_faddr) === 0;
      const mismatch = wants ? this.happens('datagram', this.ids.pcbCode(inp) - 1, [], about) : null;
      if (mismatch !== null) return mismatch;
    }
    return null;
  }

  /** Every raw socket that has no peer, or the sender for one, gets a copy. */
  private copies({ src, dst }: Segment, about: About): Mismatch | null {
    const { kernel: k } = this.machine;
    for (const inp of walk(k, get(k, N.ripcbinfo + N.ipi_list), N.inp_list_next)) {
      const faddr = get(k, inp + N.inp_faddr);
      const wants = takes(k, inp, dst) && (faddr === 0 || faddr === src);
      const mismatch = wants ? this.happens('datagram', this.ids.pcbCode(inp) - 1, [], about) : null;
      if (mismatch !== null) return mismatch;
    }
    return null;
  }

  private tcp(segment: Segment, about: About, except: number): Mismatch | null {
    const at = lookup(this.machine.kernel, N.tcbinfo, segment, true, except);
    const pcb = this.ids.pcbCode(at) - 1;
    const ours = at === 0 ? null : this.specification.connection(pcb);
    if (ours === null) return this.replies(answerToStranger(segment), segment);
    if (ours.state === 'LISTEN') return this.forListener(segment, pcb, ours, about);
    const end = this.ends.of(pcb);
    if (end === null) return this.replies(ours.state === 'CLOSED' ? answerToStranger(segment) : 'nothing', segment);
    const mismatch = this.forEnd(segment, end, ours, about);
    // A new connection has ended one in TIME_WAIT, and is for the listener.
    const again = mismatch === null && ours.state === 'TIME_WAIT' && this.specification.connection(pcb) === null;
    return again ? this.tcp(segment, about, at) : mismatch;
  }

  private forEnd(segment: Segment, end: End, ours: Connection, about: About): Mismatch | null {
    const { events, reply, bytes, again = false } = arrives(end, ours, segment);
    if (bytes !== undefined && ours.socket !== null) this.data.arrived(ours.socket, bytes);
    if (again) this.duties.owe({ kind: 'again', key: receiverOf(segment) });
    if (events.length > 0) this.duties.fromOutside(receiverOf(segment));
    for (const meant of events) {
      const mismatch = this.happens(meant.event, end.pcb, argumentsOf(meant), about);
      if (mismatch !== null) return mismatch;
    }
    if (reply === 'abort') this.duties.owe({ kind: 'reset', key: receiverOf(segment), seqs: [end.sent, end.acked] });
    return this.replies(reply, segment);
  }

  private forListener(segment: Segment, pcb: number, { accepts }: Connection, about: About): Mismatch | null {
    const { flags, src, sport, dst, dport } = segment;
    const has = (flag: number): boolean => (flags & flag) !== 0;
    if (!accepts) return null;
    const key = receiverOf(segment);
    const handshake = this.ends.handshake(key);
    if (has(TH_RST)) {
      if (handshake !== null && cancels(handshake, segment)) this.ends.givenUp(key);
      return null;
    }
    if (has(TH_SYN) && !has(TH_ACK)) {
      if (has(TH_FIN) || (src === dst && sport === dport)) return null;
      this.ends.begun(segment);
      return this.replies('synack', segment);
    }
    if (handshake === null || !completes(handshake, segment)) return this.replies(has(TH_ACK) ? 'reset' : 'nothing', segment);
    this.ends.givenUp(key);
    // Of a listener that takes both: over IPv4, and so with a v4-mapped peer.
    const inp = this.ids.pcbAt(pcb);
    const mapped = takes(this.machine.kernel, inp, N.HOST6_LOCAL) && !isSix(dst);
    const mismatch = this.happens('handshake', pcb, [mapped], about);
    if (mismatch !== null) return mismatch;
    const child = this.specification.newestPcb();
    const ours = child < 0 ? null : this.specification.connection(child);
    // The connection was refused.
    if (ours === null) return this.replies('reset', segment);
    // The segment that ends a handshake may carry data, or a FIN.
    return this.forEnd(segment, this.ends.made(key, child, handshake), ours, about);
  }

  /** A timer runs out: the specification learns what that means, and what must be sent is owed. */
  expires(timer: Timer): Mismatch | null {
    if (timer.kind === 'handshake') return this.expiresHandshake(timer.key);
    const pcb = this.ids.pcbCode(timer.pcb) - 1;
    const key = this.ends.keyOfPcb(pcb);
    const end = this.ends.of(pcb);
    const ours = this.specification.connection(pcb);
    // The timer of a connection that is over may still run, and means nothing.
    if (timer.pcb === 0 || key === null || end === null || ours === null) return null;
    const about = (): string => `the timer of pcb ${pcb}`;
    if (timer.kind === 'msl') {
      this.duties.fromOutside(key);
      return this.happens('msl', pcb, [], about);
    }
    const [tried, most] = timer.kind === 'probe' ? [end.probes, TRIES] : timer.kind === 'keep' ? [end.keeps, KEEPS] : [end.tries, TRIES];
    if (timer.kind === 'keep' && !asksSilentPeer(ours)) return null;
    if (tried >= most) {
      this.duties.fromOutside(key);
      if (synchronized(ours) || ours.state === 'SYN_RECEIVED') this.duties.owe({ kind: 'reset', key, seqs: [end.sent, end.acked] });
      return this.happens('timeout', pcb, [], about);
    }
    if (timer.kind === 'keep') {
      end.keeps++;
      this.duties.owe({ kind: 'keep', key });
      return null;
    }
    if (timer.kind === 'probe') end.probes++;
    else end.tries++;
    end.dupacks = 0;
    // Into a closed window nothing is sent but a probe.
    if (timer.kind === 'probe' || !waitsForWindow(end)) this.duties.owe({ kind: 'again', key });
    return null;
  }

  /** The SYN|ACK has had no answer. */
  private expiresHandshake(key: number): null {
    const handshake = this.ends.handshake(key);
    if (handshake === null) return null;
    if (handshake.tries >= ANSWERS) {
      this.ends.givenUp(key);
    } else {
      this.ends.triedAgain(key, handshake);
      this.duties.owe({ kind: 'synack', key });
    }
    return null;
  }

  private happens(event: string, pcb: number, args: readonly Plain[], about: About): Mismatch | null {
    if (pcb < 0) return { breaks: 'same-state', seen: `${about()}, is for a pcb that the specification does not have`, allowed: event };
    if (this.specification.event(event, [pcb, ...args])) return null;
    return {
      breaks: 'same-state',
      seen: `${about()}, means ${event}(${[pcb, ...args].join(', ')})`,
      allowed: 'the specification knows no such event in this state',
    };
  }

  private replies(reply: Reply, segment: Segment): null {
    const key = receiverOf(segment);
    if (reply === 'ack' || reply === 'synack') this.duties.owe({ kind: reply, key });
    if (reply === 'reset') this.duties.owe({ kind: 'reset', key, seqs: [(segment.flags & TH_ACK) !== 0 ? segment.ack : 0] });
    return null;
  }
}

/** Whether a silent peer is asked for a sign of life; in later states it owes none. */
function asksSilentPeer({ state }: Connection): boolean {
  return state === 'ESTABLISHED' || state === 'CLOSE_WAIT' || state === 'FIN_WAIT_1' || state === 'CLOSING';
}

/** What a word of ICMP is to the specification. */
function icmpEvent({ window: error }: Segment): string {
  if (error === EHOSTUNREACH) return 'unroutable';
  return error === EMSGSIZE ? 'toolong' : 'unreachable';
}

function argumentsOf(meant: Meant): readonly Plain[] {
  switch (meant.event) {
    case 'ack':
      return [meant.units, meant.fin];
    case 'data':
      return [meant.units];
    case 'urgent':
      return [meant.here];
    default:
      return [];
  }
}

/** The implementation's pcb for the segment, other than `except`: of this very connection, or else one that waits for anybody; 0 if none. */
function lookup(k: Kernel, pcbinfo: number, { src, sport, dst, dport }: Segment, wildcard: boolean, except: number): number {
  const fits = (inp: number): boolean => {
    if (inp === except || get(k, inp + N.inp_lport) !== dport || dport === 0) return false;
    if ((get(k, inp + N.inp_flags) & N.INP_DROPPED) !== 0 || !takes(k, inp, dst)) return false;
    return get(k, inp + N.inp_laddr) === 0 || get(k, inp + N.inp_laddr) === dst;
  };
  let any = 0;
  for (const inp of walk(k, get(k, pcbinfo + N.ipi_list), N.inp_list_next)) {
    if (!fits(inp)) continue;
    if (get(k, inp + N.inp_faddr) === src && get(k, inp + N.inp_fport) === sport) return inp;
    if (get(k, inp + N.inp_faddr) === 0) any = inp;
  }
  if (any === 0 || !wildcard) return 0;
  // Of several that share a port: who is there longest. New ones come to the head of the chain.
  let mapped = 0;
  any = 0;
  for (const inp of walk(k, get(k, in_pcbchain_of(k, pcbinfo, 0, 0, dport)), N.inp_hash_next)) {
    if (!fits(inp) || get(k, inp + N.inp_faddr) !== 0) continue;
    // A socket of IPv6 that takes IPv4 as well comes behind those of IPv4.
    if (!isSix(dst) && (get(k, inp + N.inp_vflag) & N.INP_IPV6PROTO) !== 0) mapped = inp;
    else any = inp;
  }
  return any !== 0 ? any : mapped;
}

function isSix(host: number): boolean {
  return host === N.HOST6_LOCAL || host === N.HOST6_REMOTE;
}

/** Whether a pcb takes what comes to this address, by its family. */
function takes(k: Kernel, inp: number, dst: number): boolean {
  return (get(k, inp + N.inp_vflag) & (isSix(dst) ? N.INP_IPV6 : N.INP_IPV4)) !== 0;
}
