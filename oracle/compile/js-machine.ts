/**
 * A step machine as JavaScript: one function for each entry, which tests the guard, loads the live slots, runs the blocks of
 * the step and stores the frame. The blocks of a step form no cycle, so they become nested labelled statements: a block that
 * several others lead to stands after the label they break out of.
 */
import { constant, isConst, mayFault, refold } from './fold.ts';
import type { Block, Entry, Expr, Machine } from './ir.ts';
import { type Address, cond, elementAddress, type Emitter, fieldAddress, plus, readCode, type Term, writeCode } from './js-expressions.ts';
import { body, setLocals } from './js-statements.ts';
import { FRAMES, PC } from './layout.ts';
import { successors } from './flow.ts';
import { forEachLocal, mapStmts, substitute } from './walk.ts';

function frameAddress(emitter: Emitter, machine: Machine, who: Term): Address {
  const frames = fieldAddress({ word: 0, shift: 0, node: emitter.layout.root }, FRAMES);
  return elementAddress(fieldAddress(frames, machine.agent), who);
}

/** All functions of a machine; they are called `s<agent>_<procedure>`, `r<agent>` and `p<agent>`. */
export function machineCode(program: Emitter, machine: Machine, agent: number): string {
  const emitter = { ...program, locals: machine.locals };
  const starts = machine.entries.filter((e) => e.pc === 0);
  const resumes = machine.entries.filter((e) => e.pc !== 0);
  const pc = readCode(fieldAddress(frameAddress(emitter, machine, 'who'), PC));
  return [
    `function p${agent}(w, who) { return ${pc}; }`,
    ...starts.map((entry) => entryCode(emitter, machine, entry, `s${agent}_${entry.procedure}`, pc)),
    ...resumes.map((entry) => entryCode(emitter, machine, entry, `r${agent}_${entry.pc}`, pc)),
    `function r${agent}(w, who) { switch (${pc}) {`,
    ...resumes.map((entry) => `case ${entry.pc}: return r${agent}_${entry.pc}(w, who);`),
    'default: return false; } }',
  ].join('\n');
}

export interface StepCode {
  /** A function of the state, true where the step was taken; null: the guard is never true. */
  readonly code: string | null;
  /** What must hold, in this order, before it is called. */
  readonly tests: readonly Expr[];
  /** Whether it has to look at more than that. */
  readonly guarded: boolean;
}

/**
 * The same for one agent, and one choice of arguments where it starts a procedure: a function of the state alone. The numbers of the
 * locals that are known stand in it as constants; whoever calls it has made sure that the agent is at this entry. What the guard begins
 * with is left to the caller, as far as it reads nothing but the state and `mayStand` says that it may stand outside.
 */
export function stepCode(
  program: Emitter,
  machine: Machine,
  entry: Entry,
  known: ReadonlyMap<number, number>,
  name: string,
  mayStand: (test: Expr) => boolean,
): StepCode {
  const who = machine.procedures[entry.procedure]?.firstLocal;
  if (who === undefined) throw new Error(`no procedure ${entry.procedure}`);
  const constants = new Map<number, Expr>();
  const reached = reachable(machine, entry.block);
  const locals = new Set(reached.flatMap((index) => [...setLocals(machine.blocks[index]?.body ?? [])]));
  const lines = [`function ${name}(w) {`];
  for (const [local, value] of known) {
    // The frame saves it by its name. A parameter that the procedure itself changes is a variable like any other.
    lines.push(`let l${local} = ${value};`);
    if (!locals.delete(local)) constants.set(local, constant(value, machine.locals[local]?.type));
  }
  const fold = (expr: Expr): Expr => refold(substitute(expr, (local) => constants.get(local)));
  const special: Machine = {
    ...machine,
    blocks: machine.blocks.map(({ body: statements, end }, index) =>
      reached.includes(index)
        ? { body: mapStmts(statements, fold), end: end.op === 'branch' ? { ...end, cond: fold(end.cond) } : end }
        : { body: statements, end },
    ),
  };
  const emitter = { ...program, locals: machine.locals };
  const frame = frameAddress(emitter, machine, known.get(who) ?? `l${who}`);
  for (const { local, slot } of entry.live) {
    if (known.has(local)) continue;
    lines.push(`let l${local} = ${readCode(fieldAddress(frame, String(slot)))};`);
    locals.delete(local);
  }
  const tests: Expr[] = [];
  let rest = entry.guard === null ? null : fold(entry.guard);
  for (let [head, tail] = split(rest); head !== null && !readsLocals(head) && mayStand(head); [head, tail] = split(rest)) {
    if (isConst(head, 0)) return { code: null, tests: [], guarded: false };
    if (head.op !== 'const') tests.push(head);
    rest = tail;
  }
  if (rest !== null) lines.push(guardCode(emitter, rest));
  lines.push(...declarations(locals), new Structure(emitter, special, frame, reached).tree(entry.block), '}');
  return { code: lines.join('\n'), tests, guarded: rest !== null };
}

/** The first conjunct, and the others. */
function split(expr: Expr | null): readonly [Expr | null, Expr | null] {
  if (expr === null || expr.op !== 'and') return [expr, null];
  const [head, tail] = split(expr.left);
  return [head, tail === null ? expr.right : { ...expr, left: tail }];
}

function readsLocals(expr: Expr): boolean {
  let found = false;
  forEachLocal(expr, () => {
    found = true;
  });
  return found;
}

/** Where the program counter of an agent lies, as an expression. */
export function pcCode(emitter: Emitter, machine: Machine, who: number): string {
  return readCode(fieldAddress(frameAddress(emitter, machine, who), PC));
}

function declarations(locals: ReadonlySet<number>): readonly string[] {
  const list = [...locals].sort((a, b) => a - b).map((local) => `l${local} = 0`);
  return list.length === 0 ? [] : [`let ${list.join(', ')};`];
}

function entryCode(emitter: Emitter, machine: Machine, entry: Entry, name: string, pc: string): string {
  const procedure = machine.procedures[entry.procedure];
  if (procedure === undefined) throw new Error(`no procedure ${entry.procedure}`);
  const who = procedure.firstLocal;
  const frame = frameAddress(emitter, machine, `l${who}`);
  const reached = reachable(machine, entry.block);
  const locals = new Set(reached.flatMap((index) => [...setLocals(machine.blocks[index]?.body ?? [])]));
  const lines: string[] = [];
  if (entry.pc === 0) {
    lines.push(`function ${name}(w, l${who}, args) { const who = l${who};`, `if ((${pc}) !== 0) return false;`);
    for (const index of procedure.params.keys()) {
      lines.push(`let l${who + 1 + index} = args[${index}];`);
      locals.delete(who + 1 + index);
    }
  } else {
    lines.push(`function ${name}(w, l${who}) {`);
    for (const { local, slot } of entry.live) {
      lines.push(`let l${local} = ${readCode(fieldAddress(frame, String(slot)))};`);
      locals.delete(local);
    }
  }
  if (entry.guard !== null) lines.push(guardCode(emitter, entry.guard));
  lines.push(...declarations(locals), new Structure(emitter, machine, frame, reached).tree(entry.block), '}');
  return lines.join('\n');
}

/** A guard that faults counts as true: the fault belongs to the step. */
function guardCode(emitter: Emitter, guard: Expr): string {
  const code = cond(emitter, guard);
  if (!mayFault(guard)) return `if (!(${code})) return false;`;
  return `{ const before = G(w); if (!(${code}) && G(w) === before) return false; }`;
}

/** The blocks of a step, in an order in which each comes before those it leads to. */
function reachable(machine: Machine, start: number): readonly number[] {
  const seen = new Set<number>();
  const post: number[] = [];
  const visit = (index: number): void => {
    if (seen.has(index)) return;
    seen.add(index);
    const block = machine.blocks[index];
    if (block === undefined) throw new Error(`no block ${index}`);
    for (const next of [...successors(block.end)].reverse()) visit(next);
    post.push(index);
  };
  visit(start);
  return post.reverse();
}

/** Nested statements for a graph of blocks without cycles, along its dominator tree. */
class Structure {
  private readonly emitter: Emitter;
  private readonly machine: Machine;
  private readonly frame: Address;
  private readonly order: readonly number[];
  private readonly predecessors = new Map<number, number[]>();
  private readonly children = new Map<number, number[]>();

  constructor(emitter: Emitter, machine: Machine, frame: Address, order: readonly number[]) {
    this.emitter = emitter;
    this.machine = machine;
    this.frame = frame;
    this.order = order;
    for (const index of order) {
      for (const next of successors(this.block(index).end)) this.predecessors.set(next, [...(this.predecessors.get(next) ?? []), index]);
    }
    const parent = new Map<number, number>();
    const depth = (index: number): number => this.order.indexOf(index);
    for (const index of order.slice(1)) {
      const [first, ...rest] = this.predecessors.get(index) ?? [];
      if (first === undefined) continue;
      const dominator = rest.reduce((a, b) => {
        let [x, y] = [a, b];
        while (x !== y) {
          if (depth(x) > depth(y)) x = parent.get(x) ?? x;
          else y = parent.get(y) ?? y;
        }
        return x;
      }, first);
      parent.set(index, dominator);
      this.children.set(dominator, [...(this.children.get(dominator) ?? []), index]);
    }
  }

  private block(index: number): Block {
    const block = this.machine.blocks[index];
    if (block === undefined) throw new Error(`no block ${index}`);
    return block;
  }

  private isMerge(index: number): boolean {
    return (this.predecessors.get(index)?.length ?? 0) > 1;
  }

  tree(index: number): string {
    // The latest in order is the outermost: everything before may lead to it.
    const merges = (this.children.get(index) ?? []).filter((child) => this.isMerge(child)).reverse();
    return this.within(index, merges);
  }

  private within(index: number, merges: readonly number[]): string {
    const [outer, ...rest] = merges;
    if (outer === undefined) return this.node(index);
    return `b${outer}: {\n${this.within(index, rest)}\n}\n${this.tree(outer)}`;
  }

  private node(index: number): string {
    const { body: statements, end } = this.block(index);
    const code = body(this.emitter, statements);
    switch (end.op) {
      case 'jump':
        return `${code}\n${this.branch(end.to)}`;
      case 'branch':
        return `${code}\nif (${cond(this.emitter, end.cond)}) {\n${this.branch(end.then)}\n} else {\n${this.branch(end.else)}\n}`;
      case 'pause':
        return `${code}\n${this.save(end.pc)}\nreturn true;`;
      case 'done':
        return `${code}\n${this.store([])}\nreturn true;`;
    }
  }

  private branch(target: number): string {
    return this.isMerge(target) ? `break b${target};` : this.tree(target);
  }

  private save(pc: number): string {
    const entry = this.machine.entries.find((e) => e.pc === pc);
    if (entry === undefined) throw new Error(`no entry for pc ${pc}`);
    return this.store([
      { name: PC, value: String(pc) },
      ...entry.live.map(({ local, slot }) => ({ name: String(slot), value: `l${local}` })),
    ]);
  }

  /** Writes the whole frame: the fields given, all others 0. */
  private store(values: readonly { name: string; value: string }[]): string {
    const { node } = this.frame;
    const words = node.size.unit === 'words' ? node.size.words : 1;
    const parts: string[][] = Array.from({ length: words }, () => []);
    for (const { name, value } of values) {
      const cell = fieldAddress({ word: 0, shift: 0, node }, name);
      if (typeof cell.word !== 'number' || typeof cell.shift !== 'number' || cell.node.kind !== 'scalar')
        throw new Error('a frame is a flat record');
      const { bits } = cell.node.size;
      if (bits === 0) continue;
      const masked = cell.node.signed && bits < 32 ? `(${value} & ${2 ** bits - 1})` : value;
      parts[cell.word]?.push(cell.shift === 0 ? masked : `${masked} << ${cell.shift}`);
    }
    const value = (word: number): string => (parts[word]?.length === 0 ? '0' : (parts[word]?.join(' | ') ?? '0'));
    if (node.size.unit === 'bits') {
      const whole: Address = { ...this.frame, node: { kind: 'scalar', type: { kind: 'bool' }, size: node.size, signed: false } };
      return writeCode(whole, `(${value(0)})`);
    }
    return parts.map((_, word) => `w[${plus(this.frame.word, word)}] = ${value(word)};`).join(' ');
  }
}
