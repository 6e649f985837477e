/**
 * The *ends* that a program has, and the handshakes that a listener has begun to answer: everything that is known of the connections of this
 * host from the wire alone. Who talks to whom is told by ports and addresses, which are never shared by two living connections.
 */
import { TH_ACK, TH_RST, TH_SYN } from '../../impl/netinet/tcp_fsm.ts';
import { activeEnd, type End, passiveEnd } from './end.ts';
import { distance, receiverOf, type Segment, senderOf } from './segment.ts';

/** A handshake whose last segment has not come. */
export interface HalfOpen {
  /** The peer's first number, of its last SYN. */
  readonly irs: number;
  /** Ours and the window that it promised, once the SYN|ACK has left; null before. */
  readonly answer: { readonly iss: number; readonly window: number } | null;
  /** How often the SYN|ACK was sent again because nothing came. */
  readonly tries: number;
}

export class Ends {
  private readonly byKey = new Map<number, End>();
  private readonly keys: (number | null)[];
  private readonly halfOpen = new Map<number, HalfOpen>();

  /** For so many pcbs. */
  constructor(pcbs: number) {
    this.keys = Array.from({ length: pcbs }, () => null);
  }

  reset(): void {
    this.byKey.clear();
    this.halfOpen.clear();
    this.keys.fill(null);
  }

  /** The end of the specification's pcb; null if it has none, or its SYN has not left. */
  of(pcb: number): End | null {
    const key = this.keyOfPcb(pcb);
    return key === null ? null : (this.byKey.get(key) ?? null);
  }

  keyOfPcb(pcb: number): number | null {
    return this.keys[pcb] ?? null;
  }

  /** The end with these ports and addresses. */
  at(key: number): End | null {
    return this.byKey.get(key) ?? null;
  }

  /** Oldest first. */
  all(): IterableIterator<[number, End]> {
    return this.byKey.entries();
  }

  get size(): number {
    return this.byKey.size;
  }

  /** The SYN of this pcb's connection has left. */
  opened(key: number, pcb: number, iss: number): void {
    this.put(key, activeEnd(pcb, iss));
  }

  /** The handshake has made a connection, which is this pcb's. */
  made(key: number, pcb: number, { irs, answer }: HalfOpen): End {
    const end = passiveEnd(pcb, answer?.iss ?? 0, irs, answer?.window ?? 0);
    this.put(key, end);
    return end;
  }

  private put(key: number, end: End): void {
    this.forget(key);
    this.byKey.set(key, end);
    this.keys[end.pcb] = key;
  }

  forget(key: number): void {
    const end = this.byKey.get(key);
    if (end === undefined) return;
    this.byKey.delete(key);
    if (this.keys[end.pcb] === key) this.keys[end.pcb] = null;
  }

  handshake(key: number): HalfOpen | null {
    return this.halfOpen.get(key) ?? null;
  }

  /** A listener has got a SYN. A handshake keeps our number when the SYN comes again. */
  begun(syn: Segment): void {
    const key = receiverOf(syn);
    const before = this.halfOpen.get(key);
    this.halfOpen.set(key, { irs: syn.seq, answer: before?.answer ?? null, tries: before?.tries ?? 0 });
  }

  /** A SYN|ACK has left. */
  answered(synack: Segment, halfOpen: HalfOpen): void {
    this.halfOpen.set(senderOf(synack), { ...halfOpen, answer: halfOpen.answer ?? { iss: synack.seq, window: synack.window } });
  }

  triedAgain(key: number, halfOpen: HalfOpen): void {
    this.halfOpen.set(key, { ...halfOpen, tries: halfOpen.tries + 1 });
  }

  givenUp(key: number): void {
    this.halfOpen.delete(key);
  }
}

/** Whether the segment ends this handshake: it acknowledges our number, from inside the window that we promised. */
export function completes(handshake: HalfOpen, { flags, seq, ack }: Segment): boolean {
  const { answer } = handshake;
  if (answer === null || (flags & (TH_ACK | TH_SYN | TH_RST)) !== TH_ACK) return false;
  return distance(ack, answer.iss) === 1 && inWindow(handshake, seq);
}

/** Whether a reset is for this handshake. */
export function cancels(halfOpen: HalfOpen, { seq }: Segment): boolean {
  return inWindow(halfOpen, seq);
}

function inWindow({ irs, answer }: HalfOpen, seq: number): boolean {
  const ahead = distance(seq, irs);
  return ahead > 0 && ahead <= (answer?.window ?? 0) + 1;
}
