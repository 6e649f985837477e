/**
 * A *regression program*: what a test of one of the systems does and what that system answers (reference H), told anew in our words and for
 * our sizes, on the specification and the implementation at once. Where systems differ the answer is that of the era (F93), and the program
 * says what others do.
 */
import type { Scenario } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Encounter } from '../../schedule/encounter.ts';
import type { Operation } from '../../../oracle/run/operations.ts';
import type { Tale } from '../tale.ts';

interface Told {
  readonly id: string;
  /** The test it is after, and where the reference has it. */
  readonly after: string;
  /** What other systems do, or other versions. */
  readonly differs?: string;
}

/** One thread, a call after the other. */
export interface Alone extends Told {
  readonly kind: 'alone';
  readonly tell: (tale: Tale) => unknown;
}

/** Calls that overlap. */
export interface Together extends Told {
  readonly kind: 'together';
  readonly scenario: Omit<Scenario, 'id' | 'about' | 'citation'>;
  readonly tell: (met: Encounter) => unknown;
}

export type Regression = Alone | Together;

export function alone(id: string, after: string, tell: Alone['tell'], differs?: string): Alone {
  return { kind: 'alone', id, after, tell, ...(differs === undefined ? {} : { differs }) };
}

export function together(id: string, after: string, scenario: Together['scenario'], tell: Together['tell'], differs?: string): Together {
  return { kind: 'together', id, after, scenario, tell, ...(differs === undefined ? {} : { differs }) };
}

// ---- arguments of operations ---------------------------------------------------------------------------------------------

type Arguments = Operation['args'];

export const socket = (asked: string): Arguments => ({ asked });
export const bind = (fd: number, name: number): Arguments => ({ fd, name });
export const listen = (fd: number, backlog = 1): Arguments => ({ fd, backlog });
export const connect = (fd: number, name: number, remote = false): Arguments => ({ fd, name, remote });
export const send = (fd: number, amount = 1, addressed = false, remote = false): Arguments => ({ fd, amount, addressed, remote });
export const receive = (fd: number, amount = 1): Arguments => ({ fd, amount });
export const shutdown = (fd: number, how: 'read' | 'write' | 'both' | 'nonsense'): Arguments => ({ fd, how });
export const nbio = (fd: number, on = true): Arguments => ({ fd, on });
export const of = (fd: number): Arguments => ({ fd });
/** The first connection that the event fits. */
export const FIRST: Arguments = { which: 0 };
export const acks = (part = false): Arguments => ({ which: 0, part });
export const finishes = (ack = false): Arguments => ({ which: 0, ack });

/** An end of a buffer that takes no more. */
export const SHUT = { cantMore: true } as const;
export const OPEN = { cantMore: false } as const;

// ---- beginnings ------------------------------------------------------------------------------------------------------------

/** Descriptor 0 listens under name 0. */
export const listener = (tale: Tale, asked: string, backlog = 1): Tale =>
  tale.does('socket', socket(asked)).does('bind', bind(0, 0)).does('listen', listen(0, backlog));

/** Descriptors 0 and 1: a connected pair of UNIX streams. */
export const pair = (tale: Tale): Tale => tale.does('socketpair', socket('unix'));

/** Descriptor 0: connected by TCP to the remote host. */
export const active = (tale: Tale): Tale =>
  tale
    .does('socket', socket('tcp'))
    .does('setnbio', nbio(0))
    .does('connect', connect(0, 0, true), 'EINPROGRESS')
    .does('remote-synack', FIRST);

/** Descriptor 1: connected by TCP over the loopback; descriptor 2: its accepted other end; 0 listens. */
export const loopback = (tale: Tale): Tale =>
  listener(tale, 'tcp')
    .does('socket', socket('tcp'), 1)
    .does('setnbio', nbio(1))
    .does('connect', connect(1, 0), 'EINPROGRESS')
    .does('settle')
    .does('accept', of(0), 2);
