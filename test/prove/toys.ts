/** What the prover's tests share: a model with both its back ends, and the truth about it by brute force. */
import path from 'node:path';
import { compileModel } from '../../oracle/compile/frontend.ts';
import { emitJavaScript } from '../../oracle/compile/javascript.ts';
import type { Program } from '../../oracle/compile/ir.ts';
import { encodedRange } from '../../oracle/compile/liveness.ts';
import { openProgram } from '../../oracle/compile/open.ts';
import { TransitionSystem } from '../../oracle/compile/smt.ts';
import { Concrete, type ConcreteStep } from '../../oracle/prove/concrete.ts';
import type { Limits } from '../../oracle/prove/lane.ts';

export const root = path.resolve(import.meta.dirname, '../..');

export interface Toy {
  readonly system: TransitionSystem;
  readonly concrete: Concrete;
}

export type Configuration = Readonly<Record<string, string | number | boolean>>;

export function toy(
  entry: string,
  configuration: Configuration,
  sources?: Readonly<Record<string, string>>,
  constants: Readonly<Record<string, number>> = {},
): Toy {
  return toyOf(compileModel({ root, entry, configuration, constants, ...(sources === undefined ? {} : { sources }) }));
}

export function toyOf(program: Program): Toy {
  const system = new TransitionSystem(program);
  return { system, concrete: new Concrete(emitJavaScript(program), system) };
}

/** Models by themselves, compiled. Opened together, all but the first take half of the time. */
export function compiledTogether(sources: readonly string[]): readonly Program[] {
  const files = sources.map((_, at) => `test/prove/models/random-${at}.ts`);
  const texts = Object.fromEntries(sources.map((text, at) => [files[at] ?? '', text]));
  const opened = openProgram(
    { root, sources: texts },
    files.map((file) => path.join(root, file)),
  );
  return files.map((entry) => compileModel({ root, entry, sources: texts }, opened));
}

export function limits(seconds = 50, lanes = 1): Limits {
  return { solver: null, signal: new AbortController().signal, deadline: Date.now() + seconds * 1000, lanes };
}

/** Every step that could be tried in any state. */
export function allSteps({ concrete }: Toy): readonly ConcreteStep[] {
  return concrete.model.agents.flatMap(({ size, procedures }, agent) =>
    Array.from({ length: size }, (_, who) => [
      { agent, who, procedure: 0, args: null },
      ...procedures.flatMap(({ params }, procedure) =>
        combinations(params.map(({ type }) => encodedRange(type))).map((args): ConcreteStep => ({ agent, who, procedure, args })),
      ),
    ]).flat(),
  );
}

function combinations(ranges: readonly { readonly lo: number; readonly hi: number }[]): readonly (readonly number[])[] {
  const [first, ...rest] = ranges;
  if (first === undefined) return [[]];
  const values = Array.from({ length: first.hi - first.lo + 1 }, (_, index) => first.lo + index);
  return values.flatMap((value) => combinations(rest).map((tail) => [value, ...tail]));
}

export interface Truth {
  /** Goal → length of the shortest trace that breaks it; a trace ends with the step that breaks a bound. */
  readonly brokenAt: ReadonlyMap<string, number>;
  /** States that no shorter trace reaches, by depth. */
  readonly states: readonly number[];
}

/** Breadth first, state by state. A step that breaks a bound has nothing after it. */
export function bruteForce(subject: Toy, depth: number): Truth {
  const { concrete } = subject;
  const steps = allSteps(subject);
  const brokenAt = new Map<string, number>();
  const seen = new Set<string>([concrete.model.initial().join()]);
  const states = [1];
  let frontier = [concrete.model.initial()];
  for (let at = 1; at <= depth; at++) {
    const next: Int32Array[] = [];
    for (const words of frontier) {
      for (const step of steps) {
        const after = words.slice();
        if (!concrete.take(after, step)) continue;
        for (const id of concrete.broken(after)) if (!brokenAt.has(id)) brokenAt.set(id, at);
        if (concrete.model.fault(after) !== null || seen.has(after.join())) continue;
        seen.add(after.join());
        next.push(after);
      }
    }
    states.push(next.length);
    frontier = next;
  }
  return { brokenAt, states };
}
