/**
 * Rights: files in flight (D.1, A.5). A descriptor that is sent becomes a reference to its file, first in the sender's hand, then in a
 * control mbuf of the receive buffer, then in the receiver's hand, until it is a descriptor again. One that nobody will receive is given
 * up: its reference goes to the deferred list, and whoever works that off drops it (calls/collector.ts), so that no close is inside
 * another. A right lies before a unit of data, and ends the stretch that one receive takes; or it is a record's, and goes with that.
 */
import { first, reset, rule } from '../lang.ts';
import { type Amount, keepsRecords, noRight, type RightId, rights, type SocketId, type State } from '../state.ts';

/** unp_internalize: a sender's hand holds the file; null if there are too many. [D.1 send] */
export function unp_internalize(s: State, so: SocketId): RightId | null {
  const right = first(rights, (each) => s.rights[each].file === null);
  if (right === null) return null;
  s.rights[right].file = so;
  s.rights[right].place = 'hand';
  s.sockets[so].file += 1;
  return right;
}

/** unp_externalize_fp: its reference is a descriptor's now, or somebody drops it. [D.1] */
export function unp_externalize(s: State, right: RightId): void {
  reset(s.rights[right], noRight());
}

/** unp_discard: nobody will receive it; its reference waits on the deferred list. [D.1 discard] */
export function unp_discard(s: State, right: RightId): void {
  s.rights[right].place = 'deferred';
  s.rights[right].holder = null;
  s.rights[right].before = 0;
}

/** sbappendcontrol, sbappendaddr: the right lies before the unit that came last, or in the last record. [C.9] */
export function sbappendcontrol(s: State, so: SocketId, right: RightId): void {
  const { protocol, records, rcv } = s.sockets[so];
  s.rights[right].place = 'buffer';
  s.rights[right].holder = so;
  s.rights[right].before = (keepsRecords(protocol) ? records.length : rcv.cc) - 1;
}

/** The right at the head of the buffer; null if data is there first, or nothing. [C.6 step 6] */
export function headRight(s: State, so: SocketId): RightId | null {
  return first(rights, (each) => s.rights[each].holder === so && s.rights[each].before === 0);
}

/** Units up to the next right. */
export function readable(s: State, so: SocketId): Amount {
  let units: Amount = s.sockets[so].rcv.cc;
  for (const right of rights) if (s.rights[right].holder === so) units = Math.min(units, s.rights[right].before);
  return units;
}

/** So many units, or a record, were taken from the head of the buffer. */
export function taken(s: State, so: SocketId, units: Amount): void {
  for (const right of rights) if (s.rights[right].holder === so) s.rights[right].before -= units;
}

/** unp_dispose: every right in the buffer is given up. [C.2 sofree, C.7, T18] */
export function unp_dispose(s: State, so: SocketId): void {
  for (const right of rights) {
    if (s.rights[right].holder === so && rule('dispose_1', 'nobody will receive it: it is given up [D.1 discard, T18]'))
      unp_discard(s, right);
  }
}

/** The same for whoever waits to be accepted. */
export function unp_dispose_queued(s: State, listener: SocketId): void {
  for (const right of rights) {
    const { holder } = s.rights[right];
    if (holder !== null && s.sockets[holder].head === listener && s.sockets[holder].queue === 'complete') unp_discard(s, right);
  }
}

/** The end of sorflush: what was unread goes, rights as well. [C.7] */
export function sorflush(s: State, so: SocketId): void {
  s.sockets[so].rcv.cc = 0;
  s.sockets[so].records.length = 0;
  unp_dispose(s, so);
}
