/**
 * A *walker* takes steps of the specification in one of its two executions: compiled, or as the plain TypeScript that it is. Agents,
 * procedures and arguments are given to both by their numbers, so that the same dice lead both the same way.
 */
import { model as plainModel } from '../../model/index.ts';
import type { CompiledModel } from '../compile/model.ts';
import { configurationOf, type PlainParts, runPlainly } from '../compile/plain.ts';
import { decodeScalar, type Plain } from '../compile/values.ts';

export interface Walker {
  reset(): void;
  isIdle(agent: number, who: number): boolean;
  start(agent: number, who: number, procedure: number, choices: Int32Array): boolean;
  resume(agent: number, who: number): boolean;
  /** A bound was broken: the walk is over. */
  ended(): boolean;
}

export function compiledWalker(model: CompiledModel): Walker {
  const initial = model.initial();
  const w = initial.slice();
  return {
    reset: () => w.set(initial),
    isIdle: (agent, who) => model.pc(w, agent, who) === 0,
    start: (agent, who, procedure, choices) => model.start(w, agent, who, procedure, choices),
    resume: (agent, who) => model.resume(w, agent, who),
    ended: () => model.fault(w) !== null,
  };
}

export function plainWalker(model: CompiledModel): Walker {
  const parts: PlainParts = plainModel;
  const configuration = configurationOf(model.program);
  const agents = model.agents.map(({ name, procedures }) => ({ name, procedures }));
  let plain = runPlainly(parts, configuration);
  let broken = false;
  // It has no bounds of its own: where the compiled model reports a broken one it may crash.
  const guarded = (step: () => boolean): boolean => {
    try {
      return step();
    } catch {
      broken = true;
      return false;
    }
  };
  return {
    reset: () => {
      plain = runPlainly(parts, configuration);
      broken = false;
    },
    isIdle: (agent, who) => plain.isIdle(agents[agent]?.name ?? '', who),
    start: (agent, who, procedure, choices) => {
      const chosen = agents[agent]?.procedures[procedure];
      const args: readonly Plain[] = chosen?.params.map((p, index) => decodeScalar(p.type, choices[index] ?? 0)) ?? [];
      return guarded(() => plain.start(agents[agent]?.name ?? '', who, chosen?.name ?? '', args));
    },
    resume: (agent, who) => guarded(() => plain.resume(agents[agent]?.name ?? '', who)),
    ended: () => broken,
  };
}
