/** The verdict on a configuration by random walks: what they break is broken, and what they don't is not thereby proved. */
import type { Row } from '../verdict.ts';
import { count, note, type Subject, violated } from './subject.ts';
import { type Stumble, Walks } from './walks.ts';

/** Walks between two looks at the clock. */
const TURN = 500;

export async function byWalks(subject: Subject, { number, steps }: { readonly number: number; readonly steps: number }): Promise<Row> {
  const { configuration, options, part, deadline, where } = subject;
  const { id } = configuration;
  const began = performance.now();
  const walks = new Walks(part, steps);
  let stumble: Stumble | null = walks.atFirst();
  const isOver = (): boolean => options.signal.aborted || Date.now() > deadline;
  while (stumble === null && walks.walks < number && !isOver()) {
    // Seeds of different runs don't meet.
    const from = options.seed * 1_000_003 + walks.walks;
    stumble = walks.take(from, from + Math.min(TURN, number - walks.walks));
    options.progress(walks.walks, number, `${id}: random walks`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const seconds = (performance.now() - began) / 1000;
  note(subject, { model: walks.model, actions: walks.actions, rules: walks.rules, taken: (at) => walks.taken(at) });
  const figures = { walks: walks.walks, steps: walks.steps, walksPerSecond: Math.round(walks.walks / Math.max(seconds, 1e-3)) };
  const bound = `${count(walks.walks)} random walks of up to ${steps} steps; ${where}`;
  const base = { id, seconds, method: 'random walks', bound, figures };
  if (stumble !== null) {
    const { path, properties } = stumble;
    const broken = properties.map((property) => ({ property, path }));
    return { ...base, ...violated(subject, walks.model, broken, ' of a random walk') };
  }
  if (walks.walks < number) {
    return {
      ...base,
      verdict: 'unknown',
      counterexample: null,
      detail: options.signal.aborted ? 'interrupted' : 'the time is over: give it more with --time',
    };
  }
  return { ...base, verdict: 'holds', counterexample: null };
}
