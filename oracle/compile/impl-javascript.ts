/**
 * Implementation code as JavaScript over the words of its frames. Each function becomes one that goes on from a place with the
 * result it waited for and runs to its next access, call or return; `go` moves between functions until a thread stands before
 * an access. Functions that touch no shared memory stay functions.
 *
 *   S frames of all threads    w shared words    t where the thread's words begin    fp its top frame    r the result waited for
 */
import { FRAME_HEADER, type FrameShape, frameOf } from './impl-frames.ts';
import { nextBlocks } from './impl-graph.ts';
import { CELLS, DOORS, type ImplEnd, type ImplFn, type ImplProgram, type Int } from './ir-impl.ts';

/** What stands in a thread's `door` word: the number of the door, from 1, and the cell in the bits from here on. */
export const CELL_SHIFT = 8;

/** The words of a thread before its stack. A `frame` of 0 means that it is in no call. */
export const THREAD = { status: 0, frame: 1, door: 2, args: 3, result: 6, stack: 7 } as const;

export const STATUS = { idle: 0, ready: 1, blocked: 2, panicked: 3 } as const;

export interface ImplArtefact {
  readonly program: ImplProgram;
  readonly frames: readonly FrameShape[];
  /** Words of a thread, its stack included. */
  readonly threadWords: number;
  readonly source: string;
}

export interface ImplEmitOptions {
  /** Words of a thread, its stack included. Default 512. */
  readonly threadWords?: number;
  /** Refuse numbers that are not 32-bit integers where they are saved. */
  readonly checked?: boolean;
}

const THREAD_WORDS = 512;

/** The text is written when it is asked for: the scheduler has its own way with a program. */
export function emitImplementation(program: ImplProgram, options: ImplEmitOptions = {}): ImplArtefact {
  const frames = program.functions.map(frameOf);
  const emitter: Emitter = { program, frames, threadWords: options.threadWords ?? THREAD_WORDS, checked: options.checked ?? false };
  let written: string | undefined;
  return {
    program,
    frames,
    threadWords: emitter.threadWords,
    get source() {
      written ??= sourceOf(emitter);
      return written;
    },
  };
}

function sourceOf(emitter: Emitter): string {
  const { functions } = emitter.program;
  return [
    "'use strict';",
    "function X(value) { if ((value | 0) !== value) throw new RangeError(value + ' is not a 32-bit integer'); return value; }",
    "function O() { throw new RangeError('the stack of a thread is full: give threads more words'); }",
    ...functions.map((fn, index) => (fn.pure ? pureFunction(fn, index) : steppedFunction(emitter, fn, index))),
    `const F = [${functions.map((_, index) => `f${index}`).join(', ')}];`,
    'function go(S, w, t, result) {',
    'let r = result;',
    `for (;;) { const fp = t + S[t + ${THREAD.frame}]; if (F[S[fp]](S, w, t, fp, S[fp + 1], r) === 0) return; r = S[t + ${THREAD.result}]; S[t + ${THREAD.result}] = 0; }`,
    '}',
    'return go;',
  ].join('\n');
}

interface Emitter {
  readonly program: ImplProgram;
  readonly frames: readonly FrameShape[];
  readonly threadWords: number;
  readonly checked: boolean;
}

/** How an expression reads words that never change. */
export interface MemoryNames {
  /** What functions that touch no shared memory are given. */
  readonly memory: string;
  readonly fixed: (at: string) => string;
}

const WORDS: MemoryNames = { memory: 'w', fixed: (at) => `w[${at}]` };

/** The value, for any operator. Conditions become 0 and 1. */
export function numberCode(expr: Int, names: MemoryNames): string {
  const num = (part: Int): string => numberCode(part, names);
  const cond = (part: Int): string => conditionCode(part, names);
  switch (expr.op) {
    case 'const':
      return expr.value < 0 ? `(${expr.value})` : String(expr.value);
    case 'local':
      return `l${expr.local}`;
    case 'unary':
      return expr.operator === '!' ? `(${cond(expr)} ? 1 : 0)` : `(${expr.operator}${num(expr.arg)})`;
    case 'binary':
      return isComparison(expr) ? `(${cond(expr)} ? 1 : 0)` : `(${num(expr.left)} ${expr.operator} ${num(expr.right)})`;
    case 'and':
    case 'or':
      return `(${cond(expr)} ? 1 : 0)`;
    case 'choose':
      return `(${cond(expr.cond)} ? ${num(expr.then)} : ${num(expr.else)})`;
    case 'math':
      return `Math.${expr.name}(${expr.args.map(num).join(', ')})`;
    case 'fixed':
      return names.fixed(num(expr.at));
    case 'call':
      return `f${expr.fn}(${[names.memory, ...expr.args.map(num)].join(', ')})`;
  }
}

/** The value for its truth. */
export function conditionCode(expr: Int, names: MemoryNames): string {
  const num = (part: Int): string => numberCode(part, names);
  const cond = (part: Int): string => conditionCode(part, names);
  switch (expr.op) {
    case 'const':
      return expr.value !== 0 ? 'true' : 'false';
    case 'unary':
      return expr.operator === '!' ? `!${cond(expr.arg)}` : `(${num(expr)} !== 0)`;
    case 'binary':
      return isComparison(expr) ? `(${num(expr.left)} ${expr.operator} ${num(expr.right)})` : `(${num(expr)} !== 0)`;
    case 'and':
      return `(${cond(expr.left)} && ${cond(expr.right)})`;
    case 'or':
      return `(${cond(expr.left)} || ${cond(expr.right)})`;
    case 'choose':
      return `(${cond(expr.cond)} ? ${cond(expr.then)} : ${cond(expr.else)})`;
    default:
      return `(${num(expr)} !== 0)`;
  }
}

const num = (expr: Int): string => numberCode(expr, WORDS);
const cond = (expr: Int): string => conditionCode(expr, WORDS);

const COMPARISONS = ['===', '!==', '<', '<=', '>', '>='];

/** What stands in the door word of an agent. */
export function doorWord({ door, cell }: Extract<ImplEnd, { op: 'door' }>): number {
  return DOORS.indexOf(door) + 1 + ((cell === undefined ? 0 : CELLS.indexOf(cell) + 1) << CELL_SHIFT);
}

function isComparison(expr: Extract<Int, { op: 'binary' }>): boolean {
  return COMPARISONS.includes(expr.operator);
}

function declarations(fn: ImplFn, from: number): string {
  const names = fn.locals.map((_, local) => `l${local} = 0`).slice(from);
  return names.length === 0 ? '' : `let ${names.join(', ')};`;
}

function pureFunction(fn: ImplFn, index: number): string {
  const parameters = Array.from({ length: fn.params }, (_, local) => `l${local}`);
  const end = (e: ImplEnd): string => {
    if (e.op !== 'return') throw new Error(`${fn.name} is not pure`);
    return `return ${e.value === null ? 0 : num(e.value)};`;
  };
  return `function f${index}(${['w', ...parameters].join(', ')}) { // ${fn.name}\n${declarations(fn, fn.params)}\n${blocksCode(fn, [0], end, 'let b = 0;')}\n}`;
}

function steppedFunction(emitter: Emitter, fn: ImplFn, index: number): string {
  const shape = emitter.frames[index];
  if (shape === undefined) throw new Error(`no frame for ${fn.name}`);
  const slotAt = (slot: number): string => `S[fp + ${FRAME_HEADER + slot}]`;
  const saved = (value: string): string => (emitter.checked ? `X(${value})` : value);
  const save = (place: number): string => {
    const { live } = shape.places[place] ?? { live: [] };
    const bySlot = new Map(live.map(({ local, slot }) => [slot, saved(`l${local}`)]));
    const slots = Array.from({ length: shape.slots }, (_, slot) => `${slotAt(slot)} = ${bySlot.get(slot) ?? 0};`);
    return [`S[fp + 1] = ${place};`, ...slots].join(' ');
  };
  const end = (e: ImplEnd, block: number): string => {
    switch (e.op) {
      case 'return':
        return returnCode(e.value, shape.slots, saved);
      case 'door': {
        const args = [0, 1, 2].map((n) => {
          const arg = e.args[n];
          return `S[t + ${THREAD.args + n}] = ${arg === undefined ? 0 : saved(num(arg))};`;
        });
        return [...args, save(shape.placeOf[block] ?? 0), `S[t + ${THREAD.door}] = ${doorWord(e)};`, 'return 0;'].join(' ');
      }
      case 'call':
        return callCode(emitter, e, shape.slots, saved, save(shape.placeOf[block] ?? 0));
      default:
        throw new Error(`${e.op} does not end a step`);
    }
  };
  const entries = shape.places.map((place, pc) => {
    const loads = place.live.map(({ local, slot }) => `l${local} = ${slotAt(slot)};`);
    const result = place.result < 0 ? '' : `l${place.result} = r;`;
    return place.block < 0 ? '' : `case ${pc}: ${loads.join(' ')} ${result} b = ${place.block}; break;`;
  });
  const starts = shape.places.map((place) => place.block).filter((block) => block >= 0);
  const dispatch = `let b = 0;\nswitch (pc) {\n${entries.join('\n')}\n}`;
  return `function f${index}(S, w, t, fp, pc, r) { // ${fn.name}\n${declarations(fn, 0)}\n${blocksCode(fn, starts, end, dispatch)}\n}`;
}

/** Takes the frame off the stack. The last one ends the call of the thread. */
function returnCode(value: Int | null, slots: number, saved: (value: string) => string): string {
  const zeros = Array.from({ length: FRAME_HEADER + slots }, (_, word) => `S[fp + ${word}] = 0;`).join(' ');
  return [
    `{ const v = ${value === null ? 0 : saved(num(value))}, c = S[fp + 2]; ${zeros}`,
    `S[t + ${THREAD.frame}] = c; S[t + ${THREAD.result}] = v;`,
    `if (c === 0) { S[t + ${THREAD.status}] = ${STATUS.idle}; return 0; } return 1; }`,
  ].join(' ');
}

/** Puts a frame for the callee on the stack. */
function callCode(
  emitter: Emitter,
  end: Extract<ImplEnd, { op: 'call' }>,
  slots: number,
  saved: (value: string) => string,
  save: string,
): string {
  const callee = emitter.program.functions[end.fn];
  const shape = emitter.frames[end.fn];
  if (callee === undefined || shape === undefined) throw new Error(`no function ${end.fn}`);
  const args = end.args.map((arg) => saved(num(arg)));
  if (callee.pure) {
    // Its result is not wanted, or it was not known to be pure yet: no frame is needed.
    return `{ const v = f${end.fn}(${['w', ...args].join(', ')}); ${save} S[t + ${THREAD.result}] = v; return 1; }`;
  }
  const values = args.map((arg, n) => `const a${n} = ${arg};`).join(' ');
  const passed = (shape.places[0]?.live ?? []).map(({ local, slot }) => `S[n + ${FRAME_HEADER + slot}] = a${local};`).join(' ');
  return [
    `{ ${values} ${save} const n = fp + ${FRAME_HEADER + slots};`,
    `if (n + ${FRAME_HEADER + shape.slots} > t + ${emitter.threadWords}) O();`,
    `S[n] = ${end.fn}; S[n + 1] = 0; S[n + 2] = fp - t; ${passed} S[t + ${THREAD.frame}] = n - t; return 1; }`,
  ].join(' ');
}

/** The blocks as a switch in a loop; a block that only one other leads to is put in its place. */
function blocksCode(fn: ImplFn, starts: readonly number[], end: (e: ImplEnd, block: number) => string, dispatch: string): string {
  const references = new Map<number, number>();
  const refer = (block: number): void => {
    references.set(block, (references.get(block) ?? 0) + 1);
  };
  for (const block of fn.blocks)
    if (block.end.op === 'jump' || block.end.op === 'branch') for (const next of nextBlocks(block.end)) refer(next);
  for (const start of starts) references.set(start, 2);
  const isHead = (block: number): boolean => (references.get(block) ?? 0) !== 1;
  const goTo = (target: number): string => (isHead(target) ? `{ b = ${target}; continue; }` : code(target));
  const code = (index: number): string => {
    const block = fn.blocks[index];
    if (block === undefined) throw new Error(`no block ${index}`);
    const sets = block.body.map(({ local, value }) => `l${local} = ${num(value)};`);
    const e = block.end;
    if (e.op === 'jump') return [...sets, goTo(e.to)].join('\n');
    if (e.op === 'branch')
      return [
        ...sets,
        `if ${cond(e.cond).startsWith('(') ? cond(e.cond) : `(${cond(e.cond)})`} {\n${goTo(e.then)}\n} else {\n${goTo(e.else)}\n}`,
      ].join('\n');
    return [...sets, end(e, index)].join('\n');
  };
  const heads = fn.blocks.map((_, index) => index).filter((index) => isHead(index));
  return `${dispatch}\nfor (;;) switch (b) {\n${heads.map((index) => `case ${index}: ${code(index)}`).join('\n')}\n}`;
}
