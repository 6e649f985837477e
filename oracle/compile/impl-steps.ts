/**
 * Implementation code as JavaScript for the scheduler. A function runs natively until it *rests* before an access that others must be
 * able to come between; then it writes its live locals into a frame and returns, and so does each caller, so that a chain of frames
 * stands in memory from which any of them can go on. What never rests needs no frames: those functions stay functions. Frames are
 * never written again: going on makes new ones, and whoever goes back finds the old ones.
 *
 *   H heap: registers, then the shared memory    L log of writes (word, old, new)
 *   K trace of plain accesses (word << 8 | bytes written << 4 | bytes read)    S store, in which frames are made
 *   fp 0, or the frame it goes on from    r the result it waited for
 *
 * A function returns its value; if REGISTER.rested is set it has none yet. A number is thrown where a step ends early: see THROWN.
 */
import { type FrameShape, frameOf } from './impl-frames.ts';
import { conditionCode, doorWord, type MemoryNames, numberCode } from './impl-javascript.ts';
import { CELL_BYTES, type Door, type ImplEnd, type ImplFn, type ImplProgram, type Int } from './ir-impl.ts';

/** Words at the start of the heap. */
export const REGISTER = {
  /** Words of shared memory. */
  words: 0,
  /** Where the log goes on, and where it is full. */
  log: 1,
  logEnd: 2,
  trace: 3,
  rested: 4,
  /** Where the store goes on, and where frames must end. */
  store: 5,
  storeEnd: 17,
  /** Turns of loops that a step may still make. */
  fuel: 6,
  /** The access before which the agent rests: its door and cell, three arguments. */
  door: 7,
  args: 8,
  /** The top frame of an agent that rests, and where the address of the caller of its lowest new frame belongs. */
  top: 11,
  link: 12,
  /** Of what was thrown: code or address, object, function and block. */
  code: 13,
  about: 14,
  fn: 15,
  block: 16,
} as const;

/** The first word of the shared memory. */
export const MEMORY = 64;

/** A frame before its locals. */
export const FRAME = {
  /** Function << PLACE_BITS | place. */
  place: 0,
  /** The caller's frame, 0: none. */
  caller: 1,
  /** Words, these included. */
  size: 2,
  /** Of its fingerprint. */
  lanes: 3,
  locals: 7,
} as const;
export const PLACE_BITS = 12;
const PLACE_MASK = (1 << PLACE_BITS) - 1;

export const THROWN = { full: 1, spin: 2, wild: 3, panic: 4, fail: 5 } as const;

export type Granularity = 'block' | 'access';

/** One that can rest takes the store, fp and r before its arguments; a pure one takes the heap and its arguments only. */
export type StepFunction = (heap: Int32Array, log: Int32Array, trace: Int32Array, ...rest: readonly (Int32Array | number)[]) => number;

export interface StepCode {
  readonly program: ImplProgram;
  readonly frames: readonly FrameShape[];
  readonly functions: readonly StepFunction[];
  /** Whether a function can rest: it is then called with the store, fp and r before its arguments, else without. */
  readonly rests: readonly boolean[];
  readonly hasPlain: boolean;
  readonly hasCells: boolean;
  readonly hasTickets: boolean;
  /** Locks that are taken in one step. */
  readonly hasAcquire: boolean;
  /** Atomic accesses of cells smaller than a word. */
  readonly hasNarrowAtomics: boolean;
}

const codes = new WeakMap<ImplProgram, Map<Granularity, StepCode>>();

/** Made once for a program. */
export function stepCode(program: ImplProgram, granularity: Granularity): StepCode {
  const made = codes.get(program) ?? new Map<Granularity, StepCode>();
  codes.set(program, made);
  const known = made.get(granularity);
  if (known !== undefined) return known;
  const { source, frames, rests } = emitSteps(program, granularity);
  const ends = program.functions.flatMap((fn) => fn.blocks.flatMap(({ end }) => (end.op === 'door' ? [end] : [])));
  const code: StepCode = {
    program,
    frames,
    functions: new Function(source)() as StepFunction[],
    rests,
    hasPlain: ends.some(({ door }) => isPlain(door)),
    hasCells: ends.some(({ door, cell }) => door === 'getByte' || door === 'putByte' || (cell !== undefined && cell !== 'i32')),
    hasNarrowAtomics: ends.some(({ door, cell }) => !isPlain(door) && cell !== undefined && cell !== 'i32'),
    hasAcquire: ends.some(({ door }) => door === 'acquire'),
    hasTickets: ends.some(({ door }) => door === 'waitAsync' || door === 'settle'),
  };
  made.set(granularity, code);
  return code;
}

const PLAIN_DOORS: readonly Door[] = ['get', 'put', 'zero', 'getByte', 'putByte', 'copy'];

export function isPlain(door: Door): boolean {
  return PLAIN_DOORS.includes(door);
}

function isEnd(door: Door): boolean {
  return door === 'panic' || door === 'fail';
}

interface Emitted {
  readonly source: string;
  readonly frames: readonly FrameShape[];
  readonly rests: readonly boolean[];
}

interface Emitter {
  readonly program: ImplProgram;
  readonly frames: readonly FrameShape[];
  readonly granularity: Granularity;
  readonly rests: readonly boolean[];
}

export function emitSteps(program: ImplProgram, granularity: Granularity): Emitted {
  const frames = program.functions.map(frameOf);
  const rests = whoRests(program, granularity);
  const recursive = whoRecurs(program);
  const emitter: Emitter = { program, frames, granularity, rests };
  const source = [
    "'use strict';",
    RUNTIME,
    ...program.functions.map((fn, index) => functionCode(emitter, fn, index, recursive[index] ?? false)),
    `return [${program.functions.map((_, index) => `f${index}`).join(', ')}];`,
  ].join('\n');
  return { source, frames, rests };
}

function restsBefore(door: Door, granularity: Granularity): boolean {
  return door !== 'pause' && !isEnd(door) && (granularity === 'access' || !isPlain(door));
}

/** What rests, and whoever calls it. */
function whoRests({ functions }: ImplProgram, granularity: Granularity): readonly boolean[] {
  const rests = functions.map(({ blocks }) => blocks.some(({ end }) => end.op === 'door' && restsBefore(end.door, granularity)));
  for (let changed = true; changed; ) {
    changed = false;
    functions.forEach(({ blocks }, index) => {
      if (rests[index] || !blocks.some(({ end }) => end.op === 'call' && rests[end.fn])) return;
      rests[index] = true;
      changed = true;
    });
  }
  return rests;
}

/** Functions that may call themselves, by whatever way. Those that touch no memory are called in expressions and have no loops of calls. */
function whoRecurs({ functions }: ImplProgram): readonly boolean[] {
  const callees = functions.map(({ blocks }) => blocks.flatMap(({ end }) => (end.op === 'call' ? [end.fn] : [])));
  return functions.map((_, index) => {
    const seen = new Set<number>();
    const open = [...(callees[index] ?? [])];
    for (let fn = open.pop(); fn !== undefined; fn = open.pop()) {
      if (fn === index) return true;
      if (!seen.has(fn)) open.push(...(callees[fn] ?? []));
      seen.add(fn);
    }
    return false;
  });
}

/** The functions of the door. A word outside the memory ends the step; so does a full log, and the machine tries the step again. */
const RUNTIME = `
const T = (H, x) => { H[${REGISTER.code}] = x; throw ${THROWN.wild}; };
const U = (H) => { if ((H[${REGISTER.fuel}] = H[${REGISTER.fuel}] - 1) < 0) throw ${THROWN.spin}; };
const O = () => { throw ${THROWN.full}; };
const D = (H, thrown, code, about, fn, block) => {
  H[${REGISTER.code}] = code; H[${REGISTER.about}] = about; H[${REGISTER.fn}] = fn; H[${REGISTER.block}] = block; throw thrown;
};
function G(H, K, x) {
  if (x >>> 0 >= H[0]) T(H, x);
  const k = H[${REGISTER.trace}];
  K[k] = x << 8 | 15;
  H[${REGISTER.trace}] = k + 1;
  return H[x + ${MEMORY}];
}
function P(H, L, K, x, value, bytes) {
  const k = H[${REGISTER.trace}];
  K[k] = x << 8 | bytes;
  H[${REGISTER.trace}] = k + 1;
  const v = value | 0, o = H[x + ${MEMORY}];
  if (o !== v) {
    const l = H[${REGISTER.log}];
    if (l >= H[${REGISTER.logEnd}]) throw ${THROWN.full};
    L[l] = x; L[l + 1] = o; L[l + 2] = v;
    H[${REGISTER.log}] = l + 3;
    H[x + ${MEMORY}] = v;
  }
}
function W(H, L, K, x, value) {
  if (x >>> 0 >= H[0]) T(H, x);
  P(H, L, K, x, value, 240);
}
function GB(H, K, a) {
  const x = a >> 2;
  if (x >>> 0 >= H[0]) T(H, x);
  const k = H[${REGISTER.trace}];
  K[k] = x << 8 | 1 << (a & 3);
  H[${REGISTER.trace}] = k + 1;
  return H[x + ${MEMORY}] >>> ((a & 3) << 3) & 255;
}
function WB(H, L, K, a, value) {
  const x = a >> 2, s = (a & 3) << 3;
  if (x >>> 0 >= H[0]) T(H, x);
  P(H, L, K, x, H[x + ${MEMORY}] & ~(255 << s) | (value & 255) << s, 16 << (a & 3));
}
function GH(H, K, a) {
  const x = a >> 2;
  if (x >>> 0 >= H[0] || (a & 1) !== 0) T(H, x);
  const k = H[${REGISTER.trace}];
  K[k] = x << 8 | 3 << (a & 3);
  H[${REGISTER.trace}] = k + 1;
  return H[x + ${MEMORY}] >>> ((a & 3) << 3) & 65535;
}
function WH(H, L, K, a, value) {
  const x = a >> 2, s = (a & 3) << 3;
  if (x >>> 0 >= H[0] || (a & 1) !== 0) T(H, x);
  P(H, L, K, x, H[x + ${MEMORY}] & ~(65535 << s) | (value & 65535) << s, 48 << (a & 3));
}
function I(H, a) {
  if ((a & 3) !== 0) T(H, a >> 2);
  return a >> 2;
}
function ZE(H, L, K, at, count) {
  for (let x = at; x < at + count; x++) { U(H); W(H, L, K, x, 0); }
}
function CP(H, L, K, to, from, length) {
  if (length <= 0) return;
  const n = H[0] << 2;
  if (to < 0 || from < 0 || to + length > n || from + length > n) T(H, (to < 0 || to + length > n ? to : from) >> 2);
  let k = H[${REGISTER.trace}];
  for (let x = from >> 2; x <= from + length - 1 >> 2; x++) { U(H); K[k++] = x << 8 | M(x, from, length); }
  H[${REGISTER.trace}] = k;
  // Word by word of the target, in the order that reads each source byte before it is written.
  const first = to >> 2, last = to + length - 1 >> 2, up = to <= from;
  for (let i = 0; i <= last - first; i++) {
    const x = up ? first + i : last - i, m = M(x, to, length), d = from - to;
    let v = 0, mask = 0;
    for (let b = 0; b < 4; b++) if (m >> b & 1) {
      const a = (x << 2) + b + d;
      v |= (H[(a >> 2) + ${MEMORY}] >>> ((a & 3) << 3) & 255) << (b << 3);
      mask |= 255 << (b << 3);
    }
    P(H, L, K, x, H[x + ${MEMORY}] & ~mask | v, m << 4);
  }
}
// The bytes of a word that are among these, as bits.
function M(x, from, length) {
  const a = from - (x << 2), b = a + length;
  return (a > 0 ? 15 << a : 15) & (b < 4 ? 15 >> 4 - b : 15);
}`;

function functionCode(emitter: Emitter, fn: ImplFn, index: number, recursive: boolean): string {
  const parameters = Array.from({ length: fn.params }, (_, local) => `l${local}`);
  const others = fn.locals.map((_, local) => `l${local} = 0`).slice(fn.params);
  const declared = others.length === 0 ? '' : `let ${others.join(', ')};`;
  const fuel = recursive ? 'U(H);' : '';
  if (!emitter.rests[index]) {
    const head = fn.pure ? ['H', ...parameters] : ['H', 'L', 'K', ...parameters];
    return `function f${index}(${head.join(', ')}) { // ${fn.name}\n${declared}${fuel}let b = 0;\n${bodyCode(emitter, fn, index)}\n}`;
  }
  const shape = shapeOf(emitter, index);
  const resumed = shape.places.flatMap((place, pc) => {
    const end = fn.blocks[shape.placeOf.indexOf(pc)]?.end;
    if (end === undefined || !canStand(emitter, end)) return [];
    const loads = place.live.map(({ local }, n) => `l${local} = S[fp + ${FRAME.locals + n}];`).join(' ');
    return [`case ${pc}: ${loads} ${place.result < 0 ? '' : `l${place.result} = r;`} b = ${place.block}; break;`];
  });
  const dispatch = `let b = 0;\nif (fp !== 0) switch (S[fp] & ${PLACE_MASK}) {\n${resumed.join('\n')}\n}`;
  const head = ['H', 'L', 'K', 'S', 'fp', 'r', ...parameters];
  return `function f${index}(${head.join(', ')}) { // ${fn.name}\n${declared}${fuel}${dispatch}\n${bodyCode(emitter, fn, index)}\n}`;
}

function shapeOf(emitter: Emitter, index: number): FrameShape {
  const shape = emitter.frames[index];
  if (shape === undefined) throw new Error(`no frame for function ${index}`);
  if (shape.places.length >= 1 << PLACE_BITS) throw new RangeError(`a function has ${shape.places.length} places: too many`);
  return shape;
}

/** Whether a function can stand still at the end of a block: before an access, or in a call of one that can. */
function canStand(emitter: Emitter, end: ImplEnd): boolean {
  return end.op === 'door' ? restsBefore(end.door, emitter.granularity) : end.op === 'call' && (emitter.rests[end.fn] ?? false);
}

function bodyCode(emitter: Emitter, fn: ImplFn, index: number): string {
  const references = new Map<number, number>();
  for (const { end } of fn.blocks) {
    for (const next of edges(end)) references.set(next, (references.get(next) ?? 0) + 1);
    // One may also come here from outside, by going on.
    if (canStand(emitter, end) && (end.op === 'door' || end.op === 'call')) references.set(end.next, 2);
  }
  references.set(0, 2);
  const isHead = (block: number): boolean => (references.get(block) ?? 0) > 1;
  const goTo = (from: number, to: number): string => {
    const turn = to <= from ? 'U(H); ' : '';
    return isHead(to) ? `{ ${turn}b = ${to}; continue; }` : blockCode(to);
  };
  const blockCode = (block: number): string => {
    const found = fn.blocks[block];
    if (found === undefined) throw new Error(`no block ${block}`);
    const sets = found.body.map(({ local, value }) => `l${local} = ${num(value)};`);
    return [...sets, endCode(emitter, index, block, found.end, goTo)].join('\n');
  };
  const heads = fn.blocks.map((_, block) => block).filter(isHead);
  return `for (;;) switch (b) {\n${heads.map((block) => `case ${block}: ${blockCode(block)}`).join('\n')}\n}`;
}

/** Where control can go inside the function without its having stood still. */
function edges(end: ImplEnd): readonly number[] {
  switch (end.op) {
    case 'jump':
      return [end.to];
    case 'branch':
      return [end.then, end.else];
    case 'return':
      return [];
    case 'door':
    case 'call':
      return end.next < 0 ? [] : [end.next];
  }
}

const HEAP: MemoryNames = { memory: 'H', fixed: (at) => `H[${at} + ${MEMORY}]` };
const num = (expr: Int): string => numberCode(expr, HEAP);

type GoTo = (from: number, to: number) => string;

function endCode(emitter: Emitter, index: number, block: number, end: ImplEnd, goTo: GoTo): string {
  switch (end.op) {
    case 'jump':
      return goTo(block, end.to);
    case 'branch':
      return `if (${conditionCode(end.cond, HEAP)}) {\n${goTo(block, end.then)}\n} else {\n${goTo(block, end.else)}\n}`;
    case 'return':
      return `return ${end.value === null ? '0' : num(end.value)};`;
    case 'door':
      if (canStand(emitter, end)) return restCode(emitter, index, block, end);
      if (isEnd(end.door)) return endingCode(emitter, index, block, end);
      return `${end.door === 'pause' ? '' : plainCode(end)}\n${goTo(block, end.next)}`;
    case 'call':
      return callCode(emitter, index, block, end, goTo);
  }
}

/** Makes a frame of the live locals, the caller of the one that was made last. */
function saveCode(emitter: Emitter, index: number, block: number, isTop: boolean): string {
  const shape = shapeOf(emitter, index);
  const place = shape.placeOf[block] ?? 0;
  const live = shape.places[place]?.live ?? [];
  const size = FRAME.locals + live.length;
  return [
    `const f = H[${REGISTER.store}];`,
    `if (f + ${size} > H[${REGISTER.storeEnd}]) O();`,
    `S[f] = ${(index << PLACE_BITS) | place}; S[f + ${FRAME.size}] = ${size};`,
    ...live.map(({ local }, n) => `S[f + ${FRAME.locals + n}] = l${local};`),
    isTop ? `H[${REGISTER.top}] = f;` : `S[H[${REGISTER.link}]] = f;`,
    `H[${REGISTER.link}] = f + ${FRAME.caller}; H[${REGISTER.store}] = f + ${size};`,
  ].join(' ');
}

function restCode(emitter: Emitter, index: number, block: number, end: Extract<ImplEnd, { op: 'door' }>): string {
  const args = [0, 1, 2].map((n) => `H[${REGISTER.args + n}] = ${end.args[n] === undefined ? 0 : num(end.args[n])};`);
  return [
    `{ H[${REGISTER.door}] = ${doorWord(end)};`,
    ...args,
    saveCode(emitter, index, block, true),
    `H[${REGISTER.rested}] = 1; return 0; }`,
  ].join(' ');
}

/** Nothing comes after it. Where frames are, they are written, so that the stack can be read. */
function endingCode(emitter: Emitter, index: number, block: number, end: Extract<ImplEnd, { op: 'door' }>): string {
  if (emitter.rests[index]) return restCode(emitter, index, block, end);
  const [code, about] = [end.args[0], end.args[1]].map((arg) => (arg === undefined ? '0' : num(arg)));
  return `D(H, ${end.door === 'panic' ? THROWN.panic : THROWN.fail}, ${code}, ${about}, ${index}, ${block}); return 0;`;
}

function callCode(emitter: Emitter, index: number, block: number, end: Extract<ImplEnd, { op: 'call' }>, goTo: GoTo): string {
  const args = end.args.map(num);
  const target = end.result < 0 ? '' : `l${end.result} = `;
  const callee = emitter.program.functions[end.fn];
  if (!emitter.rests[end.fn]) {
    const head = callee?.pure ? ['H'] : ['H', 'L', 'K'];
    return `${target}f${end.fn}(${[...head, ...args].join(', ')});\n${goTo(block, end.next)}`;
  }
  return [
    `{ const v = f${end.fn}(${['H', 'L', 'K', 'S', '0', '0', ...args].join(', ')});`,
    `if (H[${REGISTER.rested}] !== 0) { ${saveCode(emitter, index, block, false)} return 0; }`,
    `${target}${end.result < 0 ? '' : 'v;'} }\n${goTo(block, end.next)}`,
  ].join('\n');
}

/** A plain access in the midst of a block. */
function plainCode(end: Extract<ImplEnd, { op: 'door' }>): string {
  const [a = '0', b = '0', c = '0'] = end.args.map(num);
  const target = end.result < 0 ? '' : `l${end.result} = `;
  const { cell } = end;
  const word = cell === undefined ? a : `I(H, ${a})`;
  const bytes = cell === undefined ? 4 : CELL_BYTES[cell];
  switch (end.door) {
    case 'get': {
      if (bytes === 4) return `${target}G(H, K, ${word});`;
      const value = bytes === 1 ? `GB(H, K, ${a})` : `GH(H, K, ${a})`;
      const shift = 32 - bytes * 8;
      return `${target}${cell === 'i8' || cell === 'i16' ? `${value} << ${shift} >> ${shift}` : value};`;
    }
    case 'put':
      if (bytes === 4) return `W(H, L, K, ${word}, ${b});`;
      return `${bytes === 1 ? 'WB' : 'WH'}(H, L, K, ${a}, ${b});`;
    case 'zero':
      return `ZE(H, L, K, ${a}, ${b});`;
    case 'getByte':
      return `${target}GB(H, K, ${a});`;
    case 'putByte':
      return `WB(H, L, K, ${a}, ${b});`;
    case 'copy':
      return `CP(H, L, K, ${a}, ${b}, ${c});`;
    default:
      throw new Error(`${end.door} is not plain`);
  }
}
