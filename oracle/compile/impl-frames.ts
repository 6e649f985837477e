/**
 * The *frame* of a function of implementation code: the places where it can stand still (its entry, each access, each call), and
 * which slot holds which local there. Only locals that are still read have a slot, the others are 0, so that two threads that
 * can't behave differently have equal frames.
 */
import { nextBlocks } from './impl-graph.ts';
import type { Source } from './ir.ts';
import type { Door, ImplBlock, ImplFn, Int } from './ir-impl.ts';

/** Words of a frame before its slots: function, place, frame of the caller. */
export const FRAME_HEADER = 3;

/** A place where a function stands still; its number is the `pc` in the frame. Place 0 is the entry. */
export interface Place {
  /** The block it goes on with. */
  readonly block: number;
  /** The local that takes the result of the access or call, or -1. */
  readonly result: number;
  readonly live: readonly { readonly local: number; readonly slot: number }[];
  readonly source: Source;
  /** What it waits to do: an access, or the end of a call. */
  readonly door: Door | null;
}

export interface FrameShape {
  readonly places: readonly Place[];
  /** For each block that ends at an access or a call, the number of its place. */
  readonly placeOf: readonly number[];
  readonly slots: number;
}

const shapes = new WeakMap<ImplFn, FrameShape>();

/** Reckoned once for a function: programs that differ in a few of them have the others in common. */
export function frameOf(fn: ImplFn): FrameShape {
  const shape = shapes.get(fn) ?? shapeOf(fn);
  shapes.set(fn, shape);
  return shape;
}

function shapeOf(fn: ImplFn): FrameShape {
  const liveIn = liveness(fn.blocks);
  const saved: {
    readonly block: number;
    readonly result: number;
    readonly locals: readonly number[];
    readonly source: Source;
    readonly door: Door | null;
  }[] = [];
  const parameters = Array.from({ length: fn.params }, (_, index) => index);
  saved.push({ block: 0, result: -1, locals: parameters.filter((p) => liveIn[0]?.has(p)), source: fn.source, door: null });
  const placeOf = fn.blocks.map(({ end }) => {
    if (end.op !== 'door' && end.op !== 'call') return -1;
    const alive = end.next < 0 ? [] : [...(liveIn[end.next] ?? [])].filter((local) => local !== end.result).sort((a, b) => a - b);
    return (
      saved.push({ block: end.next, result: end.result, locals: alive, source: end.source, door: end.op === 'door' ? end.door : null }) - 1
    );
  });
  const slotOf = colour(saved.map((place) => place.locals));
  const places = saved.map(({ locals, ...place }) => ({
    ...place,
    live: locals.map((local) => ({ local, slot: slotOf.get(local) ?? 0 })),
  }));
  return { places, placeOf, slots: Math.max(0, ...[...slotOf.values()].map((slot) => slot + 1)) };
}

function colour(saved: readonly (readonly number[])[]): ReadonlyMap<number, number> {
  const slotOf = new Map<number, number>();
  const together = new Map<number, Set<number>>();
  for (const locals of saved) {
    for (const local of locals) {
      const others = together.get(local) ?? new Set<number>();
      for (const other of locals) others.add(other);
      together.set(local, others);
    }
  }
  for (const local of [...together.keys()].sort((a, b) => a - b)) {
    const taken = new Set([...(together.get(local) ?? [])].map((other) => slotOf.get(other)));
    let slot = 0;
    while (taken.has(slot)) slot++;
    slotOf.set(local, slot);
  }
  return slotOf;
}

function liveness(blocks: readonly ImplBlock[]): readonly ReadonlySet<number>[] {
  const live = blocks.map(() => new Set<number>());
  for (let changed = true; changed; ) {
    changed = false;
    for (let index = blocks.length - 1; index >= 0; index--) {
      const block = blocks[index];
      const mine = live[index];
      if (block === undefined || mine === undefined) continue;
      const alive = new Set(nextBlocks(block.end).flatMap((next) => [...(live[next] ?? [])]));
      const { end } = block;
      if (end.op === 'door' || end.op === 'call') alive.delete(end.result);
      for (const expr of endExpressions(block)) reads(expr, alive);
      for (const { local, value } of [...block.body].reverse()) {
        alive.delete(local);
        reads(value, alive);
      }
      if (alive.size !== mine.size) {
        live[index] = alive;
        changed = true;
      }
    }
  }
  return live;
}

function endExpressions({ end }: ImplBlock): readonly Int[] {
  switch (end.op) {
    case 'jump':
      return [];
    case 'branch':
      return [end.cond];
    case 'return':
      return end.value === null ? [] : [end.value];
    case 'door':
    case 'call':
      return end.args;
  }
}

function reads(expr: Int, into: Set<number>): void {
  switch (expr.op) {
    case 'const':
      return;
    case 'local':
      into.add(expr.local);
      return;
    case 'unary':
      reads(expr.arg, into);
      return;
    case 'binary':
    case 'and':
    case 'or':
      reads(expr.left, into);
      reads(expr.right, into);
      return;
    case 'choose':
      for (const part of [expr.cond, expr.then, expr.else]) reads(part, into);
      return;
    case 'math':
    case 'call':
      for (const arg of expr.args) reads(arg, into);
      return;
    case 'fixed':
      reads(expr.at, into);
      return;
  }
}
