/**
 * The *graph* of one function of implementation code while it is lowered: blocks are opened, filled and ended; unreachable
 * ones are left out in the end and the rest numbered in the order they are met.
 */
import type { Assignment, ImplBlock, ImplEnd, Int } from './ir-impl.ts';

interface DraftBlock {
  readonly body: Assignment[];
  end: ImplEnd | null;
}

export class Graph {
  readonly locals: string[] = [];
  private readonly blocks: DraftBlock[] = [];
  private current: DraftBlock | null = null;

  newLocal(name: string): number {
    this.locals.push(name);
    return this.locals.length - 1;
  }

  reserve(): number {
    this.blocks.push({ body: [], end: null });
    return this.blocks.length - 1;
  }

  goTo(block: number): void {
    this.current = this.blocks[block] ?? null;
  }

  /** Whether the place can be reached. */
  isOpen(): boolean {
    return this.current !== null;
  }

  set(local: number, value: Int): void {
    this.current?.body.push({ local, value });
  }

  finish(end: ImplEnd): void {
    if (this.current !== null) this.current.end = end;
    this.current = null;
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
