/**
 * All *successors* of a state as JavaScript: every step that anybody can take, each a function with its agent and its arguments as
 * constants, behind guards that are tested in common as long as they are the same. What a successor is done with stands in the same
 * source: it is looked up in a table of all states, and a new one is kept and judged, so that nothing is called on the way that the
 * engine of JavaScript can't see through.
 *
 * The result is data; `oracle/check/explorer.ts` brings it to life and says what the arrays are.
 */
import { encodedRange } from './liveness.ts';
import type { Entry, Local, Machine, Program } from './ir.ts';
import { type Artefact, emitJavaScript, emitterOf } from './javascript.ts';
import { cond, prelude } from './js-expressions.ts';
import { pcCode, stepCode } from './js-machine.ts';
import { functionCode } from './js-statements.ts';
import { ownTable, sharedTable, type TableCode } from './js-table.ts';
import { breaksNoBound } from './safety.ts';
import { Touches } from './touches.ts';

/** One way a step can begin. */
export interface Action {
  readonly agent: number;
  readonly who: number;
  readonly procedure: number;
  /** The pc of the pause that is left; 0 where a procedure starts. */
  readonly pc: number;
  /** Arguments after `who`; null where it goes on from a pause. */
  readonly args: readonly number[] | null;
}

export interface Successors {
  readonly artefact: Artefact;
  readonly source: string;
  readonly actions: readonly Action[];
}

/** Members that `first` may choose among: a set of them is one word. */
export const MOST_CHOICES = 32;

/** Properties that have a bit of their own in the mask of what an action may break; all others share the last. */
const BITS = 30;

interface Step {
  readonly action: number;
  readonly name: string;
  /** Tests that break no bound, in order. */
  readonly tests: readonly string[];
  /** Whether it looks itself at whether it is possible. */
  readonly guarded: boolean;
  readonly mask: number;
  /** Whether it may come to a choice. */
  readonly chooses: boolean;
}

export interface SuccessorOptions {
  /** Kinds of ids whose members are exchanged freely. Then `first` stands for each of those that it could find. */
  readonly anyOf?: ReadonlySet<string>;
  /** Whether several threads look successors up in the same table. */
  readonly shared?: boolean;
}

export function emitSuccessors(program: Program, { anyOf = new Set(), shared = false }: SuccessorOptions = {}): Successors {
  const artefact = emitJavaScript(program);
  const emitter = emitterOf(artefact.layout, { anyOf });
  const functions = program.functions.map((fn, index) => (fn.generator ? '' : functionCode(emitter, fn, index)));
  const touches = new Touches(program);
  const watched = program.invariants.map(({ fn }) => touches.ofFunction(fn).reads);
  const maskOf = (machine: Machine, entry: Entry): number => {
    const written = writesOf(machine, entry, touches);
    return watched.reduce((mask, reads, index) => ([...reads].some((path) => written.has(path)) ? mask | bit(index) : mask), 0);
  };
  const actions: Action[] = [];
  const codes: string[] = [];
  const tree: string[] = [];
  for (const [agent, machine] of artefact.machines.entries()) {
    const masks = machine.entries.map((entry) => maskOf(machine, entry));
    for (let who = 0; who < machine.size; who++) {
      const starts: Step[] = [];
      const resumes: string[] = [];
      for (const [at, entry] of machine.entries.entries()) {
        for (const args of entry.pc === 0 ? choices(paramsOf(machine, entry)) : [null]) {
          const name = `a${actions.length}`;
          const known = knownLocals(machine, entry, who, args);
          const { code, tests, guarded } = stepCode(emitter, machine, entry, known, name, (test) => breaksNoBound(program, test));
          if (code === null) continue;
          const step: Step = {
            action: actions.length,
            name,
            tests: tests.map((test) => cond(emitter, test)),
            guarded,
            mask: masks[at] ?? 0,
            chooses: anyOf.size > 0,
          };
          actions.push({ agent, who, procedure: entry.procedure, pc: entry.pc, args });
          codes.push(code);
          if (entry.pc === 0) starts.push(step);
          else resumes.push(`case ${entry.pc}: {\n${nested([step])}\nbreak; }`);
        }
      }
      // One function for each, since a very long one is never made fast.
      codes.push(
        `function e${tree.length}() { if ((${pcCode(emitter, machine, who)}) === 0) {\n${nested(starts)}\n} else g${tree.length}(); }`,
      );
      codes.push(`function g${tree.length}() { switch (${pcCode(emitter, machine, who)}) {\n${resumes.join('\n')}\n} }`);
      tree.push(`e${tree.length}();`);
    }
  }
  const words = artefact.layout.words;
  const source = [
    "'use strict';",
    prelude(emitter),
    ...functions,
    ...program.invariants.map((property, index) => judgeCode(program, property.fn, index)),
    ...codes,
    ...emitter.helpers,
    runtime(words, program.invariants.length, tree.join('\n'), shared ? sharedTable(words) : ownTable(words)),
  ]
    .filter((part) => part !== '')
    .join('\n');
  return { artefact, source, actions };
}

function bit(index: number): number {
  return 1 << Math.min(index, BITS);
}

function paramsOf(machine: Machine, entry: Entry): readonly Local[] {
  return machine.procedures[entry.procedure]?.params ?? [];
}

/** All choices of arguments. */
function choices(params: readonly Local[]): readonly (readonly number[])[] {
  return params.reduce<readonly (readonly number[])[]>(
    (made, { type }) => {
      const { lo, hi } = encodedRange(type);
      return made.flatMap((args) => Array.from({ length: hi - lo + 1 }, (_, above) => [...args, lo + above]));
    },
    [[]],
  );
}

function knownLocals(machine: Machine, { procedure }: Entry, who: number, args: readonly number[] | null): ReadonlyMap<number, number> {
  const first = machine.procedures[procedure]?.firstLocal ?? 0;
  return new Map([[first, who] as const, ...(args ?? []).map((value, index) => [first + 1 + index, value] as const)]);
}

/** All that the blocks of one step may write. Program counters are nothing that a property can see. */
function writesOf(machine: Machine, entry: Entry, touches: Touches): ReadonlySet<string> {
  const writes = new Set<string>();
  const seen = new Set<number>();
  const visit = (index: number): void => {
    const block = machine.blocks[index];
    if (block === undefined || seen.has(index)) return;
    seen.add(index);
    for (const path of touches.ofBody(block.body).writes) writes.add(path);
    if (block.end.op === 'jump') visit(block.end.to);
    if (block.end.op === 'branch') {
      visit(block.end.then);
      visit(block.end.else);
    }
  };
  visit(entry.block);
  return writes;
}

/** The steps behind their tests, each test that several begin with made once. */
function nested(steps: readonly Step[]): string {
  const groups = new Map<string, Step[]>();
  const parts: string[] = [];
  for (const step of steps) {
    const [test, ...tests] = step.tests;
    if (test === undefined) {
      parts.push(takeCode(step));
      continue;
    }
    const group = groups.get(test);
    if (group === undefined) groups.set(test, [{ ...step, tests }]);
    else group.push({ ...step, tests });
  }
  for (const [test, group] of groups) parts.push(`if (${test}) {\n${nested(group)}\n}`);
  return parts.join('\n');
}

function takeCode({ action, name, guarded, mask, chooses }: Step): string {
  if (chooses) return `do { K(); ${guarded ? `if (${name}(t)) ` : `${name}(t); `}visit(${mask}, ${action}); } while (more());`;
  return guarded ? `K(); if (${name}(t)) visit(${mask}, ${action});` : `K(); ${name}(t); visit(${mask}, ${action});`;
}

/** A property in which something breaks a bound does not hold. */
function judgeCode(program: Program, fn: number, index: number): string {
  const safe = breaksNoBound(program, { op: 'call', type: { kind: 'bool' }, fn, args: [] });
  if (safe) return `function h${index}(w) { return f${fn}(w) !== 0; }`;
  return `function h${index}(w) { const holds = f${fn}(w) !== 0; const sound = G(w) === 0; C(w, 0); return holds && sound; }`;
}

/** A word's part of a state's hash. The parts don't wait for each other. */
function hashed(word: number): string {
  const at = `a[b + ${word}]`;
  // Factors with no simple ratio, or sums would meet; and high bits reach low ones before: else two words' highest would cancel each other.
  let factor = Math.imul(word + 1, 0x9e3779b1);
  factor = Math.imul(factor ^ (factor >>> 15), 0x2c1b3c6d);
  factor = Math.imul(factor ^ (factor >>> 12), 0x297a2d39);
  return `Math.imul(${at} ^ ${at} >>> 15, ${factor | 1})`;
}

/** Places for states that were brought lately. */
const RECENT = 1 << 14;

/**
 * What every explorer has. S: the words of all states in the order in which they were found; P: the state each was found from; T: the table
 * of them; R: how often each rule decided; X: how often each action was taken.
 */
function runtime(words: number, properties: number, tree: string, table: TableCode): string {
  const all = Array.from({ length: words }, (_, word) => word);
  const each = (f: (word: number) => string, between = ' '): string => all.map(f).join(between);
  return `
const W = ${words}, w = new Int32Array(W), t = new Int32Array(W);
const HELD = 256, B = new Int32Array(HELD * W), H = new Int32Array(HELD), A = new Int32Array(HELD), M = new Int32Array(HELD);
const O = new Int32Array(HELD), E = new Int32Array(HELD);
const u = new Int32Array(W);
// States that were brought lately, each in one place by its hash: they are in the table or held, and need not be looked up again.
const RECENT = ${RECENT}, lately = new Int32Array(RECENT * W);
let held = 0, orbit = null, aside = false, list = null, listed = 0, choices = 0, chosen = 0, chosenMask = 0, seed = 1;
let S = null, P = null, T = null, X = null, last = 0, n = 0, room = 0, from = 0, steps = 0, full = false, found = -1;
const broken = new Int32Array(${properties + 1}).fill(-1), brokenBy = new Int32Array(${properties + 1}).fill(-1);
${table.state}
const pick = [], ways = [];
let picks = 0, met = 0;
/** One of a set, as its number and 1: each in its turn. */
function Z(set) {
  if ((set & set - 1) === 0) return set === 0 ? 0 : 32 - Math.clz32(set);
  if (met === picks) { pick[picks] = 0; let many = 0; for (let s = set; s !== 0; s &= s - 1) many++; ways[picks++] = many; }
  let s = set;
  for (let k = pick[met++]; k > 0; k--) s &= s - 1;
  return 32 - Math.clz32(s & -s);
}
/** Whether the step could have chosen otherwise; it is one step all the same. */
function more() {
  met = 0;
  for (; picks > 0; picks--) if (++pick[picks - 1] < ways[picks - 1]) { steps--; return true; }
  return false;
}
function K() { ${each((k) => `t[${k}] = w[${k}];`)} }
function hash(a, b) {
  let h = ${all.map(hashed).join(' + ')} | 0;
  h = Math.imul(h ^ h >>> 16, 0x85ebca6b);
  h = Math.imul(h ^ h >>> 13, 0xc2b2ae35);
  return h ^ h >>> 16;
}
/** In no place stands a state that belongs there: zeros stand in all but the place of the state of zeros. */
function forget() {
  lately.fill(0);
  u.fill(0);
  const zeros = hash(u, 0) & RECENT - 1;
  do u[0]++; while ((hash(u, 0) & RECENT - 1) === zeros);
  lately.set(u, zeros * W);
}
forget();
function breaks(property, action) {
  if (broken[property] < 0) { broken[property] = from; brokenBy[property] = action; }
  found = property;
}
function visit(mask, action) {
  if (aside) { visitAside(mask, action); return; }
  steps++;
  X[action]++;
  if (G(t) !== 0) { breaks(${properties}, action); return; }
  if (orbit !== null) orbit(t);
  const h = hash(t, 0), r = (h & RECENT - 1) * W, b = held * W;
  const other = ${each((k) => `lately[r + ${k}] ^ t[${k}]`, ' | ')};
  ${each((k) => `lately[r + ${k}] = t[${k}];`)}
  ${each((k) => `B[b + ${k}] = t[${k}];`)}
  H[held] = h; A[held] = action; M[held] = mask; O[held] = from;
  // It is held if any bit differs. A branch would be taken every other time, which no processor foresees.
  held += (other | -other) >>> 31;
  if (held === HELD) settle();
}
/** What else than to be looked up a successor may be made for. */
function visitAside(mask, action) {
  if (list !== null) {
    list[listed++] = action;
    list[listed++] = G(t) !== 0 ? -1 : numberOf();
    return;
  }
  steps++;
  // Each successor of the state is as likely as any other, without knowing how many there are.
  if (below(++choices) === 0) { ${each((k) => `u[${k}] = t[${k}];`)} chosen = action; chosenMask = mask; }
}
${table.settle}
/** The number of the state in t, -1: it is none that was found. */
function numberOf() {
  const h = hash(t, 0);
  for (let slot = h & last, e = T[slot]; e !== 0; slot = slot + 1 & last, e = T[slot]) {
    if (((e ^ h) & ~last) !== 0) continue;
    const b = ((e & last) - 1) * W;
    if (${each((k) => `S[b + ${k}] === t[${k}]`, ' && ')}) return (e & last) - 1;
  }
  return -1;
}
/** All steps from a state, as the action and the number of where it leads; returns how many numbers that are. */
function follow(i, out) {
  const b = i * W;
  ${each((k) => `w[${k}] = S[b + ${k}];`)}
  list = out; listed = 0; aside = true;
${tree}
  list = null; aside = false;
  return listed;
}
/** A whole number below another. */
function below(end) {
  seed ^= seed << 13; seed ^= seed >>> 17; seed ^= seed << 5;
  return (seed >>> 0) % end;
}
/** So many steps from the first state, chosen by the seed; A gets the actions. Returns how many there were, negative if the last broke something. */
function walk(length, from_, A) {
  seed = Math.imul(from_ + 1, 0x9e3779b1) | 1;
  w.fill(0);
  aside = true;
  let done = 0;
  for (; done < length; done++) {
    choices = 0;
${tree}
    if (choices === 0) break;
    A[done] = chosen;
    X[chosen]++;
    ${each((k) => `w[${k}] = u[${k}];`)}
    ${each((k) => `t[${k}] = u[${k}];`)}
    from = done;
    found = -1;
    if (G(t) !== 0) breaks(${properties}, chosen); else if (chosenMask !== 0) judge(chosenMask, chosen);
    if (found >= 0) { done = -done - 1; break; }
  }
  aside = false;
  return done;
}
function judge(mask, action) {
  ${Array.from({ length: properties }, (_, k) => `if ((mask & ${bit(k)}) !== 0 && !h${k}(t)) breaks(${k}, action);`).join('\n  ')}
}
function expand(begin, end) {
  for (let i = begin; i < end && !full; i++) {
    const b = i * W;
    ${each((k) => `w[${k}] = S[b + ${k}];`)}
    from = i;
    const before = steps;
${tree}
    if (steps === before) X[X.length - 1]++;
  }
}
return {
  /** The arrays to work on, and how many states are in them. */
  ${table.use}
  /** Puts the least state of its orbit in the place of a state. */
  orbits(canonise) { orbit = canonise; },
  /** Puts the first state in, and judges it. */
  begin() { t.fill(0); from = 0; visit(0, X.length - 2); settle(); judge(-1, X.length - 2); },
  ${table.face}
  expand, walk, follow, settle,
  /** Forgets what was found to be broken. */
  forgive() { broken.fill(-1); brokenBy.fill(-1); },
  get steps() { return steps; }, get full() { return full; }, broken, brokenBy,
};`;
}
