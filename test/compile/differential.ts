/**
 * Runs one model twice, as plain TypeScript and compiled, along random walks, and says where the two part: after each step
 * the whole state, who is idle, who could go on, and every invariant are compared.
 */
import { compileModel } from '../../oracle/compile/frontend.ts';
import { type EmitOptions, emitJavaScript } from '../../oracle/compile/javascript.ts';
import { type CompiledModel, loadModel, valuesOf } from '../../oracle/compile/model.ts';
import { configurationOf, type PlainModel, type PlainParts, runPlainly } from '../../oracle/compile/plain.ts';
import { decodeScalar, encodeState, OutOfBounds } from '../../oracle/compile/values.ts';
import type { CompileOptions } from '../../oracle/compile/frontend.ts';
import { encodedRange } from '../../oracle/compile/liveness.ts';
import { layoutOf } from '../../oracle/compile/layout.ts';

export interface Walks {
  /** Steps that happened, in all walks. */
  readonly steps: number;
  readonly walks: number;
  readonly faults: number;
  readonly states: number;
  /** Procedures that never started, and pcs that were never reached. */
  readonly unused: readonly string[];
  /** Rules that never decided. */
  readonly unusedRules: readonly string[];
}

/** A small generator of random numbers, so that a failure can be repeated. */
export function dice(seed: number): (below: number) => number {
  let a = seed >>> 0;
  return (below) => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

export function compile(options: CompileOptions, emit: EmitOptions = {}): CompiledModel {
  return loadModel(emitJavaScript(compileModel(options), emit));
}

interface Move {
  readonly agent: number;
  readonly who: number;
  /** -1: the agent goes on with what it is doing. */
  readonly procedure: number;
  readonly args: readonly number[];
}

/** A random move; whether it is possible is seen when it is tried. */
function anyMove(model: CompiledModel, w: Int32Array, roll: (below: number) => number): Move {
  const agent = roll(model.agents.length);
  const def = at(model.agents, agent);
  const who = roll(def.size);
  const procedure = model.pc(w, agent, who) === 0 ? roll(def.procedures.length) : -1;
  const params = procedure < 0 ? [] : at(def.procedures, procedure).params;
  return { agent, who, procedure, args: params.map((p) => encodedRange(p.type).lo + roll(valuesOf(p.type))) };
}

/** A possible move, if a few tries find one. */
function possibleMove(model: CompiledModel, w: Int32Array, roll: (below: number) => number): Move {
  for (let tries = 0; tries < 8; tries++) {
    const move = anyMove(model, w, roll);
    if (apply(model, w.slice(), move)) return move;
  }
  return anyMove(model, w, roll);
}

/** Of two states that have the same one the second is not gone on from, which loses nothing but a way. */
function fingerprint(words: Int32Array): number {
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (const word of words) {
    a = Math.imul(a ^ word, 0x01000193);
    b = Math.imul((b << 5) ^ (b >>> 27) ^ word, 0x85ebca6b);
  }
  return (a >>> 0) * 2 ** 21 + ((b >>> 0) % 2 ** 21);
}

/**
 * Ways to many different states, found with the compiled model alone, which is fast: a tree grown from the states in which a
 * rule was new, from its newest and from random ones. First come, for every rule, the first ways on which it decided; then the ways to random states.
 */
function waysIn(model: CompiledModel, size: number, roll: (below: number) => number): readonly (readonly Move[])[] {
  const nodes: { readonly w: Int32Array; readonly parent: number; readonly move: Move | null }[] = [
    { w: model.initial(), parent: -1, move: null },
  ];
  const known = new Set([fingerprint(model.initial())]);
  const hits = new Uint32Array(model.program.rules.length);
  const firsts: number[] = [];
  const news: number[] = [];
  const never: number[] = [];
  const parts = Array.from(model.initial(), (word) => new Set([word]));
  for (let tries = 0; nodes.length < size && tries < 30 * size; tries++) {
    const from = roll(4);
    const recent = nodes.length - 1 - roll(Math.min(nodes.length, 1000));
    const good = from === 0 ? firsts : from === 1 || from === 2 ? news : [];
    const parent = good.length > 0 ? at(good, roll(good.length)) : recent;
    const w = at(nodes, parent).w.slice();
    const move = anyMove(model, w, roll);
    model.ruleHits.fill(0);
    if (!apply(model, w, move) || model.fault(w) !== null) continue;
    const key = fingerprint(w);
    const rare = model.ruleHits.some((n, rule) => n > 0 && (hits[rule] ?? 0) < 6);
    if (!rare && known.has(key)) continue;
    known.add(key);
    nodes.push({ w, parent, move });
    // A part of the state that looks as it never did leads on to what is rare.
    const isNew = w.some((word, index) => !(parts[index] as Set<number>).has(word));
    for (const [index, word] of isNew ? w.entries() : []) parts[index]?.add(word);
    if (model.ruleHits.some((n, rule) => n > 0 && hits[rule] === 0)) never.push(nodes.length - 1);
    if (rare) firsts.push(nodes.length - 1);
    else if (isNew) news.push(nodes.length - 1);
    model.ruleHits.forEach((n, rule) => {
      hits[rule] = (hits[rule] ?? 0) + n;
    });
  }
  const way = (index: number): readonly Move[] => {
    const node = at(nodes, index);
    return node.move === null ? [] : [...way(node.parent), node.move];
  };
  return [...never, ...firsts, ...Array.from({ length: 2000 }, () => roll(nodes.length))].map(way);
}

function apply(model: CompiledModel, w: Int32Array, move: Move): boolean {
  if (move.procedure < 0) return model.resume(w, move.agent, move.who);
  return model.start(w, move.agent, move.who, move.procedure, move.args);
}

function at<T>(list: readonly T[], index: number): T {
  const element = list[index];
  if (element === undefined) throw new RangeError(`nothing at ${index}`);
  return element;
}

/** `tree`: so many states, at most, are looked for before, to begin at. */
export function compareOnRandomWalks(model: CompiledModel, parts: PlainParts, steps: number, seed: number, tree = 140_000): Walks {
  const roll = dice(seed);
  const { program, machines } = model;
  const layout = layoutOf(program, machines);
  const used = new Set<string>();
  const states = new Set<string>();
  const seen = new Float64Array(program.rules.length);
  const ways = waysIn(model, tree, roll);
  let [done, walks, faults] = [0, 0, 0];
  while (done < steps) {
    const prefix = ways[walks % ways.length] ?? [];
    walks++;
    const w = model.initial();
    const plain = runPlainly(parts, configurationOf(program));
    const trace: string[] = [];
    const differ = (what: string, a: unknown, b: unknown): never => {
      throw new Error(
        `walk ${walks} of seed ${seed}, ${what}: plain ${JSON.stringify(a)}, compiled ${JSON.stringify(b)}\n${trace.join('\n')}`,
      );
    };
    for (let length = 0; length < prefix.length + 20; length++) {
      const move = prefix[length] ?? possibleMove(model, w, roll);
      const { name: agent, procedures } = at(model.agents, move.agent);
      const before = w.slice();
      const pc = model.pc(w, move.agent, move.who);
      model.ruleHits.fill(0);
      const compiled = apply(model, w, move);
      model.ruleHits.forEach((hits, rule) => {
        seen[rule] = (seen[rule] ?? 0) + hits;
      });
      let plainly = false;
      let label: string;
      let crash: string | null;
      if (move.procedure < 0) {
        label = `${agent} pc ${pc}`;
        trace.push(`${agent} ${move.who} goes on at pc ${pc}`);
        crash = attempt(() => {
          plainly = plain.resume(agent, move.who);
        });
      } else {
        const start = at(procedures, move.procedure);
        const source = start.params.map((p, index) => decodeScalar(p.type, at(move.args, index)));
        label = `${agent} ${start.name}`;
        trace.push(`${agent} ${move.who} ${start.name}(${source.join(', ')})`);
        crash = attempt(() => {
          plainly = plain.start(agent, move.who, start.name, source);
        });
      }
      if (model.fault(w) !== null) {
        // The plain model has no bounds: it has crashed, or its state has left them, or a bound inside the step was broken.
        faults++;
        break;
      }
      if (crash !== null) differ('crash', crash, null);
      if (compiled !== plainly) differ('enabled', plainly, compiled);
      if (!compiled) {
        if (before.some((word, index) => word !== w[index])) differ('a step that did not happen changed the state', 0, 1);
        continue;
      }
      used.add(label);
      done++;
      if (done % 7 === 0) states.add(w.join());
      compareStates(model, plain, w, layout, differ);
    }
  }
  const everything = machines.flatMap((m) => [
    ...m.procedures.map((p) => `${m.agent} ${p.name}`),
    ...Array.from({ length: m.pcs }, (_, pc) => `${m.agent} pc ${pc + 1}`),
  ]);
  const unusedRules = program.rules.flatMap((rule, index) => (seen[index] === 0 ? [rule.id] : []));
  return { steps: done, walks, faults, states: states.size, unused: everything.filter((name) => !used.has(name)), unusedRules };
}

function compareStates(
  model: CompiledModel,
  plain: PlainModel,
  w: Int32Array,
  layout: ReturnType<typeof layoutOf>,
  differ: (what: string, a: unknown, b: unknown) => never,
): void {
  const { program } = model;
  let words: Int32Array;
  try {
    words = encodeState(program, layout, plain.state);
  } catch (error) {
    if (error instanceof OutOfBounds) differ(error.message, plain.state, model.decode(w).state);
    throw error;
  }
  const frames: Record<string, { pc: number; slots: readonly number[] }[]> = {};
  for (const [agent, def] of model.agents.entries()) {
    frames[def.name] = Array.from({ length: def.size }, (_, who) => model.rawFrame(w, agent, who));
    for (let who = 0; who < def.size; who++) {
      const idle = plain.isIdle(def.name, who);
      if (idle !== (model.pc(w, agent, who) === 0)) differ(`${def.name} ${who} idle`, idle, !idle);
    }
  }
  words = model.encode(plain.state, frames);
  if (words.some((word, index) => word !== w[index])) differ('state', plain.state, model.decode(w).state);
  for (const property of [...model.invariants, ...model.lemmas]) {
    let expected: boolean;
    try {
      expected = plain.holds(property.id);
    } catch {
      expected = false;
    }
    if (expected !== property.holds(w)) differ(property.id, expected, !expected);
  }
}

function attempt(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return String(error);
  }
}
