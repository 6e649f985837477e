/**
 * The specification's side of a lockstep run: the compiled model, driven one call at a time by one thread that cannot sleep.
 * A call that would sleep is interrupted at once, as the implementation interrupts it; a linger that would wait is, too.
 */
import type { CompiledModel, PlainState } from '../compile/model.ts';
import type { Plain } from '../compile/values.ts';

const THREAD = 0;
const WIRE = 1;
const ME = 0;

export interface Result {
  /** 'none', or an errno by name. */
  readonly errno: string;
  /** Descriptor, handle, amount or option; 0 on failure. */
  readonly value: number;
  /** What SO_ERROR answered; 'none' for other calls. */
  readonly answer: string;
}

/** A state in the words of the specification. */
export interface ModelState {
  readonly sockets: readonly ModelSocket[];
  readonly pcbs: readonly ModelPcb[];
  readonly fds: readonly (number | null)[];
  readonly handles: readonly (number | null)[];
  readonly threads: readonly { readonly errno: string; readonly value: number; readonly answer: string; readonly closing: number | null; readonly sleep: string }[];
  readonly panic: string;
}

export interface ModelBuffer {
  readonly cc: number;
  readonly cantMore: boolean;
}

export interface ModelSocket {
  readonly protocol: string;
  readonly count: number;
  readonly file: number;
  readonly pcb: number | null;
  readonly noFdRef: boolean;
  readonly protoRef: boolean;
  readonly connected: boolean;
  readonly connecting: boolean;
  readonly disconnecting: boolean;
  readonly disconnected: boolean;
  readonly nonBlocking: boolean;
  readonly acceptConn: boolean;
  readonly linger: string;
  readonly queue: string;
  readonly head: number | null;
  readonly limit: number;
  readonly incomplete: readonly number[];
  readonly complete: readonly number[];
  readonly error: string;
  readonly rcv: ModelBuffer;
  readonly snd: ModelBuffer;
  readonly sending: boolean;
}

export interface ModelPcb {
  readonly protocol: string;
  readonly socket: number | null;
  readonly bound: boolean;
  readonly name: number | null;
  readonly peer: number | null;
  readonly charged: number;
  readonly foreign: boolean;
  readonly state: string;
  readonly dropped: boolean;
  readonly timeWait: boolean;
  readonly sockRef: boolean;
  readonly needFin: boolean;
  readonly noDelay: boolean;
  readonly msl: boolean;
}

export class Specification {
  readonly model: CompiledModel;
  readonly words: Int32Array;
  private decoded: ModelState | null = null;
  private readonly procedures: readonly ReadonlyMap<string, number>[];

  constructor(model: CompiledModel) {
    this.model = model;
    this.words = model.initial();
    this.procedures = model.agents.map((agent) => new Map(agent.procedures.map((procedure, index) => [procedure.name, index])));
  }

  /** Runs a call to its end, and the close that it may have left behind. */
  call(name: string, args: readonly Plain[]): Result {
    if (!this.begin(THREAD, name, args)) throw new Error(`the specification does not let ${name}(${args.join(', ')}) begin`);
    this.finish();
    while (this.state().threads[ME]?.closing !== null) {
      if (!this.begin(THREAD, 'soclose', [])) throw new Error('the specification does not let a close begin that is owed');
      this.finish();
    }
    const thread = this.state().threads[ME];
    if (thread === undefined) throw new Error('the specification has no thread 0');
    return { errno: thread.errno, value: thread.value, answer: name === 'geterror' ? thread.answer : 'none' };
  }

  /** Lets something happen outside. False if it can't happen in this state. */
  event(name: string, args: readonly Plain[]): boolean {
    return this.begin(WIRE, name, args);
  }

  state(): ModelState {
    this.decoded ??= (this.model.decode(this.words) as PlainState).state as unknown as ModelState;
    return this.decoded;
  }

  /** The id of the first invariant that the state breaks, 'no-overflow' for a bound, or null. */
  broken(): string | null {
    if (this.model.fault(this.words) !== null) return 'no-overflow';
    return this.model.invariants.find((invariant) => !invariant.holds(this.words))?.id ?? null;
  }

  private begin(agent: number, name: string, args: readonly Plain[]): boolean {
    const procedure = this.procedures[agent]?.get(name);
    const params = procedure === undefined ? undefined : this.model.agents[agent]?.procedures[procedure]?.params;
    if (procedure === undefined || params === undefined) throw new Error(`the specification has no ${name}`);
    this.decoded = null;
    return this.model.start(
      this.words,
      agent,
      ME,
      procedure,
      params.map((param, index) => this.model.encodeArgument(param.type, args[index] as Plain)),
    );
  }

  /** Steps until the call has ended; whoever sleeps is interrupted. */
  private finish(): void {
    while (this.model.pc(this.words, THREAD, ME) !== 0) {
      this.decoded = null;
      if (this.model.resume(this.words, THREAD, ME)) continue;
      if (!this.begin(WIRE, 'signal', [ME])) throw new Error('a call neither goes on nor can be interrupted: a deadlock of the specification');
    }
  }
}
