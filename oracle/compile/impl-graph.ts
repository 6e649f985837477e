/**
 * The *graph* of one function of implementation code while it is lowered: blocks are opened, filled and ended; unreachable
 * ones are left out in the end and the rest numbered in the order they are met.
 */
import type { Assignment, ImplBlock, ImplEnd, Int } from './ir-impl.ts';

interface DraftBlock {
  readonly body: Assignment[];
  end: ImplEnd | null;
}

/** A place in the graph while it is lowered: behind so many assignments of a block. */
export interface Mark {
  readonly block: DraftBlock | null;
  readonly length: number;
  readonly changes: number;
}

export class Graph {
  readonly locals: string[] = [];
  private readonly blocks: DraftBlock[] = [];
  private current: DraftBlock | null = null;
  /** Every local that was given a value, in the order of lowering. */
  private readonly changes: number[] = [];
  private readonly reached = new Set<number>();

  newLocal(name: string): number {
    this.locals.push(name);
    return this.locals.length - 1;
  }

  reserve(): number {
    this.blocks.push({ body: [], end: null });
    return this.blocks.length - 1;
  }

  /** Goes on in a block; where nothing leads to it, what follows can't be reached and is left out. */
  goTo(block: number): void {
    this.current = block === 0 || this.reached.has(block) ? (this.blocks[block] ?? null) : null;
  }

  isReached(block: number): boolean {
    return this.reached.has(block);
  }

  /** Goes on in a block to which something will lead. */
  begin(block: number): void {
    this.reached.add(block);
    this.goTo(block);
  }

  /** Whether the place can be reached. */
  isOpen(): boolean {
    return this.current !== null;
  }

  set(local: number, value: Int): void {
    if (this.current === null) return;
    this.current.body.push({ local, value });
    this.changes.push(local);
  }

  mark(): Mark {
    return { block: this.current, length: this.current?.body.length ?? 0, changes: this.changes.length };
  }

  /** Whether nothing was added to the graph since then. */
  isUnchanged(mark: Mark): boolean {
    return mark.block === this.current && mark.changes === this.changes.length;
  }

  /** The locals that were given a value since then. */
  changedSince(mark: Mark): ReadonlySet<number> {
    return new Set(this.changes.slice(mark.changes));
  }

  /** Goes on where a mark was made; the block must not have ended. */
  goBack(mark: Mark): void {
    this.current = mark.block;
  }

  /** Leaves the block open; somebody will come back to it. */
  suspend(): void {
    this.current = null;
  }

  /** An assignment where a mark was made. */
  insert(mark: Mark, local: number, value: Int): void {
    mark.block?.body.splice(mark.length, 0, { local, value });
  }

  finish(end: ImplEnd): void {
    if (this.current === null) return;
    this.current.end = end;
    this.current = null;
    for (const next of nextBlocks(end)) this.reached.add(next);
    if ((end.op === 'door' || end.op === 'call') && end.result >= 0) this.changes.push(end.result);
  }

  jump(to: number): void {
    this.finish({ op: 'jump', to });
  }

  /** Ends the block at an access or a call and goes on in a new one. */
  cut(end: (next: number) => ImplEnd): void {
    const next = this.reserve();
    this.finish(end(next));
    this.goTo(next);
  }

  /** The blocks that can be reached, the entry first. */
  finished(): readonly ImplBlock[] {
    const number = new Map<number, number>();
    const result: ImplBlock[] = [];
    const at = (index: number): DraftBlock & { end: ImplEnd } => {
      const block = this.blocks[index];
      if (block === undefined) throw new Error(`no block ${index}`);
      return { body: block.body, end: block.end ?? { op: 'return', value: null } };
    };
    const visit = (start: number): number => {
      let index = start;
      for (let { body, end } = at(index); body.length === 0 && end.op === 'jump' && end.to !== index; { body, end } = at(index))
        index = end.to;
      const known = number.get(index);
      if (known !== undefined) return known;
      const mine = result.length;
      number.set(index, mine);
      const { body, end } = at(index);
      result.push({ body, end });
      result[mine] = { body, end: redirect(end, visit) };
      return mine;
    };
    visit(0);
    return result;
  }
}

function redirect(end: ImplEnd, to: (block: number) => number): ImplEnd {
  switch (end.op) {
    case 'jump':
      return { ...end, to: to(end.to) };
    case 'branch':
      return { ...end, then: to(end.then), else: to(end.else) };
    case 'return':
      return end;
    case 'door':
    case 'call':
      return { ...end, next: end.next < 0 ? -1 : to(end.next) };
  }
}

/** The blocks that a block leads to, in the same function. */
export function nextBlocks(end: ImplEnd): readonly number[] {
  switch (end.op) {
    case 'jump':
      return [end.to];
    case 'branch':
      return [end.then, end.else];
    case 'return':
      return [];
    case 'door':
    case 'call':
      return end.next < 0 ? [] : [end.next];
  }
}
