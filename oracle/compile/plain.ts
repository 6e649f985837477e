/**
 * The *plain executor* runs the same model as the TypeScript that it is: it calls the generators of the imported module and
 * polls their conditions. It is slow and can't be copied; it is what compiled code is compared with.
 */
import { decodeScalar, type Plain } from './values.ts';
import { NotEnabled } from '../../model/lang.ts';
import type { Program } from './ir.ts';

type Generator = Iterator<(() => boolean) | undefined, unknown, undefined>;

/** The shape of what `defineModel` returns, as far as running it goes. */
export interface PlainParts {
  readonly initial: (configuration: never) => object;
  readonly agents: Readonly<
    Record<string, { readonly size: number; readonly procedures: Readonly<Record<string, (...args: never[]) => Generator>> }>
  >;
  readonly invariants: Readonly<Record<string, (s: never) => boolean>>;
  readonly lemmas: Readonly<Record<string, (s: never) => boolean>>;
}

interface Frame {
  readonly generator: Generator;
  /** What it waits for; undefined: nothing. */
  readonly until: (() => boolean) | undefined;
}

export interface PlainModel {
  readonly state: Readonly<Record<string, unknown>>;
  /** False: the guard is false or the agent is not idle. */
  start(agent: string, who: number, procedure: string, args: readonly Plain[]): boolean;
  /** False: the agent is idle or waits. */
  resume(agent: string, who: number): boolean;
  isIdle(agent: string, who: number): boolean;
  holds(id: string): boolean;
}

/** Sets a model up. `configuration` holds the `readonly` fields of the state, in source terms. */
export function runPlainly(parts: PlainParts, configuration: Readonly<Record<string, Plain>>): PlainModel {
  const state = parts.initial(configuration as never) as Readonly<Record<string, unknown>>;
  const frames = new Map<string, Frame>();
  const key = (agent: string, who: number): string => `${agent} ${who}`;
  const advance = (name: string, generator: Generator): void => {
    const { done, value } = generator.next();
    if (done === true) frames.delete(name);
    else frames.set(name, { generator, until: value as (() => boolean) | undefined });
  };
  return {
    state,
    start: (agent, who, procedure, args) => {
      const name = key(agent, who);
      const run = parts.agents[agent]?.procedures[procedure] as ((...all: unknown[]) => Generator) | undefined;
      if (run === undefined) throw new RangeError(`there is no procedure ${agent}.${procedure}`);
      if (frames.has(name)) return false;
      try {
        advance(name, run(state, who, ...args));
        return true;
      } catch (error) {
        if (error instanceof NotEnabled) return false;
        throw error;
      }
    },
    resume: (agent, who) => {
      const name = key(agent, who);
      const frame = frames.get(name);
      if (frame === undefined || (frame.until !== undefined && !frame.until())) return false;
      advance(name, frame.generator);
      return true;
    },
    isIdle: (agent, who) => !frames.has(key(agent, who)),
    holds: (id) => {
      const predicate = parts.invariants[id] ?? parts.lemmas[id];
      if (predicate === undefined) throw new RangeError(`there is no invariant ${id}`);
      return predicate(state as never);
    },
  };
}

/** The configuration of a compiled program in source terms. */
export function configurationOf(program: Program): Readonly<Record<string, Plain>> {
  return Object.fromEntries(
    program.state.fields.flatMap((field): [string, Plain][] => {
      const { type } = field;
      if (!field.fixed || type.kind === 'record' || type.kind === 'table' || type.kind === 'seq') return [];
      return [[field.name, decodeScalar(type, program.configuration[field.name] ?? 0)]];
    }),
  );
}
