/**
 * *Liveness*: which locals a step can still read after a pause. Only these are saved in the frame, each in one slot; locals
 * that are never alive together share slots, also across procedures, since an agent runs one at a time. What is not alive
 * is 0, so that two frames that can't behave differently are equal words.
 */
import { unreachable } from './errors.ts';
import { type DraftEntry, successors } from './flow.ts';
import type { Block, Entry, Expr, Local, Scalar, Stmt } from './ir.ts';
import { expressionsOf, forEachLocal } from './walk.ts';

type Live = ReadonlySet<number>;

interface Jumps {
  readonly onBreak: Live;
  readonly onContinue: Live;
}

/** Slots for the frame of a machine, and for each entry the locals alive there. `whos` (the agent's own index) need no slot. */
export function assignSlots(
  blocks: readonly Block[],
  entries: readonly DraftEntry[],
  locals: readonly Local[],
  whos: readonly number[],
): { slots: readonly Scalar[]; live: readonly Entry['live'][] } {
  const atEntry = liveAtEntries(blocks, entries);
  const saved = entries.map((entry, index) => {
    if (entry.pc === 0) return [];
    return [...(atEntry[index] ?? [])].filter((local) => !whos.includes(local)).sort((a, b) => a - b);
  });
  const slotOf = colour(saved, locals);
  const slots: Scalar[] = [];
  for (const [local, slot] of slotOf) {
    const type = typeOf(locals, local);
    const before = slots[slot];
    slots[slot] = before === undefined ? type : join(before, type);
  }
  const live = saved.map((alive) => alive.map((local) => ({ local, slot: slotOf.get(local) ?? 0 })));
  return { slots: slots.map(withZero), live };
}

/** The numbers that values of a type are encoded as. */
export function encodedRange(type: Scalar): { lo: number; hi: number } {
  switch (type.kind) {
    case 'bool':
      return { lo: 0, hi: 1 };
    case 'int':
      return { lo: type.lo, hi: type.hi };
    case 'enum':
      return { lo: 0, hi: Math.max(0, type.values.length - 1) };
    case 'id':
      return { lo: 0, hi: type.nullable ? type.size : Math.max(0, type.size - 1) };
    default:
      return unreachable(type);
  }
}

/** The narrowest type that holds the values of both. */
function join(a: Scalar, b: Scalar): Scalar {
  if (JSON.stringify(a) === JSON.stringify(b)) return a;
  const [x, y] = [encodedRange(a), encodedRange(b)];
  return { kind: 'int', lo: Math.min(x.lo, y.lo), hi: Math.max(x.hi, y.hi) };
}

/** A slot that is not alive holds 0, whatever its type. */
function withZero(type: Scalar): Scalar {
  return type.kind === 'int' ? { kind: 'int', lo: Math.min(0, type.lo), hi: Math.max(0, type.hi) } : type;
}

function typeOf(locals: readonly Local[], local: number): Scalar {
  const declared = locals[local];
  if (declared === undefined) throw new Error(`there is no local ${local}`);
  return declared.type;
}

/** One slot for each local, so that locals alive together differ: widest first, each into the tightest slot that is free. */
function colour(saved: readonly (readonly number[])[], locals: readonly Local[]): ReadonlyMap<number, number> {
  const neighbours = new Map<number, Set<number>>();
  for (const alive of saved) {
    for (const local of alive) {
      const mine = neighbours.get(local) ?? new Set<number>();
      for (const other of alive) if (other !== local) mine.add(other);
      neighbours.set(local, mine);
    }
  }
  const width = (local: number): number => {
    const { lo, hi } = encodedRange(typeOf(locals, local));
    return hi - lo;
  };
  const order = [...neighbours.keys()].sort((a, b) => width(b) - width(a) || a - b);
  const slotOf = new Map<number, number>();
  const widths: number[] = [];
  for (const local of order) {
    const taken = new Set([...(neighbours.get(local) ?? [])].map((other) => slotOf.get(other)));
    const free = widths.map((_, slot) => slot).filter((slot) => !taken.has(slot));
    const best = free.sort((a, b) => (widths[a] ?? 0) - (widths[b] ?? 0) || a - b)[0] ?? widths.length;
    if (best === widths.length) widths.push(width(local));
    slotOf.set(local, best);
  }
  return slotOf;
}

function liveAtEntries(blocks: readonly Block[], entries: readonly DraftEntry[]): readonly Live[] {
  const liveIn: Live[] = blocks.map(() => new Set<number>());
  const byPc = new Map(entries.filter((e) => e.pc !== 0).map((e) => [e.pc, e]));
  const entryLive = (entry: DraftEntry): Live => add(liveIn[entry.block] ?? new Set(), entry.guard === null ? [] : [entry.guard]);
  for (let changed = true; changed; ) {
    changed = false;
    for (let index = blocks.length - 1; index >= 0; index--) {
      const block = blocks[index];
      if (block === undefined) continue;
      const resumed = block.end.op === 'pause' ? byPc.get(block.end.pc) : undefined;
      const out = union([
        ...successors(block.end).map((s) => liveIn[s] ?? new Set<number>()),
        ...(resumed === undefined ? [] : [entryLive(resumed)]),
      ]);
      const before = backwards(block.body, add(out, block.end.op === 'branch' ? [block.end.cond] : []), null);
      if (before.size !== (liveIn[index]?.size ?? 0)) {
        liveIn[index] = before;
        changed = true;
      }
    }
  }
  return entries.map(entryLive);
}

function backwards(body: readonly Stmt[], after: Live, jumps: Jumps | null): Live {
  return body.reduceRight<Live>((live, stmt) => before(stmt, live, jumps), after);
}

function before(stmt: Stmt, after: Live, jumps: Jumps | null): Live {
  switch (stmt.op) {
    case 'set':
      return add(without(after, stmt.local), [stmt.value]);
    case 'call':
      return add(without(after, stmt.result), stmt.args);
    case 'if':
      return add(union([backwards(stmt.then, after, jumps), backwards(stmt.else, after, jumps)]), [stmt.cond]);
    case 'for': {
      let head = after;
      for (;;) {
        const round = union([after, without(backwards(stmt.body, head, { onBreak: after, onContinue: head }), stmt.local)]);
        if (round.size === head.size) return round;
        head = round;
      }
    }
    case 'break':
      return jumps?.onBreak ?? after;
    case 'continue':
      return jumps?.onContinue ?? after;
    case 'write':
    case 'rule':
      return add(after, expressionsOf(stmt));
    case 'while':
    case 'return':
    case 'pause':
    case 'delegate':
    case 'when':
      throw new Error(`${stmt.op} inside a block`);
    default:
      return unreachable(stmt);
  }
}

function add(live: Live, exprs: readonly Expr[]): Live {
  if (exprs.length === 0) return live;
  const result = new Set(live);
  for (const expr of exprs) forEachLocal(expr, (local) => result.add(local));
  return result;
}

function without(live: Live, local: number): Live {
  if (!live.has(local)) return live;
  const result = new Set(live);
  result.delete(local);
  return result;
}

function union(sets: readonly Live[]): Live {
  return new Set(sets.flatMap((set) => [...set]));
}
