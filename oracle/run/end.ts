/**
 * An *end*: one end, on this host, of a TCP connection, by what the wire has shown of it: the numbers of the segments that left it and
 * of those that reached it. The implementation keeps numbers of its own; none of them is looked at here, so that whoever has lost
 * count, or only thinks that it has sent something, is found out.
 *
 *   acked ........... sent ........... written [FIN]       next ........ edge
 *   acknowledged up   put on the       accepted from       expected      promised to the
 *   to here           wire             the user            next          peer
 *
 * `arrives` says what a segment means to the specification, which knows nothing of numbers: one or more of *acknowledgement*, *data*, *FIN*,
 * *RST*, … It decides by RFC 793 what is acceptable, and what the segment is to be answered with. Amounts are in units; a part of a unit
 * counts on this side once it is whole, and on the other as long as anything of it is left.
 */
import { TH_ACK, TH_FIN, TH_RST, TH_SYN, TH_URG } from '../../impl/netinet/tcp_fsm.ts';
import { UNIT } from '../adapter.ts';
import { distance, type Segment } from './segment.ts';

/** What arrived before something that is missing. */
interface Late {
  readonly seq: number;
  readonly len: number;
  readonly fin: boolean;
  readonly bytes: Uint8Array;
}

export interface End {
  /** The specification's pcb. */
  readonly pcb: number;
  /** Of our SYN. */
  readonly iss: number;
  acked: number;
  sent: number;
  written: number;
  /** The units that the user wrote, by what distinguishes them (data.ts). */
  readonly units: number[];
  /** Behind the last urgent byte that the user wrote; none if that is acknowledged. */
  urgent: number;
  /** The peer's number of its first byte, as it would be without the urgent ones that have come. */
  first: number;
  next: number;
  edge: number;
  /** The last acknowledgement that was put on the wire. */
  told: number;
  late: readonly Late[];
  /** Behind the last urgent byte that the peer has announced; whether that has come, and what it is. */
  announced: number;
  came: number | null;
  /** Bytes that the peer takes beyond `acked`, and the numbers of the segment that said so. */
  window: number;
  windowSeq: number;
  windowAck: number;
  /** In a row: acknowledgements that say nothing new; how often something was sent again; window probes since the peer was last heard. */
  dupacks: number;
  tries: number;
  probes: number;
  /** Keepalive probes since the peer was last heard. */
  keeps: number;
}

/** What the specification says of the connection. */
export interface Ours {
  readonly state: string;
  /** No descriptor has the socket any more. */
  readonly closed: boolean;
  /** What it receives from now on is thrown away. */
  readonly deaf: boolean;
  /** Units in the send buffer, and in the receive buffer. */
  readonly queued: number;
  readonly unread: number;
  /** Units that either buffer holds. */
  readonly buffer: number;
}

/** What a segment means: an event of the specification's wire for the pcb of the end. */
export type Meant =
  | { readonly event: 'syn' | 'synack' | 'rst' | 'fin' | 'msl' | 'urgentByte' }
  | { readonly event: 'urgent'; readonly here: boolean }
  | { readonly event: 'ack'; readonly units: number; readonly fin: boolean }
  | { readonly event: 'data'; readonly units: number };

/**
 * What must be put on the wire in answer. An acknowledgement may come with whatever else is sent. A *reset* answers the segment, an
 * *abort* ends the connection.
 */
export type Reply = 'nothing' | 'ack' | 'reset' | 'abort' | 'synack';

export interface Arrival {
  readonly events: readonly Meant[];
  readonly reply: Reply;
  /** What the reader will get. */
  readonly bytes?: readonly Uint8Array[];
  /** What is not acknowledged must be sent again at once: the peer misses it. */
  readonly again?: boolean;
}

/** So many acknowledgements that say nothing new mean that a segment was lost (RFC 5681). */
const DUPLICATES = 3;

/** The end whose SYN has just left. */
export function activeEnd(pcb: number, iss: number): End {
  return endOf(pcb, iss, iss, 0, 0);
}

/** The end of the connection that a handshake has made: `irs` is the peer's first number, `window` what our SYN|ACK promised. */
export function passiveEnd(pcb: number, iss: number, irs: number, window: number): End {
  const end = endOf(pcb, iss, (iss + 1) | 0, (irs + 1) | 0, window);
  end.windowSeq = irs;
  end.windowAck = iss;
  return end;
}

/** Its SYN has left and nothing else, and of the peer, whose numbers begin at `first` and who may send so much, nothing was heard since. */
function endOf(pcb: number, iss: number, acked: number, first: number, room: number): End {
  const behind = (iss + 1) | 0;
  return {
    pcb,
    iss,
    acked,
    sent: behind,
    written: behind,
    units: [],
    urgent: iss,
    first,
    next: first,
    told: first,
    edge: (first + room) | 0,
    late: [],
    announced: first,
    came: null,
    window: 0,
    windowSeq: 0,
    windowAck: 0,
    dupacks: 0,
    tries: 0,
    probes: 0,
    keeps: 0,
  };
}

/** The user has given these units to be sent. */
export function writes(end: End, units: readonly number[]): void {
  end.units.push(...units);
  end.written = (end.written + units.length * UNIT) | 0;
}

/** The user has given one unit to be sent, whose last byte is urgent. */
export function writesUrgent(end: End, unit: number): void {
  writes(end, [unit]);
  end.urgent = end.written;
}

/** Bytes that may come: the room there is, and never less than was promised. */
export function receiveWindow(end: End, ours: Ours): number {
  return Math.max(0, roomOf(end, ours), distance(end.edge, end.next));
}

/** Bytes that the receive buffer has room for. */
export function roomOf(end: End, { buffer, unread, deaf }: Ours): number {
  return (buffer - unread) * UNIT - (deaf ? 0 : partOf(end));
}

/** Bytes of a unit that has not arrived as a whole. */
export function partOf(end: End): number {
  const part = distance(end.next, end.first) % UNIT;
  return part < 0 ? part + UNIT : part;
}

export function findue({ state }: Ours): boolean {
  return state === 'FIN_WAIT_1' || state === 'CLOSING' || state === 'LAST_ACK';
}

export function synchronized({ state }: Ours): boolean {
  return state !== 'CLOSED' && state !== 'LISTEN' && !opening(state) && state !== 'TIME_WAIT';
}

/** Our SYN has not been acknowledged. */
export function opening(state: string): boolean {
  return state === 'SYN_SENT' || state === 'SYN_RECEIVED';
}

/** The peer's FIN has arrived. */
export function finished({ state }: Ours): boolean {
  return state === 'CLOSE_WAIT' || state === 'CLOSING' || state === 'LAST_ACK' || state === 'TIME_WAIT';
}

/** Bytes that were written and are not acknowledged. */
export function leftOf(end: End): number {
  // The SYN comes before all of them.
  return distance(end.written, end.acked === end.iss ? (end.iss + 1) | 0 : end.acked);
}

/** Whether the peer's window is closed, and something waits for it to open. */
export function waitsForWindow(end: End): boolean {
  return end.window === 0 && leftOf(end) > 0;
}

/** The segment reaches the end, which takes note of it. */
export function arrives(end: End, ours: Ours, segment: Segment): Arrival {
  // Whatever it says, the peer is there.
  end.probes = 0;
  end.keeps = 0;
  if (ours.state === 'SYN_SENT') return inSynSent(end, ours, segment);
  if (ours.state === 'TIME_WAIT') return inTimeWait(end, segment);
  return synchronized(ours) || ours.state === 'SYN_RECEIVED'
    ? inConnection(end, ours, segment, false)
    : { events: [], reply: answerToStranger(segment) };
}

/** A segment for nobody is answered with a reset, unless it is one. */
export function answerToStranger({ flags }: Segment): Reply {
  return (flags & TH_RST) !== 0 ? 'nothing' : 'reset';
}

function inSynSent(end: End, ours: Ours, segment: Segment): Arrival {
  const { flags, seq, ack } = segment;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  if (has(TH_ACK) && (distance(ack, end.iss) <= 0 || distance(ack, end.sent) > 0)) return { events: [], reply: answerToStranger(segment) };
  if (has(TH_RST)) return { events: has(TH_ACK) ? [{ event: 'rst' }] : [], reply: 'nothing' };
  if (!has(TH_SYN)) return { events: [], reply: 'nothing' };
  end.first = end.next = end.edge = end.announced = (seq + 1) | 0;
  end.tries = 0;
  end.windowSeq = seq;
  if (!has(TH_ACK)) {
    // Both open at once. What came with that SYN will come again.
    end.windowAck = end.iss;
    return { events: [{ event: 'syn' }], reply: 'synack' };
  }
  end.acked = ack;
  end.windowAck = (ack - 1) | 0;
  const rest = inConnection(end, { ...ours, state: 'ESTABLISHED' }, { ...segment, seq: (seq + 1) | 0, flags: flags & ~TH_SYN }, true);
  return { events: [{ event: 'synack' }, ...rest.events], reply: 'ack' };
}

/** The connection is over and waits for late segments. */
function inTimeWait(end: End, { flags, seq, ack, len }: Segment): Arrival {
  const has = (flag: number): boolean => (flags & flag) !== 0;
  // A new connection between the same ends comes before the end of the wait.
  if (has(TH_SYN) && !has(TH_ACK | TH_RST) && distance(seq, end.next) > 0) return { events: [{ event: 'msl' }], reply: 'nothing' };
  const plain = !has(TH_SYN | TH_FIN) && len === 0 && seq === end.next && ack === end.sent;
  return { events: [], reply: has(TH_RST) || !has(TH_ACK) || plain ? 'nothing' : 'ack' };
}

/** SYN_RECEIVED: what acknowledges our SYN makes the connection, and is then looked at as in any other. */
function inSynReceived(end: End, ours: Ours, segment: Segment, owes: boolean): Arrival {
  const { ack } = segment;
  if (distance(ack, end.iss) <= 0 || distance(ack, end.sent) > 0) return { events: [], reply: answerToStranger(segment) };
  end.acked = ack;
  end.tries = 0;
  const rest = inConnection(end, { ...ours, state: 'ESTABLISHED' }, segment, owes);
  return { ...rest, events: [{ event: 'synack' }, ...rest.events] };
}

/** In the order of RFC 793: what came before, RST, what lies outside the window, acknowledgement, window, data, FIN. */
function inConnection(end: End, ours: Ours, segment: Segment, owes: boolean): Arrival {
  const { flags, seq, ack, len, window, bytes: all } = segment;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  if (has(TH_RST)) {
    // A peer sends it from behind all it has sent, which may have filled the window, and a FIN after that.
    const ahead = distance(seq, end.next);
    return { events: ahead >= 0 && ahead <= receiveWindow(end, ours) + 1 ? [{ event: 'rst' }] : [], reply: 'nothing' };
  }
  const fresh = withoutOld(end, { seq, len, bytes: all, fin: has(TH_FIN), syn: has(TH_SYN) });
  // How much nobody will read does not matter.
  if (fresh.len > 0 && ours.closed && (findue(ours) || ours.state === 'FIN_WAIT_2'))
    return { events: [{ event: 'data', units: 1 }], reply: 'reset' };

  let owed = owes || fresh.old;
  const room = receiveWindow(end, ours);
  const beyond = distance((fresh.seq + fresh.len) | 0, (end.next + room) | 0);
  if (beyond > 0) {
    // A probe of a window that is closed is looked at for what it acknowledges.
    if (beyond >= fresh.len && (room !== 0 || fresh.seq !== end.next))
      return { events: [], reply: ours.state === 'SYN_RECEIVED' ? 'synack' : 'ack' };
    owed ||= beyond >= fresh.len;
    fresh.fin = false;
    fresh.len -= Math.min(beyond, fresh.len);
    fresh.bytes = fresh.bytes.subarray(0, fresh.len);
  }
  // In the window a SYN is an error of the peer's.
  if (fresh.syn) return { events: [{ event: 'rst' }], reply: 'abort' };
  if (!has(TH_ACK)) return { events: [], reply: 'nothing' };
  // What came before is cut off twice, to the same effect.
  if (ours.state === 'SYN_RECEIVED')
    return inSynReceived(end, ours, { ...segment, flags: flags & ~TH_SYN, seq: has(TH_SYN) ? (seq + 1) | 0 : seq }, owed);
  if (distance(ack, end.sent) > 0) return { events: [], reply: 'ack' };

  const again = isDuplicate(end, ack, window, fresh);
  const events: Meant[] = acknowledged(end, ack);
  const last = events.at(-1)?.event === 'ack' && (events.at(-1) as { readonly fin: boolean }).fin;
  if (last && (ours.state === 'CLOSING' || ours.state === 'LAST_ACK')) return { events, reply: 'nothing' };
  takeWindow(end, fresh.seq, ack, window);
  const announces = !finished(ours) && isAnnounced(end, segment);
  if (announces && fresh.len === 0) events.push({ event: 'urgent', here: false });
  if (fresh.len === 0 && !fresh.fin) return { events, reply: owed ? 'ack' : 'nothing', ...(again ? { again } : {}) };
  if (finished(ours)) {
    // The peer has said that nothing follows; what comes all the same changes nothing.
    const units = fresh.len / UNIT;
    const fits = units > 0 && Number.isInteger(units) && units <= ours.buffer - ours.unread;
    return { events: fits ? [...events, { event: 'data', units }] : events, reply: owed ? 'ack' : 'nothing' };
  }
  const bytes: Uint8Array[] = [];
  const waited = end.came === null && distance(end.announced, end.next) > 0;
  const added = received(end, fresh, bytes);
  if (announces) events.push({ event: 'urgent', here: end.came !== null });
  else if (waited && end.came !== null) events.push({ event: 'urgentByte' });
  return { events: [...events, ...added], reply: 'ack', ...(bytes.length > 0 && !ours.deaf ? { bytes } : {}) };
}

/** Whether the segment says that something is urgent of which nothing was known. */
function isAnnounced(end: End, { flags, seq, urgent }: Segment): boolean {
  const behind = (seq + urgent) | 0;
  if ((flags & TH_URG) === 0 || urgent === 0 || distance(behind, end.announced) <= 0 || distance(behind, end.next) <= 0) return false;
  end.announced = behind;
  end.came = null;
  return true;
}

interface Fresh {
  seq: number;
  len: number;
  bytes: Uint8Array;
  fin: boolean;
  syn: boolean;
  /** It is something that came before; the acknowledgement may have been lost. */
  old: boolean;
}

/** What of the segment did not come before. */
function withoutOld(end: End, { seq, len, bytes, fin, syn }: Omit<Fresh, 'old'>): Fresh {
  const fresh: Fresh = { seq, len, bytes, fin, syn, old: false };
  let before = distance(end.next, seq);
  if (before <= 0) return fresh;
  if (syn) {
    fresh.syn = false;
    fresh.seq = (fresh.seq + 1) | 0;
    before--;
  }
  if (before > len || (before === len && !fin)) {
    fresh.fin = false;
    fresh.old = true;
    before = len;
  }
  fresh.seq = (fresh.seq + before) | 0;
  fresh.len -= before;
  fresh.bytes = bytes.subarray(before);
  return fresh;
}

function acknowledged(end: End, ack: number): Meant[] {
  const news = distance(ack, end.acked);
  if (news <= 0) return [];
  const left = leftOf(end);
  const bytes = Math.min(news, left);
  const before = Math.ceil(left / UNIT);
  const units = before - Math.ceil((left - bytes) / UNIT);
  const fin = news > left;
  end.acked = ack;
  end.tries = 0;
  end.window = Math.max(0, end.window - bytes);
  return units > 0 || fin ? [{ event: 'ack', units, fin }] : [];
}

/** Whether this is the acknowledgement with which it becomes plain that the peer misses something. */
function isDuplicate(end: End, ack: number, window: number, { len, fin }: Fresh): boolean {
  const waits = end.sent !== end.acked && !waitsForWindow(end);
  const same = ack === end.acked && window === end.window && len === 0 && !fin && waits;
  end.dupacks = same ? end.dupacks + 1 : 0;
  return same && end.dupacks === DUPLICATES;
}

/** The peer's window, unless an older segment says what a newer one has said before. */
function takeWindow(end: End, seq: number, ack: number, window: number): void {
  const later = distance(seq, end.windowSeq);
  const ahead = distance(ack, end.windowAck);
  if (!(later > 0 || (later === 0 && (ahead > 0 || (ahead === 0 && window > end.window))))) return;
  end.window = window;
  end.windowSeq = seq;
  end.windowAck = ack;
}

/** What the segment adds to the stream, together with what waits behind it. */
function received(end: End, { seq, len, fin, bytes }: Late, taken: Uint8Array[]): readonly Meant[] {
  if (seq !== end.next) {
    keep(end, { seq, len, fin, bytes });
    return [];
  }
  const before = wholeUnits(end);
  takeUrgent(end, len, bytes, taken);
  let over = fin;
  while (!over) {
    const [waiting, ...rest] = end.late;
    if (waiting === undefined || distance(waiting.seq, end.next) > 0) break;
    end.late = rest;
    const more = distance((waiting.seq + waiting.len) | 0, end.next);
    if (more < 0) continue;
    takeUrgent(end, more, waiting.bytes.subarray(waiting.len - more), taken);
    over = waiting.fin;
  }
  const units = wholeUnits(end) - before;
  const events: Meant[] = units > 0 ? [{ event: 'data', units }] : [];
  if (!over) return events;
  end.next = (end.next + 1) | 0;
  end.late = [];
  return [...events, { event: 'fin' }];
}

/** So many bytes of the stream come next: the urgent one goes to a place of its own. */
function takeUrgent(end: End, len: number, bytes: Uint8Array, taken: Uint8Array[]): void {
  const at = distance(end.announced, end.next) - 1;
  end.next = (end.next + len) | 0;
  if (at < 0 || at >= len || end.came !== null) {
    taken.push(bytes);
    return;
  }
  taken.push(bytes.subarray(0, at), bytes.subarray(at + 1));
  end.came = bytes[at] ?? 0;
  end.first = (end.first + 1) | 0;
}

function wholeUnits(end: End): number {
  return Math.floor(distance(end.next, end.first) / UNIT);
}

/** By number, and in the order in which they came. */
function keep(end: End, late: Late): void {
  const behind = (each: Late): number => (each.seq + each.len) | 0;
  const covered = end.late.some(
    (each) => distance(each.seq, late.seq) <= 0 && distance(behind(each), behind(late)) >= 0 && (!late.fin || each.fin),
  );
  if (covered) return;
  const at = end.late.findIndex((each) => distance(each.seq, late.seq) > 0);
  end.late = at < 0 ? [...end.late, late] : end.late.toSpliced(at, 0, late);
}
