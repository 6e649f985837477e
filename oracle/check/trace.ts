/**
 * A path through the states of a configuration as a run of the whole specification: the same steps, on the model with all its calls and
 * all its state. Only what is broken there as well is a violation, and the file that is written is made from that run.
 */
import type { Action } from '../compile/js-successors.ts';
import type { CompiledModel } from '../compile/model.ts';
import { decodeScalar } from '../compile/values.ts';
import { type CheckCounterexample, FORMAT, writeCounterexample } from '../counterexample.ts';
import { withOrigin } from '../origin.ts';
import { fingerprint } from '../run/program.ts';

export interface Telling {
  readonly design: string;
  readonly scenario: string;
  readonly seed: number;
  /** The id of the invariant that the last step breaks, or `no-overflow`. */
  readonly breaks: string;
  readonly limits: Readonly<Record<string, number>>;
}

export interface Told {
  readonly file: string;
  /** The steps for people. */
  readonly text: string;
}

export const NO_OVERFLOW = 'no-overflow';

/** Null: the whole specification does not go that way, or nothing is broken there. `part` is the model that the actions are of. */
export function tell(whole: CompiledModel, part: CompiledModel, path: readonly Action[], telling: Telling, out: string): Told | null {
  const words = whole.initial();
  const steps: CheckCounterexample['steps'] = [];
  const lines: string[] = [];
  for (const { agent, who, procedure, args } of path) {
    const { name: agentName = '', size = 1 } = part.agents[agent] ?? {};
    const { name = '', params = [] } = part.agents[agent]?.procedures[procedure] ?? {};
    const known = whole.agents.findIndex((each) => each.name === agentName);
    const number = whole.agents[known]?.procedures.findIndex((each) => each.name === name) ?? -1;
    const place = args === null ? whole.describe(words, known, who) : sourceOf(whole, known, number);
    if (!(args === null ? whole.resume(words, known, who) : whole.start(words, known, who, number, args))) return null;
    const values = params.map(({ name: param, type }, at) => [param, argument(decodeScalar(type, args?.[at] ?? 0))] as const);
    const thread = size === 1 ? agentName : `${agentName} ${who}`;
    const source = place === null ? '' : `${place.file}:${place.line}`;
    steps.push({
      thread,
      operation: args === null ? 'continue' : name,
      arguments: args === null ? {} : Object.fromEntries(values),
      source,
      fingerprint: fingerprint(words),
    });
    const what = args === null ? `… ${name} goes on` : `${name}(${values.map(([param, value]) => `${param} ${String(value)}`).join(', ')})`;
    lines.push(`${String(steps.length).padStart(4)}  ${thread.padEnd(9)} ${what}   [${source}]`);
  }
  if (!isBroken(whole, words, telling.breaks)) return null;
  const file = writeCounterexample(
    out,
    withOrigin({
      format: FORMAT,
      engine: 'check',
      subject: 'model',
      design: telling.design,
      scenario: telling.scenario,
      seed: telling.seed,
      breaks: telling.breaks,
      configuration: { ...telling.limits },
      steps,
    }),
  );
  return { file, text: lines.join('\n') };
}

export function isBroken(model: CompiledModel, words: Int32Array, id: string): boolean {
  if (model.fault(words) !== null) return id === NO_OVERFLOW;
  return model.invariants.some((property) => property.id === id && !property.holds(words));
}

function sourceOf({ program }: CompiledModel, agent: number, procedure: number): { readonly file: string; readonly line: number } | null {
  const fn = program.agents[agent]?.procedures[procedure]?.fn;
  return fn === undefined ? null : (program.functions[fn]?.source ?? null);
}

/** A file knows numbers, booleans and text; no id is the text "null". */
function argument(value: unknown): number | boolean | string {
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string' ? value : String(value);
}
