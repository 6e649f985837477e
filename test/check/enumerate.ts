/** All states of a compiled model by the most naive of searches, which shares nothing with the engines but the model: a queue and a set. */
import type { Program } from '../../oracle/compile/ir.ts';
import { emitJavaScript } from '../../oracle/compile/javascript.ts';
import { encodedRange } from '../../oracle/compile/liveness.ts';
import { type CompiledModel, loadModel } from '../../oracle/compile/model.ts';

export interface Enumerated {
  readonly states: number;
  /** Those in which a bound is broken: they have no successors. */
  readonly faulty: number;
  /** Ids of the invariants that break in some state in which no bound is broken. */
  readonly broken: readonly string[];
}

/** A search that isn't over by then is a mistake in the test. */
const MOST = 500_000;

type Step = (words: Int32Array) => boolean;

export function enumerate(program: Program): Enumerated {
  const model = loadModel(emitJavaScript(program, { rules: false }));
  const steps = stepsOf(model);
  const first = model.initial();
  const seen = new Set<string>([key(first)]);
  const queue: Int32Array[] = [first];
  const broken = new Set<string>();
  let faulty = 0;
  for (let words = queue.pop(); words !== undefined; words = queue.pop()) {
    if (model.fault(words) !== null) {
      faulty++;
      continue;
    }
    for (const { id, holds } of model.invariants) if (!broken.has(id) && !holds(words)) broken.add(id);
    for (const step of steps) {
      const next = words.slice();
      if (!step(next)) continue;
      const name = key(next);
      if (seen.has(name)) continue;
      seen.add(name);
      if (seen.size > MOST) throw new Error(`${program.name} has more than ${MOST} states`);
      queue.push(next);
    }
  }
  return { states: seen.size, faulty, broken: model.invariants.map(({ id }) => id).filter((id) => broken.has(id)) };
}

/** Every state of a model; null: there are more than this. */
export function everyState(model: CompiledModel, most: number): readonly Int32Array[] | null {
  const steps = stepsOf(model);
  const states = [model.initial()];
  const seen = new Set<string>(states.map(key));
  for (const words of states) {
    if (model.fault(words) !== null) continue;
    for (const step of steps) {
      const next = words.slice();
      if (!step(next) || seen.has(key(next))) continue;
      seen.add(key(next));
      states.push(next);
      if (states.length > most) return null;
    }
  }
  return states;
}

/** The program with only these procedures. */
export function withProcedures(program: Program, names: readonly string[]): Program {
  const agents = program.agents.map((agent) => ({ ...agent, procedures: agent.procedures.filter(({ name }) => names.includes(name)) }));
  return { ...program, agents };
}

function stepsOf(model: CompiledModel): readonly Step[] {
  return model.agents.flatMap(({ size, procedures }, agent) =>
    Array.from({ length: size }, (_, who) => who).flatMap((who) => [
      (words: Int32Array) => model.resume(words, agent, who),
      ...procedures.flatMap(({ params }, procedure) => {
        const ranges = params.map(({ type }) => encodedRange(type));
        return combinations(ranges).map(
          (args): Step =>
            (words) =>
              model.start(words, agent, who, procedure, args),
        );
      }),
    ]),
  );
}

function combinations(ranges: readonly { readonly lo: number; readonly hi: number }[]): readonly (readonly number[])[] {
  const [first, ...rest] = ranges;
  if (first === undefined) return [[]];
  const values = Array.from({ length: first.hi - first.lo + 1 }, (_, at) => first.lo + at);
  return values.flatMap((value) => combinations(rest).map((tail) => [value, ...tail]));
}

function key(words: Int32Array): string {
  return String.fromCharCode(...new Uint16Array(words.buffer, words.byteOffset, words.length * 2));
}
