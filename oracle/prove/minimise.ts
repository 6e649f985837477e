/**
 * Making a counterexample to induction small: as many cells as possible are set to 0 while it stays one. A solver fills every
 * cell with something; what is left here is what matters, and that is what people read (cti.ts).
 */
import type { Concrete, ConcreteStep } from './concrete.ts';

interface Candidate {
  readonly step: ConcreteStep;
  readonly before: readonly number[];
  readonly broken: readonly string[];
}

/**
 * The smallest state found from which the step still breaks one of the same goals. `allowed` says whether cells satisfy everything
 * assumed, `brokenIn` which goals don't hold in a state.
 */
export function makeSmall(
  { step, before, broken }: Candidate,
  concrete: Concrete,
  allowed: (cells: readonly number[]) => boolean,
  brokenIn: (words: Int32Array) => readonly string[],
): readonly number[] {
  const isOne = (cells: readonly number[]): boolean => {
    if (!allowed(cells)) return false;
    const words = concrete.cells.write(cells);
    return concrete.take(words, step) && brokenIn(words).some((id) => broken.includes(id));
  };
  // What the compiled model doesn't confirm is left as the solver gave it.
  if (!isOne(before)) return before;
  let cells = before;
  const tryZero = (group: readonly number[]): void => {
    if (group.every((cell) => cells[cell] === 0)) return;
    const smaller = cells.map((value, cell) => (group.includes(cell) ? 0 : value));
    if (isOne(smaller)) cells = smaller;
  };
  for (const group of concrete.groups) tryZero(group);
  for (let pass = 0; pass < 2; pass++) for (const cell of before.keys()) tryZero([cell]);
  return cells;
}
