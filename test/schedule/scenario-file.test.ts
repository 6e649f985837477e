/** A scenario of somebody's own is data: what it asks for that can't be is a usage error that names the field, never a fault of the program. */
import { describe, expect, test } from 'vitest';
import { parseScenario } from '../../oracle/schedule/scenario-file.ts';
import { pristineTarget } from '../../oracle/schedule/targets/pristine.ts';
import { UsageError } from '../../oracle/usage.ts';

const receive = { name: 'receive', args: { fd: 0, amount: 1 } };
const close = { name: 'close', args: { fd: 1 } };
const wire = [{ kind: 'wire', deliveries: 1 }];

/** Two connected UNIX sockets, one read from and one closed; with what is different. */
function scenario(different: object): string {
  const prologue = [{ name: 'socketpair', args: { asked: 'unix' } }];
  return JSON.stringify({ id: 'x', about: 'x', citation: 'x', prologue, threads: [[receive], [close]], ...different });
}

async function refusal(different: object): Promise<string | undefined> {
  try {
    await pristineTarget(parseScenario(scenario(different), 'x.json'));
    return undefined;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.details.field;
  }
}

test('one that is as it should be is taken', async () => {
  expect(await refusal({})).toBeUndefined();
  const poll = { name: 'poll', args: { fd: 0, wanted: 'in' }, besides: { fd: 1, first: true } };
  expect(await refusal({ threads: [[{ ...receive, lent: true }], [poll]] })).toBeUndefined();
});

describe('what is refused by its field', () => {
  const first = (call: object): object => ({ threads: [[call], [close]] });
  const segment = (what: object): object => ({ segments: [what], actors: wire });

  test.each([
    ['no threads', { threads: [] }, 'threads'],
    ['a thread without calls', { threads: [[]] }, 'threads[0]'],
    ['more agents than there may be', { threads: Array(12).fill([close]), actors: Array(4).fill(wire[0]) }, 'actors'],
    ['an unknown call', first({ name: 'frob', args: {} }), 'operation'],
    ['the name of what every object has', first({ name: 'toString', args: {} }), 'operation'],
    ['an event as a call', first({ name: 'remote-connect', args: { which: 0 } }), 'threads[0][0]'],
    ['two descriptors of a call that has one', first({ ...close, besides: { fd: 0, first: true } }), 'besides'],
    ['an unknown argument', first({ name: 'close', args: { fd: 0, zz: 1 } }), 'arguments.zz'],
    ['an argument that is missing', first({ name: 'receive', args: { fd: 0 } }), 'arguments.amount'],
    ['an argument that is too large', first({ name: 'close', args: { fd: 1e9 } }), 'arguments.fd'],
    [
      'an amount that is a result',
      { threads: [[receive, { name: 'receive', args: { fd: 0, amount: { resultOf: 0 } } }]] },
      'arguments.amount',
    ],
    ['the result of a later call', first({ name: 'close', args: { fd: { resultOf: 0 } } }), 'threads[0][0].args.fd'],
    ['a name for a socket of unknown kind', first({ name: 'bind', args: { fd: 3, name: 0 } }), 'unix'],
    ['a signal for nobody', { actors: [{ kind: 'signal', thread: 5 }] }, 'actors[0].thread'],
    ['an unknown event', { events: [{ event: 'nope', times: 1 }] }, 'events[0]'],
    ['an unknown size', { sizes: { ROOMS: 3 } }, 'sizes.ROOMS'],
    ['a size of nothing', { sizes: { SOCKETS: 0 } }, 'sizes.SOCKETS'],
    ['a size beyond all measure', { sizes: { SOCKETS: 1_000_000 } }, 'sizes.SOCKETS'],
    ['a segment for a descriptor that is not open', segment({ what: 'rst', fd: 3 }), 'segments[0]'],
    ['a segment for a UNIX socket', segment({ what: 'rst', fd: 0 }), 'segments[0]'],
    ['a datagram for a UNIX socket', segment({ what: 'datagram', fd: 0 }), 'segments[0]'],
  ])('%s', async (_, different, field) => {
    expect(await refusal(different)).toBe(field);
  });
});
