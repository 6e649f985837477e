/**
 * The *cells* of a symbolic state, found in the packed words of the compiled model: the two back ends lay out the same state
 * independently, and this is where they meet. A cell that only one of them has is an error.
 */
import type { Artefact } from '../compile/javascript.ts';
import { addOffsets, elementAt, FRAMES, fieldAt, type Node, type Offset, PC, writeBits } from '../compile/layout.ts';
import type { Area, Layout } from '../compile/symbolic-state.ts';
import { readNumber } from '../compile/values.ts';

interface Spot {
  readonly at: Offset;
  readonly node: Node;
}

/** Translates between the words of a state and the numbers of its cells, in the order of `layout.cells`. */
export interface CellMap {
  read(words: Int32Array): number[];
  write(cells: readonly number[]): Int32Array;
}

export function cellMap(artefact: Artefact, layout: Layout): CellMap {
  const spots: (Spot | null)[] = layout.cells.map(() => null);
  const root: Spot = { at: { word: 0, bit: 0 }, node: artefact.layout.root };
  if (layout.root.kind !== 'record') throw new Error('a state is a record');
  for (const [name, area] of layout.root.fields) {
    if (root.node.kind === 'record' && name in root.node.fields) place(area, field(root, name), spots);
  }
  layout.frames.forEach((frames, agent) => {
    const table = field(field(root, FRAMES), artefact.machines[agent]?.agent ?? '');
    frames.forEach((frame, who) => {
      const record = element(table, who);
      spots[frame.pc] = field(record, PC);
      frame.slots.forEach((cell, slot) => {
        spots[cell] = field(record, String(slot));
      });
    });
  });
  const forgotten = layout.cells.find(({ fixed }, cell) => fixed === null && spots[cell] === null);
  if (forgotten !== undefined) throw new Error(`the compiled model has no cell ${forgotten.name}`);
  return {
    read: (words) =>
      layout.cells.map(({ fixed }, cell) => {
        const spot = spots[cell];
        return spot === null || spot === undefined ? (fixed ?? 0) : readNumber(words, spot.at, spot.node);
      }),
    write: (cells) => {
      const words = new Int32Array(artefact.layout.words);
      spots.forEach((spot, cell) => {
        if (spot !== null && spot.node.kind === 'scalar') writeBits(words, spot.at, spot.node.size.bits, cells[cell] ?? 0);
      });
      return words;
    },
  };
}

/** Cells of one record each, frames first: what is looked at together, and what is set to 0 together when a state is made small. */
export function recordGroups({ cells, frames }: Layout): readonly (readonly number[])[] {
  const records = new Map<string, number[]>();
  cells.forEach(({ name, fixed }, cell) => {
    const record = /^\w+\[\d+\]/.exec(name)?.[0];
    if (fixed === null && record !== undefined) records.set(record, [...(records.get(record) ?? []), cell]);
  });
  return [...frames.flat().map(({ pc, slots }) => [pc, ...slots]), ...records.values()];
}

function place(area: Area, spot: Spot, spots: (Spot | null)[]): void {
  switch (area.kind) {
    case 'cell':
      spots[area.cell] = spot;
      return;
    case 'record':
      for (const [name, inner] of area.fields) place(inner, field(spot, name), spots);
      return;
    case 'table':
      area.elements.forEach((inner, index) => {
        place(inner, element(spot, index), spots);
      });
      return;
  }
}

function field(spot: Spot, name: string): Spot {
  const found = fieldAt(spot.node, name);
  return { at: addOffsets(spot.at, found.at), node: found.node };
}

function element(spot: Spot, index: number): Spot {
  const found = elementAt(spot.node, index);
  return { at: addOffsets(spot.at, found.at), node: found.node };
}
