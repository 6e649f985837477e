/**
 * The *JavaScript back end*: a program as straight-line code over packed words, with one function for each function, entry and
 * predicate. The result is data (it can be cached as JSON); `model.ts` brings it to life.
 */
import { decoderCode } from './js-decode.ts';
import { type Emitter, prelude } from './js-expressions.ts';
import { machineCode } from './js-machine.ts';
import { functionCode } from './js-statements.ts';
import type { Machine, Program, PromiseDef, Property } from './ir.ts';
import { type Layout, layoutOf } from './layout.ts';
import { lowerAgent } from './lower.ts';

export interface EmitOptions {
  /** Count the rules that decide (off for exploration). */
  readonly rules?: boolean;
  /** Kinds of ids whose members are interchangeable: `first` chooses any of them. */
  readonly anyOf?: ReadonlySet<string>;
}

/** A compiled program: everything that loading needs, and nothing that JSON can't hold. */
export interface Artefact {
  readonly program: Program;
  readonly machines: readonly Machine[];
  readonly layout: Layout;
  readonly source: string;
}

export function emitterOf(layout: Layout, { rules = true, anyOf = new Set() }: EmitOptions): Emitter {
  return { layout, helpers: [], locals: [], countRules: rules, anyOf };
}

/** What was made of a program as it is: engines that are asked about the same one, each after the other, all want it. */
const made = new WeakMap<Program, Artefact>();

export function emitJavaScript(program: Program, options?: EmitOptions): Artefact {
  if (options !== undefined) return emit(program, options);
  const artefact = made.get(program) ?? emit(program, {});
  made.set(program, artefact);
  return artefact;
}

function emit(program: Program, options: EmitOptions): Artefact {
  const machines = program.agents.map((agent) => lowerAgent(program, agent));
  const layout = layoutOf(program, machines);
  const emitter = emitterOf(layout, options);
  const functions = program.functions.map((fn, index) => (fn.generator ? '' : functionCode(emitter, fn, index)));
  const agents = machines.map((machine, index) => machineCode(emitter, machine, index));
  const properties = [...program.invariants, ...program.lemmas].map((property, index) => propertyCode(property, index));
  const promises = program.promises.map((promise, index) => promiseCode(promise, index));
  const list = (names: readonly string[]): string => `[${names.join(', ')}]`;
  const source = [
    "'use strict';",
    prelude(emitter),
    ...functions,
    ...agents,
    ...properties,
    ...promises,
    ...emitter.helpers,
    decoderCode(program, layout),
    `return { starts: ${list(machines.map((m, a) => list(m.procedures.map((_, p) => `s${a}_${p}`))))},`,
    `resumes: ${list(machines.map((_, a) => `r${a}`))}, pcs: ${list(machines.map((_, a) => `p${a}`))},`,
    `properties: ${list(properties.map((_, index) => `h${index}`))}, fault: G, decode: D,`,
    `promises: ${list(promises.map((_, index) => `[u${index}, v${index}]`))} };`,
  ]
    .filter((part) => part !== '')
    .join('\n');
  return { program, machines, layout, source };
}

/** A predicate in which something faults does not hold; the state is left as it was. */
function propertyCode(property: Property, index: number): string {
  return `function h${index}(w) { const before = G(w); C(w, 0); const holds = f${property.fn}(w) !== 0; const sound = G(w) === 0; C(w, before); return holds && sound; }`;
}

/** Of a promise, what it is about and what comes of it. One in which something faults counts against it; the state is left as it was. */
function promiseCode({ whenever, eventually, params }: PromiseDef, index: number): string {
  const ids = params.map((_, at) => `, i${at}`).join('');
  const code = (name: string, fn: number, faulty: boolean): string =>
    `function ${name}${index}(w${ids}) { const before = G(w); C(w, 0); const holds = f${fn}(w${ids}) !== 0; const sound = G(w) === 0; C(w, before); return sound ? holds : ${faulty}; }`;
  return `${code('u', whenever, true)}\n${code('v', eventually, false)}`;
}
