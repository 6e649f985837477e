/**
 * For who writes a specification: why are invariants not closed by induction? Prints, for every goal that fails, a step from a state
 * that satisfies all invariants and lemmas to one that doesn't, as small as it can be made. Either a run can get there, and the
 * invariant is wrong, or none can, and a lemma that excludes the state is missing.
 *
 *   node .build/oracle/prove/cti.js [design]
 */
import { fileURLToPath } from 'node:url';
import { TransitionSystem } from '../compile/smt.ts';
import { decodeScalar } from '../compile/values.ts';
import { specificationArtefact } from '../specification.ts';
import { Concrete, concreteStep } from './concrete.ts';
import { FrameFacts } from './frames.ts';
import { goalsOf } from './goals.ts';
import { type Failure, Induction } from './induction.ts';
import { makeSmall } from './minimise.ts';

const LIMIT_MS = 600_000;
const WATCHED = 300_000;

async function main(design: string): Promise<void> {
  const artefact = await specificationArtefact(design, {});
  const system = new TransitionSystem(artefact.program);
  const concrete = new Concrete(artefact, system);
  const facts = new FrameFacts(system);
  await facts.watch(concrete, 1, WATCHED);
  const limits = { solver: null, signal: new AbortController().signal, deadline: Date.now() + LIMIT_MS, lanes: 2 };
  const goals = goalsOf(system);
  const { failures, questions } = await new Induction(system, facts, limits, () => undefined).failures(goals);
  for (const failure of failures) print(system, concrete, facts, failure);
  const broken = new Set(failures.flatMap((failure) => failure.broken));
  const ids = goals.filter(({ id }) => broken.has(id)).map(({ id }) => id);
  console.log(ids.length === 0 ? `all ${goals.length} goals are inductive (${questions} questions)` : `not inductive: ${ids.join(', ')}`);
}

function print(system: TransitionSystem, concrete: Concrete, facts: FrameFacts, failure: Failure): void {
  const { action, who, args, broken } = failure;
  const step = concreteStep(action, who, args);
  const allowed = (cells: readonly number[]): boolean => facts.hold(cells) && concrete.broken(concrete.cells.write(cells)).length === 0;
  const before = makeSmall({ step, before: failure.before, broken }, concrete, allowed, (words) => concrete.broken(words));
  const words = concrete.cells.write(before);
  concrete.take(words, step);
  const after = concrete.cells.read(words);
  const given = system.params(action).map(({ name, type }, at) => `${name} ${String(decodeScalar(type, args[at] ?? 0))}`);
  console.log(`\n${broken.join(', ')}\n  ${action.machine.agent} ${who}: ${action.name}(${given.join(', ')})`);
  system.layout.cells.forEach(({ name, type, fixed }, cell) => {
    if (fixed !== null) return;
    const [from, to] = [before[cell] ?? 0, after[cell] ?? 0];
    if (from === 0 && to === 0) return;
    const text = (value: number): string => (name.endsWith('.pc') ? pauseName(system, name, value) : String(decodeScalar(type, value)));
    console.log(`    ${name.padEnd(32)} ${text(from)}${from === to ? '' : `  →  ${text(to)}`}`);
  });
}

function pauseName(system: TransitionSystem, cell: string, pc: number): string {
  const action = system.actions.find(({ machine, entry }) => cell.startsWith(`${machine.agent}[`) && entry.pc === pc && pc !== 0);
  return action === undefined ? 'idle' : action.name;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv[2] ?? 'sockref');
