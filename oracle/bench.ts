/**
 * The *benchmarks*: what the parts do in a second on this machine, each beside a peer measured in the same run. Figures are for reading;
 * no test depends on them, and the status is 0 whatever they are. `--json` prints one document, `--only NAME` measures one.
 */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { type Benchmark, type Figure, printNumber, ratioOf, renderFigure } from './bench/figure.ts';
import { unknownName } from './cli/suggest.ts';
import { packageVersion } from './root.ts';
import { UsageError } from './usage.ts';

/** Each is loaded when its turn comes, so that one does not pay for another. */
const BENCHMARKS: readonly Benchmark[] = [
  { name: 'run', measure: async (tell) => (await import('./bench/run.ts')).measureRun(tell) },
  { name: 'model', measure: async (tell) => (await import('./bench/model.ts')).measureModel(tell) },
  { name: 'calls', measure: async (tell) => (await import('./bench/calls.ts')).measureCalls(tell) },
  { name: 'throughput', measure: async (tell) => (await import('./bench/throughput.ts')).measureThroughput(tell) },
  { name: 'connections', measure: async (tell) => (await import('./bench/connections.ts')).measureConnections(tell) },
  { name: 'locks', measure: async (tell) => (await import('./bench/locks.ts')).measureLocks(tell) },
  { name: 'schedule', measure: async (tell) => (await import('./bench/schedule.ts')).measureSchedule(tell) },
  { name: 'check', measure: async (tell) => (await import('./bench/check.ts')).measureCheck(tell) },
  { name: 'prove', measure: async (tell) => (await import('./bench/prove.ts')).measureProve(tell) },
];

interface Asked {
  readonly json: boolean;
  readonly benchmarks: readonly Benchmark[];
}

function read(words: readonly string[]): Asked {
  const known = BENCHMARKS.map(({ name }) => name);
  const options = { json: { type: 'boolean' }, only: { type: 'string', multiple: true } } as const;
  const { json = false, only = known } = parse(() => parseArgs({ args: [...words], options, strict: true }).values);
  for (const name of only) if (!known.includes(name)) throw unknownName('benchmark', name, known);
  return { json, benchmarks: BENCHMARKS.filter(({ name }) => only.includes(name)) };
}

/** Node says in its own words what it did not understand. */
function parse<T>(words: () => T): T {
  try {
    return words();
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\nOptions: --json, --only NAME`);
  }
}

function load(): string {
  return `${cpus().length} processors, load ${loadavg().map(printNumber).join(' ')}`;
}

async function main(): Promise<number> {
  const { json, benchmarks } = read(process.argv.slice(2));
  const before = load();
  const figures: Figure[] = [];
  const failed: { benchmark: string; error: string }[] = [];
  for (const { name, measure } of benchmarks) {
    const tell = (text: string): void => void process.stderr.write(`bench ${name}: ${text}\n`);
    try {
      const measured = await measure(tell);
      figures.push(...measured);
      if (!json) process.stdout.write(`${measured.map(renderFigure).join('\n')}\n`);
    } catch (error) {
      // One that breaks takes nothing from the others, but is not passed over either.
      failed.push({ benchmark: name, error: error instanceof Error ? error.message : String(error) });
      tell(`failed: ${failed.at(-1)?.error}`);
    }
  }
  const machine = `Node ${process.version}, ${before} before and ${loadavg().map(printNumber).join(' ')} after`;
  if (json) {
    const rows = figures.map((figure) => ({ ...figure, ratio: ratioOf(figure) }));
    process.stdout.write(
      `${JSON.stringify({ tool: 'sockref', version: packageVersion(), verb: 'bench', machine, figures: rows, failed }, null, 2)}\n`,
    );
  } else process.stdout.write(`${machine}\n`);
  return failed.length === 0 ? 0 : 3;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  if (process.argv.includes('--json'))
    process.stdout.write(
      `${JSON.stringify({ tool: 'sockref', version: packageVersion(), verb: 'bench', error: error.message, ...error.details }, null, 2)}\n`,
    );
  process.exitCode = 2;
}
