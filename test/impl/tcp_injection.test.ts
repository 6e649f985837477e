/**
 * What each segment does to a connection in each state: eleven states, eight kinds of segments, at the left edge of the window, inside it and
 * outside, as in the tcp-testsuite for FreeBSD. What is expected is worked out here from RFC 793, and
 * where F93 does something else, which RFC 5961 has since, a comment says so.
 */
import { describe, expect, test } from 'vitest';
import { ECONNREFUSED, ECONNRESET } from '../../impl/errno.ts';
import { SHUT_WR } from '../../impl/layout.ts';
import { get } from '../../impl/memory.ts';
import { INP_DROPPED, INP_TIMEWAIT, inp_flags } from '../../impl/netinet/layout.ts';
import { established, Peer, Rig, synSent } from './tcp_rig.ts';

const STATES = [
  'CLOSED',
  'LISTEN',
  'SYN_SENT',
  'SYN_RECEIVED',
  'ESTABLISHED',
  'CLOSE_WAIT',
  'FIN_WAIT_1',
  'CLOSING',
  'LAST_ACK',
  'FIN_WAIT_2',
  'TIME_WAIT',
] as const;
type State = (typeof STATES)[number];
const KINDS = ['R', 'RA', 'S', 'SA', 'SF', 'A', 'F', 'FA'] as const;
type Kind = (typeof KINDS)[number];
const PLACES = ['left', 'inside', 'outside'] as const;
type Place = (typeof PLACES)[number];

/** What came of it: the state, 'dropped' when it is over; SO_ERROR; what was sent in answer. */
interface Outcome {
  readonly state: State | 'dropped';
  readonly error: number;
  readonly sent: readonly string[];
}

/** A socket in this state, and its peer, who is about to send at `seq` and has acknowledged what it should have. */
function reach(rig: Rig, state: State): { readonly fd: number; readonly peer: Peer } {
  if (state === 'CLOSED') {
    const fd = rig.socket();
    rig.bind(fd, 9);
    return { fd, peer: new Peer(rig, 9, 9) };
  }
  if (state === 'LISTEN') return { fd: rig.listener(9), peer: new Peer(rig, 9, 9) };
  if (state === 'SYN_SENT') return synSent(rig);
  if (state === 'SYN_RECEIVED') {
    const opening = synSent(rig);
    opening.peer.send('S');
    opening.peer.take();
    return opening;
  }
  const { fd, peer } = established(rig);
  const theirs = state === 'CLOSE_WAIT' || state === 'CLOSING' || state === 'LAST_ACK';
  if (state === 'CLOSE_WAIT' || state === 'LAST_ACK') peer.send('FA');
  if (state !== 'ESTABLISHED' && state !== 'CLOSE_WAIT') rig.shutdown(fd, SHUT_WR);
  rig.deliver();
  if (state === 'CLOSING') peer.send('FA');
  if (!theirs && state !== 'ESTABLISHED' && state !== 'FIN_WAIT_1') {
    peer.take();
    peer.send('A');
    if (state === 'TIME_WAIT') peer.send('FA');
  }
  rig.deliver();
  rig.sent();
  return { fd, peer };
}

function stateOf(rig: Rig, fd: number): State | 'dropped' {
  const flags = get(rig.k, rig.inp(fd) + inp_flags);
  if ((flags & INP_DROPPED) !== 0) return 'dropped';
  return (flags & INP_TIMEWAIT) !== 0 ? 'TIME_WAIT' : (STATES[rig.state(fd)] as State);
}

function inject(state: State, kind: Kind, place: Place): Outcome {
  const rig = new Rig({ recvSpace: 1000 });
  const { fd, peer } = reach(rig, state);
  expect(stateOf(rig, fd)).toBe(state);
  const offset = { left: 0, inside: 10, outside: 5000 }[place];
  peer.sendAt((peer.seq + offset) | 0, kind);
  rig.deliver();
  const sent = rig.sent().map(({ flags }) => flags);
  return { state: stateOf(rig, fd), error: rig.soError(fd), sent };
}

const has = (kind: Kind, flag: string): boolean => kind.includes(flag);
const stays = (state: State, ...sent: readonly string[]): Outcome => ({ state, error: 0, sent });
const over = (error: number, ...sent: readonly string[]): Outcome => ({ state: 'dropped', error, sent });

/** RFC 793, "segment arrives". */
function expected(state: State, kind: Kind, place: Place): Outcome {
  const [rst, syn, ack, fin] = ['R', 'S', 'A', 'F'].map((flag) => has(kind, flag)) as [boolean, boolean, boolean, boolean];
  if (state === 'CLOSED') return rst ? stays(state) : stays(state, ack ? 'R' : 'RA');
  if (state === 'LISTEN') {
    if (rst) return stays(state);
    if (ack) return stays(state, 'R');
    return syn && !fin ? stays(state, 'SA') : stays(state);
  }
  if (state === 'SYN_SENT') {
    // The peer of the rig acknowledges our SYN: that is acceptable wherever the segment lies.
    if (rst) return ack ? over(ECONNREFUSED) : stays(state);
    if (!syn) return stays(state);
    return ack ? { state: 'ESTABLISHED', error: 0, sent: ['A'] } : { state: 'SYN_RECEIVED', error: 0, sent: ['SA'] };
  }
  if (state === 'TIME_WAIT') {
    // RFC 1337: resets are ignored. A new SYN is for a listener, of which there is none.
    if (rst) return stays(state);
    if (syn && !ack) return place === 'left' ? stays(state) : over(0, 'RA');
    if (!ack) return stays(state);
    return kind === 'A' && place === 'left' ? stays(state) : stays(state, 'A');
  }
  const answer = state === 'SYN_RECEIVED' ? 'SA' : 'A';
  if (rst) {
    if (place === 'outside') return stays(state);
    if (state === 'SYN_RECEIVED') return over(ECONNREFUSED);
    return over(state === 'CLOSING' || state === 'LAST_ACK' ? 0 : ECONNRESET);
  }
  if (place === 'outside') return stays(state, answer);
  // In the window a SYN is an error (RFC 793; RFC 5961 would answer with a challenge).
  if (syn) return over(ECONNRESET, 'RA');
  if (!ack) return stays(state);
  return acknowledged(state, fin, place);
}

/** Its acknowledgement is of all that was sent but the FIN. */
function acknowledged(state: State, fin: boolean, place: Place): Outcome {
  // It acknowledges our SYN, and is looked at in ESTABLISHED.
  if (state === 'SYN_RECEIVED') return fin ? acknowledged('ESTABLISHED', fin, place) : stays('ESTABLISHED');
  const done: Partial<Record<State, State>> = { ESTABLISHED: 'CLOSE_WAIT', FIN_WAIT_1: 'CLOSING', FIN_WAIT_2: 'TIME_WAIT' };
  const seen = done[state];
  // Behind the peer's FIN there is nothing.
  if (!fin || seen === undefined) return stays(state);
  return place === 'left' ? { state: seen, error: 0, sent: ['A'] } : stays(state, 'A');
}

describe('a segment to a connection in', () => {
  describe.each(STATES)('%s', (state) => {
    test.each(KINDS.flatMap((kind) => PLACES.map((place) => [kind, place] as const)))('%s at the %s', (kind, place) => {
      expect(inject(state, kind, place)).toEqual(expected(state, kind, place));
    });
  });
});
