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
import { type Move, takes } from './fairness.ts';

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
  const run = new Run(whole, part);
  if (!run.takeAll(path) || !isBroken(whole, run.words, telling.breaks)) return null;
  return { file: writeCounterexample(out, withOrigin({ ...headOf(telling), steps: run.steps })), text: run.lines.join('\n') };
}

/** What all files of this engine begin with. */
export function headOf({ design, scenario, seed, breaks, limits }: Telling): Omit<CheckCounterexample, 'steps'> {
  return { format: FORMAT, engine: 'check', subject: 'model', design, scenario, seed, breaks, configuration: { ...limits } };
}

/** A run of the whole specification by the actions of a part, written down as it goes. */
export class Run {
  readonly #whole: CompiledModel;
  readonly #part: CompiledModel;
  readonly words: Int32Array;
  readonly steps: CheckCounterexample['steps'] = [];
  /** The steps for people. */
  readonly lines: string[] = [];
  /** The same on the whole specification. */
  readonly moves: Move[] = [];

  constructor(whole: CompiledModel, part: CompiledModel) {
    this.#whole = whole;
    this.#part = part;
    this.words = whole.initial();
  }

  /** False: the whole specification does not go that way. */
  takeAll(path: readonly Move[]): boolean {
    return path.every((action) => this.#take(action));
  }

  #take({ agent, who, procedure, args }: Move): boolean {
    const [whole, part, words] = [this.#whole, this.#part, this.words];
    const { name: agentName = '', size = 1 } = part.agents[agent] ?? {};
    const { name = '', params = [] } = part.agents[agent]?.procedures[procedure] ?? {};
    const known = whole.agents.findIndex((each) => each.name === agentName);
    const number = whole.agents[known]?.procedures.findIndex((each) => each.name === name) ?? -1;
    const place = args === null ? whole.describe(words, known, who) : sourceOf(whole, known, number);
    const move = { agent: known, who, procedure: number, args };
    if (!takes(whole, words, move)) return false;
    this.moves.push(move);
    const values = params.map(({ name: param, type }, at) => [param, argument(decodeScalar(type, args?.[at] ?? 0))] as const);
    const thread = size === 1 ? agentName : `${agentName} ${who}`;
    const source = place === null ? '' : `${place.file}:${place.line}`;
    this.steps.push({
      thread,
      operation: args === null ? 'continue' : name,
      arguments: args === null ? {} : Object.fromEntries(values),
      source,
      fingerprint: fingerprint(words),
    });
    const what = args === null ? `… ${name} goes on` : `${name}(${values.map(([param, value]) => `${param} ${String(value)}`).join(', ')})`;
    this.lines.push(`${String(this.steps.length).padStart(4)}  ${thread.padEnd(9)} ${what}   [${source}]`);
    return true;
  }
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
