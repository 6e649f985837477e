/**
 * A *tale*: a program that is told step by step, with what must be seen after each. Both sides take every step in lockstep, which compares
 * their whole state; what is said of that state here is said of both.
 */
import { expect } from 'vitest';
import type { Plain } from '../../oracle/compile/values.ts';
import { Cells, literalOf, read } from '../../oracle/run/cells.ts';
import type { Lockstep } from '../../oracle/run/lockstep.ts';
import { type Operation, printOperation } from '../../oracle/run/operations.ts';

/** The state of a socket by the letters of the reference's J.3. */
export type Letter = 'C0' | 'CG' | 'CD' | 'DG' | 'DD' | 'DG without CONNECTED';

type Fields = Readonly<Record<string, Plain>>;

/** What is to be seen of a socket: its letter, and any of its fields; of its pcb under `inp`. */
export type Sight = Fields & { readonly letter?: Letter; readonly inp?: Fields };

export class Tale {
  private readonly both: Lockstep;
  private readonly cells: Cells;

  constructor(both: Lockstep) {
    this.both = both;
    this.cells = new Cells(both.model);
    both.reset();
  }

  /** Both sides do this and agree. A call returns what is said here: an errno, or a number, 0 where nothing is said. */
  does(name: string, args: Operation['args'] = {}, returns: string | number = 0): this {
    const operation = { name, args };
    const mismatch = this.both.perform(operation);
    expect(mismatch, `${printOperation(operation)}: the two sides differ`).toBeNull();
    const isCall = this.both.model.agents[0]?.procedures.some((procedure) => procedure.name === name) === true;
    if (isCall) expect(this.returned(), printOperation(operation)).toBe(returns);
    return this;
  }

  /** What is seen of the socket of this number. */
  sees(so: number, { letter, inp, ...fields }: Sight): this {
    const socket = this.record('sockets', so);
    expect(socket.protocol, `socket ${so} is there`).not.toBe('none');
    if (letter !== undefined) expect(letterOf(socket), `socket ${so}`).toBe(letter);
    expect(socket, `socket ${so}`).toMatchObject(fields);
    if (inp !== undefined) expect(this.record('pcbs', socket.pcb as number), `the pcb of socket ${so}`).toMatchObject(inp);
    return this;
  }

  /** The pcb of this number. */
  pcb(pcb: number, fields: Fields): this {
    expect(this.record('pcbs', pcb), `pcb ${pcb}`).toMatchObject(fields);
    return this;
  }

  /** The socket of this number is freed. */
  freed(...all: readonly number[]): this {
    for (const so of all) expect(this.record('sockets', so).protocol, `socket ${so} is freed`).toBe('none');
    return this;
  }

  /** Nothing is left of anything. */
  nothingLeft(): this {
    const state = this.state();
    for (const table of ['sockets', 'pcbs'] as const)
      expect((state[table] as readonly Fields[]).map(({ protocol }) => protocol).filter((protocol) => protocol !== 'none')).toEqual([]);
    return this;
  }

  private returned(): string | number {
    const { words } = this.both.specification;
    const at = (field: string) => this.cells.at('threads', 0, field);
    const errno = literalOf(at('errno'), read(words, at('errno')));
    return errno === 'none' ? read(words, at('value')) : errno;
  }

  private state(): Readonly<Record<string, Plain>> {
    return this.both.model.decodeState(this.both.specification.words);
  }

  private record(table: string, index: number): Fields {
    return (this.state()[table] as readonly Fields[])[index] as Fields;
  }
}

function letterOf({ connected, connecting, disconnecting, disconnected }: Fields): Letter | 'none of J.3' {
  if (connecting === true) return 'CG';
  if (disconnecting === true) return connected === true ? 'DG' : 'DG without CONNECTED';
  if (connected === true) return 'CD';
  return disconnected === true ? 'DD' : 'C0';
}

/** An end of a buffer that takes no more. */
export const SHUT = { cantMore: true } as const;
export const OPEN = { cantMore: false } as const;
