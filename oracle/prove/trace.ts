/**
 * What a solver or a random run found, made certain: the steps are run on the compiled model from the beginning, and only if the
 * invariant is broken there is it a violation. The file that is written is made from that run.
 */
import type { Chosen, TransitionSystem } from '../compile/smt.ts';
import { decodeScalar } from '../compile/values.ts';
import { FORMAT, type ProveCounterexample, writeCounterexample } from '../counterexample.ts';
import { withOrigin } from '../origin.ts';
import { fingerprint } from '../run/program.ts';
import { type Concrete, concreteStep } from './concrete.ts';

export interface Trace {
  readonly design: string;
  readonly seed: number;
  readonly breaks: string;
  readonly limits: Readonly<Record<string, number>>;
}

/** Runs the steps and writes the file. Null: the run does not end in a violation, so the claim was wrong. */
export function confirm(system: TransitionSystem, concrete: Concrete, steps: readonly Chosen[], trace: Trace, out: string): string | null {
  const words = concrete.model.initial();
  const written: ProveCounterexample['steps'] = [];
  for (const { action, who, args } of steps) {
    if (concrete.isBroken(words, trace.breaks)) return null;
    if (!concrete.take(words, concreteStep(action, who, args ?? []))) return null;
    const params = system.params(action);
    written.push({
      thread: action.machine.size === 1 ? action.machine.agent : `${action.machine.agent} ${who}`,
      operation: args === null ? 'continue' : (action.machine.procedures[action.entry.procedure]?.name ?? '?'),
      arguments: Object.fromEntries(params.map(({ name, type }, at) => [name, argument(decodeScalar(type, args?.[at] ?? 0))])),
      source: `${action.entry.source.file}:${action.entry.source.line}`,
      fingerprint: fingerprint(words),
    });
  }
  if (!concrete.isBroken(words, trace.breaks)) return null;
  const file: ProveCounterexample = {
    format: FORMAT,
    engine: 'prove',
    subject: 'model',
    design: trace.design,
    scenario: 'bounded trace',
    seed: trace.seed,
    breaks: trace.breaks,
    configuration: { ...trace.limits },
    steps: written,
  };
  return writeCounterexample(out, withOrigin(file));
}

/** A file knows numbers, booleans and text; no id is the text "null". */
function argument(value: unknown): number | boolean | string {
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string' ? value : String(value);
}

/** The steps for people: "thread 0: socket(tcp)". */
export function printSteps(system: TransitionSystem, steps: readonly Chosen[]): string {
  return steps
    .map(({ action, who, args }, index) => {
      const agent = action.machine.size === 1 ? action.machine.agent : `${action.machine.agent} ${who}`;
      const name = action.machine.procedures[action.entry.procedure]?.name ?? '?';
      const values = system.params(action).map(({ name: param, type }, at) => {
        const value = decodeScalar(type, args?.[at] ?? 0);
        return typeof value === 'string'
          ? value
          : typeof value === 'boolean'
            ? `${value ? '' : 'not '}${param}`
            : `${param} ${String(value)}`;
      });
      const text = args === null ? `… ${name} goes on` : `${name}(${values.join(', ')})`;
      return `${String(index + 1).padStart(3)}  ${agent.padEnd(9)} ${text}   [${action.entry.source.file}:${action.entry.source.line}]`;
    })
    .join('\n');
}
