/**
 * A trace as *ITF* (Informal Trace Format, https://apalache-mc.org/docs/adr/015adr-trace.html): JSON that trace viewers and tools around
 * TLA+ and Quint read. A variable for each field of the state; records are records, tables and sequences are lists, literals are
 * strings, whole numbers and ids are `#bigint`, and an id that is null is -1, since every value of a variable has one type there.
 * Besides: what every agent is at (`<agent>_at`), the step that led to the state (`step`), and the bound that it broke (`fault`).
 */
import type { Scalar } from '../compile/ir.ts';
import { encodedRange } from '../compile/liveness.ts';
import type { CompiledModel } from '../compile/model.ts';
import { decodeScalar, type Plain } from '../compile/values.ts';

export type Itf = boolean | string | { readonly '#bigint': string } | readonly Itf[] | { readonly [field: string]: Itf };

export interface ItfTrace {
  readonly '#meta': Readonly<Record<string, string>>;
  readonly vars: readonly string[];
  /** Of a run that never ends: the state behind the last one is this one again. */
  readonly loop?: number;
  readonly states: readonly ({ readonly '#meta': { readonly index: number } } & { readonly [variable: string]: unknown })[];
}

/** One step of a trace: null arguments where an agent goes on from a pause. */
export interface TraceStep {
  readonly agent: number;
  readonly who: number;
  readonly procedure: number;
  readonly args: readonly number[] | null;
}

/** Runs the steps from the first state; `taken` is how many were possible. */
export function itfOf(
  model: CompiledModel,
  steps: readonly TraceStep[],
  source: string,
  description: string,
): { readonly trace: ItfTrace; readonly taken: number } {
  const words = model.initial();
  const states = [stateOf(model, words, 0, 'the first state')];
  for (const [index, step] of steps.entries()) {
    const told = tell(model, words, step);
    if (!take(model, words, step)) break;
    states.push(stateOf(model, words, index + 1, told));
  }
  const vars = Object.keys(states[0] ?? {}).filter((name) => name !== '#meta');
  const meta = {
    format: 'ITF',
    'format-description': 'https://apalache-mc.org/docs/adr/015adr-trace.html',
    source,
    description: `${description}; an id that is null is -1`,
  };
  return { trace: { '#meta': meta, vars, states }, taken: states.length - 1 };
}

/** The same as a run that never ends: so many of its steps lead to where its loop begins. */
export function withLoop(trace: ItfTrace, loop: number): ItfTrace {
  const { states, ...rest } = trace;
  // The last step leads back to a state that stands there already; without steps in the loop, the run stays at its last state.
  return { ...rest, loop, states: loop < states.length - 1 ? states.slice(0, -1) : states };
}

/** A random walk of so many steps; shorter where it gets stuck or breaks a bound. */
export function randomWalk(model: CompiledModel, steps: number, random: (below: number) => number): readonly TraceStep[] {
  const words = model.initial();
  const walk: TraceStep[] = [];
  while (walk.length < steps && model.fault(words) === null) {
    const possible = everyStep(model).filter((step) => take(model, words.slice(), step));
    const step = possible[random(possible.length)];
    if (step === undefined) break;
    take(model, words, step);
    walk.push(step);
  }
  return walk;
}

function take(model: CompiledModel, words: Int32Array, { agent, who, procedure, args }: TraceStep): boolean {
  return args === null ? model.resume(words, agent, who) : model.start(words, agent, who, procedure, args);
}

function everyStep(model: CompiledModel): readonly TraceStep[] {
  return model.agents.flatMap(({ size, procedures }, agent) =>
    Array.from({ length: size }, (_, who) => who).flatMap((who) => [
      { agent, who, procedure: 0, args: null },
      ...procedures.flatMap(({ params }, procedure) =>
        combinations(params.map(({ type }) => type)).map((args) => ({ agent, who, procedure, args })),
      ),
    ]),
  );
}

function combinations(types: readonly Scalar[]): readonly (readonly number[])[] {
  return types.reduce<readonly (readonly number[])[]>(
    (lists, type) => {
      const { lo, hi } = encodedRange(type);
      return lists.flatMap((list) => Array.from({ length: hi - lo + 1 }, (_, at) => [...list, lo + at]));
    },
    [[]],
  );
}

function stateOf(model: CompiledModel, words: Int32Array, index: number, step: string): ItfTrace['states'][number] {
  const { state, frames } = model.decode(words);
  const at = Object.entries(frames).map(([agent, list], which): [string, Itf] => [
    `${agent}_at`,
    list.map(({ procedure }, who) => {
      const source = model.describe(words, which, who);
      return procedure === null || source === null ? 'idle' : `${procedure}, ${source.file}:${source.line}`;
    }),
  ]);
  const fault = model.fault(words);
  return {
    '#meta': { index },
    ...Object.fromEntries(Object.entries(state).map(([name, value]) => [name, itf(value)])),
    ...Object.fromEntries(at),
    step,
    fault: fault === null ? 'none' : `${fault.file}:${fault.line}: ${fault.text}`,
  };
}

function itf(value: Plain): Itf {
  if (typeof value === 'boolean' || typeof value === 'string') return value;
  if (value === null) return { '#bigint': '-1' };
  if (typeof value === 'number') return { '#bigint': String(value) };
  if (Array.isArray(value)) return value.map((each: Plain) => itf(each));
  return Object.fromEntries(Object.entries(value).map(([field, inside]) => [field, itf(inside)]));
}

/** "thread 0: accept(fd 1)" */
function tell(model: CompiledModel, words: Int32Array, { agent, who, procedure, args }: TraceStep): string {
  const { name = '?', size = 1, procedures = [] } = model.agents[agent] ?? {};
  const actor = size === 1 ? name : `${name} ${who}`;
  if (args === null) {
    const source = model.describe(words, agent, who);
    return `${actor} goes on${source === null ? '' : ` at ${source.file}:${source.line}`}`;
  }
  const called = procedures[procedure];
  const values = (called?.params ?? []).map((param, at) => `${param.name} ${String(decodeScalar(param.type, args[at] ?? 0))}`);
  return `${actor}: ${called?.name ?? '?'}(${values.join(', ')})`;
}
