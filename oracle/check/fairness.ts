/**
 * *Fairness*, exactly: a run that never ends is fair if nobody in it who is owed a turn could have had it from some moment on, for ever, and
 * never had it (weak fairness). Owed are
 *   - each agent, such as a thread, the next step of what it has begun: it goes on from its pause while what it waits for is so;
 *   - each agent the beginning of each procedure that the model calls *owed*, and of those that the promise takes as *given*, with each
 *     choice of arguments by itself: the timer of one connection does not make up for that of another.
 * All else is a choice, and may never be made: that a user calls, that the network delivers, that a signal comes. A run may stop where
 * nobody is owed anything. A step after which all is as it was is a step, and was a turn.
 */
import type { Action } from '../compile/js-successors.ts';
import type { CompiledModel, Promised } from '../compile/model.ts';
import { encodedRange } from '../compile/liveness.ts';

/** Who is owed what. */
export interface Due {
  readonly agent: number;
  readonly who: number;
  /** The procedure that is to begin, and how; null: whatever is under way goes on. */
  readonly begins: { readonly procedure: number; readonly args: readonly number[] } | null;
}

/** A step by its agent; `args` is null where it goes on from a pause. */
export type Move = Pick<Action, 'agent' | 'who' | 'procedure' | 'args'>;

/** All that is owed to anybody, for a promise that takes these procedures as given. */
export function duesOf(model: CompiledModel, given: readonly string[]): readonly Due[] {
  const owed = new Set([...model.program.owed, ...given]);
  return model.agents.flatMap(({ size, procedures }, agent) =>
    Array.from({ length: size }, (_, who) => [
      { agent, who, begins: null },
      ...procedures.flatMap(({ name, params }, procedure) =>
        owed.has(name)
          ? choices(params.map(({ type }) => encodedRange(type))).map((args) => ({ agent, who, begins: { procedure, args } }))
          : [],
      ),
    ]).flat(),
  );
}

/** Whether it could be had in this state. */
export function isDue(model: CompiledModel, words: Int32Array, { agent, who, begins }: Due): boolean {
  const after = words.slice();
  return begins === null ? model.resume(after, agent, who) : model.start(after, agent, who, begins.procedure, begins.args);
}

/** Whether the step is such a turn. */
export function isTurn({ agent, who, begins }: Due, move: Move): boolean {
  if (agent !== move.agent || who !== move.who) return false;
  if (begins === null || move.args === null) return begins === null && move.args === null;
  return begins.procedure === move.procedure && begins.args.every((value, index) => value === move.args?.[index]);
}

/** Takes the step in place; false: it isn't possible, and the state is as it was. */
export function takes(model: CompiledModel, words: Int32Array, { agent, who, procedure, args }: Move): boolean {
  return args === null ? model.resume(words, agent, who) : model.start(words, agent, who, procedure, args);
}

/** Why a run with a loop is no counterexample to a promise, or that it is one. */
export type Shown =
  | { readonly shows: 'broken' }
  /** The step that can't be taken; the promise does not come up, or is kept; the loop does not close; somebody is left out in it. */
  | { readonly shows: 'stuck'; readonly step: number }
  | { readonly shows: 'kept' | 'open' }
  | { readonly shows: 'unfair'; readonly starved: readonly Due[] };

/** `ids`: what the promise is about; `loop`: how many of the moves lead to where the loop begins. After each step `onStep` sees the state. */
export function shownBy(
  model: CompiledModel,
  promise: Promised,
  ids: readonly number[],
  moves: readonly Move[],
  loop: number,
  onStep: (words: Int32Array, step: number) => void = () => undefined,
): Shown {
  const words = model.initial();
  let begin = words.slice();
  /** Since when it is pending, in steps; null: it isn't. */
  let since: number | null = null;
  let left: readonly Due[] = [];
  const dues = duesOf(model, promise.given);
  const look = (step: number): void => {
    if (promise.eventually(words, ids)) since = null;
    else if (since === null && promise.whenever(words, ids)) since = step;
    if (step === loop) {
      begin = words.slice();
      left = dues.filter((due) => !moves.slice(loop).some((move) => isTurn(due, move)));
    }
    if (step >= loop) left = left.filter((due) => isDue(model, words, due));
  };
  look(0);
  for (const [index, move] of moves.entries()) {
    if (!takes(model, words, move)) return { shows: 'stuck', step: index + 1 };
    look(index + 1);
    onStep(words, index + 1);
  }
  if (since === null || since > loop) return { shows: 'kept' };
  if (!words.every((word, index) => word === begin[index])) return { shows: 'open' };
  return left.length > 0 ? { shows: 'unfair', starved: left } : { shows: 'broken' };
}

/** "thread 0 goes on", "wire begins timeout(pcb 1)" */
export function dueText(model: CompiledModel, { agent, who, begins }: Due): string {
  const { name = '', size = 1, procedures = [] } = model.agents[agent] ?? {};
  const actor = size === 1 ? name : `${name} ${who}`;
  if (begins === null) return `${actor} goes on`;
  const { name: procedure = '', params = [] } = procedures[begins.procedure] ?? {};
  const args = params.map((param, index) => `${param.name} ${begins.args[index] ?? ''}`).join(', ');
  return `${actor} begins ${procedure}(${args})`;
}

function choices(ranges: readonly { readonly lo: number; readonly hi: number }[]): readonly (readonly number[])[] {
  return ranges.reduce<readonly (readonly number[])[]>(
    (made, { lo, hi }) => made.flatMap((args) => Array.from({ length: hi - lo + 1 }, (_, above) => [...args, lo + above])),
    [[]],
  );
}
