/** The verdict on a configuration by all its states. */
import type { Program } from '../compile/ir.ts';
import { UsageError } from '../usage.ts';
import type { Row } from '../verdict.ts';
import { type Cut, type Examined, examine } from './examine.ts';
import { type Symmetric, symmetricKinds } from './symmetric.ts';
import { meetConditions } from './antecedents.ts';
import { byPromises } from './by-promises.ts';
import { count, note, type Subject, violated } from './subject.ts';

/** States up to which promises are judged unasked: each takes about as long as it took to find them. */
const FEW = 1_000_000;

/** A row for the configuration, and one for each of its promises, if they are judged. */
export async function byStates(subject: Subject): Promise<readonly Row[]> {
  const { configuration, options, part, deadline } = subject;
  const { id } = configuration;
  const caps = {
    memoryBytes: options.memoryMiB * 2 ** 20,
    symmetric: options.symmetry ? exchanged(part) : null,
    workers: options.workers ?? 1,
    states: options.states,
    deadline,
    signal: options.signal,
  };
  const where = `${subject.where}${options.symmetry ? '; one state for all that differ in numbers only' : ''}`;
  const examined = await examine(part, caps, (explorer) =>
    options.progress(explorer.states, null, `${id}: ${count(explorer.states)} states, ${explorer.levels.length - 1} steps deep`),
  );
  const { explorer, broken, cut, seconds } = examined;
  note(subject, { model: explorer.model, actions: explorer.actions, rules: explorer.rules, taken: (at) => explorer.taken(at) });
  if (explorer.complete) await meetConditions(explorer, subject.seen.antecedents, { deadline, signal: options.signal });
  const figures = {
    states: explorer.states,
    transitions: explorer.steps,
    depth: explorer.levels.length - 1,
    stuck: explorer.stuck,
    bytesPerState: Number((explorer.bytes / explorer.states).toFixed(1)),
    ...(options.workers === undefined || options.workers === 1 ? {} : { workers: options.workers }),
  };
  const isAsked = options.promises ?? (explorer.complete && explorer.states <= FEW);
  const promises = await (isAsked ? byPromises(subject, examined) : Promise.resolve([])).finally(examined.end);
  const unasked = !isAsked && explorer.model.promises.length > 0 ? '; promises not looked at (--promises)' : '';
  const base = { id, seconds, method: 'all states', figures };
  if (broken.length > 0) {
    const bound = `${count(explorer.states)} states; ${where}`;
    return [{ ...base, bound, ...violated(subject, explorer.model, broken, ', and after no fewer') }, ...promises];
  }
  if (cut !== null) {
    const row: Row = {
      ...base,
      verdict: 'unknown',
      bound: partial(examined, where),
      counterexample: null,
      detail: advice(cut, explorer.death),
    };
    return [row, ...promises];
  }
  const bound = `all ${count(explorer.states)} states, the deepest ${figures.depth} steps; ${where}${unasked}`;
  return [{ ...base, verdict: 'holds', bound, counterexample: null }, ...promises];
}

/** The kinds that are exchanged. Throws a UsageError where the model tells apart what it declares to be interchangeable. */
function exchanged(program: Program): Symmetric {
  const symmetric = symmetricKinds(program);
  const [breach] = symmetric.refused;
  if (breach === undefined) return symmetric;
  const reason = `the model declares that no ${breach.kind} differs from another, and it isn't so: ${breach.why}`;
  throw new UsageError(`--symmetry: ${reason}`, { field: '--symmetry', reason });
}

function partial({ explorer }: Examined, where: string): string {
  const left = explorer.states - explorer.expanded;
  return `${count(explorer.states)} states to depth ${explorer.levels.length - 1}, ${count(left)} of them not followed; ${where}`;
}

function advice(cut: Cut, death: string | null): string {
  switch (cut) {
    case 'memory':
      return 'the memory is full: give it more with --memory, or fewer sockets or threads';
    case 'states':
      return 'as many states as asked for';
    case 'time':
      return 'the time is over: give it more with --time, or fewer sockets or threads';
    case 'interrupt':
      return 'interrupted';
    case 'worker':
      return `a worker died: ${death ?? ''}`;
  }
}
