/**
 * A *recording* is a schedule as a counterexample file has it: for each step who makes which access, with which numbers, what it found,
 * where in the source it stands, and a fingerprint of what it led to. Whoever follows a recording compares all of these, so that
 * another program, or the same one edited, is noticed at the first step that differs.
 */
import { DOORS, type Door } from '../compile/ir-impl.ts';
import type { Machine } from './machine.ts';
import { OP_GUARD, READ } from './operation.ts';
import type { Watch } from './watch.ts';

/** The operation of a step that is no door. */
export const GUARD = 'guard';
export const TIME_OUT = 'time-out';

/** As a file has it (counterexample.ts). */
export interface RecordedStep {
  readonly thread: string;
  readonly operation: string;
  readonly arguments: Readonly<Record<string, number>>;
  readonly source: string;
  readonly fingerprint: string;
}

/** What a step is before it is made. */
type Intent = Pick<RecordedStep, 'thread' | 'operation' | 'arguments' | 'source'>;

/** The names of a door's arguments after the first, which is where it is. */
const ARGUMENTS: Readonly<Partial<Record<Door, readonly string[]>>> = {
  put: ['value'],
  zero: ['words'],
  store: ['value'],
  compareExchange: ['expected', 'replacement'],
  add: ['value'],
  sub: ['value'],
  or: ['value'],
  and: ['value'],
  xor: ['value'],
  exchange: ['value'],
  wait: ['expected'],
  waitFor: ['expected'],
  waitAsync: ['expected', 'timed'],
  notify: ['count'],
  putByte: ['value'],
  copy: ['from', 'bytes'],
  acquire: ['busy', 'amount'],
};

/** Something that makes steps of a machine: the machine itself, or a watch of it. */
export type Stepper = Machine | Watch;

/** Makes a step and tells it. The transition must be enabled. */
export function recordedStep(stepper: Stepper, transition: number): RecordedStep {
  const machine = 'machine' in stepper ? stepper.machine : stepper;
  const intent = intentOf(machine, transition);
  const reads = transition < machine.agents && (machine.opAccess(transition) & READ) !== 0;
  stepper.step(transition);
  const found = reads && intent.operation !== 'copy' ? { found: machine.lastRead } : {};
  const woken = intent.operation === 'notify' ? { woken: bits(machine.woken) } : {};
  return { ...intent, arguments: { ...intent.arguments, ...found, ...woken }, fingerprint: fingerprintOf(machine) };
}

/** Makes all the steps. The machine is at its start. */
export function record(machine: Machine, schedule: readonly number[]): readonly RecordedStep[] {
  return schedule.map((transition) => recordedStep(machine, transition));
}

function intentOf(machine: Machine, transition: number): Intent {
  const { agents } = machine;
  const agent = transition % agents;
  const thread = machine.program.agents[agent]?.name ?? `agent ${agent}`;
  const source = placeOf(machine, agent);
  if (transition >= agents) return { thread, operation: TIME_OUT, arguments: {}, source };
  const kind = machine.opKind[agent] ?? 0;
  if (kind === OP_GUARD) return { thread, operation: GUARD, arguments: { byte: machine.opFrom[agent] ?? 0 }, source };
  const door = DOORS[kind - 1] ?? 'load';
  const names = ARGUMENTS[door] ?? [];
  const rest = Object.fromEntries(names.map((name, n) => [name, machine.opArg(agent, n + 1)]));
  return { thread, operation: door, arguments: { byte: machine.opFrom[agent] ?? 0, ...rest }, source };
}

/** Where the agent rests; before a call begins, where the function of the call is. */
function placeOf(machine: Machine, agent: number): string {
  const source = machine.source(agent);
  if (source !== null) return `${source.file}:${source.line}`;
  const { code, agents } = machine.program;
  const call = agents[agent]?.script[machine.position(agent)];
  const fn = code.artefact.program.functions[code.artefact.program.names[call?.fn ?? ''] ?? -1];
  return fn === undefined ? 'oracle/schedule/program.ts:1' : `${fn.source.file}:${fn.source.line}`;
}

/**
 * Of everything that can be told apart from outside: the shared memory, who waits for what, how far each agent is and what its calls
 * returned. Frames are not in it: their numbers change when the compiler does.
 */
export function fingerprintOf(machine: Machine): string {
  const hash = new Hash();
  for (const word of machine.words) hash.add(word);
  for (const { agent, ticket, at, timed } of machine.waiters()) {
    hash.add(agent);
    hash.add(ticket);
    hash.add(at);
    hash.add(timed ? 1 : 0);
  }
  for (let agent = 0; agent < machine.agents; agent++) {
    hash.text(machine.status(agent));
    hash.add(machine.position(agent));
    for (const result of machine.results(agent)) hash.add(result);
  }
  return hash.toString();
}

/** 64 bits, in two lanes that mix each number on their own. */
class Hash {
  private a = 0x9e3779b9 | 0;
  private b = 0x7f4a7c15 | 0;

  add(value: number): void {
    this.a = Math.imul(this.a ^ value, 0x85ebca6b);
    this.a ^= this.a >>> 13;
    this.b = Math.imul(this.b + value, 0xc2b2ae35);
    this.b ^= this.b >>> 16;
  }

  text(text: string): void {
    for (let n = 0; n < text.length; n++) this.add(text.charCodeAt(n));
  }

  toString(): string {
    return [this.a, this.b].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }
}

function bits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
