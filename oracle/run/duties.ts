/**
 * *Duties*: what must be on the wire at the end of a step, and what may be. The specification says what has become of each connection,
 * the ends (end.ts) what of it the wire has seen; the difference is owed at once, because this TCP delays nothing:
 *
 *   the specification says                     so the wire must have seen
 *   SYN_SENT                                   the SYN
 *   data is queued                             all of it that the peer's window takes, byte for byte what the user wrote
 *   FIN_WAIT_1, CLOSING, LAST_ACK              behind that the FIN, and in no other state one
 *   data or a FIN has arrived                  its acknowledgement; and when there is room again, of a larger window
 *   a connection is dropped in the middle      a reset that the peer takes
 *   a datagram was sent                        the datagram
 *   a segment is for nobody                    a reset; an error message if it is a datagram
 *   a timer has run out                        again what is not acknowledged
 *
 * And nothing else: a segment that nothing calls for, that acknowledges what has not arrived, or promises room that is not there, is as
 * wrong as one that is missing.
 */
import { IPPROTO_TCP } from '../../impl/layout.ts';
import { get } from '../../impl/memory.ts';
import { in6_family, in6_selectsrc } from '../../impl/netinet/in6_pcb.ts';
import * as N from '../../impl/netinet/layout.ts';
import { TH_ACK, TH_FIN, TH_PUSH, TH_RST, TH_SYN, TH_URG } from '../../impl/netinet/tcp_fsm.ts';
import { UNIT } from '../adapter.ts';
import { holdsUnit } from './data.ts';
import { type End, findue, finished, leftOf, opening, type Ours, roomOf, synchronized, waitsForWindow } from './end.ts';
import type { Ends } from './ends.ts';
import type { Identities } from './identities.ts';
import type { Machine } from './implementation.ts';
import type { Wrong } from './mismatch.ts';
import { distance, isRemote, keyOf, printSegment, type Segment, senderOf } from './segment.ts';
import type { Specification } from './specification.ts';

/** Owed in this step only: what no later look at the connection could tell. */
export type Duty =
  | { readonly kind: 'ack' | 'synack'; readonly key: number }
  /** Again what is not acknowledged. */
  | { readonly kind: 'again'; readonly key: number }
  /** A number that was acknowledged long ago, which the peer must answer. */
  | { readonly kind: 'keep'; readonly key: number }
  /** That there is urgent data. */
  | { readonly kind: 'urgent'; readonly key: number }
  /** With one of these numbers, or the peer would not take it. */
  | { readonly kind: 'reset'; readonly key: number; readonly seqs: readonly number[] }
  | { readonly kind: 'unreachable'; readonly to: Segment }
  /** One for everybody goes out, and comes to this host, too. */
  | { readonly kind: 'datagram'; readonly proto: number; readonly key: number; readonly units: readonly number[]; readonly copies: number };

export class Duties {
  private readonly specification: Specification;
  private readonly ids: Identities;
  private readonly machine: Machine;
  private readonly ends: Ends;
  private readonly owed: Duty[] = [];
  /** Ends that were in the middle of a connection at the end of the step before. */
  private readonly open = new Set<number>();
  /** Ends whose connection is over in this step without a reset from us. */
  private readonly quiet = new Set<number>();

  constructor(specification: Specification, ids: Identities, machine: Machine, ends: Ends) {
    this.specification = specification;
    this.ids = ids;
    this.machine = machine;
    this.ends = ends;
  }

  reset(): void {
    this.owed.length = 0;
    this.open.clear();
    this.quiet.clear();
  }

  owe(duty: Duty): void {
    this.owed.push(duty);
  }

  /** What happens to this end in this step comes from outside; if a reset is owed then it is said with `owe`. */
  fromOutside(key: number): void {
    this.quiet.add(key);
  }

  /** Judges what a step has put on the wire, and takes note of it. The state was compared before. */
  judge(sent: readonly Segment[]): Wrong | null {
    this.dropped();
    let wrong: Wrong | null = null;
    for (const segment of sent) wrong ??= this.may(segment);
    for (const duty of this.owed) if (!this.isVoid(duty)) wrong ??= unmet(duty, sent, this.ends);
    wrong ??= this.standing();
    if (this.owed.length > 0) this.owed.length = 0;
    // Clearing an empty set costs as much as clearing a full one, and most steps have nothing to do with connections.
    if (this.quiet.size > 0) this.quiet.clear();
    return wrong;
  }

  /** What is not acknowledged need not be sent again by who gives the peer up in the same tick; it may. */
  private isVoid(duty: Duty): boolean {
    return duty.kind === 'again' && this.isOver(this.ends.at(duty.key));
  }

  private isOver(end: End | null): boolean {
    return end !== null && this.specification.connection(end.pcb) === null;
  }

  /** Who ends a connection in its middle tells the peer. */
  private dropped(): void {
    if (this.open.size === 0) return;
    for (const [key, end] of this.ends.all()) {
      if (this.specification.connection(end.pcb) !== null || !this.open.has(key) || this.quiet.has(key)) continue;
      this.owe({ kind: 'reset', key, seqs: [end.sent, end.acked] });
    }
  }

  // --- what may be sent --------------------------------------------------------------------------------------------------------

  private may(segment: Segment): Wrong | null {
    const allowed = segment.proto === IPPROTO_TCP ? this.mayTcp(segment) : this.mayOther(segment);
    if (
      allowed === null &&
      segment.src !== in6_selectsrc(segment.dst) &&
      segment.proto !== N.IPPROTO_ICMP &&
      segment.proto !== N.IPPROTO_ICMPV6
    )
      return {
        seen: `${printSegment(segment)} was put on the wire by host ${segment.src}`,
        allowed: `the address of this host, ${in6_selectsrc(segment.dst)}`,
      };
    return allowed === null ? null : { seen: `${printSegment(segment)} was put on the wire`, allowed };
  }

  /** Null if the segment is right, or else what would be. */
  private mayOther(segment: Segment): string | null {
    const { owed } = this;
    const called = owed.some((duty) => (duty.kind === 'datagram' || duty.kind === 'unreachable') && meets(duty, segment, null));
    if (called) return null;
    const due = owed.find((duty) => duty.kind === 'datagram' || duty.kind === 'unreachable');
    return due === undefined ? 'nothing' : printDuty(due);
  }

  private mayTcp(segment: Segment): string | null {
    const { flags } = segment;
    const key = senderOf(segment);
    if ((flags & TH_RST) !== 0) {
      const due = this.owed.find((duty) => duty.kind === 'reset' && duty.key === key);
      return due === undefined ? 'no reset: the connection goes on' : meets(due, segment, null) ? null : printDuty(due);
    }
    if ((flags & TH_SYN) === 0) return this.mayConnected(segment, key);
    return (flags & TH_ACK) === 0 ? this.maySyn(segment, key) : this.maySynAck(segment, key);
  }

  private maySyn({ seq, len, flags }: Segment, key: number): string | null {
    const known = this.ends.at(key);
    if (known !== null && this.specification.connection(known.pcb)?.state === 'SYN_SENT')
      return seq === known.iss && len === 0 && flags === TH_SYN ? null : `the SYN ${known.iss} again`;
    const pcb = this.opening(key);
    if (pcb === null) return 'no SYN: nobody connects from there';
    if (len !== 0 || flags !== TH_SYN) return 'the SYN alone';
    this.ends.opened(key, pcb, seq);
    return null;
  }

  /** The pcb that connects between these ports and addresses. */
  private opening(key: number): number | null {
    const k = this.machine.kernel;
    for (const pcb of this.specification.pcbIds) {
      const inp = this.ids.pcbAt(pcb);
      if (inp === 0 || this.specification.connection(pcb)?.state !== 'SYN_SENT') continue;
      if (keyOf(get(k, inp + N.inp_lport), get(k, inp + N.inp_faddr), get(k, inp + N.inp_fport)) === key) return pcb;
    }
    return null;
  }

  private maySynAck(segment: Segment, key: number): string | null {
    const known = this.ends.at(key);
    const ours = known === null ? null : this.specification.connection(known.pcb);
    if (known !== null && ours?.state === 'SYN_RECEIVED') return maySynAckBoth(known, ours, segment);
    const handshake = this.ends.handshake(key);
    if (handshake === null) return 'no SYN|ACK: nobody has sent a SYN to there';
    const { answer, irs } = handshake;
    const right = segment.ack === ((irs + 1) | 0) && segment.len === 0 && (answer === null || answer.iss === segment.seq);
    if (!right) return `a SYN|ACK ${answer === null ? '' : `${answer.iss} `}that acknowledges the SYN ${irs}`;
    this.ends.answered(segment, handshake);
    return null;
  }

  private mayConnected(segment: Segment, key: number): string | null {
    const end = this.ends.at(key);
    const ours = end === null ? null : this.specification.connection(end.pcb);
    const wasAgain = this.owed.some((duty) => duty.kind === 'again' && duty.key === key && this.isVoid(duty));
    if (end !== null && wasAgain) return maySendAgain(end, segment);
    if (end === null || ours === null || opening(ours.state)) return 'nothing: there is no connection';
    const { seq, len, ack, flags, window, urgent } = segment;
    if ((flags & TH_ACK) === 0 || (flags & ~(TH_ACK | TH_FIN | TH_PUSH | TH_URG)) !== 0) return 'an acknowledgement in every segment';
    const from = distance(seq, end.acked);
    const asks = from === -1 && len === 0 && flags === TH_ACK && this.owed.some((duty) => duty.kind === 'keep' && duty.key === key);
    // A keepalive probe is made of nothing but its numbers (tcp_respond).
    const ahead = asks ? 0 : Math.max(0, distance(end.urgent, seq));
    if (urgent !== ahead || ((flags & TH_URG) !== 0) !== ahead > 0) return `the urgent pointer ${ahead}`;
    if (ack !== end.next) return `an acknowledgement of what has arrived: ack ${end.next}`;
    end.told = ack;
    const behind = (seq + len) | 0;
    if ((from < 0 && !asks) || distance(seq, end.sent) > 0)
      return `a number from ${end.acked} (the first that is not acknowledged) to ${end.sent} (behind what has been sent)`;
    if ((flags & TH_FIN) !== 0 && !(findue(ours) && behind === end.written))
      return findue(ours) ? `a FIN behind the last byte: ${end.written}` : `no FIN in ${ours.state}`;
    if (len > 0) {
      const wrong = mayCarry(end, segment);
      if (wrong !== null) return wrong;
    }
    const last = (flags & TH_FIN) !== 0 ? (behind + 1) | 0 : behind;
    if (distance(last, end.sent) > 0) end.sent = last;
    if (ours.state === 'TIME_WAIT') return null;
    const room = Math.max(roomOf(end, ours), distance(end.edge, end.next));
    const edge = (ack + window) | 0;
    if (window < 0 || window > room || distance(edge, end.edge) < 0)
      return `a window that takes nothing back and has room: from ${distance(end.edge, end.next)} to ${room}`;
    end.edge = edge;
    return null;
  }

  // --- what must be sent -------------------------------------------------------------------------------------------------------

  /** What a connection owes in whichever step it is looked at. Connections that are over are forgotten. */
  private standing(): Wrong | null {
    if (this.open.size > 0) this.open.clear();
    for (const pcb of this.specification.pcbIds) {
      const ours = this.specification.connection(pcb);
      const key = this.ends.keyOfPcb(pcb);
      if (ours === null) {
        if (key !== null) this.ends.forget(key);
        continue;
      }
      const end = key === null ? null : this.ends.at(key);
      if (ours.state === 'SYN_SENT' && end === null) return missing(`the SYN of pcb ${pcb}, which is in SYN_SENT`);
      if (end === null || key === null || !synchronized(ours)) continue;
      this.open.add(key);
      // Who waits for the window has nothing to send again; how often it tried before does not count any more.
      if (waitsForWindow(end)) end.tries = 0;
      const due = owes(end, ours);
      if (due !== null) return missing(`${due} of pcb ${pcb}, which is in ${ours.state}`);
    }
    return null;
  }
}

/** Of what has been sent and is not acknowledged, all may go out once more, in as many segments as it takes, before the peer is given up. */
function maySendAgain(end: End, segment: Segment): string | null {
  const { seq, len, ack, flags, window } = segment;
  if ((flags & TH_ACK) === 0 || (flags & ~(TH_ACK | TH_FIN | TH_PUSH | TH_URG)) !== 0) return 'an acknowledgement in every segment';
  if (ack !== end.next) return `an acknowledgement of what has arrived: ack ${end.next}`;
  const behind = (seq + len) | 0;
  const fin = (flags & TH_FIN) !== 0;
  if (fin && behind !== end.written) return `a FIN behind the last byte: ${end.written}`;
  if (distance(seq, end.acked) < 0 || distance(fin ? (behind + 1) | 0 : behind, end.sent) > 0 || (len === 0 && !fin))
    return `once more what has been sent from ${end.acked} to ${end.sent}`;
  if (distance((ack + window) | 0, end.edge) < 0) return `a window that takes nothing back: from ${distance(end.edge, end.next)}`;
  return len > 0 ? mayCarry(end, segment) : null;
}

/** The SYN|ACK of a simultaneous open, which promises room. */
function maySynAckBoth(end: End, ours: Ours, { seq, ack, len, flags, window }: Segment): string | null {
  if (seq !== end.iss || ack !== end.next || len !== 0 || flags !== (TH_SYN | TH_ACK)) return `the SYN ${end.iss} with ack ${end.next}`;
  const room = Math.max(roomOf(end, ours), distance(end.edge, end.next));
  if (window < 0 || window > room) return `a window of at most ${room}`;
  end.told = ack;
  if (distance((ack + window) | 0, end.edge) > 0) end.edge = (ack + window) | 0;
  return null;
}

/** What is due of a connection and has not been sent; null if nothing is. */
function owes(end: End, ours: Ours): string | null {
  const left = leftOf(end);
  const sent = distance(end.sent, end.acked);
  const may = Math.min(left, end.window);
  if (sent < may) return `data up to byte ${may} behind ${end.acked}, of which ${sent} have been sent`;
  if (findue(ours) && may === left && sent <= left) return `the FIN ${end.written}`;
  if (finished(ours) || ours.deaf) return null;
  // Small windows are not worth a segment: two whole ones are, and so is half of the buffer.
  const growth = roomOf(end, ours) - distance(end.edge, end.next);
  return growth >= 2 * UNIT || 2 * growth >= ours.buffer * UNIT ? `a window that is ${growth} bytes larger` : null;
}

/** Null if the end may send the data of this segment, or else what it may send. */
function mayCarry(end: End, { seq, len, bytes }: Segment): string | null {
  const offset = distance(seq, (end.iss + 1) | 0);
  const behind = distance((seq + len) | 0, end.acked);
  const left = leftOf(end);
  if (len > UNIT) return `no more than a segment takes: ${UNIT} bytes`;
  if (behind > left) return `no more than the ${left} bytes that were written and are not acknowledged`;
  // A window that is closed is probed with one byte.
  if (behind > Math.max(end.window, seq === end.acked ? 1 : 0)) return `no more than the peer's window takes: ${end.window} bytes`;
  if (bytes.length !== len) return `${len} bytes, as its header says; it has ${bytes.length}`;
  for (let at = 0; at < len; at++) {
    const unit = end.units[Math.floor((offset + at) / UNIT)] ?? 0;
    if (bytes[at] !== ((unit >>> (8 * ((offset + at) % 4))) & 255)) return `byte ${at} of unit ${unit}, as the user wrote it`;
  }
  return null;
}

function unmet(duty: Duty, sent: readonly Segment[], ends: Ends): Wrong | null {
  const end = 'key' in duty ? ends.at(duty.key) : null;
  const due = duty.kind === 'datagram' ? duty.copies : 1;
  return sent.filter((segment) => meets(duty, segment, end)).length >= due ? null : missing(printDuty(duty));
}

function missing(due: string): Wrong {
  return { seen: 'nothing of the kind was put on the wire', allowed: due };
}

/** Whether this segment is what is owed. */
function meets(duty: Duty, segment: Segment, end: End | null): boolean {
  const { proto, flags, seq, len } = segment;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  switch (duty.kind) {
    case 'ack':
      // That it acknowledges the right number was seen before: every segment must.
      return proto === IPPROTO_TCP && senderOf(segment) === duty.key && has(TH_ACK) && !has(TH_RST | TH_SYN);
    case 'synack':
      return proto === IPPROTO_TCP && senderOf(segment) === duty.key && has(TH_ACK) && has(TH_SYN);
    case 'again':
      return proto === IPPROTO_TCP && senderOf(segment) === duty.key && seq === end?.acked && (len > 0 || has(TH_SYN | TH_FIN));
    case 'keep':
      return proto === IPPROTO_TCP && senderOf(segment) === duty.key && len === 0 && seq === ((end?.acked ?? 0) - 1) >> 0;
    case 'urgent':
      return proto === IPPROTO_TCP && senderOf(segment) === duty.key && has(TH_URG);
    case 'reset':
      return proto === IPPROTO_TCP && senderOf(segment) === duty.key && has(TH_RST) && len === 0 && duty.seqs.includes(seq);
    case 'datagram':
      return (
        proto === duty.proto &&
        senderOf(segment) === duty.key &&
        len === duty.units.length * UNIT &&
        duty.units.every((unit, index) => holdsUnit(segment.bytes, index, unit))
      );
    case 'unreachable':
      return (
        proto === (in6_family(duty.to.src) === N.INP_IPV6 ? N.IPPROTO_ICMPV6 : N.IPPROTO_ICMP) &&
        segment.dst === duty.to.src &&
        segment.dport === duty.to.sport &&
        segment.src === duty.to.dst &&
        segment.sport === duty.to.dport
      );
  }
}

function printDuty(duty: Duty): string {
  switch (duty.kind) {
    case 'ack':
      return `an acknowledgement from ${printKey(duty.key)}`;
    case 'synack':
      return `a SYN|ACK from ${printKey(duty.key)}`;
    case 'again':
      return `what is not acknowledged once more, from ${printKey(duty.key)}`;
    case 'keep':
      return `a question whether anybody is there, from ${printKey(duty.key)}`;
    case 'urgent':
      return `word of urgent data from ${printKey(duty.key)}`;
    case 'reset':
      return `a reset ${[...new Set(duty.seqs)].join(' or ')} from ${printKey(duty.key)}`;
    case 'datagram':
      return `a datagram with the units ${duty.units.join(', ') || '(none)'} from ${printKey(duty.key)}`;
    case 'unreachable':
      return `an error message to port ${duty.to.sport}`;
  }
}

/** The reverse of `keyOf`. */
function printKey(key: number): string {
  const peer = key % 16;
  const host = isRemote(peer) ? 'the remote ' : peer === N.HOST_BROADCAST ? "everybody's " : '';
  const ports = Math.floor(key / 16);
  return `port ${Math.floor(ports / 65536)} to ${host}port ${ports % 65536}`;
}
