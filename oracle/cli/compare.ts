/**
 * The verb *compare*: what each design keeps of what the specification promises, as a table of invariants and designs. Each design is proved
 * by the same engine, one after the other, and its rows become cells (`pcb-while-valid@p06`). A refuted cell has its counterexample.
 *
 * The verdict is about the comparison, not about the designs: that an old one is refuted is what one wants to see. It holds when
 * the specification keeps everything it was asked about and every other cell is decided: proved, refuted, kept in all states of small
 * configurations, or kept up to the depth asked for.
 */
import { z } from 'zod';
import type { CheckEngine, ProveEngine } from '../engine.ts';
import type { Outcome, Row, Verdict } from '../verdict.ts';
import { worst } from '../verdict.ts';
import { cellId, designOf } from './matrix.ts';
import { mustBeKnown } from './named.ts';
import { directory, readOptions, seconds, seed, sockets as socketsUpTo, whole } from './options.ts';
import type { VerbContext } from './verbs.ts';

export { renderMatrix as render } from './matrix.ts';

const schema = z.object({
  designs: z.string().optional(),
  invariant: z.array(z.string()).optional(),
  depth: whole(1, 1_000),
  sockets: socketsUpTo(64),
  threads: whole(1, 16),
  timeout: seconds(),
  solver: z.string().min(1, 'expected the path of a program').optional(),
  out: directory,
  seed,
});

/** The design whose cells must hold. */
const SPECIFICATION = 'sockref';

/** For the states of a configuration. */
const MEMORY_MIB = 2_048;

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
  const [engine, check] = [await engines.prove(), await engines.check()];
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
    columns.push(await columnOf(engine, check, design, { ...given, progress: inColumn }));
  }
  const results = columns.flatMap((column) => column.results);
  const vacuous = columns.flatMap((column) => column.vacuous ?? []);
  const { depth, sockets, threads, timeoutSeconds } = given;
  return {
    verdict: verdictOf(results),
    bound: `${chosen.join(', ')}; ${sockets} sockets, ${threads} threads; where not proved, depth ${depth} and all states of small configurations; ${timeoutSeconds} s for each of the two`,
    results,
    figures: figuresOf(results),
    ...(vacuous.length === 0 ? {} : { vacuous }),
  };
}

/** The cells of one design. What is neither proved nor refuted is looked at in all states of small configurations. */
async function columnOf(engine: ProveEngine, check: CheckEngine, design: string, task: Task): Promise<Outcome> {
  if (!task.signal.aborted) {
    const outcome = await engine.prove({ ...task, design });
    const open = outcome.results.filter((row) => row.verdict !== 'violated' && !isProved(row)).map(({ id }) => id);
    const rows = open.length === 0 || task.signal.aborted ? [] : await inAllStates(check, design, open, task);
    return {
      ...outcome,
      results: outcome.results
        .map((row) =>
          surer(
            row,
            rows.find(({ id }) => id === row.id),
          ),
        )
        .map((row) => ({ ...row, id: cellId(row.id, design) })),
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

function isProved({ method, verdict }: Row): boolean {
  return verdict === 'holds' && method === 'induction';
}

async function inAllStates(check: CheckEngine, design: string, invariants: readonly string[], task: Task): Promise<readonly Row[]> {
  const configurations = check.listConfigurations().filter(({ quick }) => quick === true);
  return check.decide({
    ...task,
    design,
    invariants,
    configurations: configurations.map(({ id }) => id),
    memoryMiB: MEMORY_MIB,
    timeSeconds: task.timeoutSeconds,
  });
}

/** All states say more than traces of a few steps; that there was no time to see them all says nothing. */
function surer(proved: Row, explored: Row | undefined): Row {
  if (explored === undefined || explored.verdict === 'unknown') return proved;
  const seconds = proved.seconds + explored.seconds;
  if (explored.verdict === 'holds') return { ...explored, seconds };
  // The file shows a shortest run of its configuration; in others there may be a shorter one, but none that traces have looked at.
  const { depth = 0 } = explored.figures ?? {};
  return { ...explored, seconds, figures: { depth, least: Math.min(depth, (proved.figures?.depth ?? 0) + 1) } };
}

function verdictOf(cells: readonly Row[]): Verdict {
  return worst(cells.map((cell) => (designOf(cell) !== SPECIFICATION && cell.verdict === 'violated' ? 'holds' : cell.verdict)));
}

function figuresOf(cells: readonly Row[]): Readonly<Record<string, number>> {
  const proved = cells.filter(isProved).length;
  const explored = cells.filter(({ method, verdict }) => verdict === 'holds' && method === 'all states').length;
  const refuted = cells.filter(({ verdict }) => verdict === 'violated').length;
  const unknown = cells.filter(({ verdict }) => verdict === 'unknown').length;
  return { cells: cells.length, proved, explored, refuted, bounded: cells.length - proved - explored - refuted - unknown, unknown };
}
