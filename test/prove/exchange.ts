/** Exchanging two members of an agent, cell by cell: what symmetry promises is that nobody can see it. */
import type { Scalar } from '../../oracle/compile/ir.ts';
import type { Area } from '../../oracle/compile/symbolic-state.ts';
import type { ConcreteStep } from '../../oracle/prove/concrete.ts';
import type { Symmetry } from '../../oracle/prove/symmetry.ts';
import type { Toy } from './toys.ts';

export interface Exchange {
  cells(cells: readonly number[]): readonly number[];
  step(step: ConcreteStep): ConcreteStep;
}

/** Exchanges the members 0 and 1. */
export function exchange({ system }: Toy, agent: number, { kind, tables }: Symmetry): Exchange {
  const { layout, machines } = system;
  const member = (index: number): number => (index < 2 ? 1 - index : index);
  const value = (type: Scalar | undefined, number: number): number => {
    if (type?.kind !== 'id' || type.of !== kind) return number;
    if (!type.nullable) return member(number);
    return number === 0 ? 0 : member(number - 1) + 1;
  };
  /** Where the content of each cell goes. */
  const moves = layout.cells.map((_, cell) => cell);
  const move = (from: Area, to: Area, path: string): void => {
    if (from.kind === 'cell' && to.kind === 'cell') moves[from.cell] = to.cell;
    if (from.kind === 'record' && to.kind === 'record') {
      for (const [field, inner] of from.fields) move(inner, to.fields.get(field) as Area, `${path}.${field}`);
    }
    if (from.kind === 'table' && to.kind === 'table') {
      const moved = tables.has(path);
      for (const [index, inner] of from.elements.entries()) move(inner, to.elements[moved ? member(index) : index] as Area, `${path}[]`);
    }
  };
  move(layout.root, layout.root, '');
  const frames = layout.frames[agent] ?? [];
  frames.forEach((frame, who) => {
    const target = frames[member(who)] as typeof frame;
    moves[frame.pc] = target.pc;
    frame.slots.forEach((slot, at) => {
      moves[slot] = target.slots[at] as number;
    });
  });
  return {
    cells: (cells) => {
      const result = cells.map((content, cell) => [moves[cell] as number, value(layout.cells[cell]?.type, content)] as const);
      // What a slot holds depends on where its agent waits.
      machines.forEach((machine, other) => {
        for (const frame of layout.frames[other] ?? []) {
          frame.slots.forEach((slot, at) => {
            const entry = machine.entries.find(({ pc }) => pc !== 0 && pc === cells[frame.pc]);
            const local = entry?.live.find((live) => live.slot === at)?.local;
            const type = local === undefined ? undefined : machine.locals[local]?.type;
            result[slot] = [moves[slot] as number, value(type, cells[slot] as number)];
          });
        }
      });
      const exchanged = [...cells];
      for (const [to, content] of result) exchanged[to] = content;
      return exchanged;
    },
    step: (step) => {
      const params = machines[step.agent]?.procedures[step.procedure]?.params ?? [];
      return {
        ...step,
        who: step.agent === agent ? member(step.who) : step.who,
        args: step.args?.map((arg, at) => value(params[at]?.type, arg)) ?? null,
      };
    },
  };
}
