/** Data is checked unit by unit: a reader gets what was sent to it, whole, once, in order, and of a stream all of it. */
import { beforeEach, describe, expect, it } from 'vitest';
import { putWord, UNIT } from '../../oracle/adapter.ts';
import { Data } from '../../oracle/run/data.ts';
import { type Machine, pristine } from '../../oracle/run/implementation.ts';
import { SIZES } from '../../oracle/run/program.ts';

let machine: Machine;
let data: Data;

beforeEach(() => {
  machine = pristine.boot(SIZES);
  data = new Data(machine);
});

/** These units are now in user memory, as if the reader had read them. */
function reads(...units: readonly number[]): ReturnType<Data['check']> {
  for (const [index, unit] of units.entries()) {
    for (let at = 0; at < UNIT; at += 4) putWord(machine.kernel, machine.user + index * UNIT + at, unit);
  }
  return data.check('reader', units.length);
}

describe('a reader', () => {
  beforeEach(() => data.sent('stream', data.fill(3), 3));

  it('that gets what was sent, in any portions, is right', () => {
    expect(reads(1)).toBeNull();
    expect(reads(2, 3)).toBeNull();
    expect(reads()).toBeNull();
  });

  it.each([
    ['a unit twice', [1, 1]],
    ['a unit before the one that was sent before it', [2, 1]],
    ['a unit that nobody sent', [4]],
    ['nothing where a unit was sent', [0]],
    ['a unit without the one that was sent before it', [2]],
    ['the last one without the one in the middle', [1, 3]],
  ])('that gets %s is wrong', (_what, units) => {
    expect(reads(...units)).not.toBeNull();
  });

  it('that gets half of one unit and half of another is wrong, and is shown so', () => {
    reads(1);
    putWord(machine.kernel, machine.user + 8, 2);
    putWord(machine.kernel, machine.user + 12, 2);
    expect(data.check('reader', 1)?.seen).toBe('read a unit with the words 1 1 2 2');
  });

  it('whose data was thrown away may go on with any later unit, but not go back', () => {
    expect(reads(1)).toBeNull();
    data.thrownAway('reader');
    expect(reads(3)).toBeNull();
    expect(reads(2)).not.toBeNull();
  });
});

it('what was filled in and not taken is missed by nobody', () => {
  data.sent('stream', data.fill(3), 1);
  data.sent('stream', data.fill(1), 1);
  expect(reads(1, 4)).toBeNull();
});

it('a datagram may be lost, and still come only once and in order', () => {
  data.fill(1);
  data.fill(1);
  expect(reads(2)).toBeNull();
  expect(reads(1)).not.toBeNull();
});

describe('the reader of a connection', () => {
  /** The words of the units in user memory; their first bytes are these. */
  const gets = (...first: readonly number[]): ReturnType<Data['checkBrought']> => {
    for (const [index, word] of first.entries()) {
      for (let at = 0; at < UNIT; at += 4) putWord(machine.kernel, machine.user + index * UNIT + at, at === 0 ? word : 0);
    }
    return data.checkBrought(3, first.length);
  };
  /** A unit whose bytes are 0, but for the first. */
  const unit = (first: number): Uint8Array => new Uint8Array(UNIT).fill(first, 0, 1);

  it('gets what came, byte for byte, however it was cut', () => {
    data.arrived(3, [unit(1), unit(2).subarray(0, 5)]);
    data.arrived(3, [unit(2).subarray(5)]);
    expect(gets(1)).toBeNull();
    expect(gets(2)).toBeNull();
  });

  it.each([
    ['another byte', [1, 3], 'read 3 as byte 16'],
    ['more than came', [1, 2, 0], 'read 48 bytes'],
  ])('that gets %s is wrong', (_what, words, seen) => {
    data.arrived(3, [unit(1), unit(2)]);
    expect(gets(...words)?.seen).toBe(seen);
  });

  it('that has nothing left to read gets none of what came before', () => {
    data.arrived(3, [unit(1)]);
    data.forget({ unread: () => 1 });
    data.forget({ unread: () => 0 });
    data.arrived(3, [unit(2)]);
    expect(gets(2)).toBeNull();
  });
});
