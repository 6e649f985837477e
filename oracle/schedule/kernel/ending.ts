/**
 * The judge of *ends*: no agent can move any more. Then
 *   - nobody holds a lock, but for a sleeper its transfer lock, and every sleeper sleeps in a sleep queue [E.9 G7, G8];
 *   - the state of the kernel is that of an element that explains the history, with the sleepers asleep and unable to go on in
 *     both [G1 - G5, G9, G12];
 *   - what is in use belongs to a descriptor, a buffer, the wire, a connection or a sleeper [G1, G6];
 *   - no connection has something to say that nothing will make it say.
 */
import * as L from '../../../impl/layout.ts';
import { fixed, get, type Kernel, load } from '../../../impl/memory.ts';
import * as N from '../../../impl/netinet/layout.ts';
import { type InHand, unaccounted } from '../../run/accounts.ts';
import { type Cell, read } from '../../run/cells.ts';
import { liveSockets } from '../../run/identities.ts';
import type { Violation } from '../program.ts';
import { BEGUN, IDLE } from './elements.ts';
import { Likeness } from './likeness.ts';
import { type KernelMonitor, UNKNOWN } from './monitor.ts';
import { type Objects, objectsOf } from './pairings.ts';
import type { Stage } from './stage.ts';
import { stuckConnection } from './stuck.ts';

/** How things stand when nobody can move. */
export interface End {
  /** The kernel's memory. */
  readonly words: Int32Array;
  /** The monitor's state. */
  readonly state: number;
  /** By agent: inside a call and blocked. */
  readonly asleep: readonly boolean[];
}

/** What the search for an element like the kernel came to. */
type Match =
  | { readonly kind: 'same'; readonly hand: InHand }
  /** One that is the same but for these threads, which could go on. */
  | { readonly kind: 'could go on'; readonly threads: readonly number[] }
  | { readonly kind: 'none'; readonly text: string; readonly more: boolean };

/** The same of a state at rest; what sleepers have in hand in each element that the kernel is like. */
type Like =
  | { readonly kind: 'like'; readonly hands: readonly InHand[] }
  | { readonly kind: 'none'; readonly text: string; readonly more: boolean };

export class Judge {
  private readonly stage: Stage;
  private readonly monitor: KernelMonitor;
  private readonly likeness: Likeness;
  private readonly cells: {
    readonly files: readonly Cell[];
    readonly fds: readonly Cell[];
    readonly threads: readonly { readonly reserved: Cell; readonly closing: Cell }[];
  };
  /** By monitor state and what the kernel looks like: the same end is reached in many ways. */
  private readonly matches = new Map<string, Match>();
  private readonly rests = new Map<string, Like>();

  constructor(stage: Stage, monitor: KernelMonitor) {
    const { cells, sizes } = stage;
    this.stage = stage;
    this.monitor = monitor;
    this.likeness = new Likeness(stage);
    const each = <T>(count: number, make: (id: number) => T): readonly T[] => Array.from({ length: count }, (_, id) => make(id));
    this.cells = {
      files: each(sizes.SOCKETS, (id) => cells.at('sockets', id, 'file')),
      fds: each(sizes.FDS, (fd) => cells.at('fds', fd)),
      threads: each(monitor.threads.length, (who) => ({
        reserved: cells.at('threads', who, 'reserved'),
        closing: cells.at('threads', who, 'closing'),
      })),
    };
  }

  /** What is wrong with this end, or null. */
  judge(end: End): Violation | null {
    const kernel = kernelOf(end.words);
    const held = this.locks(kernel, end);
    if (held !== null) return held;
    if (end.state === UNKNOWN) return null;
    const match = this.match(kernel, end.state);
    if (match.kind === 'could go on') return violation('lost-wakeup', this.agentOf(match.threads[0] ?? 0), this.sleepers(match.threads));
    if (match.kind === 'none') return violation(match.more ? 'leak' : 'final-state', -1, match.text);
    const lost = unaccounted(kernel, match.hand);
    if (lost !== null) return violation('leak', -1, lost);
    const netisr = this.netisr(kernel, end);
    if (netisr !== null) return netisr;
    const stuck = stuckConnection(kernel);
    return stuck === null ? null : violation('final-state', -1, stuck);
  }

  /**
   * netisr keeps the order of a connection: no segment of a wire that does not disorder has ever waited for another. And nobody sleeps who has
   * something to do: what he owns, or what is on the wire.
   */
  private netisr(kernel: Kernel, { asleep }: End): Violation | null {
    const streams = fixed(kernel, N.h_nnetisr);
    if (streams === 0) return null;
    if (get(kernel, L.tseg_zone + L.uz_peak) !== 0)
      return violation('final-state', -1, 'a segment was processed before one of the same connection that came before it');
    for (let stream = 0; stream < streams; stream++) {
      const nws = fixed(kernel, N.h_netisr) + stream * N.NWS_WORDS;
      const owner = this.stage.records.indexOf(load(kernel, nws + N.nws_owner));
      const waiting = load(kernel, nws + N.nws_count) + get(kernel, N.wire_count);
      if (waiting !== 0 && asleep[owner] === true)
        return violation('lost-wakeup', owner, `a netisr thread sleeps while ${waiting} segments wait for it`);
    }
    return null;
  }

  /**
   * What is wrong with a state in which nobody is in the middle of anything, though somebody can move, or null. As at an end, but that
   * whoever sleeps may be able to go on: he who will wake him may have a call to make yet.
   */
  judgeRest(rest: End): Violation | null {
    const kernel = kernelOf(rest.words);
    const held = this.heldLock(kernel, rest.asleep);
    if (held !== null || rest.state === UNKNOWN) return held;
    const objects = objectsOf(kernel);
    const key = `${rest.state};${this.likeness.keyOf(kernel, objects)}`;
    const known = this.rests.get(key);
    const like = known ?? this.likest(kernel, objects, rest);
    if (known === undefined) this.rests.set(key, like);
    if (like.kind === 'none') return violation(like.more ? 'leak' : 'state-at-rest', -1, like.text);
    const lost = like.hands.map((hand) => unaccounted(kernel, hand));
    return lost.includes(null) ? null : violation('leak', -1, lost[0] ?? '');
  }

  /** Whether nobody holds a lock, but for sleepers. */
  holdsNothing({ words, asleep }: End): boolean {
    return this.heldLock(kernelOf(words), asleep) === null;
  }

  /** The elements that the kernel is like with the same threads inside their calls, or how it differs from the one that it is most like. */
  private likest(k: Kernel, objects: Objects, { state, asleep }: End): Like {
    const { elements, threads } = this.monitor;
    const hands: InHand[] = [];
    let nearest: readonly string[] | null = null;
    let most = 0;
    for (const element of this.monitor.set(state)) {
      if (threads.some((_, who) => elements.phase(element, who) !== (asleep[who] === true ? BEGUN : IDLE))) continue;
      if (elements.closers(element).length > 0) continue;
      const words = elements.words(element);
      most = Math.max(most, this.likeness.socketsOf(words));
      const differences = this.likeness.differences(k, objects, words);
      if (differences === null) hands.push(this.inHand(words));
      else if (nearest === null || differences.length < nearest.length) nearest = differences;
    }
    if (hands.length > 0) return { kind: 'like', hands };
    return {
      kind: 'none',
      text: nearest?.join('\n') ?? 'no state that explains the history has the same threads asleep',
      more: nearest !== null && objects.sockets.length > most,
    };
  }

  private agentOf(sleeper: number): number {
    const { threads, collectors } = this.monitor;
    return collectors[sleeper - threads.length] ?? sleeper;
  }

  /** Collectors are numbered after the threads. */
  private sleepers(threads: readonly number[]): string {
    const names = threads.map((thread) => (thread < this.monitor.threads.length ? `T${thread + 1}` : 'the collector')).join(' and ');
    return `${names} sleep${threads.length === 1 ? 's' : ''}, and in the specification could go on: nothing will wake ${threads.length === 1 ? 'it' : 'them'}`;
  }

  /** A lock that should have been given back; a thread that waits for one that nobody will give back. */
  private locks(k: Kernel, { asleep }: End): Violation | null {
    for (const [agent, td] of this.stage.records.entries()) {
      const locks = Array.from({ length: get(k, td + L.td_nlocks) }, (_, index) => get(k, td + L.td_locks + index));
      if (asleep[agent] !== true) {
        if (locks.length > 0)
          return violation('leak', agent, `a call has ended with ${locks.length} lock${locks.length === 1 ? '' : 's'} held`);
        continue;
      }
      if (load(k, td + L.td_wchan) === 0)
        return violation(
          'deadlock',
          agent,
          `it waits for a lock (class ${get(k, (locks.at(-1) ?? 0) + L.lk_class)}) that nobody will give back`,
        );
      if (locks.some((lock) => get(k, lock + L.lk_class) !== L.LC_SX))
        return violation('sleep-with-lock', agent, 'it sleeps with a mutex held');
    }
    return this.heldLock(k, asleep);
  }

  private heldLock(k: Kernel, asleep: End['asleep']): Violation | null {
    const held = heldLock(k, new Set(this.stage.records.filter((_, agent) => asleep[agent] === true)));
    return held === null ? null : violation('leak', -1, held);
  }

  private match(k: Kernel, state: number): Match {
    const objects = objectsOf(k);
    const key = `${state};${this.likeness.keyOf(k, objects)}`;
    const known = this.matches.get(key);
    if (known !== undefined) return known;
    const found = this.search(k, objects, state);
    this.matches.set(key, found);
    return found;
  }

  private search(k: Kernel, objects: Objects, state: number): Match {
    const { elements } = this.monitor;
    let going: readonly number[] | null = null;
    let nearest: { readonly text: string; readonly count: number } | null = null;
    let most = 0;
    for (const element of this.monitor.set(state)) {
      const able = [
        ...this.monitor.threads.flatMap((_, who) => (elements.phase(element, who) !== IDLE && this.able(element, who) ? [who] : [])),
        ...elements.employed(element),
      ];
      const words = elements.words(element).slice();
      most = Math.max(most, this.likeness.socketsOf(words));
      const differences = this.likeness.differences(k, objects, words);
      if (differences === null) {
        if (able.length === 0) return { kind: 'same', hand: this.inHand(words) };
        if (going === null || able.length < going.length) going = able;
      } else if (able.length === 0 && (nearest === null || differences.length < nearest.count)) {
        nearest = { text: differences.join('\n'), count: differences.length };
      }
    }
    if (going !== null) return { kind: 'could go on', threads: going };
    if (nearest === null) {
      const all = this.monitor.threads.flatMap((_, who) =>
        [...this.monitor.set(state)].every((element) => elements.phase(element, who) !== IDLE && this.able(element, who)) ? [who] : [],
      );
      if (all.length > 0) return { kind: 'could go on', threads: all };
    }
    return { kind: 'none', text: nearest?.text ?? 'no state that explains the history is at rest', more: objects.sockets.length > most };
  }

  /** Whether the thread's call could go on, or has ended. At the end of an execution every signal has come: who sleeps on has not heard it. */
  private able(element: number, who: number): boolean {
    const { elements, signals } = this.monitor;
    if (elements.hasEnded(element, who) || elements.canMove(element, who)) return true;
    return signals.includes(who) && elements.canBeInterrupted(element, who);
  }

  /** What sleepers have in hand in this state. */
  private inHand(words: Int32Array): InHand {
    const open = new Set(this.cells.fds.map((cell) => read(words, cell)));
    const nameless = this.cells.files.filter((file, id) => read(words, file) > 0 && !open.has(id + 1)).length;
    const reserved = this.cells.threads.filter((thread) => read(words, thread.reserved) !== 0).length;
    // Who lingers gives the file back when the close is over.
    const closing = this.cells.threads.filter((thread) => read(words, thread.closing) !== 0).length;
    return { files: nameless + reserved + closing, descriptors: reserved };
  }
}

/** Memory as a kernel. */
export function kernelOf(words: Int32Array): Kernel {
  return { words, bytes: new Uint8Array(words.buffer, words.byteOffset, words.byteLength) };
}

function violation(id: string, agent: number, text: string): Violation {
  return { id, agent, text };
}

/** "socket at 512: so_rcv's mutex is held", or null. A sleeper may hold transfer locks. */
function heldLock(k: Kernel, sleepers: ReadonlySet<number>): string | null {
  const globals: readonly (readonly [string, number])[] = [
    ['filedesc_mtx', L.filedesc_mtx],
    ['accept_mtx', L.accept_mtx],
    ['so_global_mtx', L.so_global_mtx],
    ['handle_mtx', L.handle_mtx],
    ['the link lock', L.unp_link_rwlock],
    ['unp_list_lock', L.unp_list_lock],
    ['callout_mtx', N.callout_mtx],
    ['wire_mtx', N.wire_mtx],
    ['syncache_mtx', N.syncache_mtx],
    ["udbinfo's lock", N.udbinfo + N.ipi_lock],
    ["tcbinfo's lock", N.tcbinfo + N.ipi_lock],
    ["ripcbinfo's lock", N.ripcbinfo + N.ipi_lock],
  ];
  const pool = Array.from({ length: fixed(k, L.h_sleepq_mask) + 1 }, (_, at) => fixed(k, L.h_selpool) + at * L.MTX_WORDS);
  if (pool.some((at) => load(k, at + L.lk_word) !== 0)) return 'a lock of those who poll is held';
  for (const [name, at] of globals) if (load(k, at + L.lk_word) !== 0) return `${name} is held`;
  for (const so of liveSockets(k)) {
    for (const [name, sb] of [['so_rcv', so + L.so_rcv] as const, ['so_snd', so + L.so_snd] as const]) {
      if (load(k, sb + L.sb_mtx + L.lk_word) !== 0) return `the mutex of ${name} is held`;
      const owner = load(k, sb + L.sb_sx + L.lk_word) & ~L.LK_CONTESTED;
      if (owner !== 0 && !sleepers.has(owner)) return `the transfer lock of ${name} is held`;
    }
  }
  return null;
}
