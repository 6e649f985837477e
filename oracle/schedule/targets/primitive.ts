/**
 * An implementation whose locks are taken as *primitives*, which it is only once they have been proved: the proof is a row of the report,
 * and without it nothing is explored with them.
 */
import { replayCommand, type Row, type Verdict, worst } from '../../verdict.ts';
import { withPrimitiveLocks } from '../kernel/atomic-locks.ts';
import { type Proved, type ProofOptions, proveLocks } from '../kernel/lock-proof.ts';
import type { Scenario } from '../kernel/scenario.ts';
import { type Implementation, type KernelTarget, kernelTarget } from './kernel.ts';
import { write } from '../judgement.ts';
import { lockTarget } from './lock.ts';
import { pristineImplementation } from './pristine.ts';

/** The id of the row. */
export const LOCKS = 'locks';

/** What came of it. Only one that holds lets the locks be taken as primitives. */
export interface Proof {
  readonly verdict: Verdict;
  /** What was proved, for the bound of each row. */
  readonly text: string;
}

export interface Proven {
  readonly proof: Proof;
  readonly row: Row;
}

export async function provenLocks(implementation: Implementation, options: ProofOptions): Promise<Proven> {
  const began = performance.now();
  const proved = await proveLocks(implementation.subject, options);
  const verdict = worst(proved.map(({ judgement }) => judgement.verdict));
  const sum = (of: (figures: Proved['judgement']['figures']) => number): number =>
    proved.reduce((total, { judgement }) => total + of(judgement.figures), 0);
  const worstOnes = proved.filter(({ judgement }) => judgement.verdict === verdict && verdict !== 'holds');
  // One is enough to see what is wrong.
  const [first] = worstOnes;
  const file = first === undefined || first.judgement.violation === null ? null : await fileOf(first, implementation, options.out);
  const detail = [...(first === undefined ? [] : detailOf(first)), ...(file === null ? [] : [replayCommand(file)])].join('\n');
  const kinds = [...new Set(proved.map(({ lock }) => lock))];
  const row: Row = {
    id: LOCKS,
    verdict,
    bound: `${kinds.map((kind) => coveredOf(proved.filter(({ lock }) => lock === kind))).join('; ')}; locks from raw atomics`,
    method: 'states',
    seconds: (performance.now() - began) / 1000,
    counterexample: file,
    ...(detail === '' ? {} : { detail }),
    // It is no program that was asked for.
    figures: {
      programs: 0,
      states: sum(({ states }) => states ?? 0),
      steps: sum(({ steps }) => steps),
      executions: sum((all) => all.executions),
      missedStateChance: sum(({ missedStateChance }) => missedStateChance ?? 0),
    },
  };
  return { row, proof: { verdict, text: proofOf(proved) } };
}

let pristine: Implementation | undefined;

/** A scenario of the implementation as it is, with the locks that were proved. */
export async function primitiveTarget(scenario: Scenario, { text }: Proof): Promise<KernelTarget> {
  pristine ??= withPrimitives(await pristineImplementation(), text);
  return kernelTarget(scenario, pristine);
}

/** The same implementation with its locks as primitives; `proof` says what was proved of them, or where that was done. */
export function withPrimitives(implementation: Implementation, proof: string): Implementation {
  return { ...implementation, subject: withPrimitiveLocks(implementation.subject), primitives: proof };
}

/** "mutex, each of 13 classes in 3 threads: 28,000 states, complete". */
function coveredOf(proved: readonly Proved[]): string {
  const states = proved.reduce((total, { judgement }) => total + (judgement.figures.states ?? 0), 0);
  const classes = new Set(proved.map(({ rank }) => rank)).size;
  const broken = proved.filter(({ judgement }) => judgement.verdict !== 'holds').length;
  const how = broken === 0 ? 'complete' : `${broken} of ${proved.length} programs not to the end`;
  const [first] = proved;
  return `${first?.lock}, each of ${classes} classes in ${first?.threads} threads: ${states.toLocaleString('en')} states, ${how}`;
}

/** As a row says it of its locks. Of how far the row's own search went nothing must be read into it. */
function proofOf(proved: readonly Proved[]): string {
  const most = Math.max(...proved.map(({ threads }) => threads));
  const locks = new Set(proved.map(({ lock }) => lock));
  return `every schedule of ${most} threads on a ${[...locks].join(' and on a ')}`;
}

async function fileOf({ exercise, rank, judgement }: Proved, implementation: Implementation, out: string): Promise<string | null> {
  const { violation, schedule, loop } = judgement;
  if (violation === null) return null;
  const target = await lockTarget(exercise, rank, implementation);
  const lasso = { schedule, ...(loop === null ? {} : { loop }) };
  return write(target, { granularity: 'block', seed: 1, out }, lasso, { violation, seen: violation.text, allowed: null });
}

function detailOf({ lock, rank, judgement, schedule }: Proved): readonly string[] {
  const { violation, reason } = judgement;
  if (violation !== null) return [`the ${lock} by itself (class ${rank}), ${violation.id}: ${violation.text}`, ...schedule];
  return reason === null ? [] : [`the ${lock} by itself (class ${rank}): stopped: ${reason}`];
}

/** The row of what is not explored because the locks are not proved. */
export function unproved(id: string, locks: Verdict): Row {
  const why = locks === 'violated' ? 'are broken' : 'are not proved';
  const detail = `its locks ${why}: see the row ${LOCKS}; without --atomic-locks they are explored from their atomics`;
  return { id, verdict: 'unknown', bound: 'nothing', seconds: 0, counterexample: null, detail };
}
