/**
 * *Oddities*: segments that nobody should send, or that come late, or twice, or from where nobody is. TCP must take none of them for what it
 * is not; what it must answer is for end.ts to say.
 */
import { TH_ACK, TH_FIN, TH_RST, TH_SYN } from '../../impl/netinet/tcp_fsm.ts';
import { UNIT } from '../adapter.ts';

/** What a segment to a connection says. */
export interface Said {
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly length: number;
}

/** A connection as its peer knows it. */
export interface Known {
  /** Its SYN has not been answered. */
  readonly opening: boolean;
  /** The number that it expects next, and how many bytes it has room for. */
  readonly next: number;
  readonly room: number;
  /** What it has sent: up to here it was acknowledged, up to here received, and so much left it. */
  readonly acked: number;
  readonly received: number;
  readonly sent: number;
  /** A number that no connection has used. */
  readonly unused: number;
}

/** Units that a segment has at most. */
export const MOST_UNITS = 4;

const segment = (seq: number, { length = 0, flags = TH_ACK, ack = 0 }: Partial<Omit<Said, 'seq'>>): Said => ({
  seq: seq | 0,
  ack: ack | 0,
  flags,
  length,
});

const MADE = {
  /** Data that came before; and with new data behind it. */
  old: ({ next, acked }) => segment(next - UNIT, { length: UNIT, ack: acked }),
  overlap: ({ next, acked }) => segment(next - UNIT, { length: 2 * UNIT, ack: acked }),
  /** Data before which something is missing. */
  gap: ({ next, acked }) => segment(next + UNIT, { length: UNIT, ack: acked }),
  /** Data for which there is no room at all; and a FIN behind more data than there is room for. */
  beyond: ({ next, room, received }) => segment(next + room, { length: UNIT, ack: received }),
  overrun: ({ next, room, received }) =>
    segment(next, { length: Math.min(room + UNIT, MOST_UNITS * UNIT), flags: TH_ACK | TH_FIN, ack: received }),
  /** An acknowledgement of what was never sent; of nothing new. */
  ahead: ({ next, sent, opening }) => segment(next, { flags: opening ? TH_SYN | TH_ACK : TH_ACK, ack: sent + 1 }),
  again: ({ next, acked }) => segment(next, { ack: acked }),
  /** Resets at the edge of the window, behind it, and before it. */
  'edge reset': ({ next, room }) => segment(next + room + 1, { flags: TH_RST }),
  'far reset': ({ next, room }) => segment(next + room + 2, { flags: TH_RST }),
  'late reset': ({ next }) => segment(next - 1, { flags: TH_RST }),
  /** Data without an acknowledgement. */
  bare: ({ next, acked }) => segment(next, { length: UNIT, flags: 0, ack: acked }),
  /** A SYN that answers none; in the window of a connection it would be an error of which the specification knows nothing. */
  'bare syn': ({ next, opening, unused }) => segment(opening ? unused : next - UNIT, { flags: TH_SYN }),
  /** That of a new connection between the same ends. */
  'new syn': ({ next }) => segment(next + 64_000, { flags: TH_SYN }),
  'late fin': ({ next, sent }) => segment(next - 1, { flags: TH_ACK | TH_FIN, ack: sent }),
} satisfies Readonly<Record<string, (known: Known) => Said>>;

/** From a port that has no connection. */
export const STRANGER = 'stranger';

export const ODDITIES: readonly string[] = [...Object.keys(MADE), STRANGER];

export function oddity(what: string, known: Known): Said {
  return (Object.hasOwn(MADE, what) ? MADE[what as keyof typeof MADE] : MADE.again)(known);
}
