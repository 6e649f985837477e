/**
 * A scenario from a *file*: a program over the socket calls that somebody wrote, as JSON. It is data, checked field by field; what it
 * names is looked up, and a call, an argument or a thread that does not exist is refused.
 */
import { readFile } from 'node:fs/promises';
import { scenarioSchema } from '../counterexample-explore.ts';
import { quote, UsageError } from '../usage.ts';
import type { Scenario, TINY } from './kernel/scenario.ts';
import { MOST_AGENTS } from './program.ts';

const SIZE_LIMIT = 256 * 1024;

/** Sizes that a scenario may ask for: what those of the house use, with room for more. */
const SIZES: Readonly<Record<keyof typeof TINY, readonly [least: number, most: number]>> = {
  SOCKETS: [2, 12],
  PCBS: [2, 24],
  FDS: [1, 16],
  HANDLES: [1, 4],
  NAMES: [1, 6],
  BACKLOG: [0, 3],
  BUFFER: [1, 8],
  RIGHTS: [1, 8],
};

/** A name that is meant to be the path of a file. */
export function isScenarioFile(name: string): boolean {
  return name.endsWith('.json');
}

/** Looks before a sleep: each makes more states of the same sleeps. */
const MOST_LOOKS = 9;

/** Throws a UsageError, and nothing else, when the file is not a scenario. */
export async function readScenario(path: string): Promise<Scenario> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw refusal(path, '(file)', code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`);
  }
  if (text.length > SIZE_LIMIT) throw refusal(path, '(file)', 'is larger than any scenario');
  return parseScenario(text, path);
}

export function parseScenario(text: string, name: string): Scenario {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw refusal(name, '(file)', 'is not JSON');
  }
  const parsed = scenarioSchema.safeParse(document);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refusal(name, fieldOf(issue?.path ?? []), issue?.message ?? 'is not a scenario');
  }
  return checkedScenario(parsed.data as Scenario, name);
}

/** What names a thread must name one that there is; and what is asked for must be of a size that can be explored. */
export function checkedScenario(scenario: Scenario, name: string): Scenario {
  const { threads, actors = [], sizes = {} } = scenario;
  for (const [size, value] of Object.entries(sizes)) {
    const limits = Object.hasOwn(SIZES, size) ? SIZES[size as keyof typeof SIZES] : undefined;
    if (limits === undefined) throw refusal(name, `sizes.${size}`, 'is not a size of the specification', Object.keys(SIZES));
    const [least, most] = limits;
    if (value < least || value > most)
      throw refusal(name, `sizes.${size}`, `expected a whole number from ${least} to ${most}, saw ${quote(value)}`);
  }
  if ((scenario.looks ?? 0) > MOST_LOOKS) throw refusal(name, 'looks', `are ${scenario.looks}, and ${MOST_LOOKS} is the most`);
  const agents = threads.length + actors.length;
  if (agents === 0) throw refusal(name, 'threads', 'are none, and no actors either: nobody does anything');
  if (agents > MOST_AGENTS) throw refusal(name, 'actors', `are ${agents} with the threads, and ${MOST_AGENTS} is the most`);
  for (const [index, actor] of actors.entries()) {
    if (actor.kind !== 'signal' || actor.thread < threads.length) continue;
    throw refusal(name, `actors[${index}].thread`, `is ${actor.thread}, and the threads are 0 to ${threads.length - 1}`);
  }
  for (const [thread, script] of threads.entries())
    for (const [call, { args }] of script.entries())
      for (const [argument, value] of Object.entries(args))
        if (typeof value === 'object' && value.resultOf >= call)
          throw refusal(
            name,
            `threads[${thread}][${call}].args.${argument}`,
            `is the result of a call that comes no earlier: ${value.resultOf}`,
          );
  return scenario;
}

function fieldOf(path: readonly PropertyKey[]): string {
  return (
    path
      .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
      .join('')
      .replace(/^\./, '') || '(file)'
  );
}

function refusal(name: string, field: string, reason: string, known?: readonly string[]): UsageError {
  const subject = field === '(file)' ? 'the file' : field;
  const names = known === undefined ? '' : `\nKnown: ${known.join(', ')}`;
  return new UsageError(`the scenario ${quote(name, 200)} was refused: ${subject} ${reason}${names}`, {
    field,
    reason,
    ...(known === undefined ? {} : { known }),
  });
}
