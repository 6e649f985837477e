/**
 * All engines on one program, each held against what an interpretation of all its states says (`interpreter.ts`): the same states, the
 * same things broken after the same number of steps, or not at all. What may leave things open may, and nothing else.
 */
import { reduced } from '../../oracle/check/examine.ts';
import type { Explorer } from '../../oracle/check/explorer.ts';
import { symmetricKinds } from '../../oracle/check/symmetric.ts';
import { Walks } from '../../oracle/check/walks.ts';
import { Orbits } from '../../oracle/check/orbits.ts';
import { encodedRange } from '../../oracle/compile/liveness.ts';
import { restrict } from '../../oracle/compile/restrict.ts';
import { decodeScalar, type Plain } from '../../oracle/compile/values.ts';
import { emitJavaScript } from '../../oracle/compile/javascript.ts';
import type { Local, Program, RecordType, Type } from '../../oracle/compile/ir.ts';
import { toyOf } from '../prove/toys.ts';
import { boundedBroken, brokenIn, closedByInduction, explored, openGoals } from './engines.ts';
import { allStates, plain, type Truth } from './interpreter.ts';

/** Interpretation takes a while with more. */
export const MOST = 1_000;
/** Up to so many worlds a part of the program is looked at too. */
const FEW = 150;
const WALKS = 60;
const STEPS = 25;

export interface Agreed {
  readonly truth: Truth;
  readonly broken: Readonly<Record<string, number>>;
  readonly symmetry: 'none' | 'refused' | 'kept';
  /** The states that are left of all: by reduction, by symmetry. */
  readonly reduced: number;
  readonly orbits: number | null;
  readonly states: number;
  readonly closed: readonly string[];
}

export interface Asked {
  /** Steps of bounded traces; 0: none. */
  readonly depth: number;
  readonly induction: boolean;
  /** A part of it as well, and symmetry also without reduction. */
  readonly thorough: boolean;
}

class Disagreement extends Error {}

function same(what: string, seen: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(expected)];
  if (a !== b) throw new Disagreement(`${what}: ${a}, and it should be ${b}`);
}

/** Null: there are too many states. */
export async function agree(whole: Program, usesFirst: boolean, { depth, induction, thorough }: Asked): Promise<Agreed | null> {
  const found = allStates(whole, MOST);
  if (found === null) return null;
  const program = withInvariants(whole, found);
  const kept = new Set(['no-overflow', ...program.invariants.map(({ id }) => id)]);
  const broken = Object.fromEntries([...found.brokenAt].filter(([id]) => kept.has(id)).sort(([a], [b]) => (a < b ? -1 : 1)));
  const judged = { ...program, lemmas: [] };
  const truth = { ...found, states: new Set([...found.states].map((text) => JSON.stringify(plain(program.state, JSON.parse(text))))) };

  // --- check ---
  const all = explored(judged);
  same('check', brokenIn(all), broken);
  same('the states of check', statesOf(all, program.state), [...truth.states].sort());
  const part = reduced(judged);
  const fewer = explored(part);
  same('check, reduced', brokenIn(fewer), broken);
  const projected = new Set([...truth.states].map((text) => JSON.stringify(project(JSON.parse(text), part.state))));
  same('the states of check, reduced', statesOf(fewer, part.state), [...projected].sort());

  // --- a part of it ---
  if (thorough && found.worlds < FEW) compareParts(judged);

  // --- check --symmetry ---
  let symmetry: Agreed['symmetry'] = 'none';
  let orbits: number | null = null;
  for (const [each, explorer] of [
    [judged, all],
    [part, fewer],
  ] as const) {
    const symmetric = symmetricKinds(each);
    if (symmetric.refused.length > 0) {
      if (each === judged) symmetry = 'refused';
      continue;
    }
    if (symmetric.kinds.length === 0) continue;
    symmetry = 'kept';
    if (each === judged && !thorough) continue;
    const few = explored(each, symmetric);
    orbits = few.states;
    const seen = brokenIn(few);
    if (usesFirst) {
      // Any that `first` could find is followed: all that is broken is found, and what is not so has no run.
      for (const [id, at] of Object.entries(seen)) if (at !== null) sameOrMore(`check --symmetry, ${id}`, at, broken[id]);
      for (const id of Object.keys(broken)) if (!(id in seen)) throw new Disagreement(`check --symmetry does not see that ${id} is broken`);
      continue;
    }
    same('check --symmetry', seen, broken);
    // One state of each orbit, and a state of the model.
    const canon = new Orbits(emitJavaScript(each), symmetric);
    const texts = new Set(Array.from({ length: explorer.states }, (_, at) => explorer.state(at).join()));
    const least = new Set<string>();
    for (let at = 0; at < explorer.states; at++) {
      const words = explorer.state(at);
      canon.canonise(words);
      if (!texts.has(words.join())) throw new Disagreement(`the orbit of state ${at} has a state that the model has not`);
      least.add(words.join());
    }
    same('the orbits', Array.from({ length: few.states }, (_, at) => few.state(at).join()).sort(), [...least].sort());
  }

  // --- check --walks ---
  const walks = new Walks(part, STEPS);
  const atFirst = walks.atFirst()?.properties.map((at) => walks.model.invariants[at]?.id ?? '?') ?? [];
  same(
    'walks, before the first step',
    atFirst.sort(),
    Object.keys(broken).filter((id) => broken[id] === 0),
  );
  for (let seed = 0; seed < WALKS; seed++) {
    const stumble = walks.take(seed, seed + 1);
    for (const at of stumble?.properties ?? []) {
      const id = walks.model.invariants[at]?.id ?? 'no-overflow';
      sameOrMore(`a walk, ${id}`, stumble?.path.length ?? 0, broken[id]);
    }
  }

  // --- prove ---
  if (depth > 0) {
    const toy = toyOf(program);
    const goals = openGoals(toy).filter(({ kind }) => kind === 'invariant' || kind === 'bounds');
    const traces = await boundedBroken(toy, goals, depth);
    same('bounded traces', traces, Object.fromEntries(Object.entries(broken).filter(([, at]) => at > 0 && at <= depth)));
  }
  const closed = induction ? await closedByInduction(toyOf(program)) : [];
  for (const id of closed) if (id in broken) throw new Disagreement(`induction closes ${id}, which breaks after ${broken[id]} steps`);
  return { truth, broken, symmetry, reduced: fewer.states, orbits, states: all.states, closed };
}

/** Some of the procedures, with some of their arguments: what `check` does with a configuration. */
function compareParts(program: Program): void {
  const calls: Record<string, readonly (readonly Plain[] | null)[]> = {};
  const allowed = new Map<string, readonly (readonly number[] | null)[]>();
  for (const [agent, { procedures }] of program.agents.entries()) {
    for (const [at, { name, params }] of procedures.entries()) {
      // One is left out, where there are three.
      if (at === 1 && program.agents.length > 1) continue;
      const codes = params.map(({ type }, index) => {
        const { lo, hi } = encodedRange(type);
        return index % 2 === 1 ? [hi] : hi - lo > 1 ? [lo + 1, hi] : at % 2 === 0 ? [lo, hi] : null;
      });
      calls[name] = codes.map((each, index) => each?.map((code) => decodeScalar((params[index] as Local).type, code)) ?? null);
      allowed.set(`${agent} ${at}`, codes);
    }
  }
  const truth = allStates(program, MOST, ({ agent, procedure, args }) => {
    if (procedure < 0) return true;
    const codes = allowed.get(`${agent} ${procedure}`);
    return codes !== undefined && args.every((arg, index) => codes[index]?.includes(arg) !== false);
  });
  if (truth === null) return;
  const broken = Object.fromEntries([...truth.brokenAt].sort(([a], [b]) => (a < b ? -1 : 1)));
  const part = restrict(program, calls);
  same('check of a part', brokenIn(explored(part)), broken);
  same('check of a part, reduced', brokenIn(explored(reduced(part))), broken);
}

function sameOrMore(what: string, seen: number, least: number | undefined): void {
  if (least === undefined) throw new Disagreement(`${what}: broken after ${seen} steps, and it holds`);
  if (seen < least) throw new Disagreement(`${what}: broken after ${seen} steps, and no fewer than ${least} break it`);
}

/** Of the invariants those that say most: two that break latest, one that holds, and now and then one that the first state breaks. */
function withInvariants(program: Program, { brokenAt, worlds }: Truth): Program {
  const at = (id: string): number => brokenAt.get(id) ?? 0;
  const later = program.invariants.filter(({ id }) => at(id) > 0).sort((a, b) => at(b.id) - at(a.id));
  const holding = program.invariants.filter(({ id }) => !brokenAt.has(id));
  const first = worlds % 8 === 0 ? program.invariants.filter(({ id }) => brokenAt.get(id) === 0) : [];
  const kept = [...later.slice(0, 2), ...holding.slice(0, 2), ...first.slice(0, 1)];
  return { ...program, invariants: program.invariants.filter((each) => kept.includes(each)) };
}

function statesOf(explorer: Explorer, state: RecordType): readonly string[] {
  const texts = Array.from({ length: explorer.states }, (_, at) =>
    JSON.stringify(project(explorer.model.decodeState(explorer.state(at)), state)),
  );
  return [...new Set(texts)].sort();
}

/** What a smaller state has room for. */
function project(value: unknown, type: Type): unknown {
  if (type.kind === 'record') {
    const record = value as Readonly<Record<string, unknown>>;
    return Object.fromEntries(type.fields.map((field) => [field.name, project(record[field.name], field.type)]));
  }
  return type.kind === 'table' ? (value as readonly unknown[]).map((element) => project(element, type.element)) : value;
}
