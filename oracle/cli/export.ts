/** The verb *export*: the specification, its proof or a trace of it, for other tools. */
import { z } from 'zod';
import { readCounterexample } from '../counterexample.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../engine.ts';
import { UsageError } from '../usage.ts';
import { mustBeKnown } from './named.ts';
import { readOptions, seconds, seed, sockets, whole } from './options.ts';
import { unknownName } from './suggest.ts';
import type { Export, VerbContext } from './verbs.ts';

const schema = z.object({
  format: z.string().optional(),
  design: z.string(),
  configuration: z.string().optional(),
  sockets: sockets(16).optional(),
  threads: whole(1, 16).optional(),
  invariant: z.array(z.string()).optional(),
  statesOnly: z.boolean().optional(),
  steps: whole(1, 100_000),
  timeout: seconds(),
  out: z.string().min(1, 'expected the name of a file or directory').optional(),
  seed,
});

/** Options that say something only about one format. */
const ONLY: Readonly<Record<string, ExportFormat>> = { configuration: 'promela', invariant: 'promela', statesOnly: 'promela' };

export async function judge(
  typed: Readonly<Record<string, unknown>>,
  operands: readonly string[],
  { engines, signal, progress, display }: VerbContext,
): Promise<Export> {
  const { invariant, statesOnly, timeout, ...options } = readOptions(schema, typed);
  const format = formatOf(options.format);
  for (const [name, meant] of Object.entries(ONLY)) {
    const flag = name === 'statesOnly' ? '--states-only' : `--${name}`;
    if (typed[name] !== undefined && meant !== format) throw misplaced(flag, `is for --format ${meant}`);
  }
  if (format === 'smtlib' && options.out === undefined) throw misplaced('--out', 'is missing: smtlib is a directory of files');
  if (operands.length > 0 && format !== 'itf') throw misplaced('FILE', 'is for --format itf');
  if (statesOnly === true && invariant !== undefined)
    throw misplaced('--invariant', 'is to be asserted, and --states-only asserts nothing');
  for (const flag of ['sockets', 'threads'] as const)
    if (operands.length > 0 && options[flag] !== undefined) throw misplaced(`--${flag}`, 'is in the FILE: a trace has its sizes');
  if (operands.length > 1) throw misplaced('FILE', 'is one file, a trace at a time');
  const engine = await engines.export();
  mustBeKnown('design', [options.design], engine.listDesigns());
  if (options.configuration !== undefined)
    mustBeKnown(
      'configuration',
      [options.configuration],
      engine.listConfigurations().map(({ id }) => id),
    );
  mustBeKnown('invariant', invariant ?? [], engine.listInvariants());
  const exported = await engine.exportModel({
    format,
    design: options.design,
    configuration: options.configuration ?? null,
    sockets: options.sockets ?? null,
    threads: options.threads ?? null,
    invariants: statesOnly === true ? [] : invariant === undefined ? null : [...new Set(invariant)],
    counterexample: operands[0] === undefined ? null : await readCounterexample(operands[0]),
    steps: options.steps,
    timeoutSeconds: timeout,
    out: options.out ?? null,
    seed: options.seed,
    signal,
    progress,
    display,
  });
  return { exported };
}

function formatOf(name: string | undefined): ExportFormat {
  const format = EXPORT_FORMATS.find((known) => known === name);
  if (format !== undefined) return format;
  if (name !== undefined) throw unknownName('format', name, EXPORT_FORMATS);
  throw new UsageError(`--format: is missing. Known formats: ${EXPORT_FORMATS.join(', ')}`, {
    field: '--format',
    reason: 'is missing',
    known: EXPORT_FORMATS,
  });
}

function misplaced(field: string, reason: string): UsageError {
  return new UsageError(`${field}: ${reason}`, { field, reason });
}
