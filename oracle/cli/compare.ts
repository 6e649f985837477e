/**
 * The verb *compare*: what each design keeps of what the specification promises, as a table of invariants and designs. Each design is proved
 * by the same engine, one after the other, and its rows become cells (`pcb-while-valid@p06`). A refuted cell has its counterexample.
 *
 * The verdict is about the comparison, not about the designs: that an old one is refuted is what one wants to see. It holds when
 * the specification keeps everything it was asked about and every other cell is decided: proved, refuted, or kept up to the depth asked for.
 */
import { z } from 'zod';
import type { ProveEngine } from '../engine.ts';
import type { Outcome, Row, Verdict } from '../verdict.ts';
import { worst } from '../verdict.ts';
import { cellId, designOf } from './matrix.ts';
import { mustBeKnown } from './named.ts';
import { directory, readOptions, seconds, seed, whole } from './options.ts';
import type { VerbContext } from './verbs.ts';

export { renderMatrix as render } from './matrix.ts';

const schema = z.object({
  designs: z.string().optional(),
  invariant: z.array(z.string()).optional(),
  depth: whole(1, 1_000),
  sockets: whole(1, 64),
  threads: whole(1, 16),
  timeout: seconds(),
  solver: z.string().min(1, 'expected the path of a program').optional(),
  out: directory,
  seed,
});

/** The design whose cells must hold. */
const SPECIFICATION = 'sockref';

interface Task extends Pick<VerbContext, 'signal' | 'progress' | 'display'> {
  readonly invariants: readonly string[] | null;
  readonly depth: number;
  readonly sockets: number;
  readonly threads: number;
  readonly timeoutSeconds: number;
  readonly solver: string | null;
  readonly out: string;
  readonly seed: number;
}

export async function judge(
  typed: Readonly<Record<string, unknown>>,
  _operands: readonly string[],
  { engines, signal, progress, display }: VerbContext,
): Promise<Outcome> {
  const { designs, invariant, timeout, solver, ...options } = readOptions(schema, typed);
  const engine = await engines.prove();
  const known = engine.listDesigns();
  const chosen = designs === undefined ? known : [...new Set(designs.split(','))];
  mustBeKnown('design', chosen, known);
  mustBeKnown('invariant', invariant ?? [], engine.listInvariants());
  const invariants = invariant === undefined ? null : [...new Set(invariant)];
  const given = { ...options, invariants, timeoutSeconds: timeout, solver: solver ?? null, signal, display };
  const columns: Outcome[] = [];
  for (const [at, design] of chosen.entries()) {
    const inColumn = (done: number, total: number | null, text: string): void =>
      progress(at, chosen.length, `${design}: ${text}${total === null ? '' : ` (${done} of ${total})`}`);
    columns.push(await columnOf(engine, design, { ...given, progress: inColumn }));
  }
  const results = columns.flatMap((column) => column.results);
  const vacuous = columns.flatMap((column) => column.vacuous ?? []);
  const { depth, sockets, threads, timeoutSeconds } = given;
  return {
    verdict: verdictOf(results),
    bound: `${chosen.join(', ')}; ${sockets} sockets, ${threads} threads; where not proved, depth ${depth}, and ${timeoutSeconds} s each`,
    results,
    figures: figuresOf(results),
    ...(vacuous.length === 0 ? {} : { vacuous }),
  };
}

/** The cells of one design. Where another engine judges the same, it is asked here, and of its row and this one the surer stands. */
async function columnOf(engine: ProveEngine, design: string, task: Task): Promise<Outcome> {
  if (!task.signal.aborted) {
    const outcome = await engine.prove({ ...task, design });
    return {
      ...outcome,
      results: outcome.results.map((row) => ({ ...row, id: cellId(row.id, design) })),
      vacuous: (outcome.vacuous ?? []).map((each) => ({ ...each, id: cellId(each.id, design) })),
    };
  }
  const detail = 'interrupted before its turn';
  const cell = (id: string): Row => ({
    id: cellId(id, design),
    verdict: 'unknown',
    bound: 'nothing',
    seconds: 0,
    counterexample: null,
    detail,
  });
  return { verdict: 'unknown', bound: 'nothing', results: (task.invariants ?? engine.listInvariants()).map(cell), figures: {} };
}

function verdictOf(cells: readonly Row[]): Verdict {
  return worst(cells.map((cell) => (designOf(cell) !== SPECIFICATION && cell.verdict === 'violated' ? 'holds' : cell.verdict)));
}

function figuresOf(cells: readonly Row[]): Readonly<Record<string, number>> {
  const proved = cells.filter(({ method, verdict }) => verdict === 'holds' && method === 'induction').length;
  const refuted = cells.filter(({ verdict }) => verdict === 'violated').length;
  const unknown = cells.filter(({ verdict }) => verdict === 'unknown').length;
  return { cells: cells.length, proved, refuted, bounded: cells.length - proved - refuted - unknown, unknown };
}
