/**
 * A *compiled model* runs: a state is an `Int32Array` of packed words, a step changes it in place. It can be copied, hashed and
 * compared as it is, since equal states are equal words. Loading runs only code that the compiler itself emitted.
 */
import type { Artefact } from './javascript.ts';
import type { Local, Machine, Program, Scalar, Site, Source, Type } from './ir.ts';
import { addOffsets, elementAt, fieldAt } from './layout.ts';
import { encodedRange } from './liveness.ts';
import {
  decodeAt,
  decodeFrame,
  encodeScalar,
  encodeState,
  type Plain,
  type PlainFrame,
  readSlots,
  writeFault,
  writeFrame,
} from './values.ts';

export interface Procedure {
  readonly name: string;
  /** What starting it chooses, after `who`. */
  readonly params: readonly Local[];
  /** How many combinations of arguments there are. */
  readonly choices: number;
}

export interface Agent {
  readonly name: string;
  readonly size: number;
  readonly procedures: readonly Procedure[];
}

export interface Property {
  readonly id: string;
  readonly text: string;
  readonly source: Source;
  /** False also where evaluating the predicate breaks a bound. */
  holds(w: Int32Array): boolean;
}

/** Whenever the one then, at once or later, the other, for the same ids. */
export interface Promised {
  readonly id: string;
  readonly text: string;
  readonly source: Source;
  readonly params: readonly Local[];
  readonly given: readonly string[];
  /** True also where evaluating the predicate breaks a bound. */
  whenever(w: Int32Array, ids: readonly number[]): boolean;
  /** False also where evaluating the predicate breaks a bound. */
  eventually(w: Int32Array, ids: readonly number[]): boolean;
}

/** A state in source terms. */
export interface PlainState {
  readonly state: Readonly<Record<string, Plain>>;
  readonly frames: Readonly<Record<string, readonly PlainFrame[]>>;
}

export interface CompiledModel {
  readonly program: Program;
  readonly machines: readonly Machine[];
  /** Words of a state. */
  readonly words: number;
  readonly agents: readonly Agent[];
  readonly invariants: readonly Property[];
  readonly lemmas: readonly Property[];
  readonly promises: readonly Promised[];
  /** How often each rule of `program.rules` decided since it was last set to 0. */
  readonly ruleHits: Uint32Array;
  initial(): Int32Array;
  /** Runs the first step of a procedure. False: its guard is false or the agent is not idle, and the state is as it was. */
  start(w: Int32Array, agent: number, who: number, procedure: number, args: ArrayLike<number>): boolean;
  /** Runs the next step of what an agent is doing. False: it is idle or waits for its condition, and the state is as it was. */
  resume(w: Int32Array, agent: number, who: number): boolean;
  /** 0 when the agent is idle. */
  pc(w: Int32Array, agent: number, who: number): number;
  /** The first bound that was broken on the way to this state, or null. */
  fault(w: Int32Array): Site | null;
  decode(w: Int32Array): PlainState;
  /** The state without the frames: what lockstep runs compare after every call. */
  decodeState(w: Int32Array): Readonly<Record<string, Plain>>;
  /** The words of a state in source terms. Frames may be given as program counters and encoded slots. */
  encode(state: Readonly<Record<string, unknown>>, frames?: Readonly<Record<string, readonly RawFrame[]>>): Int32Array;
  /** One frame as numbers, as `encode` takes it. */
  rawFrame(w: Int32Array, agent: number, who: number): RawFrame;
  /** What lies at a path such as `['sockets', 0, 'count']`. */
  readCell(w: Int32Array, path: readonly (string | number)[]): Plain;
  /** The source place at which an agent waits; null when it is idle. */
  describe(w: Int32Array, agent: number, who: number): Source | null;
  /** The number of a source value: how arguments of `start` are written. */
  encodeArgument(type: Scalar, value: Plain): number;
  setFault(w: Int32Array, site: number | null): void;
}

export interface RawFrame {
  readonly pc: number;
  readonly slots: readonly number[];
}

interface Loaded {
  readonly starts: readonly (readonly ((w: Int32Array, who: number, args: ArrayLike<number>) => boolean)[])[];
  readonly resumes: readonly ((w: Int32Array, who: number) => boolean)[];
  readonly pcs: readonly ((w: Int32Array, who: number) => number)[];
  readonly properties: readonly ((w: Int32Array) => boolean)[];
  readonly promises: readonly (readonly [whenever: Predicate, eventually: Predicate])[];
  readonly fault: (w: Int32Array) => number;
  readonly decode: (w: Int32Array) => Readonly<Record<string, Plain>>;
}

type Predicate = (w: Int32Array, ...ids: readonly number[]) => boolean;

export function loadModel(artefact: Artefact): CompiledModel {
  const { program, machines, layout } = artefact;
  const ruleHits = new Uint32Array(program.rules.length);
  const loaded = new Function('R', artefact.source)(ruleHits) as Loaded;
  const { starts, resumes, pcs } = loaded;
  const machine = (agent: number): Machine => at(machines, agent);
  const property = (index: number, from: Program['invariants'][number]): Property => ({
    id: from.id,
    text: from.text,
    source: { file: from.file, line: from.line },
    holds: at(loaded.properties, index),
  });
  return {
    program,
    machines,
    words: layout.words,
    ruleHits,
    agents: program.agents.map((agent) => ({
      name: agent.name,
      size: agent.size,
      procedures: agent.procedures.map((p) => ({
        name: p.name,
        params: p.params,
        choices: p.params.reduce((n, l) => n * valuesOf(l.type), 1),
      })),
    })),
    invariants: program.invariants.map((p, index) => property(index, p)),
    lemmas: program.lemmas.map((p, index) => property(program.invariants.length + index, p)),
    promises: program.promises.map(({ id, text, file, line, params, given }, index) => {
      const [whenever, eventually] = at(loaded.promises, index);
      return {
        id,
        text,
        source: { file, line },
        params,
        given,
        whenever: (w, ids) => whenever(w, ...ids),
        eventually: (w, ids) => eventually(w, ...ids),
      };
    }),
    initial: () => new Int32Array(layout.words),
    start: (w, agent, who, procedure, args) => at(at(starts, agent), procedure)(w, who, args),
    resume: (w, agent, who) => at(resumes, agent)(w, who),
    pc: (w, agent, who) => at(pcs, agent)(w, who),
    fault: (w) => {
      const site = loaded.fault(w);
      return site === 0 ? null : at(program.sites, site - 1);
    },
    decodeState: loaded.decode,
    decode: (w) => ({
      state: loaded.decode(w),
      frames: Object.fromEntries(
        machines.map((m) => [m.agent, Array.from({ length: m.size }, (_, who) => decodeFrame(layout, m, w, who))]),
      ),
    }),
    encode: (state, frames = {}) => {
      const w = encodeState(program, layout, state);
      for (const m of machines) {
        for (const [who, frame] of (frames[m.agent] ?? []).entries()) writeFrame(layout, m, w, who, frame.pc, frame.slots);
      }
      return w;
    },
    rawFrame: (w, agent, who) => ({ pc: at(pcs, agent)(w, who), slots: readSlots(layout, machine(agent), w, who) }),
    readCell: (w, path) => {
      let place = { at: { word: 0, bit: 0 }, node: layout.root as Parameters<typeof fieldAt>[0] };
      let type: Type = program.state;
      for (const step of path) {
        const next = typeof step === 'number' ? elementAt(place.node, step) : fieldAt(place.node, step);
        place = { at: addOffsets(place.at, next.at), node: next.node };
        type = typeInside(type, step);
      }
      return decodeAt(w, place.at, place.node, type);
    },
    describe: (w, agent, who) => {
      const pc = at(pcs, agent)(w, who);
      return pc === 0 ? null : (machine(agent).entries.find((e) => e.pc === pc)?.source ?? null);
    },
    encodeArgument: (type, value) => encodeScalar(type, value, 'argument'),
    setFault: (w, site) => writeFault(layout, w, site === null ? 0 : site + 1),
  };
}

/** How many values a type has. */
export function valuesOf(type: Scalar): number {
  const { lo, hi } = encodedRange(type);
  return hi - lo + 1;
}

function at<T>(list: readonly T[], index: number): T {
  const element = list[index];
  if (element === undefined) throw new RangeError(`there is no number ${index}; there are ${list.length}`);
  return element;
}

function typeInside(type: Type, step: string | number): Type {
  if (type.kind === 'record' && typeof step === 'string') {
    const field = type.fields.find((f) => f.name === step);
    if (field !== undefined) return field.type;
  }
  if (type.kind === 'table' && typeof step === 'number') return type.element;
  throw new RangeError(`the state has nothing at \`${step}\``);
}
