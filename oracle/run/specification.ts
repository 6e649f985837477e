/**
 * The specification's side of a lockstep run: the compiled model, driven one call at a time by one thread that cannot sleep.
 * A call that would sleep is interrupted at once, as the implementation interrupts it; a linger that would wait is, too.
 */
import type { Source } from '../compile/ir.ts';
import type { CompiledModel, Procedure } from '../compile/model.ts';
import type { Plain } from '../compile/values.ts';
import { type Cell, type Cells, codeOf, literalOf, read } from './cells.ts';
import type { Ours } from './end.ts';
import type { Argument, Configuration } from './operations.ts';

const THREAD = 0;
const WIRE = 1;
const COLLECTOR = 2;
const ME = 0;
/** What the collector does before it searches. */
const PIECES = ['gcsweep', 'undefer'];

export interface Result {
  /** 'none', or an errno by name. */
  readonly errno: string;
  /** Descriptor, handle, amount or option; 0 on failure. */
  readonly value: number;
  /** What SO_ERROR answered; 'none' for other calls. */
  readonly answer: string;
}

/** What the choice of the next operation looks at: the socket behind each descriptor, and what waits for the clock. */
export interface Scene {
  readonly fds: readonly (SceneSocket | null)[];
  /** Handles that are held. */
  readonly handles: readonly number[];
  /** Sockets that can still be made. */
  readonly room: number;
  /** Pcbs that have outlived their sockets. */
  readonly waiting: number;
  /** Segments on the wire to this host. */
  readonly onWire: number;
  /** What a receive has lent was not given back yet. */
  readonly lent?: boolean;
}

export interface SceneSocket {
  readonly protocol: string;
  /** It is one of IPv6. */
  readonly six: boolean;
  readonly connected: boolean;
  readonly acceptConn: boolean;
  /** Units, or datagrams, to read. */
  readonly readable: number;
  /** UNIX datagrams and sequenced packets: how many records these are. */
  readonly records: number;
}

/** What the specification says of a TCP connection, or of a pcb that waits for one. */
export interface Connection extends Ours {
  /** Null in TIME_WAIT, if the pcb has outlived it. */
  readonly socket: number | null;
  /** A listener that takes connections. */
  readonly accepts: boolean;
  /** Nobody but the protocol has the socket any more. */
  readonly kept: boolean;
}

const SOCKET_CELLS = ['protocol', 'pcb', 'connected', 'acceptConn', 'noFdRef', 'protoRef', 'head'] as const;
const PCB_CELLS = ['protocol', 'socket', 'peer', 'state', 'dropped', 'vflag'] as const;
type SocketCells = Readonly<Record<(typeof SOCKET_CELLS)[number] | 'unread' | 'queued' | 'deaf' | 'records', Cell>>;
type PcbCells = Readonly<Record<(typeof PCB_CELLS)[number], Cell>>;

export class Specification {
  readonly words: Int32Array;
  /** Where the first procedure begins that was run since somebody last set this to null. */
  place: Source | null = null;
  private readonly model: CompiledModel;
  private readonly procedures: readonly ReadonlyMap<string, number>[];
  private readonly thread: Readonly<Record<'errno' | 'value' | 'answer' | 'closing', Cell>>;
  private readonly fds: readonly Cell[];
  private readonly reaped: readonly Cell[];
  private readonly handles: readonly Cell[];
  /** The files of rights. */
  private readonly rights: readonly Cell[];
  private readonly sockets: readonly SocketCells[];
  private readonly pcbs: readonly PcbCells[];
  /** The number that stands for TCP. */
  private readonly tcp: number;
  private readonly buffer: number;
  /** All there can be. */
  readonly pcbIds: readonly number[];

  /** Protocols of the pcbs before the last event. */
  private readonly before: number[] = [];
  /** As the words have it; null: they have changed since somebody last asked. */
  private connections: readonly (Connection | null)[] | null = null;
  private readonly first: Int32Array;

  constructor(model: CompiledModel, cells: Cells, sizes: Configuration) {
    this.model = model;
    this.words = model.initial();
    this.first = this.words.slice();
    this.procedures = model.agents.map((agent) => new Map(agent.procedures.map((procedure, index) => [procedure.name, index])));
    const own = (field: string): Cell => cells.at('threads', ME, field);
    this.thread = { errno: own('errno'), value: own('value'), answer: own('answer'), closing: own('closing') };
    this.fds = Array.from({ length: sizes.FDS }, (_, fd) => cells.at('fds', fd));
    this.reaped = Array.from({ length: sizes.SOCKETS }, (_, id) => cells.at('sockets', id, 'reaped'));
    this.handles = Array.from({ length: sizes.HANDLES }, (_, handle) => cells.at('handles', handle));
    this.rights = cells.table('rights', 'file');
    this.sockets = Array.from({ length: sizes.SOCKETS }, (_, id) => ({
      ...(Object.fromEntries(SOCKET_CELLS.map((field) => [field, cells.at('sockets', id, field)])) as Record<
        (typeof SOCKET_CELLS)[number],
        Cell
      >),
      unread: cells.at('sockets', id, 'rcv', 'cc'),
      queued: cells.at('sockets', id, 'snd', 'cc'),
      deaf: cells.at('sockets', id, 'rcv', 'cantMore'),
      records: cells.sequence('sockets', id, 'records').length,
    }));
    this.pcbIds = Array.from({ length: sizes.PCBS }, (_, id) => id);
    this.pcbs = this.pcbIds.map((id) => Object.fromEntries(PCB_CELLS.map((field) => [field, cells.at('pcbs', id, field)])) as PcbCells);
    this.tcp = codeOf((this.pcbs[0] as PcbCells).protocol, 'tcp');
    this.buffer = sizes.BUFFER;
  }

  /** The first state again. */
  reset(): void {
    this.words.set(this.first);
    this.connections = null;
  }

  /** Runs a call to its end, and the close that it may have left behind. */
  call(name: string, args: readonly Plain[]): Result {
    if (!this.begin(THREAD, name, args)) throw new Error(`the specification does not let ${name}(${args.join(', ')}) begin`);
    this.finish();
    while (read(this.words, this.thread.closing) !== 0) {
      if (!this.begin(THREAD, 'soclose', [])) throw new Error('the specification does not let a close begin that is owed');
      this.finish();
    }
    const errno = literalOf(this.thread.errno, read(this.words, this.thread.errno));
    // What an earlier call was answered is still there when this one fails.
    const answered = (name === 'geterror' || name === 'kevent') && errno === 'none';
    return {
      errno,
      value: read(this.words, this.thread.value),
      answer: answered ? literalOf(this.thread.answer, read(this.words, this.thread.answer)) : 'none',
    };
  }

  /** The collector works until there is nothing left to do: what was given up is closed, and what nobody can reach. */
  collect(): void {
    const works = (): boolean => this.reaps() || PIECES.some((name) => this.doesPiece(name));
    for (let more = true; more; more = this.begin(COLLECTOR, 'gcmark', []) && works()) while (works());
  }

  /** Closes what the collector has left to be closed. */
  private reaps(): boolean {
    const so = this.reaped.findIndex((cell) => read(this.words, cell) !== 0);
    if (so >= 0) this.call('reap', [so]);
    return so >= 0;
  }

  /** For the first socket or right that there is such a thing to do for. */
  private doesPiece(name: string): boolean {
    const of = this.parametersOf(COLLECTOR, name)[0]?.type;
    if (of?.kind !== 'id') throw new Error(`${name} is for no socket and for no right`);
    for (let id = 0; id < of.size; id++) if (this.begin(COLLECTOR, name, [id])) return true;
    return false;
  }

  /** Lets something happen outside. False if it can't happen in this state. */
  event(name: string, args: readonly Plain[]): boolean {
    for (let id = 0; id < this.pcbs.length; id++) this.before[id] = this.protocolOf(id);
    return this.begin(WIRE, name, args);
  }

  /** The pcb that the last event has made; -1 if it made none. */
  newestPcb(): number {
    return this.pcbs.findIndex((_, id) => this.before[id] === 0 && this.protocolOf(id) !== 0);
  }

  private protocolOf(id: number): number {
    const pcb = this.pcbs[id];
    return pcb === undefined ? 0 : read(this.words, pcb.protocol);
  }

  scene(onWire: number): Scene {
    const { words } = this;
    return {
      fds: this.fds.map((cell) => {
        const so = read(words, cell);
        return so === 0 ? null : this.sceneSocket(this.sockets[so - 1] as SocketCells);
      }),
      handles: this.handles.flatMap((cell, handle) => (read(words, cell) === 0 ? [] : [handle])),
      room: this.sockets.reduce((count, { protocol }) => (read(words, protocol) === 0 ? count + 1 : count), 0),
      waiting: this.pcbs.reduce(
        (count, { protocol, socket }) => (read(words, protocol) !== 0 && read(words, socket) === 0 ? count + 1 : count),
        0,
      ),
      onWire,
    };
  }

  private sceneSocket({ protocol, pcb, connected, acceptConn, unread, records }: SocketCells): SceneSocket {
    const { words } = this;
    const inp = this.pcbs[read(words, pcb) - 1];
    return {
      protocol: literalOf(protocol, read(words, protocol)),
      // Zero is IPv4.
      six: inp !== undefined && read(words, inp.vflag) !== 0,
      connected: read(words, connected) !== 0,
      acceptConn: read(words, acceptConn) !== 0,
      readable: read(words, unread),
      records: read(words, records),
    };
  }

  /** The id of the socket behind a descriptor, or null. */
  socketOf(fd: number): number | null {
    const cell = this.fds[fd];
    const so = cell === undefined ? 0 : read(this.words, cell);
    return so === 0 ? null : so - 1;
  }

  /** Whose socket it is, and the socket at the other end if that is known here: only UNIX pcbs point at each other. */
  association(so: number): { readonly protocol: string; readonly pcb: number; readonly peer: number | null; readonly six: boolean } {
    const { words } = this;
    const { protocol, pcb } = this.sockets[so] as SocketCells;
    const number = read(words, pcb) - 1;
    const own = this.pcbs[number];
    const other = own === undefined ? undefined : this.pcbs[read(words, own.peer) - 1];
    const peer = other === undefined ? 0 : read(words, other.socket);
    // Zero is IPv4.
    const six = own !== undefined && read(words, own.vflag) !== 0;
    return { protocol: literalOf(protocol, read(words, protocol)), pcb: number, peer: peer === 0 ? null : peer - 1, six };
  }

  /** Units that the socket has to read; 0 if there is no such socket. */
  unread(so: number): number {
    const socket = this.sockets[so];
    return socket === undefined || read(this.words, socket.protocol) === 0 ? 0 : read(this.words, socket.unread);
  }

  /** The same of every socket, by its number. */
  allUnread(): readonly number[] {
    return this.sockets.map((_, so) => this.unread(so));
  }

  /** The listener in whose queue the socket is; null if it is in none. */
  headOf(so: number): number | null {
    const head = read(this.words, (this.sockets[so] as SocketCells).head);
    return head === 0 ? null : head - 1;
  }

  /** Whether any descriptor is in flight. */
  hasRights(): boolean {
    return this.rights.some((file) => read(this.words, file) !== 0);
  }

  /** A TCP pcb whose connection is not over; null for any other. */
  connection(pcb: number): Connection | null {
    this.connections ??= this.pcbs.map((cells) => this.connectionOf(cells));
    return this.connections[pcb] ?? null;
  }

  private connectionOf(cells: PcbCells): Connection | null {
    const { words } = this;
    if (read(words, cells.protocol) !== this.tcp || read(words, cells.dropped) !== 0) return null;
    const state = literalOf(cells.state, read(words, cells.state));
    const so = read(words, cells.socket) - 1;
    const socket = this.sockets[so];
    const { buffer } = this;
    if (socket === undefined)
      return { state, buffer, socket: null, accepts: false, closed: true, kept: true, deaf: true, queued: 0, unread: 0 };
    return {
      state,
      buffer,
      socket: so,
      accepts: read(words, socket.acceptConn) !== 0,
      closed: read(words, socket.noFdRef) !== 0,
      kept: read(words, socket.protoRef) !== 0,
      deaf: read(words, socket.deaf) !== 0,
      queued: read(words, socket.queued),
      unread: read(words, socket.unread),
    };
  }

  /** A state in source terms. */
  decode(words: Int32Array): Readonly<Record<string, Plain>> {
    return this.model.decode(words).state;
  }

  /** The id of the first invariant that the state breaks, 'no-overflow' for a bound, or null. */
  broken(): string | null {
    if (this.model.fault(this.words) !== null) return 'no-overflow';
    for (const invariant of this.model.invariants) if (!invariant.holds(this.words)) return invariant.id;
    return null;
  }

  /** Whether the descriptor is of a stream, whose bytes can be lent. */
  isStream(fd: Argument | undefined): boolean {
    const so = typeof fd === 'number' ? this.socketOf(fd) : null;
    return so !== null && ['unix', 'tcp'].includes(this.association(so).protocol);
  }

  private begin(agent: number, name: string, args: readonly Plain[]): boolean {
    const procedure = this.procedureOf(agent, name);
    const params = this.parametersOf(agent, name);
    this.place ??= this.placeOf(agent, procedure);
    this.connections = null;
    return this.model.start(
      this.words,
      agent,
      ME,
      procedure,
      params.map((param, index) => this.model.encodeArgument(param.type, args[index] ?? false)),
    );
  }

  private procedureOf(agent: number, name: string): number {
    const procedure = this.procedures[agent]?.get(name);
    if (procedure === undefined) throw new Error(`the specification has no ${name}`);
    return procedure;
  }

  private parametersOf(agent: number, name: string): Procedure['params'] {
    return this.model.agents[agent]?.procedures[this.procedureOf(agent, name)]?.params ?? [];
  }

  private placeOf(agent: number, procedure: number): Source | null {
    const { agents, functions } = this.model.program;
    const definition = agents[agent]?.procedures[procedure];
    return definition === undefined ? null : (functions[definition.fn]?.source ?? null);
  }

  /** Steps until the call has ended; whoever sleeps is interrupted. */
  private finish(): void {
    while (this.model.pc(this.words, THREAD, ME) !== 0) {
      this.connections = null;
      if (this.model.resume(this.words, THREAD, ME)) continue;
      if (!this.begin(WIRE, 'signal', [ME]))
        throw new Error('a call neither goes on nor can be interrupted: a deadlock of the specification');
    }
  }
}
