/**
 * The *transition system* of a model, for a solver: states are tables of terms (symbolic-state.ts), one step is a function of a
 * state and a *choice* (who acts, what is started, with which arguments), properties are terms over a state. Bit-vectors are
 * already taken apart into their bits when they get here: domains are so small that one term per value beats arithmetic.
 *
 *   initial ──step(choice 1)──▶ state 1 ──step(choice 2)──▶ …      bounded traces: the terms of state n are terms over choices
 *   free state ──entry e──▶ next                                  induction: one entry at a time, from any state at all
 */
import type { Entry, Machine, Program } from './ir.ts';
import { encodedRange } from './liveness.ts';
import { lowerAgent } from './lower.ts';
import { Interpreter, type Step } from './symbolic.ts';
import type { Chooser, Fault } from './symbolic-expr.ts';
import {
  freeState,
  initialState,
  type Layout,
  layOut,
  literalValue,
  paddedSequences,
  type State,
  iteValue,
  sameValue,
  type Value,
  valueIn,
} from './symbolic-state.ts';
import { FALSE, type Lit, Terms, TRUE } from './term.ts';
import { constant, freeNumber, guardOf, type Num, onlyValues } from './term-number.ts';

/** One way a step can begin: a start of a procedure or a pause that is left. */
export interface Action {
  readonly agent: number;
  readonly machine: Machine;
  readonly entry: Entry;
  /** `close`, or `close:38` for what goes on after the pause in line 38. */
  readonly name: string;
}

/** Free variables that say what one step is. */
export interface Choice {
  readonly agent: Num;
  /** Per agent. */
  readonly who: readonly Num[];
  readonly procedure: readonly Num[];
  /** By position; wide enough for every procedure. */
  readonly args: readonly Num[];
  /** The codes that mean nothing are not chosen. */
  readonly valid: Lit;
}

/** What was chosen, in numbers. `procedure` and `args` are null where an agent goes on from a pause. */
export interface Chosen {
  readonly action: Action;
  readonly who: number;
  readonly args: readonly number[] | null;
}

export interface Transition {
  /** Some step is taken. */
  readonly possible: Lit;
  readonly faults: readonly Fault[];
  readonly next: State;
  /** Per action: it is the one. */
  readonly taken: readonly Lit[];
}

export class TransitionSystem {
  readonly program: Program;
  readonly machines: readonly Machine[];
  readonly layout: Layout;
  readonly terms = new Terms();
  readonly actions: readonly Action[];
  readonly #interpreter: Interpreter;

  constructor(program: Program) {
    this.program = program;
    this.machines = program.agents.map((agent) => lowerAgent(program, agent));
    this.layout = layOut(program, this.machines);
    this.actions = this.machines.flatMap((machine, agent) =>
      machine.entries.map((entry) => ({ agent, machine, entry, name: actionName(machine, entry) })),
    );
    this.#interpreter = new Interpreter(this.terms, program, this.layout);
  }

  get initial(): State {
    return initialState(this.layout);
  }

  /** Any state at all that a frame and its types allow. */
  free(prefix: string): { readonly state: State; readonly valid: readonly Lit[] } {
    return freeState(this.terms, this.layout, this.machines, prefix);
  }

  /** Whether a predicate (`Property.fn`) holds in a state. */
  holds(fn: number, state: State, known: readonly Lit[] = []): Lit {
    return this.#interpreter.predicate(fn, state, known);
  }

  padded(state: State): Lit {
    return paddedSequences(this.terms, this.layout, state);
  }

  choice(prefix: string): Choice {
    const valid: Lit[] = [];
    const free = (name: string, size: number): Num => {
      if (size <= 1) return constant(0);
      const made = freeNumber(this.terms, `${prefix}${name}`, 0, size - 1);
      valid.push(made.valid);
      return made.num;
    };
    const params = this.machines.flatMap((machine) => machine.procedures.map((p) => p.params));
    const most = params.reduce((length, list) => Math.max(length, list.length), 0);
    const sizes = Array.from({ length: most }, (_, at) =>
      params.reduce((size, list) => Math.max(size, list[at] === undefined ? 0 : encodedRange(list[at].type).hi + 1), 1),
    );
    return {
      agent: free('agent', this.machines.length),
      who: this.machines.map((machine) => free(`${machine.agent}.who`, machine.size)),
      procedure: this.machines.map((machine) => free(`${machine.agent}.procedure`, machine.procedures.length)),
      args: sizes.map((size, at) => free(`argument${at}`, size)),
      valid: this.terms.all(valid),
    };
  }

  /** One action, with arguments by choice. `who` may be a constant. With a `chooser`: all that it does if not the first is taken, but one of those that fit. */
  act(action: Action, state: State, who: Num, args: readonly Num[], chosen: Lit, chooser: Chooser | null = null): Step {
    const { machine, agent, entry } = action;
    return this.#interpreter.step(
      machine,
      agent,
      entry,
      { who, args, chosen: this.terms.and(chosen, this.#argumentsFit(action, args)) },
      state,
      chooser,
    );
  }

  /** That this member of the agent stands at the entry of the action. */
  standsAt(action: Action, state: State, who: Num): Lit {
    const frames = this.layout.frames[action.agent] ?? [];
    return this.terms.any(
      who.values.map((index, at) => {
        const pc = state[frames[index]?.pc ?? -1] as Num;
        return this.terms.and(who.guards[at] as Lit, guardOf(pc, action.entry.pc));
      }),
    );
  }

  /** The whole step relation as a function: whatever the choice says is done, if it can be. */
  step(state: State, choice: Choice): Transition {
    const { terms } = this;
    const faults: Fault[] = [];
    const steps = this.actions.map((action) => {
      const who = choice.who[action.agent] as Num;
      const picked = action.entry.pc === 0 ? guardOf(choice.procedure[action.agent] as Num, action.entry.procedure) : TRUE;
      const chosen = terms.all([guardOf(choice.agent, action.agent), picked, this.standsAt(action, state, who)]);
      if (chosen === FALSE) return { enabled: FALSE, faults: [], next: state };
      const step = this.act(action, state, who, choice.args, chosen);
      faults.push(...step.faults);
      return step;
    });
    return {
      possible: terms.and(choice.valid, terms.any(steps.map((step) => step.enabled))),
      faults,
      next: this.#combine(steps, state),
      taken: steps.map((step) => step.enabled),
    };
  }

  /** Which action was taken, where the terms have these values. */
  chosen(values: Uint8Array, choice: Choice, taken: readonly Lit[]): Chosen {
    const at = taken.findIndex((lit) => ((values[lit >> 1] as number) ^ (lit & 1)) === 1);
    const action = this.actions[at];
    if (action === undefined) throw new Error('the solver gave a trace with a step that no action takes');
    const args = choice.args.slice(0, this.params(action).length).map((arg) => valueIn(values, arg));
    return { action, who: valueIn(values, choice.who[action.agent] as Num), args: action.entry.pc === 0 ? args : null };
  }

  /** The parameters of the procedure that an action starts; none where it goes on from a pause. */
  params(action: Action): Machine['procedures'][number]['params'] {
    return action.entry.pc === 0 ? (action.machine.procedures[action.entry.procedure]?.params ?? []) : [];
  }

  #argumentsFit(action: Action, args: readonly Num[]): Lit {
    return this.terms.all(
      this.params(action).map((param, at) => {
        const { lo, hi } = encodedRange(param.type);
        const fitting = onlyValues(args[at] as Num, (value) => value >= lo && value <= hi);
        return fitting === args[at] ? TRUE : this.terms.any(fitting.guards);
      }),
    );
  }

  /** The steps exclude each other: a cell has the value of the one that is taken, or keeps its own. */
  #combine(steps: readonly Step[], state: State): State {
    const possible = steps.filter((step) => step.enabled !== FALSE);
    return state.map((before, cell) => {
      const changed = possible.filter((step) => !sameValue(step.next[cell] as Value, before));
      if (changed.length === 0) return before;
      return changed.reduce<Value>((rest, step) => iteValue(this.terms, step.enabled, step.next[cell] as Value, rest), before);
    });
  }
}

function actionName(machine: Machine, entry: Entry): string {
  const name = machine.procedures[entry.procedure]?.name ?? '?';
  return entry.pc === 0 ? name : `${name}:${entry.source.line}`;
}

/** A state of known values, from the numbers of its cells. */
export function concreteState(layout: Layout, numbers: readonly number[]): State {
  return layout.cells.map(({ type }, cell) => literalValue(type, numbers[cell] ?? 0));
}
