/**
 * The *block graph* of a step machine while it is being built, and its cleaning: empty jumps are threaded, chains are joined,
 * unreachable blocks and pauses dropped, everything numbered in the order a step meets it. A cycle that passes no pause is
 * refused, so the blocks of one step always form a graph without cycles.
 */
import type { Block, Entry, Expr, Source, Stmt } from './ir.ts';

export interface DraftBlock {
  body: Stmt[];
  end: Block['end'] | null;
  /** Set at the head of a `while`: where to point when the loop has no pause. */
  source?: Source;
}

export type DraftEntry = Omit<Entry, 'live'>;

interface Graph {
  readonly blocks: readonly Block[];
  readonly entries: readonly DraftEntry[];
}

/** The successors of a block inside the same step. */
export function successors(end: Block['end']): readonly number[] {
  switch (end.op) {
    case 'jump':
      return [end.to];
    case 'branch':
      return [end.then, end.else];
    case 'pause':
    case 'done':
      return [];
  }
}

export function cleanGraph(drafts: readonly DraftBlock[], entries: readonly DraftEntry[], refuse: (source: Source) => Error): Graph {
  const blocks = drafts.map((draft) => ({ body: draft.body, end: draft.end ?? ({ op: 'done' } as const), source: draft.source }));
  const at = (index: number): (typeof blocks)[number] => {
    const block = blocks[index];
    if (block === undefined) throw new Error(`there is no block ${index}`);
    return block;
  };
  refuseCycles(blocks, entries, refuse);
  const final = threadJumps(blocks.length, at);
  const redirect = (end: Block['end']): Block['end'] => {
    if (end.op === 'jump') return { ...end, to: final(end.to) };
    if (end.op !== 'branch') return end;
    const [then, otherwise] = [final(end.then), final(end.else)];
    return then === otherwise && isPure(end.cond) ? { op: 'jump', to: then } : { ...end, then, else: otherwise };
  };

  const byPc = new Map(entries.filter((entry) => entry.pc !== 0).map((entry) => [entry.pc, entry]));
  const starts = entries.filter((entry) => entry.pc === 0);
  const result: { body: Stmt[]; end: Block['end'] }[] = [];
  const number = new Map<number, number>();
  const references = countReferences(starts, byPc, at, redirect, final);
  const pcs = new Map<number, number>();
  const kept: DraftEntry[] = [];

  const visit = (index: number): number => {
    const known = number.get(index);
    if (known !== undefined) return known;
    const mine = result.length;
    number.set(index, mine);
    const body = [...at(index).body];
    let end = redirect(at(index).end);
    while (end.op === 'jump' && references.get(end.to) === 1) {
      const next = at(end.to);
      body.push(...next.body);
      end = redirect(next.end);
    }
    const block: { body: Stmt[]; end: Block['end'] } = { body, end };
    result.push(block);
    if (end.op === 'jump') block.end = { op: 'jump', to: visit(end.to) };
    if (end.op === 'branch') block.end = { ...end, then: visit(end.then), else: visit(end.else) };
    if (end.op === 'pause') block.end = { op: 'pause', pc: visitPause(end.pc) };
    return mine;
  };
  const visitPause = (pc: number): number => {
    const known = pcs.get(pc);
    if (known !== undefined) return known;
    const entry = byPc.get(pc);
    if (entry === undefined) throw new Error(`there is no entry for pc ${pc}`);
    const mine = pcs.size + 1;
    pcs.set(pc, mine);
    const place = kept.length;
    kept.push({ ...entry, pc: mine });
    kept[place] = { ...entry, pc: mine, block: visit(final(entry.block)) };
    return mine;
  };
  for (const start of starts) {
    const place = kept.length;
    kept.push(start);
    kept[place] = { ...start, block: visit(final(start.block)) };
  }
  return { blocks: result, entries: kept };
}

/** A step that could fault must not be dropped with its branch. */
function isPure(expr: Expr): boolean {
  return expr.op === 'const' || expr.op === 'local';
}

/** Answers, for each block, the block that an empty chain of jumps from it leads to. */
function threadJumps(count: number, at: (index: number) => { body: readonly Stmt[]; end: Block['end'] }): (index: number) => number {
  const memo = new Array<number>(count).fill(-1);
  const final = (index: number): number => {
    const known = memo[index];
    if (known !== undefined && known >= 0) return known;
    const { body, end } = at(index);
    const answer = body.length === 0 && end.op === 'jump' ? final(end.to) : index;
    memo[index] = answer;
    return answer;
  };
  return final;
}

function countReferences(
  starts: readonly DraftEntry[],
  byPc: ReadonlyMap<number, DraftEntry>,
  at: (index: number) => { end: Block['end'] },
  redirect: (end: Block['end']) => Block['end'],
  final: (index: number) => number,
): ReadonlyMap<number, number> {
  const references = new Map<number, number>();
  const work: number[] = [];
  const refer = (index: number): void => {
    const before = references.get(index) ?? 0;
    references.set(index, before + 1);
    if (before === 0) work.push(index);
  };
  const seen = new Set<number>();
  // An entry counts twice: a block in which a step begins is never joined to the one before it.
  const enter = (entry: DraftEntry): void => {
    refer(final(entry.block));
    refer(final(entry.block));
  };
  for (const start of starts) enter(start);
  for (let index = work.pop(); index !== undefined; index = work.pop()) {
    const end = redirect(at(index).end);
    if (end.op === 'pause' && !seen.has(end.pc)) {
      seen.add(end.pc);
      const entry = byPc.get(end.pc);
      if (entry !== undefined) enter(entry);
    }
    for (const next of successors(end)) refer(next);
  }
  return references;
}

function refuseCycles(
  blocks: readonly { end: Block['end']; source?: Source | undefined }[],
  entries: readonly DraftEntry[],
  refuse: (source: Source) => Error,
): void {
  const state = new Uint8Array(blocks.length); // 0 new, 1 on the path, 2 done
  const path: number[] = [];
  const visit = (index: number, entry: DraftEntry): void => {
    const block = blocks[index];
    if (block === undefined || state[index] === 2) return;
    if (state[index] === 1) {
      const cycle = path.slice(path.indexOf(index));
      const source = cycle.map((b) => blocks[b]?.source).find((s) => s !== undefined);
      throw refuse(source ?? entry.source);
    }
    state[index] = 1;
    path.push(index);
    for (const next of successors(block.end)) visit(next, entry);
    path.pop();
    state[index] = 2;
  };
  for (const entry of entries) visit(entry.block, entry);
}
