/** The interpreter and the machine agree at every step: memory, who can go on, what each rests before, who waits, results. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import * as raw from '../../impl/raw.ts';
import { compileImplementation } from '../../oracle/compile/impl-frontend.ts';
import { emitImplementation } from '../../oracle/compile/impl-javascript.ts';
import { loadImplementation } from '../../oracle/compile/impl-machine.ts';
import { DOORS } from '../../oracle/compile/ir-impl.ts';
import { Interpreter } from '../../oracle/schedule/interpreter.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import { OP_GUARD, OP_NONE } from '../../oracle/schedule/operation.ts';
import type { Program } from '../../oracle/schedule/program.ts';
import { traceOf } from '../../oracle/schedule/trace.ts';
import { dice } from '../compile/differential.ts';
import { CAMPAIGN } from '../campaign.ts';
import { constant, equals, local, makeFunction, makeProgram, threads } from './programs.ts';
import { describeProgram, mixture, smallProgram } from './small.ts';

type Granularity = 'block' | 'access';
const GRANULARITIES: readonly Granularity[] = ['block', 'access'];

function stateOfMachine(machine: Machine): unknown {
  const agents = Array.from({ length: machine.agents }, (_, agent) => {
    const kind = machine.opKind[agent] ?? OP_NONE;
    const rests = machine.status(agent) === 'ready' || machine.status(agent) === 'guarded';
    return {
      status: machine.status(agent),
      position: machine.position(agent),
      results: [...machine.results(agent)],
      rests: rests ? [kind === OP_GUARD ? 'guard' : DOORS[kind - 1], machine.opFrom[agent], machine.opBytes[agent]] : null,
      stack: rests && kind !== OP_GUARD ? machine.stack(agent) : null,
    };
  });
  const waiters = machine.waiters().map(({ agent, ticket, at, timed }) => [agent, ticket, at, timed]);
  return { agents, waiters, enabled: machine.enabled(), ended: machine.hasEnded(), violation: machine.violation?.id ?? null };
}

function stateOfInterpreter(interpreter: Interpreter): unknown {
  const agents = interpreter.program.agents.map((_, agent) => {
    const status = interpreter.status(agent);
    const pending = status === 'ready' || status === 'guarded' ? interpreter.pending(agent) : null;
    return {
      status,
      position: interpreter.position(agent),
      results: [...interpreter.results(agent)],
      rests: pending === null ? null : [pending.door, pending.from, pending.bytes],
      stack: pending === null || pending.door === 'guard' ? null : pending.stack,
    };
  });
  const waiters = interpreter.waiters().map(({ agent, ticket, at, timed }) => [agent, ticket, at, timed]);
  return { agents, waiters, enabled: interpreter.enabled(), ended: interpreter.hasEnded(), violation: interpreter.violation?.id ?? null };
}

/** Goes a random way with both, and answers how many steps it took. A race ends the way: only the machine looks for them. */
function walk(program: Program, granularity: Granularity, seed: number, patience: number, most: number, where: string): number {
  const roll = dice(seed);
  const machine = new Machine(program, { granularity, hashed: false });
  const interpreter = new Interpreter(program, granularity);
  let last = 0;
  for (let steps = 0; ; steps++) {
    const violation = machine.violation?.id;
    if (violation === 'data-race') return steps;
    if (!machine.words.every((word, at) => word === interpreter.words[at]))
      throw new Error(`memory differs after ${steps} steps; ${where}`);
    expect(stateOfInterpreter(interpreter), `after ${steps} steps; ${where}`).toEqual(stateOfMachine(machine));
    const enabled = machine.enabled();
    if (violation !== undefined || enabled === 0 || steps >= most) return steps;
    const open = Array.from({ length: 2 * machine.agents }, (_, bit) => bit).filter((bit) => ((enabled >> bit) & 1) === 1);
    if (roll(patience) === 0 || !open.includes(last)) last = open[roll(open.length)] ?? 0;
    machine.step(last);
    interpreter.step(last);
  }
}

describe('the interpreter', () => {
  test('agrees with the machine on random schedules of random programs', () => {
    let steps = 0;
    const reached = new Set<string>();
    for (let seed = 1; seed <= 600; seed++) {
      const program = smallProgram(seed, mixture(seed));
      for (const granularity of GRANULARITIES)
        for (let n = 1; n <= 3; n++)
          steps += walk(program, granularity, seed * 10 + n, n, 200, `seed ${seed}, ${granularity}\n${describeProgram(program)}`);
      for (const { script } of program.agents) for (const { fn } of script) reached.add(fn.replace(/_.*/, ''));
    }
    expect(steps).toBeGreaterThan(10_000);
    expect([...reached]).toEqual(expect.arrayContaining(['wait', 'waitFor', 'promise', 'forget', 'increment', 'zero', 'copy', 'xor']));
  });

  test('agrees with the machine on calls of the kernel that meet each other', () => {
    const root = path.resolve(import.meta.dirname, '../..');
    const folders = ['kern', 'net', 'netinet', 'sync', 'unix'];
    const files = [
      ...folders.flatMap((folder) => readdirSync(path.join(root, 'impl', folder)).map((file) => `impl/${folder}/${file}`)),
      ...['panic', 'layout', 'errno'].map((name) => `impl/${name}.ts`),
    ];
    const code = loadImplementation(emitImplementation(compileImplementation({ root, files })));
    const { k, td } = raw.rawKernel({
      sockets: 4,
      descriptors: 5,
      threads: 4,
      mbufs: 12,
      mbufBytes: 16,
      sendSpace: 32,
      recvSpace: 32,
      sendLowWater: 16,
      names: 2,
      handles: 2,
      userBytes: 64,
      wireSegments: 4,
      tcpSegmentBytes: 24,
      sleepChains: 2,
      hashChains: 2,
      witness: true,
      spin: 0,
    });
    const [one, two, three] = [raw.thread_attach(k, 1), raw.thread_attach(k, 1), raw.thread_attach(k, 1)];
    const listener = raw.sys_socket(k, td, raw.AF_UNIX, raw.SOCK_STREAM, 0);
    raw.sys_bind(k, td, listener, 0, 1);
    raw.sys_listen(k, td, listener, 1);
    const client = raw.sys_socket(k, td, raw.AF_UNIX, raw.SOCK_STREAM, 0);
    const call = (fn: string, ...args: number[]): { fn: string; args: number[]; label: string } => ({
      fn,
      args,
      label: `${fn}(${args.join(', ')})`,
    });
    const program: Program = {
      code,
      words: Int32Array.from(k.words),
      agents: [
        { name: 'server', kind: 'thread', script: [call('sys_accept', one, listener), call('sys_close', one, listener)] },
        {
          name: 'client',
          kind: 'thread',
          script: [call('sys_connect', two, client, 0, 1), call('sys_sendto', two, client, 0, 8, 0, raw.NO_ADDRESS, 0)],
        },
        { name: 'other', kind: 'thread', script: [call('sys_dup', three, client), call('sys_close', three, client)] },
      ],
    };
    let steps = 0;
    for (let seed = 1; seed <= 12; seed++)
      steps += walk(program, seed % 2 === 0 ? 'access' : 'block', seed, 1 + 3 * (seed % 5), 1200, `seed ${seed}`);
    expect(steps).toBeGreaterThan(3_000);
  });
});

test.runIf(CAMPAIGN)('a trace of one who spins is short, and all of what others did is in it', () => {
  const spinner = makeFunction('spinner', 0, 1, [
    { door: 'load', args: [constant(1)], result: 0 },
    { door: 'get', args: [constant(2)], result: 0 },
    { unless: equals(local(0), constant(1)), goTo: 1 },
  ]);
  const other = makeFunction('other', 0, 0, [
    { door: 'add', args: [constant(3), constant(1)] },
    { door: 'add', args: [constant(3), constant(1)] },
  ]);
  const { events, end } = traceOf(makeProgram([spinner, other], 4, threads(['spinner'], ['other'])), [1, 1, 0], 'block');
  expect([end.violation?.id, end.violation?.agent]).toEqual(['unordered-spin', 0]);
  expect(events.slice(0, 3).map(({ agent, door, step }) => [agent, door, step])).toEqual([
    [1, 'add', 0],
    [1, 'add', 1],
    [0, 'load', 2],
  ]);
  expect(events.slice(3).every(({ agent, door }) => agent === 0 && door === 'get')).toBe(true);
  expect([events.length > 100, events.length < 2_000]).toEqual([true, true]);
});
