/** What a segment means to the end that it reaches, and what it must be answered with: small cases, by numbers alone. */
import { beforeEach, describe, expect, it } from 'vitest';
import { TH_ACK, TH_FIN, TH_RST, TH_SYN } from '../../impl/netinet/tcp_fsm.ts';
import { activeEnd, type Arrival, arrives, type End, type Meant, type Ours, passiveEnd, writes } from '../../oracle/run/end.ts';
import { cancels, completes } from '../../oracle/run/ends.ts';
import type { Segment } from '../../oracle/run/segment.ts';

/** Units of either buffer, and bytes. */
const BUFFER = 3;
const WINDOW = 48;

/** Our numbers go from 100, the peer's from 500. */
let end: End;

beforeEach(() => {
  end = passiveEnd(0, 99, 499, 0);
});

interface Said {
  readonly flags: number;
  readonly seq?: number;
  readonly ack?: number;
  readonly len?: number;
  readonly window?: number;
}

function segment({ flags, seq = 500, ack = 100, len = 0, window = WINDOW }: Said): Segment {
  return { proto: 6, src: 2, sport: 9, dst: 1, dport: 7, seq, ack, flags, window, urgent: 0, len, bytes: new Uint8Array(len) };
}

function ours(state: string, more: Partial<Ours> = {}): Ours {
  return { state, closed: false, deaf: false, queued: 0, unread: 0, buffer: BUFFER, ...more };
}

/** What the reader gets is looked at apart. */
function gets(state: string, said: Said, more: Partial<Ours> = {}): Omit<Arrival, 'bytes'> {
  const { bytes: _, ...arrival } = arrives(end, ours(state, more), segment(said));
  return arrival;
}

/** A segment with these bytes, and those that the reader gets. */
function brings(seq: number, bytes: readonly number[], more: Partial<Ours> = {}): readonly number[] {
  const said = segment({ flags: TH_ACK, seq, len: bytes.length });
  const { bytes: got = [] } = arrives(end, ours('ESTABLISHED', more), { ...said, bytes: Uint8Array.from(bytes) });
  return got.flatMap((some) => [...some]);
}

/** So many units were written and have left, and behind them perhaps a FIN. */
function sends(units: number, fin = false): void {
  writes(
    end,
    Array.from({ length: units }, (_, unit) => unit + 1),
  );
  end.sent = end.written + (fin ? 1 : 0);
}

const data = (units: number): Meant => ({ event: 'data', units });
const ack = (units: number, fin = false): Meant => ({ event: 'ack', units, fin });
const FIN: Meant = { event: 'fin' };
const RST: Meant = { event: 'rst' };

describe('in SYN_SENT', () => {
  beforeEach(() => {
    end = activeEnd(0, 99);
  });

  it.each([
    ['SYN and ACK of our SYN', { flags: TH_SYN | TH_ACK }, ['synack'], 'ack'],
    ['a SYN alone: both open at once', { flags: TH_SYN }, ['syn'], 'synack'],
    ['SYN and ACK of something we never sent', { flags: TH_SYN | TH_ACK, ack: 101 }, [], 'reset'],
    ['SYN and ACK of something older', { flags: TH_SYN | TH_ACK, ack: 99 }, [], 'reset'],
    ['RST with the ACK of our SYN', { flags: TH_RST | TH_ACK, seq: 0 }, ['rst'], 'nothing'],
    ['RST with another', { flags: TH_RST | TH_ACK, seq: 0, ack: 101 }, [], 'nothing'],
    ['RST without', { flags: TH_RST }, [], 'nothing'],
  ])('%s', (_what, said, events, reply) => {
    const arrival = gets('SYN_SENT', said);
    expect(arrival.events.map(({ event }) => event)).toEqual(events);
    expect(arrival.reply).toBe(reply);
  });

  it('the answer says where both sides begin', () => {
    gets('SYN_SENT', { flags: TH_SYN | TH_ACK, seq: 499, window: 32 });
    expect(end).toMatchObject({ acked: 100, sent: 100, written: 100, first: 500, next: 500, window: 32 });
    expect(gets('ESTABLISHED', { flags: TH_ACK, len: 16 })).toEqual({ events: [data(1)], reply: 'ack' });
  });
});

describe('in ESTABLISHED', () => {
  it.each([
    ['data', { flags: TH_ACK, len: 16 }, [data(1)], 'ack'],
    ['data and FIN', { flags: TH_ACK | TH_FIN, len: 16 }, [data(1), FIN], 'ack'],
    ['data that came before: its acknowledgement may be lost', { flags: TH_ACK, seq: 484, len: 16 }, [], 'ack'],
    ['data of which one half came before', { flags: TH_ACK, seq: 484, len: 32 }, [data(1)], 'ack'],
    ['data behind a gap', { flags: TH_ACK, seq: 516, len: 16 }, [], 'ack'],
    [
      'more data than the window takes: the FIN behind it waits',
      { flags: TH_ACK | TH_FIN, len: 64 },
      [{ event: 'data', units: BUFFER }],
      'ack',
    ],
    ['data behind the window', { flags: TH_ACK, seq: 500 + WINDOW, len: 16 }, [], 'ack'],
    ['data without ACK', { flags: 0, len: 16 }, [], 'nothing'],
    ['FIN', { flags: TH_ACK | TH_FIN }, [FIN], 'ack'],
    ['FIN that came before', { flags: TH_ACK | TH_FIN, seq: 499 }, [], 'ack'],
    ['SYN that came before', { flags: TH_ACK | TH_SYN, seq: 499 }, [], 'ack'],
    ['SYN in the window', { flags: TH_ACK | TH_SYN }, [RST], 'abort'],
    ['RST in the window', { flags: TH_RST, seq: 500 + WINDOW }, [RST], 'nothing'],
    ['RST before it', { flags: TH_RST, seq: 499 }, [], 'nothing'],
    ['RST behind it', { flags: TH_RST, seq: 502 + WINDOW }, [], 'nothing'],
    ['nothing new', { flags: TH_ACK }, [], 'nothing'],
  ] as const)('%s', (_what, said, events, reply) => {
    expect(gets('ESTABLISHED', said)).toEqual({ events, reply });
  });

  it('data behind a gap arrives with what fills the gap', () => {
    gets('ESTABLISHED', { flags: TH_ACK | TH_FIN, seq: 532, len: 16 });
    gets('ESTABLISHED', { flags: TH_ACK, seq: 516, len: 16 });
    expect(gets('ESTABLISHED', { flags: TH_ACK, len: 16 })).toEqual({ events: [data(3), FIN], reply: 'ack' });
    expect(end.next).toBe(549);
  });

  it('data behind a gap that comes twice arrives once', () => {
    for (let i = 0; i < 2; i++) gets('ESTABLISHED', { flags: TH_ACK, seq: 516, len: 16 });
    expect(gets('ESTABLISHED', { flags: TH_ACK, len: 32 })).toEqual({ events: [data(2)], reply: 'ack' });
    expect(end.late).toEqual([]);
  });

  it('a unit counts where it arrives once it is whole', () => {
    expect(gets('ESTABLISHED', { flags: TH_ACK, len: 1 })).toEqual({ events: [], reply: 'ack' });
    expect(gets('ESTABLISHED', { flags: TH_ACK, seq: 501, len: 31 })).toEqual({ events: [data(2)], reply: 'ack' });
  });

  it('the reader gets every byte once, in order, from the segment that brought it first', () => {
    expect(brings(504, [5, 6, 7])).toEqual([]);
    expect(brings(500, [1, 2, 3])).toEqual([1, 2, 3]);
    expect(brings(498, [9, 9, 9, 9, 9, 4, 8])).toEqual([4, 8, 6, 7]);
    expect(
      brings(
        507,
        Array.from({ length: 64 }, () => 0),
      ),
    ).toHaveLength(WINDOW - 7);
  });

  it('one who does not listen gets none', () => {
    expect(brings(500, [1, 2], { deaf: true })).toEqual([]);
    expect(end.next).toBe(502);
  });

  it('a full buffer takes nothing, and says so', () => {
    expect(gets('ESTABLISHED', { flags: TH_ACK, len: 16 }, { unread: BUFFER })).toEqual({ events: [], reply: 'ack' });
  });

  it('but it looks at what a probe acknowledges', () => {
    sends(1);
    expect(gets('ESTABLISHED', { flags: TH_ACK, ack: 116, len: 1 }, { unread: BUFFER })).toEqual({ events: [ack(1)], reply: 'ack' });
  });

  it('what was promised stays promised', () => {
    end.edge = 532;
    expect(gets('ESTABLISHED', { flags: TH_ACK, len: 32 }, { unread: BUFFER })).toEqual({ events: [data(2)], reply: 'ack' });
  });

  it.each([
    ['of a part', 116, [ack(1)], 'nothing'],
    ['of everything', 132, [ack(2)], 'nothing'],
    ['of more than was sent', 133, [], 'ack'],
    ['that was given before', 100, [], 'nothing'],
    ['of a part of a unit, which is still there then', 108, [], 'nothing'],
  ] as const)('an acknowledgement %s', (_what, number, events, reply) => {
    sends(2);
    expect(gets('ESTABLISHED', { flags: TH_ACK, ack: number })).toEqual({ events, reply });
  });

  it('a window is the newest one, whatever comes late', () => {
    gets('ESTABLISHED', { flags: TH_ACK, seq: 500, window: 32 });
    gets('ESTABLISHED', { flags: TH_ACK, seq: 516, len: 16, window: 48 });
    gets('ESTABLISHED', { flags: TH_ACK, seq: 500, window: 16 });
    expect(end.window).toBe(48);
  });

  it('three acknowledgements that say nothing new, and nothing else, mean that something was lost', () => {
    sends(2);
    gets('ESTABLISHED', { flags: TH_ACK, window: 32 });
    const again = (said: Partial<Said>): boolean => gets('ESTABLISHED', { flags: TH_ACK, window: 32, ...said }).again === true;
    expect([again({}), again({}), again({ len: 16 }), again({ seq: 516 }), again({ seq: 516 }), again({ seq: 516 })]).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  it('numbers wrap around', () => {
    end = passiveEnd(0, -0x80000000, 0x7fffffff - 8, 0);
    expect(gets('ESTABLISHED', { flags: TH_ACK, seq: 0x7fffffff - 7, ack: -0x7fffffff, len: 16 })).toEqual({
      events: [data(1)],
      reply: 'ack',
    });
    expect(end.next).toBe(-0x80000000 + 8);
  });
});

describe('when we have sent our FIN', () => {
  it.each([
    ['its acknowledgement counts with the data before it', 'FIN_WAIT_1', 117, [ack(1, true)]],
    ['one of the data alone does not count for it', 'FIN_WAIT_1', 116, [ack(1)]],
    ['the last one of LAST_ACK ends it', 'LAST_ACK', 117, [ack(1, true)]],
  ] as const)('%s', (_what, state, number, events) => {
    sends(1, true);
    expect(gets(state, { flags: TH_ACK, ack: number }).events).toEqual(events);
  });

  it("the same segment may carry the peer's FIN, which is looked at after", () => {
    sends(0, true);
    expect(gets('FIN_WAIT_1', { flags: TH_ACK | TH_FIN, ack: 101 })).toEqual({ events: [ack(0, true), FIN], reply: 'ack' });
  });

  it.each(['FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSING', 'LAST_ACK'])('and closed, data that is new is for nobody: %s', (state) => {
    sends(0, true);
    const said = { flags: TH_ACK, ack: 101, len: 16 };
    expect(gets(state, said, { closed: true, deaf: true })).toEqual({ events: [data(1)], reply: 'reset' });
  });

  it('and closed, data that is old is not', () => {
    sends(0, true);
    expect(gets('FIN_WAIT_1', { flags: TH_ACK, seq: 484, len: 16 }, { closed: true, deaf: true }).reply).toBe('ack');
  });

  it("behind the peer's FIN there is no other", () => {
    expect(gets('CLOSE_WAIT', { flags: TH_ACK | TH_FIN })).toEqual({ events: [], reply: 'nothing' });
  });
});

describe('in TIME_WAIT', () => {
  it.each([
    ["the peer's FIN again: it has not seen the acknowledgement", { flags: TH_ACK | TH_FIN, seq: 499 }, [], 'ack'],
    ['the last acknowledgement again', { flags: TH_ACK }, [], 'nothing'],
    ['a reset can not shorten the wait', { flags: TH_RST | TH_ACK }, [], 'nothing'],
    ['a new connection can', { flags: TH_SYN, seq: 501 }, [{ event: 'msl' }], 'nothing'],
    ['an old one can not', { flags: TH_SYN, seq: 499 }, [], 'nothing'],
  ] as const)('%s', (_what, said, events, reply) => {
    expect(gets('TIME_WAIT', said, { deaf: true })).toEqual({ events, reply });
  });
});

describe('a handshake', () => {
  const handshake = { irs: 499, answer: { iss: 99, window: WINDOW }, tries: 0 };

  it.each([
    ['ends with the acknowledgement of our SYN', { flags: TH_ACK }, true],
    ['or with data behind it, if the bare acknowledgement was lost', { flags: TH_ACK, seq: 516, len: 16 }, true],
    ['but not with that of anything else', { flags: TH_ACK, ack: 101 }, false],
    ['a SYN', { flags: TH_SYN }, false],
    ['a RST', { flags: TH_RST | TH_ACK }, false],
    ['what lies outside the window', { flags: TH_ACK, seq: 501 + WINDOW }, false],
    ['or before it', { flags: TH_ACK, seq: 499 }, false],
  ])('%s', (_what, said, ends) => {
    expect(completes(handshake, segment(said))).toBe(ends);
  });

  it('that was never answered ends with nothing', () => {
    expect(completes({ irs: 499, answer: null, tries: 0 }, segment({ flags: TH_ACK }))).toBe(false);
  });

  it('is cancelled by a reset in its window', () => {
    expect([499, 500, 500 + WINDOW, 501 + WINDOW].map((seq) => cancels(handshake, segment({ flags: TH_RST, seq })))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it.each([
    ['data', { flags: TH_ACK, len: 16 }, [data(1)]],
    ['a FIN', { flags: TH_ACK | TH_FIN }, [FIN]],
    ['data that waits, because something before it was lost', { flags: TH_ACK, seq: 516, len: 16 }, []],
  ] as const)('may end with %s', (_what, said, events) => {
    end = passiveEnd(0, 99, 499, WINDOW);
    expect(gets('ESTABLISHED', said).events).toEqual(events);
  });
});

it('a segment for a pcb that has no connection is for nobody', () => {
  expect(gets('CLOSED', { flags: TH_ACK })).toEqual({ events: [], reply: 'reset' });
  expect(gets('CLOSED', { flags: TH_RST })).toEqual({ events: [], reply: 'nothing' });
});
