/** The monitor admits what the specification does and nothing else: one call after the other, overlapping, and on real threads. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UNIT } from '../../oracle/adapter.ts';
import { Cells } from '../../oracle/run/cells.ts';
import { type Configuration, operations, type Operation, programs } from '../../oracle/run/operations.ts';
import { isRefusal, operationOf } from '../../oracle/run/signatures.ts';
import { type Result, Specification } from '../../oracle/run/specification.ts';
import { admits, refusal } from '../../oracle/schedule/kernel/history.ts';
import { KernelMonitor, type ModelCall, type Seen } from '../../oracle/schedule/kernel/monitor.ts';
import { TINY } from '../../oracle/schedule/kernel/scenario.ts';
import { compiledSpecification, SPECIFICATION } from '../../oracle/specification.ts';
import * as E from '../../impl/errno.ts';
import * as L from '../../impl/layout.ts';
import { type BruteCall, histories } from './kernel-brute.ts';

const sizes: Configuration = TINY;
const model = await compiledSpecification(SPECIFICATION, { ...sizes, THREADS: 2 });
const cells = new Cells(model);
const ERRNO = new Map<string, number>(Object.entries(E));

/** What the implementation would return; of a geterror what the error was, of a kevent that too. */
function returned(name: string, { errno, value, answer }: Result): number {
  if (errno !== 'none') return -(ERRNO.get(errno) ?? 999);
  const told = ERRNO.get(answer) ?? 0;
  if (name === 'geterror' || name === 'kevent') return name === 'geterror' ? told : value + 65_536 * told;
  if (name === 'poll')
    return [L.POLLIN, L.POLLOUT, L.POLLHUP, L.POLLNVAL].reduce((bits, bit, at) => bits | ((value >> at) & 1 ? bit : 0), 0);
  return ['send', 'receive', 'sendmsg', 'recvmsg', 'broadcast'].includes(name) ? value * UNIT : value;
}

/** Of which the specification says nothing: empty records, and datagrams for everybody from who sends none (model/README.md, 5). */
function isUnsaid(specification: Specification, name: string, { fd, amount, mapped }: Operation['args']): boolean {
  const so = typeof fd === 'number' ? specification.socketOf(fd) : null;
  const { protocol, six } = so === null ? { protocol: 'none', six: false } : specification.association(so);
  if (mapped === true && !six) return true;
  if (name === 'broadcast') return so !== null && (six || (protocol !== 'udp' && protocol !== 'raw'));
  return name === 'send' && amount === 0 && (protocol === 'dgram' || protocol === 'seqpacket');
}

function callOf({ name, args }: Operation): ModelCall {
  const { remote: _remote, ...own } = args;
  return { name, args: Object.values(own) };
}

/** Calls that one thread makes one after the other, and what the specification answers. */
function sequential(choices: Parameters<typeof operations>[0][]): {
  readonly calls: readonly ModelCall[];
  readonly results: readonly number[];
} {
  const specification = new Specification(model, cells, sizes);
  specification.reset();
  const calls: ModelCall[] = [];
  const results: number[] = [];
  for (const choice of choices) {
    for (const operation of operations(choice, specification.scene(0), sizes)) {
      const { name, args } = callOf(operation);
      // What happens outside is for others to try.
      const isCall = model.agents[0]?.procedures.some((procedure) => procedure.name === name);
      if (!isCall || isRefusal(operationOf(name, operation.args, sizes)) || isUnsaid(specification, name, operation.args)) continue;
      const result = specification.call(name, args as Operation['args'][string][]);
      calls.push({ name, args });
      results.push(returned(name, result));
    }
  }
  return { calls, results };
}

const watch = (threads: readonly (readonly ModelCall[])[], signals: number, start = model.initial()): KernelMonitor =>
  new KernelMonitor({ model, cells, start, threads, events: signals === 0 ? [] : [{ event: 'signal', times: signals }] });

function sequence(results: readonly number[]): readonly Seen[] {
  return results.flatMap((result, index) => [
    { kind: 'call' as const, agent: 0, index, result: 0 },
    { kind: 'return' as const, agent: 0, index, result },
  ]);
}

describe('one call after the other', () => {
  test('what the specification answers is admitted; with one result altered it is refused just there', () => {
    let refused = 0;
    const property = fc.property(
      programs(10),
      fc.nat(),
      fc.constantFrom(-E.EBADF, -E.EINTR, -E.EPIPE, -E.EFAULT, 0, 1, 2, UNIT, 2 * UNIT),
      (choices, place, other) => {
        const { calls, results } = sequential([...choices]);
        if (calls.length === 0) return;
        const monitor = watch([calls], calls.length);
        expect(admits(monitor, sequence(results)).kind).toBe('admitted');
        const at = place % calls.length;
        const name = calls[at]?.name ?? '';
        const hidden = (name === 'getsockopt' || name === 'geterror') && (results[at] ?? 0) >= 0 && other >= 0;
        if (other === results[at] || hidden) return;
        expect(admits(monitor, sequence(results.with(at, other)))).toMatchObject({ kind: 'refused', at: 2 * at + 1 });
        refused++;
      },
    );
    fc.assert(property, { numRuns: 300, seed: 7 });
    expect(refused).toBeGreaterThan(150);
  });
});

/** Situations of two descriptors, and calls that overlap in them. */
const PAIR: readonly BruteCall[] = [{ name: 'socketpair', args: ['unix'] }];
const LISTENER: readonly BruteCall[] = [
  { name: 'socket', args: ['unix'] },
  { name: 'bind', args: [0, 0] },
  { name: 'listen', args: [0, 1] },
  { name: 'socket', args: ['unix'] },
];
const CALLS: readonly BruteCall[] = [
  { name: 'close', args: [0] },
  { name: 'close', args: [1] },
  { name: 'accept', args: [0] },
  { name: 'connect', args: [1, 0] },
  { name: 'receive', args: [0, 1] },
  { name: 'send', args: [1, 1, false] },
  { name: 'shutdown', args: [0, 'both'] },
  { name: 'shutdown', args: [1, 'write'] },
  { name: 'dup', args: [0] },
  { name: 'socket', args: ['tcp'] },
  { name: 'disconnect', args: [1] },
];

function situation(prologue: readonly BruteCall[]): Int32Array {
  const specification = new Specification(model, cells, sizes);
  specification.reset();
  for (const { name, args } of prologue) specification.call(name, args);
  return specification.words.slice();
}

describe('overlapping calls', () => {
  test('the monitor admits exactly the histories that all interleavings of the model have', () => {
    let compared = 0;
    const call = fc.constantFrom(...CALLS);
    const script = fc.array(call, { minLength: 1, maxLength: 2 });
    const property = fc.property(fc.constantFrom(PAIR, LISTENER), script, script, fc.nat(1), (prologue, first, second, signals) => {
      const start = situation(prologue);
      const scripts = [first, second];
      const found = histories(model, start, scripts, signals);
      const results = new Set([...found].flatMap((history) => history.match(/=\S+/g) ?? []));
      const threads = scripts.map((calls) => calls.map(({ name, args }) => ({ name, args: args as ModelCall['args'] })));
      const monitor = watch(threads, signals, start);
      for (const history of found) {
        const events = history.split(' ').filter((event) => event !== '');
        expect(
          admits(
            monitor,
            events.map((event) => parse(event, scripts)),
          ).kind,
        ).toBe('admitted');
        // And whatever else the last call might have returned.
        const last = events.at(-1) ?? '';
        if (!last.includes('!')) continue;
        for (const result of results) {
          const altered = [...events.slice(0, -1), last.replace(/=.*/, result)];
          const verdict = admits(
            monitor,
            altered.map((event) => parse(event, scripts)),
          ).kind;
          expect(verdict === 'admitted', altered.join(' ')).toBe(found.has(` ${altered.join(' ')}`));
          compared++;
        }
      }
    });
    fc.assert(property, { numRuns: 60, seed: 3 });
    expect(compared).toBeGreaterThan(2000);
  });

  test('a refusal names the call, what was seen, what was allowed and by which rules', () => {
    const monitor = watch([[{ name: 'accept', args: [0] }], [{ name: 'shutdown', args: [0, 'read'] }]], 0, situation(LISTENER));
    const seen: readonly Seen[] = [
      { kind: 'call', agent: 0, index: 0, result: 0 },
      { kind: 'call', agent: 1, index: 0, result: 0 },
      { kind: 'return', agent: 0, index: 0, result: -E.EINVAL },
    ];
    const verdict = admits(monitor, seen);
    expect(verdict).toMatchObject({ kind: 'refused', at: 2 });
    if (verdict.kind !== 'refused') return;
    expect(refusal(monitor, model, verdict.state, seen[2] as Seen)).toBe(
      'accept, call 1 of T1, returned EINVAL; the specification allows ECONNABORTED (accept_5)',
    );
    expect(refusal(monitor, model, 0, { kind: 'return', agent: 0, index: 0, result: 0 })).toContain('does not let it return yet');
  });

  test('too many explanations are no pass', () => {
    const start = situation(LISTENER);
    const monitor = new KernelMonitor({
      model,
      cells,
      start,
      threads: [[{ name: 'accept', args: [0] }], [{ name: 'connect', args: [1, 0] }]],
      events: [{ event: 'signal', times: 1 }],
      cap: 10,
    });
    const seen: readonly Seen[] = [
      { kind: 'call', agent: 0, index: 0, result: 0 },
      { kind: 'call', agent: 1, index: 0, result: 0 },
      { kind: 'return', agent: 0, index: 0, result: 999 },
    ];
    expect(admits(monitor, seen)).toMatchObject({ kind: 'unknown', at: 1 });
    expect(monitor.gaveUp).toContain('more than 10 states');
  });
});

/** "0?1", "1!0=EINTR". */
function parse(event: string, scripts: readonly (readonly BruteCall[])[]): Seen {
  const [, agent, kind, index, result] = /^(\d)([?!])(\d)(?:=(.*))?$/.exec(event) ?? [];
  const name = scripts[Number(agent)]?.[Number(index)]?.name ?? '';
  const isNumber = /^\d+$/.test(result ?? '');
  return {
    kind: kind === '?' ? 'call' : 'return',
    agent: Number(agent),
    index: Number(index),
    result:
      result === undefined
        ? 0
        : returned(name, { errno: isNumber ? 'none' : result, value: isNumber ? Number(result) : 0, answer: 'none' }),
  };
}
