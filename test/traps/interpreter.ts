/**
 * An *interpreter* of the intermediate representation, and all states of a program by it: as naive as can be, so that what the engines
 * say can be held against something that has none of their parts. No words, no step machine, no liveness, no terms: a state is a tree of
 * numbers, a call a stack of bodies and where it stands in each. It goes statement by statement, and stops at the first broken bound.
 *
 * What it shares with the engines is the front end, which is compared with plain TypeScript elsewhere (`../compile/differential.ts`).
 */
import type { Expr, Place, Program, Scalar, Stmt, Type } from '../../oracle/compile/ir.ts';
import { encodedRange } from '../../oracle/compile/liveness.ts';
import { decodeScalar } from '../../oracle/compile/values.ts';

type Tree = number | Tree[] | { [field: string]: Tree };

/** A run of statements, where it stands, and the statement it belongs to. */
interface Standing {
  readonly body: readonly Stmt[];
  at: number;
  readonly owner: Stmt | null;
}

interface Activation {
  readonly fn: number;
  readonly locals: number[];
  readonly bodies: Standing[];
  /** The local of the caller that gets what it returns, or -1. */
  readonly result: number;
}

interface Frame {
  stack: Activation[];
  until: Expr | null;
}

interface World {
  state: { [field: string]: Tree };
  /** Whether the state is another world's as well, and is copied before anything is written to it. */
  isShared: boolean;
  readonly frames: (Frame | null)[][];
}

/** Thrown often: each is made once. */
const NOT_POSSIBLE = new Error('the step is not possible');
const BROKEN = new Error('a bound is broken');

/** One step that could be tried. */
export interface Move {
  readonly agent: number;
  readonly who: number;
  /** -1: it goes on. */
  readonly procedure: number;
  readonly args: readonly number[];
}

export class Interpreter {
  readonly #program: Program;
  readonly #bodies = new Map<readonly Stmt[], number>();
  readonly moves: readonly Move[];

  constructor(program: Program) {
    this.#program = program;
    this.moves = program.agents.flatMap(({ size, procedures }, agent) =>
      Array.from({ length: size }, (_, who) => [
        { agent, who, procedure: -1, args: [] },
        ...procedures.flatMap(({ params }, procedure) =>
          combinations(params.map(({ type }) => type)).map((args) => ({ agent, who, procedure, args })),
        ),
      ]).flat(),
    );
  }

  first(): World {
    const state = zeroOf(this.#program.state) as { [field: string]: Tree };
    for (const [field, value] of Object.entries(this.#program.configuration)) if (field in state) state[field] = value;
    return { state, isShared: false, frames: this.#program.agents.map(({ size }) => Array<Frame | null>(size).fill(null)) };
  }

  /** The world after a step; null: it is not possible; 'broken': it breaks a bound. */
  step(before: World, { agent, who, procedure, args }: Move): World | 'broken' | null {
    const old = before.frames[agent]?.[who] ?? null;
    if ((old === null) !== procedure >= 0) return null;
    const world = copy(before, agent, who);
    const frames = world.frames[agent] as (Frame | null)[];
    const fn = this.#program.agents[agent]?.procedures[procedure]?.fn ?? -1;
    const frame = old === null ? { stack: [this.#activation(fn, [who, ...args], -1)], until: null } : (frames[who] as Frame);
    try {
      if (frame.until !== null && this.#value(frame.until, world, top(frame.stack).locals) === 0) return null;
      frame.until = null;
      frames[who] = this.#run(frame, world) ? frame : null;
      return world;
    } catch (error) {
      if (error === NOT_POSSIBLE) return null;
      if (error === BROKEN) return 'broken';
      throw error;
    }
  }

  holds(world: World, fn: number): boolean {
    try {
      return this.#call(fn, [], world) !== 0;
    } catch (error) {
      if (error === BROKEN) return false;
      throw error;
    }
  }

  /** Two worlds with one key behave alike. */
  key({ state, frames }: World): string {
    const standing = frames.map((agents) =>
      agents.map((frame) =>
        frame === null
          ? 0
          : frame.stack.map(({ fn, locals, bodies }) => [
              fn,
              ...locals,
              '/',
              ...bodies.flatMap(({ body, at }) => [this.#numberOf(body), at]),
            ]),
      ),
    );
    return JSON.stringify([state, standing]);
  }

  #numberOf(body: readonly Stmt[]): number {
    const known = this.#bodies.get(body) ?? this.#bodies.size;
    this.#bodies.set(body, known);
    return known;
  }

  #activation(fn: number, args: readonly number[], result: number): Activation {
    const { body, locals } = this.#fn(fn);
    for (const [index, value] of args.entries()) mustFit(value, locals[index]?.type);
    return { fn, locals: locals.map((_, local) => args[local] ?? 0), bodies: [{ body, at: 0, owner: null }], result };
  }

  #fn(index: number): Program['functions'][number] {
    const fn = this.#program.functions[index];
    if (fn === undefined) throw new Error(`there is no function ${index}`);
    return fn;
  }

  /** A call in an expression, or of a property. */
  #call(fn: number, args: readonly number[], world: World): number {
    const frame: Frame = { stack: [this.#activation(fn, args, -1)], until: null };
    const answer = { value: 0 };
    if (this.#run(frame, world, answer)) throw new Error('a function that pauses');
    return answer.value;
  }

  /** Goes on to the next pause, or to the end: false. */
  #run(frame: Frame, world: World, answer = { value: 0 }): boolean {
    const { stack } = frame;
    while (stack.length > 0) {
      const activation = top(stack);
      const { bodies, locals } = activation;
      const standing = bodies.at(-1);
      if (standing === undefined) {
        this.#leave(stack, 0, answer);
        continue;
      }
      const stmt = standing.body[standing.at];
      if (stmt === undefined) {
        if (!this.#again(standing, world, locals)) bodies.pop();
        continue;
      }
      standing.at++;
      const value = (expr: Expr): number => this.#value(expr, world, locals);
      const enter = (body: readonly Stmt[]): void => void bodies.push({ body, at: 0, owner: stmt });
      switch (stmt.op) {
        case 'set': {
          const made = value(stmt.value);
          if (!fits(made, this.#fn(activation.fn).locals[stmt.local]?.type)) throw broken(stmt.site);
          locals[stmt.local] = made;
          break;
        }
        case 'write': {
          if (world.isShared) {
            world.state = copyOf(world.state) as World['state'];
            world.isShared = false;
          }
          // An index comes before the value, as it is written.
          const { owner, key } = this.#cell(stmt.place, world, locals);
          const made = value(stmt.value);
          if (stmt.padding !== true && !fits(made, stmt.place.type)) throw broken(stmt.site);
          (owner as { [field: string | number]: Tree })[key] = made;
          break;
        }
        case 'if':
          enter(value(stmt.cond) !== 0 ? stmt.then : stmt.else);
          break;
        case 'for':
          if (stmt.size === 0) break;
          locals[stmt.local] = 0;
          enter(stmt.body);
          break;
        case 'while':
          if (value(stmt.cond) !== 0) enter(stmt.body);
          break;
        case 'break':
        case 'continue': {
          while (!isLoop(bodies.at(-1)?.owner)) bodies.pop();
          const loop = bodies.at(-1) as Standing;
          if (stmt.op === 'break') bodies.pop();
          else loop.at = loop.body.length;
          break;
        }
        case 'return':
          this.#leave(stack, stmt.value === null ? 0 : value(stmt.value), answer);
          break;
        case 'call':
        case 'delegate':
          stack.push(this.#activation(stmt.fn, stmt.args.map(value), stmt.result));
          break;
        case 'pause':
          frame.until = stmt.until;
          return true;
        case 'when':
          if (value(stmt.cond) === 0) throw NOT_POSSIBLE;
          break;
        case 'rule':
          break;
      }
    }
    return false;
  }

  #leave(stack: Activation[], value: number, answer: { value: number }): void {
    const left = stack.pop() as Activation;
    const caller = stack.at(-1);
    if (caller === undefined) answer.value = value;
    else if (left.result >= 0) {
      mustFit(value, this.#fn(caller.fn).locals[left.result]?.type);
      caller.locals[left.result] = value;
    }
  }

  /** At the end of a body: true where it is run once more. */
  #again(standing: Standing, world: World, locals: number[]): boolean {
    const { owner } = standing;
    if (owner?.op === 'for') {
      const round = (locals[owner.local] ?? 0) + 1;
      if (round === owner.size) return false;
      locals[owner.local] = round;
    } else if (owner?.op !== 'while' || this.#value(owner.cond, world, locals) === 0) return false;
    standing.at = 0;
    return true;
  }

  #cell(place: Place, world: World, locals: number[]): { readonly owner: Tree; readonly key: string | number } {
    const keys = place.steps.map((step) => ('field' in step ? step.field : this.#value(step.index, world, locals)));
    let owner: Tree = world.state;
    for (const key of keys.slice(0, -1)) owner = inside(owner, key);
    return { owner, key: keys.at(-1) ?? '' };
  }

  #value(expr: Expr, world: World, locals: number[]): number {
    const value = (each: Expr): number => this.#value(each, world, locals);
    switch (expr.op) {
      case 'const':
        return expr.value;
      case 'local':
        return locals[expr.local] ?? 0;
      case 'read': {
        const { owner, key } = this.#cell(expr.place, world, locals);
        return inside(owner, key) as number;
      }
      case 'not':
        return 1 - value(expr.arg);
      case 'and':
        return value(expr.left) === 0 ? 0 : value(expr.right);
      case 'or':
        return value(expr.left) !== 0 ? 1 : value(expr.right);
      case 'eq':
        return value(expr.left) === value(expr.right) ? 1 : 0;
      case 'ne':
        return value(expr.left) === value(expr.right) ? 0 : 1;
      case 'lt':
        return value(expr.left) < value(expr.right) ? 1 : 0;
      case 'le':
        return value(expr.left) <= value(expr.right) ? 1 : 0;
      case 'add':
        return value(expr.left) + value(expr.right);
      case 'sub':
        return value(expr.left) - value(expr.right);
      case 'mul':
        return value(expr.left) * value(expr.right);
      case 'min':
        return Math.min(value(expr.left), value(expr.right));
      case 'max':
        return Math.max(value(expr.left), value(expr.right));
      case 'ite':
        return value(expr.cond) !== 0 ? value(expr.then) : value(expr.else);
      case 'unwrap': {
        const id = value(expr.arg);
        if (id === 0) throw broken(expr.site);
        return id - 1;
      }
      case 'wrap':
        return value(expr.arg) + 1;
      case 'some':
      case 'every':
      case 'count':
      case 'first': {
        let found = 0;
        for (let each = 0; each < expr.size; each++) {
          const inner = [...locals];
          inner[expr.local] = each;
          const holds = this.#value(expr.body, world, inner) !== 0;
          if (holds && expr.op === 'some') return 1;
          if (holds && expr.op === 'first') return each + 1;
          if (!holds && expr.op === 'every') return 0;
          if (holds) found++;
        }
        return expr.op === 'count' ? found : expr.op === 'every' ? 1 : 0;
      }
      case 'call':
        return this.#call(expr.fn, expr.args.map(value), world);
    }
  }
}

/** A state, as text is read back, in source terms. What lies beyond the end of a sequence must be 0. */
export function plain(type: Type, tree: unknown): unknown {
  switch (type.kind) {
    case 'record':
      return Object.fromEntries(
        type.fields.map((field) => [field.name, plain(field.type, (tree as { [name: string]: unknown })[field.name])]),
      );
    case 'table':
      return (tree as readonly unknown[]).map((element) => plain(type.element, element));
    case 'seq': {
      const { length, items } = tree as { readonly length: number; readonly items: readonly number[] };
      if (items.slice(length).some((item) => item !== 0)) throw new Error('something lies beyond the end of a sequence');
      return items.slice(0, length).map((item) => plain(type.element, item));
    }
    default:
      return decodeScalar(type, tree as number);
  }
}

/** What is true of all states. */
export interface Truth {
  /** Ids of invariants, and `no-overflow`: the steps after which each is first broken. */
  readonly brokenAt: ReadonlyMap<string, number>;
  /** The states without what calls know, each once: as text. */
  readonly states: ReadonlySet<string>;
  /** Steps to the farthest world. */
  readonly depth: number;
  readonly worlds: number;
}

/** All of them, or null where there are more than so many worlds. */
export function allStates(program: Program, most: number, isAllowed: (move: Move) => boolean = () => true): Truth | null {
  const interpreter = new Interpreter(program);
  const moves = interpreter.moves.filter(isAllowed);
  const brokenAt = new Map<string, number>();
  const note = (id: string, depth: number): void => {
    if (!brokenAt.has(id)) brokenAt.set(id, depth);
  };
  const first = interpreter.first();
  const seen = new Set([interpreter.key(first)]);
  const states = new Set<string>();
  let level = [first];
  let depth = 0;
  for (; level.length > 0; depth++) {
    const next: World[] = [];
    for (const world of level) {
      states.add(JSON.stringify(world.state));
      for (const { id, fn } of program.invariants) if (!brokenAt.has(id) && !interpreter.holds(world, fn)) note(id, depth);
      for (const move of moves) {
        const after = interpreter.step(world, move);
        if (after === 'broken') note('no-overflow', depth + 1);
        if (after === null || after === 'broken') continue;
        const key = interpreter.key(after);
        if (seen.has(key)) continue;
        seen.add(key);
        if (seen.size > most) return null;
        next.push(after);
      }
    }
    level = next;
  }
  return { brokenAt, states, depth: depth - 1, worlds: seen.size };
}

function top(stack: readonly Activation[]): Activation {
  const found = stack.at(-1);
  if (found === undefined) throw new Error('an empty stack');
  return found;
}

function isLoop(owner: Stmt | null | undefined): boolean {
  return owner?.op === 'for' || owner?.op === 'while';
}

function broken(site: number): Error {
  return site < 0 ? new Error('a bound is broken of which the program says that it can not be') : BROKEN;
}

function fits(value: number, type: Type | undefined): boolean {
  if (type === undefined || type.kind === 'record' || type.kind === 'table' || type.kind === 'seq') throw new Error('not one value');
  const { lo, hi } = encodedRange(type);
  return value >= lo && value <= hi;
}

function mustFit(value: number, type: Type | undefined): void {
  if (!fits(value, type)) throw broken(-1);
}

function inside(tree: Tree, key: string | number): Tree {
  const found = (tree as { [field: string | number]: Tree })[key];
  if (found === undefined) throw new Error(`there is nothing at ${key}`);
  return found;
}

function zeroOf(type: Type): Tree {
  switch (type.kind) {
    case 'record':
      return Object.fromEntries(type.fields.map((field) => [field.name, zeroOf(field.type)]));
    case 'table':
      return Array.from({ length: type.size }, () => zeroOf(type.element));
    case 'seq':
      return { length: 0, items: Array<number>(type.capacity).fill(0) };
    default:
      return 0;
  }
}

/** The same, and one of its frames is its own. */
function copy({ state, frames }: World, agent: number, who: number): World {
  return {
    state,
    isShared: true,
    frames: frames.map((members, index) => (index === agent ? members.map((frame, at) => (at === who ? frameOf(frame) : frame)) : members)),
  };
}

function frameOf(frame: Frame | null): Frame | null {
  if (frame === null) return null;
  return {
    until: frame.until,
    stack: frame.stack.map((each) => ({ ...each, locals: [...each.locals], bodies: each.bodies.map((standing) => ({ ...standing })) })),
  };
}

function copyOf(tree: Tree): Tree {
  if (typeof tree === 'number') return tree;
  if (Array.isArray(tree)) return tree.map(copyOf);
  return Object.fromEntries(Object.entries(tree).map(([field, value]) => [field, copyOf(value)]));
}

function combinations(types: readonly Scalar[]): readonly (readonly number[])[] {
  const [type, ...rest] = types;
  if (type === undefined) return [[]];
  if (type.kind === 'id' && type.size === 0 && !type.nullable) return [];
  const { lo, hi } = encodedRange(type);
  const tails = combinations(rest);
  return Array.from({ length: hi - lo + 1 }, (_, above) => lo + above).flatMap((value) => tails.map((tail) => [value, ...tail]));
}
