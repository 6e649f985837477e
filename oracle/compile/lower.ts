/**
 * *Lowering* turns the procedures of one agent into its step machine: a graph of blocks whose steps begin at entries and end at
 * pauses. Delegated procedures (`yield*`) are inlined, each pause becomes a program counter, and the locals alive across a
 * pause become slots of the frame (`liveness.ts`). Numbers depend on the source alone, so that two runs give the same machine.
 *
 *   `when` at the head of a procedure → guard of its start entry         `yield until(c)` → guard of the resume entry
 *   `for` with a pause on every way round → a loop of blocks             `for` with a `return` or some pauses → unrolled
 *   `for`, `if` without pause, return or jump out → stay statements of one block
 *
 * An expression that breaks a bound inside a guard (unwrap of null) leaves the guard true: the fault belongs to the step.
 */
import { CompileError, unreachable } from './errors.ts';
import { refold } from './fold.ts';
import { cleanGraph, type DraftBlock, type DraftEntry } from './flow.ts';
import type { AgentDef, Expr, Fn, Local, Machine, Program, Scalar, Source, Stmt } from './ir.ts';
import { assignSlots } from './liveness.ts';
import { forEachStmt, mapPlace, substitute } from './walk.ts';

/** What the locals of one inlined function have become: another local, or an expression that takes the parameter's place. */
interface Scope {
  readonly fn: Fn;
  readonly locals: readonly (number | Expr)[];
  /** Where `return` goes: the result local (-1: dropped) and the block that follows. `null`: the procedure ends. */
  readonly ret: { readonly result: number; readonly to: number } | null;
  readonly stack: readonly number[];
}

/** Where `break` and `continue` go. */
interface Loop {
  readonly breakTo: number;
  readonly continueTo: number;
}

/** The straight line from the start of a procedure to its first effect: what `when` may still speak about. */
interface Head {
  guard: Expr | null;
  readonly sets: Map<number, Expr>;
}

export function lowerAgent(program: Program, agent: AgentDef): Machine {
  const builder = new Builder(program);
  const procedures = agent.procedures.map((procedure, index) => ({
    name: procedure.name,
    firstLocal: builder.procedure(index, procedure.fn),
    params: procedure.params,
  }));
  const graph = cleanGraph(builder.blocks, builder.entries, (source) => pauselessLoop(source));
  const { slots, live } = assignSlots(
    graph.blocks,
    graph.entries,
    builder.locals,
    procedures.map((p) => p.firstLocal),
  );
  return {
    agent: agent.name,
    size: agent.size,
    slots,
    pcs: graph.entries.reduce((most, entry) => Math.max(most, entry.pc), 0),
    locals: builder.locals,
    procedures,
    blocks: graph.blocks,
    entries: graph.entries.map((entry, index) => ({ ...entry, live: live[index] ?? [] })),
  };
}

class Builder {
  readonly blocks: DraftBlock[] = [];
  readonly entries: DraftEntry[] = [];
  readonly locals: Local[] = [];
  private readonly program: Program;
  private current: DraftBlock | null = null;
  private head: Head | null = null;
  private procedureIndex = 0;
  private nextPc = 1;

  constructor(program: Program) {
    this.program = program;
  }

  /** Lowers one procedure; answers its first local. */
  procedure(index: number, fnIndex: number): number {
    const fn = this.fn(fnIndex);
    const firstLocal = this.locals.length;
    this.locals.push(...fn.locals);
    const block = this.open();
    this.procedureIndex = index;
    const head: Head = { guard: null, sets: new Map() };
    this.head = head;
    this.body(fn.body, { fn, locals: fn.locals.map((_, l) => firstLocal + l), ret: null, stack: [fnIndex] }, null);
    this.finish({ op: 'done' });
    const entry: DraftEntry = { pc: 0, procedure: index, block, guard: head.guard, source: fn.source };
    // The start goes before the pauses of its own procedure.
    const first = this.entries.findIndex((e) => e.procedure === index);
    this.entries.splice(first < 0 ? this.entries.length : first, 0, entry);
    return firstLocal;
  }

  private fn(index: number): Fn {
    const fn = this.program.functions[index];
    if (fn === undefined) throw new Error(`the program has no function ${index}`);
    return fn;
  }

  /** Opens a new block and makes it the current one; answers its number. */
  private open(): number {
    const number = this.reserve();
    this.current = this.blocks[number] ?? null;
    return number;
  }

  private reserve(): number {
    this.blocks.push({ body: [], end: null });
    return this.blocks.length - 1;
  }

  private goTo(block: number): void {
    this.current = this.blocks[block] ?? null;
  }

  /** Ends the current block, if the place is reachable at all. */
  private finish(end: NonNullable<DraftBlock['end']>): void {
    if (this.current !== null) this.current.end = end;
    this.current = null;
  }

  private newLocal(local: Local): number {
    this.locals.push(local);
    return this.locals.length - 1;
  }

  private emit(stmt: Stmt): void {
    this.current?.body.push(stmt);
  }

  private body(body: readonly Stmt[], scope: Scope, loop: Loop | null): void {
    for (const stmt of body) {
      if (this.current === null) return;
      this.statement(stmt, scope, loop);
    }
  }

  private statement(stmt: Stmt, scope: Scope, loop: Loop | null): void {
    if (stmt.op === 'when') {
      this.when(stmt.cond, stmt.source ?? scope.fn.source, scope);
      return;
    }
    if (stmt.op !== 'set' && stmt.op !== 'rule' && stmt.op !== 'delegate') this.head = null;
    if (stmt.op === 'set' && typeof scope.locals[stmt.local] !== 'number') return;
    if (stmt.op === 'if') {
      const test = this.expr(stmt.cond, scope);
      if (test.op === 'const') {
        this.body(test.value !== 0 ? stmt.then : stmt.else, scope, loop);
        return;
      }
    }
    if (this.isStraight(stmt)) {
      const renamed = this.rename(stmt, scope);
      this.emit(renamed);
      if (renamed.op === 'set' && this.head !== null) this.rememberSet(renamed.local, renamed.value);
      return;
    }
    switch (stmt.op) {
      case 'if':
        this.branch(stmt.cond, stmt.then, stmt.else, scope, loop);
        return;
      case 'while':
        this.whileLoop(stmt, scope);
        return;
      case 'for':
        if (this.pausesEachRound(stmt.body)) this.pausingFor(stmt, scope);
        else this.unrolledFor(stmt, scope);
        return;
      case 'break':
        if (loop !== null) this.finish({ op: 'jump', to: loop.breakTo });
        return;
      case 'continue':
        if (loop !== null) this.finish({ op: 'jump', to: loop.continueTo });
        return;
      case 'return':
        this.returns(stmt.value, scope);
        return;
      case 'pause':
        this.pause(stmt.until === null ? null : this.expr(stmt.until, scope), stmt.source);
        return;
      case 'delegate':
        this.delegate(stmt, scope);
        return;
      case 'set':
      case 'write':
      case 'call':
      case 'rule':
        throw new Error(`${stmt.op} should have been straight`);
      default:
        unreachable(stmt);
    }
  }

  private when(cond: Expr, { file, line }: Source, scope: Scope): void {
    if (this.head === null) {
      throw new CompileError([
        {
          file,
          line,
          column: 1,
          construct: 'when',
          problem: 'a guard stands after a branch, an effect or a pause',
          advice: 'move `when` to the head of the procedure, or wait with `yield until(() => …)`',
        },
      ]);
    }
    const { sets } = this.head;
    const guard = substitute(this.expr(cond, scope), (local) => sets.get(local));
    this.head.guard = this.head.guard === null ? guard : { op: 'and', type: guard.type, left: this.head.guard, right: guard };
  }

  private rememberSet(local: number, value: Expr): void {
    const sets = this.head?.sets;
    if (sets === undefined) return;
    const closed = substitute(value, (l) => sets.get(l));
    sets.set(local, closed);
  }

  private branch(cond: Expr, then: readonly Stmt[], otherwise: readonly Stmt[], scope: Scope, loop: Loop | null): void {
    const test = this.expr(cond, scope);
    const thenBlock = this.reserve();
    const elseBlock = this.reserve();
    const after = this.reserve();
    this.finish({ op: 'branch', cond: test, then: thenBlock, else: elseBlock });
    for (const [block, body] of [
      [thenBlock, then],
      [elseBlock, otherwise],
    ] as const) {
      this.goTo(block);
      this.body(body, scope, loop);
      this.finish({ op: 'jump', to: after });
    }
    this.goTo(after);
  }

  private whileLoop(stmt: Extract<Stmt, { op: 'while' }>, scope: Scope): void {
    const head = this.reserve();
    const body = this.reserve();
    const after = this.reserve();
    this.finish({ op: 'jump', to: head });
    this.goTo(head);
    if (this.current !== null) this.current.source = stmt.source ?? scope.fn.source;
    this.finish({ op: 'branch', cond: this.expr(stmt.cond, scope), then: body, else: after });
    this.goTo(body);
    this.body(stmt.body, scope, { breakTo: after, continueTo: head });
    this.finish({ op: 'jump', to: head });
    this.goTo(after);
  }

  /** The test stands at the end, so that the loop's local never leaves its type. */
  private pausingFor(stmt: Extract<Stmt, { op: 'for' }>, scope: Scope): void {
    if (stmt.size === 0) return;
    const { local, type } = this.target(stmt.local, scope);
    const value = (n: number): Expr => ({ op: 'const', type, value: n });
    const here: Expr = { op: 'local', type, local };
    const [body, latch, step, after] = [this.reserve(), this.reserve(), this.reserve(), this.reserve()];
    this.emit({ op: 'set', local, value: value(0), site: -1 });
    this.finish({ op: 'jump', to: body });
    this.goTo(body);
    this.body(stmt.body, scope, { breakTo: after, continueTo: latch });
    this.finish({ op: 'jump', to: latch });
    this.goTo(latch);
    const atEnd: Expr = { op: 'eq', type: { kind: 'bool' }, left: here, right: value(stmt.size - 1) };
    this.finish({ op: 'branch', cond: atEnd, then: after, else: step });
    this.goTo(step);
    const next: Scalar = { kind: 'int', lo: 1, hi: stmt.size };
    const one: Expr = { op: 'const', type: { kind: 'int', lo: 1, hi: 1 }, value: 1 };
    this.emit({ op: 'set', local, value: { op: 'add', type: next, left: here, right: one }, site: -1 });
    this.finish({ op: 'jump', to: body });
    this.goTo(after);
  }

  private unrolledFor(stmt: Extract<Stmt, { op: 'for' }>, scope: Scope): void {
    const { type } = this.target(stmt.local, scope);
    const after = this.reserve();
    for (let round = 0; round < stmt.size; round++) {
      const next = this.reserve();
      const inside = this.withConstants(stmt.body, bindLocal(scope, stmt.local, { op: 'const', type, value: round }));
      this.body(stmt.body, inside, { breakTo: after, continueTo: next });
      this.finish({ op: 'jump', to: next });
      this.goTo(next);
    }
    this.finish({ op: 'jump', to: after });
    this.goTo(after);
  }

  /** What the head of a round sets to a constant, and nothing else sets, is that constant in the round. */
  private withConstants(body: readonly Stmt[], scope: Scope): Scope {
    const [first] = body;
    if (first?.op !== 'set') return scope;
    const value = this.expr(first.value, scope);
    let writes = 0;
    forEachStmt(scope.fn.body, (stmt) => {
      if (writtenLocal(stmt) === first.local) writes++;
    });
    return value.op === 'const' && writes === 1 ? bindLocal(scope, first.local, value) : scope;
  }

  private returns(value: Expr | null, scope: Scope): void {
    if (scope.ret === null) {
      this.finish({ op: 'done' });
      return;
    }
    if (value !== null && scope.ret.result >= 0) {
      this.emit({ op: 'set', local: scope.ret.result, value: this.expr(value, scope), site: -1 });
    }
    this.finish({ op: 'jump', to: scope.ret.to });
  }

  private pause(guard: Expr | null, source: Source): void {
    const pc = this.nextPc++;
    this.finish({ op: 'pause', pc });
    const block = this.open();
    this.entries.push({ pc, procedure: this.procedureIndex, block, guard, source });
  }

  private delegate(stmt: Extract<Stmt, { op: 'delegate' }>, scope: Scope): void {
    const fn = this.fn(stmt.fn);
    if (scope.stack.includes(stmt.fn)) {
      throw new CompileError([
        {
          ...fn.source,
          column: 1,
          construct: `function* ${fn.name}`,
          problem: `the procedure calls itself: ${[...scope.stack, stmt.fn].map((f) => this.fn(f).name).join(' → ')}`,
          advice: 'write a loop that yields; a frame has no room for a call stack',
        },
      ]);
    }
    const assigned = assignedLocals(fn);
    const locals = fn.locals.map((local, index): number | Expr => {
      const arg = index < fn.params ? stmt.args[index] : undefined;
      if (arg === undefined) return this.newLocal(local);
      const value = this.expr(arg, scope);
      if (!assigned.has(index) && this.isStable(arg, scope)) return value;
      const fresh = this.newLocal(local);
      const set: Stmt = { op: 'set', local: fresh, value, site: -1 };
      this.emit(set);
      this.rememberSet(fresh, value);
      return fresh;
    });
    const after = this.reserve();
    const result = stmt.result < 0 ? -1 : this.target(stmt.result, scope).local;
    this.body(fn.body, { fn, locals, ret: { result, to: after }, stack: [...scope.stack, stmt.fn] }, null);
    this.finish({ op: 'jump', to: after });
    this.goTo(after);
    this.head = null;
  }

  /** Whether an argument keeps its value while the callee runs: a constant, or a local that is written at most once. */
  private isStable(arg: Expr, scope: Scope): boolean {
    if (arg.op === 'const') return true;
    if (arg.op !== 'local') return false;
    let writes = arg.local < scope.fn.params ? 1 : 0;
    forEachStmt(scope.fn.body, (stmt) => {
      if (writtenLocal(stmt) === arg.local) writes++;
    });
    return writes <= 1;
  }

  /** Whether every way round a loop with this body passes a pause (or leaves the loop). */
  private pausesEachRound(body: readonly Stmt[]): boolean {
    for (const stmt of body) {
      switch (stmt.op) {
        case 'pause':
        case 'return':
        case 'break':
          return true;
        case 'continue':
          return false;
        case 'delegate':
          if (this.pausesEachRound(this.fn(stmt.fn).body)) return true;
          break;
        case 'if':
          if (stmt.else.length > 0 && this.pausesEachRound(stmt.then) && this.pausesEachRound(stmt.else)) return true;
          if (escapes([stmt])) return false;
          break;
        default:
          break;
      }
    }
    return false;
  }

  /** Whether a statement can stay inside one block. */
  private isStraight(stmt: Stmt): boolean {
    switch (stmt.op) {
      case 'set':
      case 'write':
      case 'call':
      case 'rule':
        return true;
      case 'if':
        return [...stmt.then, ...stmt.else].every((inner) => this.isStraight(inner));
      case 'for':
        return !contains(stmt.body, ['pause', 'delegate', 'while', 'return', 'when']);
      default:
        return false;
    }
  }

  private target(local: number, scope: Scope): { local: number; type: Scalar } {
    const target = scope.locals[local];
    const declared = scope.fn.locals[local];
    if (typeof target !== 'number' || declared === undefined) throw new Error(`${scope.fn.name}: local ${local} can't be written`);
    return { local: target, type: declared.type };
  }

  private expr(expr: Expr, scope: Scope): Expr {
    const renamed = substitute(
      expr,
      (local) => {
        const target = scope.locals[local];
        if (typeof target !== 'number') return target;
        return { op: 'local', type: scope.fn.locals[local]?.type ?? { kind: 'bool' }, local: target };
      },
      (local) => this.target(local, scope).local,
    );
    return refold(renamed);
  }

  private rename(stmt: Stmt, scope: Scope): Stmt {
    const expr = (e: Expr): Expr => this.expr(e, scope);
    const all = (body: readonly Stmt[]): readonly Stmt[] => body.map((inner) => this.rename(inner, scope));
    switch (stmt.op) {
      case 'set':
        return { ...stmt, local: this.target(stmt.local, scope).local, value: expr(stmt.value) };
      case 'write':
        return { ...stmt, place: mapPlace(stmt.place, expr), value: expr(stmt.value) };
      case 'if':
        return { ...stmt, cond: expr(stmt.cond), then: all(stmt.then), else: all(stmt.else) };
      case 'for':
        return { ...stmt, local: this.target(stmt.local, scope).local, body: all(stmt.body) };
      case 'call':
        return { ...stmt, args: stmt.args.map(expr), result: stmt.result < 0 ? -1 : this.target(stmt.result, scope).local };
      default:
        return stmt;
    }
  }
}

function bindLocal(scope: Scope, local: number, value: Expr): Scope {
  return { ...scope, locals: scope.locals.map((old, index) => (index === local ? value : old)) };
}

function writtenLocal(stmt: Stmt): number {
  switch (stmt.op) {
    case 'set':
    case 'for':
      return stmt.local;
    case 'call':
    case 'delegate':
      return stmt.result;
    default:
      return -1;
  }
}

function assignedLocals(fn: Fn): ReadonlySet<number> {
  const written = new Set<number>();
  forEachStmt(fn.body, (stmt) => written.add(writtenLocal(stmt)));
  return written;
}

function contains(body: readonly Stmt[], ops: readonly Stmt['op'][]): boolean {
  let found = false;
  forEachStmt(body, (stmt) => {
    if (ops.includes(stmt.op)) found = true;
  });
  return found;
}

/** Whether a `continue` inside can start the next round of the enclosing loop. */
function escapes(body: readonly Stmt[]): boolean {
  return body.some((stmt) => stmt.op === 'continue' || (stmt.op === 'if' && (escapes(stmt.then) || escapes(stmt.else))));
}

function pauselessLoop(source: Source): CompileError {
  return new CompileError([
    {
      ...source,
      column: 1,
      construct: 'while',
      problem: 'a way round this loop passes no `yield`, so a step might never end',
      advice: 'put `yield;` or `yield until(…)` on every way round, or use a bounded `for`',
    },
  ]);
}
