/**
 * *Symbolic execution*: the statements of functions and step machines run on symbolic states. A branch whose condition isn't
 * known is taken both ways and the results are merged; calls are inlined, bounded loops unrolled, an early return becomes one
 * more way to the end. Of a step machine, one step from an entry to its pauses is one straight-line function of the state.
 *
 * Always true:
 *   1. Executing on a state of constants gives constants: what the compiled JavaScript gives for that state.
 *   2. Facts are pushed and restored in pairs; after a call or a statement they say no less than before.
 *   3. Faults are recorded in the order in which any one path meets them.
 */
import { unreachable } from './errors.ts';
import type { Entry, Fn, Local, Machine, Program, Scalar, Stmt } from './ir.ts';
import { encodedRange } from './liveness.ts';
import {
  cellOf,
  type Chooser,
  condition,
  type Evaluation,
  evaluate,
  type Fault,
  fault,
  outside,
  type Scope,
  targets,
} from './symbolic-expr.ts';
import { Facts } from './symbolic-facts.ts';
import { type Flow, mergeFlows } from './symbolic-flow.ts';
import { asNumber, inForm, iteValue, type Layout, literalValue, type State, type Value } from './symbolic-state.ts';
import { FALSE, type Lit, not, type Terms, TRUE } from './term.ts';
import { constant, guardOf, type Num, onlyValues } from './term-number.ts';

/** Of one activation: where it stands, what its locals may hold, and the ways that left it or its loop early. */
interface Activation {
  readonly scope: Scope;
  readonly locals: readonly Local[];
  readonly returns: Flow[];
  readonly returnType: Scalar | null;
  readonly loops: { readonly breaks: Flow[]; readonly continues: Flow[] }[];
}

/** The outcome of one step from one entry. */
export interface Step {
  /** The step is possible: the agent waits at this entry and its guard holds. */
  readonly enabled: Lit;
  readonly faults: readonly Fault[];
  /** The state after it, where it is possible and breaks no bound. */
  readonly next: State;
}

/** Who takes the step, and what it was started with (for entries with pc 0). */
export interface Actor {
  readonly who: Num;
  readonly args: readonly Value[];
  /** That this actor and this entry were chosen. */
  readonly chosen: Lit;
}

export class Interpreter implements Evaluation {
  readonly terms: Terms;
  readonly layout: Layout;
  readonly facts: Facts;
  faults: Fault[] = [];
  chooser: Chooser | null = null;
  readonly #program: Program;
  readonly #orders = new Map<Machine, readonly number[]>();

  constructor(terms: Terms, program: Program, layout: Layout) {
    this.terms = terms;
    this.#program = program;
    this.layout = layout;
    this.facts = new Facts(terms);
  }

  /** Whether a predicate of the model holds in a state. A predicate that breaks a bound doesn't hold. */
  predicate(fn: number, state: State, known: readonly Lit[] = []): Lit {
    this.faults = [];
    this.chooser = null;
    this.facts.restore(0);
    for (const fact of known) this.facts.push(fact);
    const value = this.call(fn, [], { cells: state, locals: [], path: TRUE });
    this.facts.restore(0);
    const faulty = this.terms.any(this.faults.map(({ cond }) => cond));
    return this.terms.and(value as Lit, not(faulty));
  }

  /** One step of a member of an agent, from an entry to where it pauses or ends. */
  step(machine: Machine, agent: number, entry: Entry, actor: Actor, state: State, chooser: Chooser | null = null): Step {
    this.faults = [];
    this.chooser = chooser;
    this.facts.restore(0);
    const { terms } = this;
    const scope: Scope = { cells: state, locals: this.#localsAt(machine, agent, entry, actor, state), path: actor.chosen };
    if (actor.chosen !== TRUE) this.facts.push(actor.chosen);
    let enabled = actor.chosen;
    if (entry.guard !== null) {
      const holds = condition(this, entry.guard, scope);
      // A guard that breaks a bound lets the step happen: the fault is the step's.
      enabled = terms.and(enabled, terms.any([holds, ...this.faults.map(({ cond }) => cond)]));
      scope.path = enabled;
      if (enabled !== FALSE && holds !== TRUE) this.facts.push(holds);
    }
    if (enabled === FALSE) return { enabled, faults: [], next: state };
    const ends = this.#blocks(machine, agent, entry, actor.who, this.#snapshot(scope));
    const { cells } = mergeFlows(terms, ends);
    this.facts.restore(0);
    return { enabled, faults: this.faults, next: cells };
  }

  call(index: number, args: readonly Value[], scope: Scope): Value {
    const fn = this.#program.functions[index] as Fn;
    const locals = fn.locals.map(({ type }, local) =>
      local < fn.params ? inForm(this.terms, type, args[local] as Value) : literalValue(type, 0),
    );
    const { height } = this.facts;
    const inner: Scope = { cells: scope.cells, locals, path: scope.path };
    const activation: Activation = { scope: inner, locals: fn.locals, returns: [], returnType: fn.returns, loops: [] };
    if (this.#execute(fn.body, activation)) this.#leave(activation, literalValue(fn.returns ?? { kind: 'bool' }, 0));
    const end = mergeFlows(this.terms, activation.returns, height);
    scope.cells = end.cells;
    this.#adopt(end.facts, height);
    return end.locals[0] as Value;
  }

  /** Runs the blocks of a machine from one entry on; answers the flows that reached a pause or the end, frames written. */
  #blocks(machine: Machine, agent: number, entry: Entry, who: Num, start: Flow): readonly Flow[] {
    const arriving = new Map<number, Flow[]>([[entry.block, [start]]]);
    const arrive = (block: number, flow: Flow): void => {
      const before = arriving.get(block);
      if (before === undefined) arriving.set(block, [flow]);
      else before.push(flow);
    };
    const ends: Flow[] = [];
    for (const index of this.#order(machine)) {
      const flows = arriving.get(index);
      const block = machine.blocks[index];
      if (flows === undefined || block === undefined) continue;
      const flow = mergeFlows(this.terms, flows);
      this.#adopt(flow.facts, 0);
      const scope: Scope = { ...flow };
      this.#execute(block.body, { scope, locals: machine.locals, returns: [], returnType: null, loops: [] });
      const { end } = block;
      switch (end.op) {
        case 'jump':
          arrive(end.to, this.#snapshot(scope));
          break;
        case 'branch': {
          const cond = condition(this, end.cond, scope);
          if (cond !== FALSE) arrive(end.then, this.#snapshot(scope, cond));
          if (cond !== TRUE) arrive(end.else, this.#snapshot(scope, not(cond)));
          break;
        }
        case 'pause':
          scope.cells = this.#saveFrame(machine, agent, who, scope, end.pc);
          ends.push({ ...this.#snapshot(scope), locals: [] });
          break;
        case 'done':
          scope.cells = this.#saveFrame(machine, agent, who, scope, 0);
          ends.push({ ...this.#snapshot(scope), locals: [] });
          break;
        default:
          unreachable(end);
      }
    }
    return ends;
  }

  /** All blocks, each after those that lead to it within a step. */
  #order(machine: Machine): readonly number[] {
    const known = this.#orders.get(machine);
    if (known !== undefined) return known;
    const order: number[] = [];
    const seen = new Set<number>();
    const visit = (block: number): void => {
      if (seen.has(block)) return;
      seen.add(block);
      const end = machine.blocks[block]?.end;
      if (end?.op === 'jump') visit(end.to);
      if (end?.op === 'branch') {
        visit(end.else);
        visit(end.then);
      }
      order.unshift(block);
    };
    for (const entry of machine.entries) visit(entry.block);
    this.#orders.set(machine, order);
    return order;
  }

  #localsAt(machine: Machine, agent: number, entry: Entry, actor: Actor, state: State): readonly Value[] {
    const locals = machine.locals.map(({ type }) => literalValue(type, 0));
    const procedure = machine.procedures[entry.procedure];
    if (procedure === undefined) throw new Error(`${machine.agent} has no procedure ${entry.procedure}`);
    locals[procedure.firstLocal] = actor.who;
    if (entry.pc === 0) {
      procedure.params.forEach((param, at) => {
        locals[procedure.firstLocal + 1 + at] = this.#within(param.type, actor.args[at] as Value);
      });
    }
    for (const { local, slot } of entry.live) {
      const content = this.#frameCell(agent, actor.who, state, (frame) => frame.slots[slot] as number);
      locals[local] = this.#within((machine.locals[local] as Local).type, content);
    }
    return locals;
  }

  /** A cell of the actor's frame. */
  #frameCell(agent: number, who: Num, state: State, cell: (frame: Layout['frames'][number][number]) => number): Value {
    const frames = this.layout.frames[agent] ?? [];
    const contents = who.values.map((index) => state[cell(frames[index] as (typeof frames)[number])] as Value);
    return contents.reduceRight((rest, content, at) => iteValue(this.terms, who.guards[at] as Lit, content, rest));
  }

  #saveFrame(machine: Machine, agent: number, who: Num, scope: Scope, pc: number): State {
    const entry = machine.entries.find((e) => e.pc === pc && pc !== 0);
    const cells = [...scope.cells];
    (this.layout.frames[agent] ?? []).forEach((frame, index) => {
      const acts = guardOf(who, index);
      if (acts === FALSE) return;
      const store = (cell: number, value: Value): void => {
        const { type } = this.layout.cells[cell] as Layout['cells'][number];
        cells[cell] = inForm(this.terms, type, iteValue(this.terms, acts, value, cells[cell] as Value));
      };
      store(frame.pc, constant(pc));
      frame.slots.forEach((cell, slot) => {
        const kept = entry?.live.find((live) => live.slot === slot);
        store(cell, kept === undefined ? constant(0) : (scope.locals[kept.local] as Value));
      });
    });
    return cells;
  }

  /** Executes statements in order; answers whether execution gets past the last one. */
  #execute(body: readonly Stmt[], activation: Activation): boolean {
    return body.every((stmt) => this.#statement(stmt, activation));
  }

  #statement(stmt: Stmt, activation: Activation): boolean {
    const { scope } = activation;
    switch (stmt.op) {
      case 'set':
        this.#setLocal(activation, stmt.local, evaluate(this, stmt.value, scope), stmt.site);
        return true;
      case 'write': {
        const value = evaluate(this, stmt.value, scope);
        const { type } = stmt.place;
        if (type.kind === 'record' || type.kind === 'table' || type.kind === 'seq') throw new Error('only scalars are written');
        const stored = this.#checked(type, value, stmt.site, scope);
        const cells = [...scope.cells];
        for (const { area, guard } of targets(this, stmt.place, scope)) {
          const cell = cellOf(area);
          cells[cell] = inForm(this.terms, type, iteValue(this.terms, guard, stored, cells[cell] as Value));
        }
        scope.cells = cells;
        return true;
      }
      case 'if':
        return this.#branch(stmt, activation);
      case 'for':
        return this.#loop(stmt, activation);
      case 'break':
        activation.loops.at(-1)?.breaks.push(this.#snapshot(scope));
        return false;
      case 'continue':
        activation.loops.at(-1)?.continues.push(this.#snapshot(scope));
        return false;
      case 'return':
        this.#leave(activation, stmt.value === null ? FALSE : evaluate(this, stmt.value, scope));
        return false;
      case 'call': {
        const args = stmt.args.map((arg) => evaluate(this, arg, scope));
        const value = this.call(stmt.fn, args, scope);
        if (stmt.result >= 0) {
          const { returns, name } = this.#program.functions[stmt.fn] as Fn;
          if (returns === null || !isWithin(returns, (activation.locals[stmt.result] as Local).type))
            throw new Error(`the result of ${name} does not fit the local it is for`);
          this.#setLocal(activation, stmt.result, value, -1);
        }
        return true;
      }
      case 'rule':
        return true;
      case 'while':
      case 'pause':
      case 'delegate':
      case 'when':
        throw new Error(`"${stmt.op}" inside of a step: lowering should have taken it apart`);
      default:
        return unreachable(stmt);
    }
  }

  #branch(stmt: Extract<Stmt, { op: 'if' }>, activation: Activation): boolean {
    const { scope } = activation;
    const cond = condition(this, stmt.cond, scope);
    if (cond === TRUE) return this.#execute(stmt.then, activation);
    if (cond === FALSE) return this.#execute(stmt.else, activation);
    const { height } = this.facts;
    const before = { ...scope };
    const ways: Flow[] = [];
    for (const [fact, body] of [
      [cond, stmt.then],
      [not(cond), stmt.else],
    ] as const) {
      Object.assign(scope, before);
      this.facts.push(fact);
      scope.path = this.terms.and(before.path, fact);
      if (this.#execute(body, activation)) ways.push(this.#snapshot(scope));
      this.facts.restore(height);
    }
    return this.#meet(ways, scope, height);
  }

  #loop(stmt: Extract<Stmt, { op: 'for' }>, activation: Activation): boolean {
    const { scope } = activation;
    const { height } = this.facts;
    const loop = { breaks: [] as Flow[], continues: [] as Flow[] };
    activation.loops.push(loop);
    let alive = true;
    for (let value = 0; value < stmt.size && alive; value++) {
      scope.locals = scope.locals.with(stmt.local, constant(value));
      const { height: round } = this.facts;
      const ways = this.#execute(stmt.body, activation) ? [this.#snapshot(scope)] : [];
      ways.push(...loop.continues.splice(0));
      alive = this.#meet(ways, scope, round);
    }
    activation.loops.pop();
    return this.#meet(alive ? [...loop.breaks, this.#snapshot(scope)] : loop.breaks, scope, height);
  }

  /** Goes on where these ways meet; answers whether there are any. */
  #meet(ways: readonly Flow[], scope: Scope, height: number): boolean {
    if (ways.length === 0) return false;
    const { facts, path, cells, locals } = mergeFlows(this.terms, ways, height);
    Object.assign(scope, { path, cells, locals });
    this.#adopt(facts, height);
    return true;
  }

  #leave(activation: Activation, value: Value): void {
    const result = activation.returnType === null ? FALSE : inForm(this.terms, activation.returnType, value);
    activation.returns.push({ ...this.#snapshot(activation.scope), locals: [result] });
  }

  #snapshot(scope: Scope, fact: Lit = TRUE): Flow {
    const facts = this.facts.since(0);
    if (fact === TRUE) return { ...scope, facts };
    return { ...scope, facts: [...facts, fact], path: this.terms.and(scope.path, fact) };
  }

  /** Makes these the facts, of which the first `height` are the current ones. */
  #adopt(facts: readonly Lit[], height: number): void {
    this.facts.restore(height);
    for (const fact of facts.slice(height)) this.facts.push(fact);
  }

  #setLocal(activation: Activation, local: number, value: Value, site: number): void {
    const { scope } = activation;
    const { type } = activation.locals[local] as Local;
    scope.locals = scope.locals.with(local, this.#checked(type, value, site, scope));
  }

  /** The value as its new place holds it; a fault where it does not fit. */
  #checked(type: Scalar, value: Value, site: number, scope: Scope): Value {
    const { lo, hi } = encodedRange(type);
    fault(this, site, outside(this.terms, value, lo, hi), scope);
    return this.#within(type, value);
  }

  #within(type: Scalar, value: Value): Value {
    const { lo, hi } = encodedRange(type);
    return inForm(
      this.terms,
      type,
      onlyValues(asNumber(value), (v) => v >= lo && v <= hi),
    );
  }
}

/** Whether every value of the one type is a value of the other, coded alike. */
function isWithin(inner: Scalar, outer: Scalar): boolean {
  const [a, b] = [encodedRange(inner), encodedRange(outer)];
  return inner.kind === outer.kind && a.lo >= b.lo && a.hi <= b.hi;
}
