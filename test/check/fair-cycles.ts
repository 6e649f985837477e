/**
 * The promises of a model by the most naive of ways, which shares nothing with the engine but the model: all states in a list, all steps of
 * each, and the states from which a fair run stays among them for ever as a greatest fixpoint (after Emerson and Lei). What remains of the
 * states in which the promise is not so, when those are taken out from which somebody's turn can't be settled any more, is that set.
 */
import { emitJavaScript } from '../../oracle/compile/javascript.ts';
import type { Program } from '../../oracle/compile/ir.ts';
import { encodedRange } from '../../oracle/compile/liveness.ts';
import { type CompiledModel, loadModel, type Promised } from '../../oracle/compile/model.ts';

export interface Truth {
  readonly states: number;
  /** Whether a promise is kept where these procedures are owed, and whether it ever comes up. */
  readonly judge: (id: string, owed: readonly string[]) => { readonly kept: boolean; readonly arises: boolean };
}

interface Edge {
  readonly to: number;
  readonly turn: string;
}

/** All states of a model, and judgement on promises in them. Null: there are more states than this. */
export function truthOf(program: Program, most: number): Truth | null {
  const model = loadModel(emitJavaScript(program, { rules: false }));
  const all = statesOf(model, most);
  if (all === null) return null;
  const { states, edges } = all;
  return { states: states.length, judge: (id, owed) => judged(model, { ...named(model, id), given: owed }, states, edges) };
}

function named(model: CompiledModel, id: string): Promised {
  const promise = model.promises.find((each) => each.id === id);
  if (promise === undefined) throw new Error(`there is no promise ${id}`);
  return promise;
}

function judged(model: CompiledModel, promise: Promised, states: readonly Int32Array[], edges: readonly (readonly Edge[])[]) {
  const begins = new Set([...model.program.owed, ...promise.given]);
  const isOwed = ({ turn }: Edge): boolean => turn.endsWith(' goes on') || begins.has(turn.split(' ')[2] ?? '');
  const due = edges.map((list) => new Set(list.filter(isOwed).map(({ turn }) => turn)));
  const turns = [...new Set(due.flatMap((each) => [...each]))];
  let [kept, arises] = [true, false];
  for (const ids of combinations(promise.params.map(({ type }) => encodedRange(type)))) {
    const up = states.map((words) => promise.whenever(words, ids));
    const open = states.map((words) => !promise.eventually(words, ids));
    if (up.includes(true)) arises = true;
    let inside: readonly boolean[] = open;
    for (let before: readonly boolean[] = []; before.some((was, at) => was !== inside[at]) || before.length === 0; ) {
      before = inside;
      for (const turn of turns) {
        const among = inside;
        const settles = states.map(
          (_, at) =>
            among[at] === true &&
            (!due[at]?.has(turn) || edges[at]?.some((edge) => edge.turn === turn && among[edge.to] === true) === true),
        );
        inside = leadingTo(settles, among, edges);
      }
    }
    const doomed = leadingTo(inside, open, edges);
    if (doomed.some((is, at) => is && up[at] === true)) kept = false;
  }
  return { kept, arises };
}

/** The states from which steps within `among` lead to one of these. */
function leadingTo(goal: readonly boolean[], among: readonly boolean[], edges: readonly (readonly Edge[])[]): readonly boolean[] {
  const found = [...goal];
  for (let changed = true; changed; ) {
    changed = false;
    for (const [at, list] of edges.entries()) {
      if (found[at] === true || among[at] !== true || !list.some(({ to }) => found[to] === true)) continue;
      found[at] = true;
      changed = true;
    }
  }
  return found;
}

function statesOf(
  model: CompiledModel,
  most: number,
): { readonly states: readonly Int32Array[]; readonly edges: readonly (readonly Edge[])[] } | null {
  const states = [model.initial()];
  const numbers = new Map([[states[0]?.join() ?? '', 0]]);
  const edges: Edge[][] = [];
  for (const words of states) {
    const list: Edge[] = [];
    edges.push(list);
    for (const { turn, take } of stepsOf(model)) {
      const next = words.slice();
      if (!take(next)) continue;
      // A broken bound ends the run; whoever breaks it has a turn all the same.
      if (model.fault(next) !== null) {
        list.push({ to: -1, turn });
        continue;
      }
      const key = next.join();
      const number = numbers.get(key) ?? states.length;
      list.push({ to: number, turn });
      if (numbers.has(key)) continue;
      numbers.set(key, number);
      states.push(next);
      if (states.length > most) return null;
    }
  }
  return { states, edges };
}

interface Step {
  readonly turn: string;
  readonly take: (words: Int32Array) => boolean;
}

const known = new WeakMap<CompiledModel, readonly Step[]>();

function stepsOf(model: CompiledModel): readonly Step[] {
  const before = known.get(model);
  if (before !== undefined) return before;
  const steps = model.agents.flatMap(({ name, size, procedures }, agent) =>
    Array.from({ length: size }, (_, who) => [
      { turn: `${name} ${who} goes on`, take: (words: Int32Array) => model.resume(words, agent, who) },
      ...procedures.flatMap(({ name: procedure, params }, number) =>
        combinations(params.map(({ type }) => encodedRange(type))).map((args) => ({
          turn: `${name} ${who} ${procedure} ${args.join()}`,
          take: (words: Int32Array) => model.start(words, agent, who, number, args),
        })),
      ),
    ]).flat(),
  );
  known.set(model, steps);
  return steps;
}

function combinations(ranges: readonly { readonly lo: number; readonly hi: number }[]): readonly (readonly number[])[] {
  const [first, ...rest] = ranges;
  if (first === undefined) return [[]];
  const values = Array.from({ length: first.hi - first.lo + 1 }, (_, at) => first.lo + at);
  return values.flatMap((value) => combinations(rest).map((tail) => [value, ...tail]));
}
