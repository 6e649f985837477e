/**
 * *Independence* of two transitions in the state the machine is in: made in either order they do the same and lead to the same
 * state, and neither lets the other begin or keeps it from beginning. Whether a compareExchange writes, a wait queues, a
 * notify finds somebody is settled by that state, so that two are independent in one state and perhaps not in another.
 *
 *   memory    bytes of both, one writes: dependent. A guard reads its word.
 *   waiters   both touch one list, one changes it: dependent. A time-out changes the list; settling a ticket looks at it. A wait that
 *             finds another value does not touch it; but it and what looks at the list count as dependent all the same. Whether it
 *             finds that value is decided by a write that does not touch the list, and who reverses the two must see that what looked in
 *             between would not have commuted with the wait before that write.
 *   monitor   one makes a call, the other returns: dependent, since the history then says which came first.
 *   plain     of a block only what it rests before counts: plain accesses of blocks that conflict are a data race, and found as that.
 */
import type { Machine } from './machine.ts';
import { HEARD_CALL, HEARD_RETURN, LOOKS, opOf, PASSES, READ, WAITS, WRITE } from './operation.ts';

const COPY = opOf('copy');
const LISTS = WAITS | LOOKS | PASSES;

export function areDependent(machine: Machine, a: number, b: number): boolean {
  const { agents, opFrom, opBytes, opKind } = machine;
  const [agentA, agentB] = [a < agents ? a : a - agents, b < agents ? b : b - agents];
  if (agentA === agentB) return true;
  const accessA = a < agents ? machine.opAccess(a) : WAITS;
  const accessB = b < agents ? machine.opAccess(b) : WAITS;
  const both = accessA | accessB;
  if ((accessA & (READ | WRITE)) !== 0 && (accessB & (READ | WRITE)) !== 0 && (both & WRITE) !== 0) {
    // A copy touches two ranges; it is a step only where every access is one.
    if (opKind[agentA] === COPY || opKind[agentB] === COPY) return true;
    const [fromA, fromB] = [opFrom[agentA]!, opFrom[agentB]!];
    if (fromA < fromB + opBytes[agentB]! && fromB < fromA + opBytes[agentA]!) return true;
  }
  const [listsA, listsB] = [accessA & LISTS, accessB & LISTS];
  // Two that look, or two that pass by, leave each other be.
  if (listsA === 0 || listsB === 0 || (listsA === listsB && listsA !== WAITS)) return false;
  return listOf(machine, a) === listOf(machine, b);
}

function listOf(machine: Machine, transition: number): number {
  return transition < machine.agents ? machine.opList(transition) : machine.timedList(transition - machine.agents);
}

/** Of what the monitor heard in two steps, whether it matters which came first: a call in one, a return in the other. */
export function areHeardDependent(a: number, b: number): boolean {
  return ((a & HEARD_CALL) !== 0 && (b & HEARD_RETURN) !== 0) || ((b & HEARD_CALL) !== 0 && (a & HEARD_RETURN) !== 0);
}
