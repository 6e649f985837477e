/**
 * *Senders*: who sends, and who is told so. It decides nothing that the specification knows (model/README.md, 5), so a run keeps it here: each
 * send is made by a user of its own, and all else by another one. A UNIX socket is told with a message who sent it if it asks (LOCAL_CREDS),
 * a datagram socket each time, any other once; or if the sender says so (SCM_CREDS). Whoever reads must be told that user, or nobody. He must also
 * be told the name of a datagram's sender, if that is bound to one; no other UNIX message has an address.
 *
 * On a stream what is told ends a stretch, as a right does, and a receive would return less than the specification says; but not where the
 * message comes into an empty buffer, nor where it has a right itself. So a stream asks only while it has nothing to read (the next message is the
 * one that it is told of), and its peer says so only then, or with a right.
 */
import * as L from '../../impl/layout.ts';
import { put } from '../../impl/memory.ts';
import { type Call, carryOut, errnoName, getWord, putWord, toldBy } from '../adapter.ts';
import type { Identities } from './identities.ts';
import type { Machine } from './implementation.ts';
import type { Mismatch } from './mismatch.ts';
import type { Result, Specification } from './specification.ts';

/** How a call is made that the specification knows in one form: of mbufs, by a message header, saying who sends. */
export type How = Pick<Call, 'lent' | 'message' | 'says'>;

/** A message that was sent: on which socket, who its peer was, what all sockets had to read, its first unit, how many, whether it says who sends. */
export interface Sent {
  readonly so: number;
  readonly peer: number | null;
  readonly unread: readonly number[];
  readonly first: number;
  readonly units: number;
  readonly says: boolean;
}

const KINDS: readonly string[] = ['unix', 'dgram', 'seqpacket'];
/** Who makes all calls but sends. */
const READER = 1;

/** Whether sockets of this protocol can be told who sends. */
export function canAsk(protocol: string | undefined): boolean {
  return protocol !== undefined && KINDS.includes(protocol);
}

export class Senders {
  private readonly machine: Machine;
  private readonly specification: Specification;
  private readonly ids: Identities;
  /** The user who sent last. */
  private user = READER;
  /** Sockets that ask. */
  private readonly asking = new Set<string>();
  /** By the first unit of a message that says it: who sent it. */
  private readonly said = new Map<number, number>();
  /** Names that sockets are bound to, for good. */
  private readonly names = new Map<string, number>();
  /** By the first unit of a datagram: the name of who sent it. */
  private readonly from = new Map<number, number>();
  /** Streams that have read, of what they have to read, who sent it and nothing else. */
  private readonly heard = new Set<string>();

  constructor(machine: Machine, specification: Specification, ids: Identities) {
    this.machine = machine;
    this.specification = specification;
    this.ids = ids;
  }

  reset(): void {
    this.user = READER;
    this.asking.clear();
    this.said.clear();
    this.names.clear();
    this.from.clear();
    this.heard.clear();
  }

  /** Carries out a call, a send as the next user. */
  carryOut(call: Call, sends: boolean): Result {
    const { machine } = this;
    const { kernel, td, sys } = machine;
    put(kernel, td + L.td_uid, sends ? ++this.user : READER);
    const seen = machine.attempt(() => carryOut(sys, kernel, td, call));
    put(kernel, td + L.td_uid, READER);
    return seen;
  }

  /** The socket asks from now on, or no more; `on` is as it may be of a stream. */
  ask(fd: number, on: boolean): Mismatch | null {
    const so = this.specification.socketOf(fd);
    const protocol = so === null ? 'none' : this.specification.association(so).protocol;
    if (so === null || !canAsk(protocol)) return null;
    const reader = this.ids.nameOf(so);
    const is = on && (protocol !== 'unix' || this.specification.unread(so) === 0);
    const { machine } = this;
    const { kernel, td, user } = machine;
    const option = [td, fd, L.SOL_LOCAL, L.LOCAL_CREDS, user] as const;
    const got = machine.attempt(() => machine.sys.sys_getsockopt(kernel, ...option));
    const was = getWord(kernel, user);
    const asked = this.asking.has(reader) ? 1 : 0;
    if (got !== 0 || was !== asked)
      return { breaks: 'same-sender', seen: `socket ${so}, LOCAL_CREDS: ${got === 0 ? was : errnoName(-got)}`, allowed: String(asked) };
    putWord(kernel, user, is ? 1 : 0);
    const set = machine.attempt(() => machine.sys.sys_setsockopt(kernel, ...option));
    if (set !== 0) return { breaks: 'same-sender', seen: `socket ${so}, to set LOCAL_CREDS: ${errnoName(-set)}`, allowed: '0' };
    if (is) this.asking.add(reader);
    else this.asking.delete(reader);
    return null;
  }

  /** How a call can be made of those that are asked for, for the specification's answer to be the one that is expected. */
  possible(how: How, so: number | null, name: string): How {
    const { protocol, peer } = so === null ? { protocol: 'none', peer: null } : this.specification.association(so);
    if (so === null) return {};
    if (!canAsk(protocol)) return { lent: how.lent === true, message: how.message === true && name === 'send' };
    const alone = peer === null || this.specification.unread(peer) === 0;
    const says = how.says === true && (protocol !== 'unix' || name === 'sendmsg' || alone);
    // With a control buffer a receive takes a right that comes; without, it gives that up.
    const message = how.message === true && (name !== 'receive' || !this.specification.hasRights());
    return { lent: how.lent === true, says, message };
  }

  /**
   * A call has returned, on a socket that had this peer before: it may have a name now, or have made somebody to be accepted, who asks if the
   * listener does.
   */
  called({ name, args }: Call, so: number, before: number | null, seen: Result): void {
    const { protocol, peer } = this.specification.association(so);
    if (name === 'bind' && seen.errno === 'none' && canAsk(protocol)) this.names.set(this.ids.nameOf(so), Number(args[1]));
    if (name !== 'connect' || protocol === 'dgram' || peer === null || before !== null) return;
    const listener = this.specification.headOf(peer);
    if (listener === null || !this.asking.has(this.ids.nameOf(listener))) return;
    this.ids.update(this.machine.kernel, this.specification.words);
    this.asking.add(this.ids.nameOf(peer));
  }

  /**
   * A message was sent. Of the UNIX domain, the name of the stream that it belongs to: what one sends to another, or what comes to a datagram
   * socket, in whose buffer messages lie in the order in which they were sent, whoever sent them. Null for any other.
   */
  sent({ so, peer, unread, first, units, says }: Sent): string | null {
    const { protocol } = this.specification.association(so);
    if (!canAsk(protocol)) return null;
    // A datagram has come to whose buffer has grown.
    const grown = unread.findIndex((before, each) => this.specification.unread(each) > before);
    const receiver = protocol === 'dgram' ? (grown < 0 ? null : grown) : peer;
    const reader = receiver === null ? 'nobody' : this.ids.nameOf(receiver);
    if (receiver !== null && units > 0) {
      if (unread[receiver] === 0) this.heard.delete(reader);
      if (says || this.asking.has(reader)) this.said.set(first, this.user);
      if (protocol !== 'dgram') this.asking.delete(reader);
      const name = this.names.get(this.ids.nameOf(so));
      if (protocol === 'dgram' && name !== undefined) this.from.set(first, name);
    }
    return protocol === 'dgram' ? `to ${reader}` : `${this.ids.nameOf(so)} to ${reader}`;
  }

  /** A receive on a socket that had something to read has returned. */
  received(so: number, seen: Result, { name, message, lent }: Call): Mismatch | null {
    const told = name === 'recvmsg' || message === true;
    const reader = this.ids.nameOf(so);
    const { protocol } = this.specification.association(so);
    const wrong = told && seen.errno === 'none' ? this.wrongSender(so, protocol, reader, seen.value) : null;
    if (seen.value > 0) this.heard.delete(reader);
    // What is said goes first, also where no byte does: none was asked for, or the right behind it was lost (H.3 send_a_lot).
    else if (lent !== true && protocol === 'unix' && (seen.errno === 'none' || seen.errno === 'EMSGSIZE')) this.heard.add(reader);
    return wrong;
  }

  private wrongSender(so: number, protocol: string, reader: string, units: number): Mismatch | null {
    const { kernel, td, user } = this.machine;
    const { sender, from, isCut } = toldBy(kernel, td);
    const wrong = (allowed: string): Mismatch => ({
      breaks: 'same-sender',
      seen: `socket ${so} is told that ${sender === null ? 'nobody' : `user ${sender}`} sent it${isCut ? ', and MSG_CTRUNC' : ''}`,
      allowed,
    });
    if (isCut) return wrong('all that is said: there is room for it');
    if (units === 0) return sender === null || [...this.said.values()].includes(sender) ? null : wrong('who has sent something');
    const head = getWord(kernel, user);
    const name = this.from.get(head) ?? null;
    if (canAsk(protocol) && (from === null ? name !== null : from[0] !== L.UNIX_HOST || from[1] !== name)) {
      const seen = from === null ? 'has no address' : `came from host ${from[0]}, name ${from[1]}`;
      return { breaks: 'same-sender', seen: `what socket ${so} has read ${seen}`, allowed: name === null ? 'none' : `name ${name}` };
    }
    const due = this.heard.has(reader) ? null : (this.said.get(head) ?? null);
    if (sender === due) return null;
    return wrong(due === null ? 'nobody: that was not asked for, or was said before' : `user ${due}, who sent it`);
  }
}
