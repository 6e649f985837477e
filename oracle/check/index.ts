/** *check*: the specification in configurations of it, by all their states or by random walks. This is the face. */
import type { CheckOptions, Listed } from '../engine.ts';
import { DESIGNS, specificationArtefact } from '../specification.ts';
import { UsageError } from '../usage.ts';
import { type Outcome, type Row, type Vacuous, worst } from '../verdict.ts';
import { unmet } from './antecedents.ts';
import { byInvariant } from './by-invariant.ts';
import { byStates } from './by-states.ts';
import { byWalks } from './by-walks.ts';
import { type Configuration, CONFIGURATIONS, limitsOf, sizeOf } from './configurations.ts';
import { partOf } from './examine.ts';
import type { Seen } from './subject.ts';

export function listConfigurations(): readonly Listed[] {
  return CONFIGURATIONS.map(({ id, text, quick }) => ({ id, text, quick }));
}

export function listDesigns(): readonly string[] {
  return DESIGNS;
}

export { byInvariant as decide };

export async function check(options: CheckOptions): Promise<Outcome> {
  refuse(options);
  const deadline = Date.now() + options.timeSeconds * 1000;
  const began = performance.now();
  const chosen = CONFIGURATIONS.filter(({ id }) => options.configurations.includes(id)).map((each) => ({
    ...each,
    sockets: options.sockets ?? each.sockets,
    threads: options.threads ?? each.threads,
  }));
  const rows: Row[] = [];
  const seen: Seen = { procedures: new Set(), rules: new Set(), promises: new Map(), antecedents: new Map() };
  for (const configuration of chosen) rows.push(...(await judge(configuration, options, deadline, seen)));
  const seconds = (performance.now() - began) / 1000;
  const verdict = worst(rows.map((row) => row.verdict));
  const what = chosen.length === 1 ? 'one configuration' : `${chosen.length} configurations`;
  const covered = verdict !== 'holds' ? 'see each row' : options.walks === null ? 'all states' : 'random walks';
  return {
    verdict,
    bound: `${what}, ${covered}; design ${options.design}`,
    results: rows,
    figures: figuresOf(rows, seconds),
    vacuous: verdict === 'holds' ? await vacuous(chosen, options, seen) : [],
  };
}

/** What can't be asked for together: what would be left aside without a word. */
function refuse({ promises, symmetry, walks, states }: CheckOptions): void {
  if (walks !== null && symmetry)
    throw misplaced(
      '--symmetry',
      'is refused together with --walks: no state of a walk is compared with another, so that none stands for others',
    );
  if (walks !== null && states !== null) throw misplaced('--states', 'is refused together with --walks: a walk keeps none');
  if (promises !== true) return;
  if (symmetry)
    throw misplaced(
      '--promises',
      "is refused together with --symmetry: where one state stands for all that differ in numbers only, a loop may end with another thread in the place of the first, and who was left out in it can't be told",
    );
  if (walks !== null)
    throw misplaced('--promises', 'is refused together with --walks: what comes about in the end is not seen in runs that are cut off');
}

function misplaced(field: string, reason: string): UsageError {
  return new UsageError(`${field} ${reason}`, { field, reason });
}

async function judge(configuration: Configuration, options: CheckOptions, deadline: number, seen: Seen): Promise<readonly Row[]> {
  options.progress(0, null, `${configuration.id}: compiling`);
  const artefact = await specificationArtefact(options.design, limitsOf(configuration));
  const part = partOf(artefact.program, configuration, {
    promises: options.promises !== false && options.walks === null && !options.symmetry,
    antecedents: options.walks === null,
  });
  const where = `${sizeOf(configuration)}, design ${options.design}`;
  const subject = { configuration, options, artefact, part, deadline, where, seen };
  return options.walks === null ? byStates(subject) : [await byWalks(subject, options.walks)];
}

function figuresOf(rows: readonly Row[], seconds: number): Readonly<Record<string, number>> {
  const names = ['states', 'transitions', 'walks', 'steps'].filter((name) => rows.some(({ figures }) => figures?.[name] !== undefined));
  const sums = names.map((name) => [name, rows.reduce((total, { figures }) => total + (figures?.[name] ?? 0), 0)] as const);
  const rates = sums
    .filter(([name]) => name === 'states' || name === 'walks')
    .map(([name, sum]) => [`${name}PerSecond`, Math.round(sum / Math.max(seconds, 1e-3))] as const);
  return { ...Object.fromEntries([...sums, ...rates]), peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024) };
}

/**
 * What these configurations never came to: calls, rules, conditions of invariants, what promises are about. Of some configurations, only what
 * they speak of is expected.
 */
async function vacuous(chosen: readonly Configuration[], options: CheckOptions, seen: Seen): Promise<readonly Vacuous[]> {
  const reason = 'not reached in these configurations';
  const calls = [...new Set(chosen.flatMap((each) => Object.keys(each.calls)))].filter((name) => !seen.procedures.has(name));
  const [first] = chosen;
  const isAll = first !== undefined && chosen.length === CONFIGURATIONS.length;
  const rules = isAll ? (await specificationArtefact(options.design, limitsOf(first))).program.rules : [];
  return [
    ...calls.map((id): Vacuous => ({ kind: 'action', id, reason })),
    ...rules.filter(({ id }) => !seen.rules.has(id)).map(({ id }): Vacuous => ({ kind: 'rule', id, reason })),
    ...unmet(seen.antecedents, isAll),
    ...[...seen.promises]
      .filter(([, arises]) => !arises)
      .map(([id]): Vacuous => ({ kind: 'promise', id, reason: 'what it is about comes up in no state of these configurations' })),
  ];
}
