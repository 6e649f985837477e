/**
 * What is *unfinished*: what a connection still waits for that is not in its user's hands. After everything has arrived and all timers have
 * run out nothing is; what remains then is stuck. Only a peer of this host whose buffer is full, and who does not read, may keep a
 * connection waiting for ever.
 */
import { findue, leftOf, opening, roomOf } from './end.ts';
import type { Ends } from './ends.ts';
import { mirrored } from './segment.ts';
import type { Specification } from './specification.ts';

/** The first thing that is, in words; null if there is none. */
export function unfinished(specification: Specification, ends: Ends): string | null {
  for (const pcb of specification.pcbIds) {
    const ours = specification.connection(pcb);
    if (ours === null || ours.state === 'CLOSED' || ours.state === 'LISTEN') continue;
    const what = `pcb ${pcb} is still in ${ours.state}`;
    if (opening(ours.state) || ours.state === 'TIME_WAIT') return what;
    const end = ends.of(pcb);
    const left = end === null ? 0 : leftOf(end);
    if (blocked(specification, ends, pcb, left)) continue;
    if (left > 0) return `${what} with ${left} bytes that are not acknowledged`;
    if (findue(ours) || ours.kept) return what;
  }
  return null;
}

/** Whether so many bytes have no room at the other end, and nobody there makes any. */
function blocked(specification: Specification, ends: Ends, pcb: number, left: number): boolean {
  const key = ends.keyOfPcb(pcb);
  const peer = key === null ? null : ends.at(mirrored(key));
  const theirs = peer === null ? null : specification.connection(peer.pcb);
  return peer !== null && theirs !== null && left > roomOf(peer, theirs);
}
