/**
 * The *command line*: from the words typed to an exit status. It parses, loads the verb, shows progress, prints the outcome for
 * people or as one JSON document, and turns every error into a message.
 *
 * Always true:
 *   1. With `--json`, standard output gets exactly one JSON document, also for bad usage, for `--help` and after an interrupt.
 *   2. Exit status: 0 holds, 1 violated, 2 usage or bad input, 3 unknown. A fault of sockref itself is `unknown`, never a pass.
 *   3. An interrupt (SIGINT) asks the engine what was covered; if it doesn't answer in time, the last progress is the answer.
 */
import type { Engines } from '../engine.ts';
import { packageVersion } from '../root.ts';
import { UsageError } from '../usage.ts';
import { EXIT, exitStatus, type Outcome, type Refusal, report } from '../verdict.ts';
import { judgeUntilInterrupted } from './interrupt.ts';
import { type Call, parseWords, verbOf } from './parse.ts';
import { showProgress } from './progress.ts';
import { INDENT, renderExport, renderListing, renderOutcome, wantsColours } from './table.ts';
import type { Export, Listing } from './verbs.ts';

type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Characters in a line where there is no terminal to ask, and those before the first of an explanation. */
const LINE = 120;

/** What the command line touches of the world; a test gives its own. */
export interface Surroundings {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly engines: Engines;
  /** Calls back at each interrupt until the returned function is called. */
  onInterrupt(listener: () => void): () => void;
}

/** Runs `sockref` with these words and returns the exit status. */
export async function runCommandLine(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const json = words.includes('--json');
  const verbName = verbOf(words)?.name ?? null;
  try {
    const parsed = parseWords(words);
    if (parsed.kind === 'text') {
      await write(
        surroundings.stdout,
        json ? document({ tool: 'sockref', version: packageVersion(), verb: verbName, help: parsed.text }) : parsed.text,
      );
      return EXIT.holds;
    }
    const { outcome, render } = await judge(parsed.call, surroundings);
    const colours = wantsColours(surroundings.stdout.isTTY === true, surroundings.environment);
    const { verb } = parsed.call;
    if ('exported' in outcome) {
      const { exported } = outcome;
      const exportation = { tool: 'sockref', version: packageVersion(), verb: verb.name, ...exported };
      await write(surroundings.stdout, json ? document(exportation) : renderExport(outcome));
      return EXIT.holds;
    }
    if ('list' in outcome) {
      const listing = { tool: 'sockref', version: packageVersion(), verb: verb.name, list: outcome.list };
      await write(surroundings.stdout, json ? document(listing) : renderListing(outcome));
      return EXIT.holds;
    }
    await write(surroundings.stdout, json ? document(report(verb.name, outcome)) : render(verb.name, outcome, colours));
    return exitStatus(outcome.verdict);
  } catch (error) {
    return await refuse(error, verbName, json, surroundings);
  }
}

interface Judged {
  readonly outcome: Outcome | Listing | Export;
  readonly render: typeof renderOutcome;
}

async function judge({ verb, options, operands }: Call, surroundings: Surroundings): Promise<Judged> {
  const { stdout, stderr, environment, engines, onInterrupt } = surroundings;
  const { json, quiet, ...own } = options;
  // A document looks the same wherever it was made.
  const onTerminal = stdout.isTTY === true && json !== true;
  const width = onTerminal ? (stdout.columns ?? LINE) : LINE;
  const forPeople = { width: width - INDENT, colours: wantsColours(onTerminal, environment) };
  const display = await showProgress({ stream: stderr, terminal: stderr.isTTY === true, quiet: quiet === true, verb: verb.name });
  const began = performance.now();
  try {
    const module = await verb.load();
    const outcome = await judgeUntilInterrupted(
      (signal) => module.judge(own, operands, { engines, signal, progress: display.progress, display: forPeople }),
      () => display.covered(),
      onInterrupt,
    );
    const render = module.render ?? renderOutcome;
    if ('list' in outcome || 'exported' in outcome) return { outcome, render };
    const seconds = Number(((performance.now() - began) / 1000).toFixed(3));
    // In KiB on every system that Node runs on.
    const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
    return { outcome: { ...outcome, figures: { ...outcome.figures, seconds, peakRssMiB } }, render };
  } finally {
    display.stop();
  }
}

async function refuse(error: unknown, verb: string | null, json: boolean, { stdout, stderr, environment }: Surroundings): Promise<number> {
  const ours = error instanceof UsageError;
  const message = error instanceof Error ? error.message : String(error);
  const text = ours ? message : `${message}\nThis is a fault of sockref, not of what you typed. SOCKREF_DEBUG=1 shows where it happened.`;
  const trace = !ours && environment.SOCKREF_DEBUG === '1' && error instanceof Error ? `\n${error.stack}` : '';
  await write(stderr, `sockref${verb === null ? '' : ` ${verb}`}: ${text}${trace}\n`);
  if (json) {
    const refusal: Refusal = { tool: 'sockref', version: packageVersion(), verb, error: message, ...(ours ? error.details : {}) };
    await write(stdout, document(refusal));
  }
  return ours ? EXIT.usage : EXIT.unknown;
}

function document(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Resolves when the text has left the process, so that exiting can't cut it off. */
function write(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    // A reader that went away (`| head`) is no reason to fail.
    stream.once('error', () => resolve());
    stream.write(text, () => resolve());
  });
}
