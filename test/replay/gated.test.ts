/**
 * A schedule that breaks something on the step machine must do so on real threads, or the machine has invented it. So the two are taken
 * through the same schedules: each access, each answer, each byte must be the same.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { PANIC_FD_NOT_RESERVED } from '../../impl/panic.ts';
import * as raw from '../../impl/raw.ts';
import { compileImplementation } from '../../oracle/compile/impl-frontend.ts';
import { emitImplementation } from '../../oracle/compile/impl-javascript.ts';
import { loadImplementation } from '../../oracle/compile/impl-machine.ts';
import { DOORS } from '../../oracle/compile/ir-impl.ts';
import { GatedThreads } from '../../oracle/replay/gated/threads.ts';
import { packageRoot } from '../../oracle/root.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import { OP_GUARD } from '../../oracle/schedule/operation.ts';
import type { AgentProgram, Program, ScriptCall } from '../../oracle/schedule/program.ts';
import { transpile } from '../../oracle/transpile.ts';
import { dice } from '../compile/differential.ts';

const root = packageRoot();
const FILES = [
  ...['kern', 'net', 'netinet', 'sync', 'unix'].flatMap((folder) =>
    readdirSync(join(root, 'impl', folder)).map((file) => `impl/${folder}/${file}`),
  ),
  ...['panic', 'layout', 'errno'].map((name) => `impl/${name}.ts`),
];
const code = loadImplementation(emitImplementation(compileImplementation({ root, files: FILES })));
const modules = Object.fromEntries(
  [...FILES, 'impl/memory.ts'].map((file) => [file, transpile(file, readFileSync(join(root, file), 'utf8'))]),
);

const { k, td } = raw.rawKernel({ sockets: 6, descriptors: 6, threads: 4, mbufs: 16, mbufBytes: 16, names: 2, userBytes: 64, spin: 0 });
const tds = [raw.thread_attach(k, 1), raw.thread_attach(k, 1), raw.thread_attach(k, 1)];
const listener = raw.sys_socket(k, td, raw.AF_UNIX, raw.SOCK_STREAM, 0);
raw.sys_bind(k, td, listener, 0, 1);
raw.sys_listen(k, td, listener, 1);
const client = raw.sys_socket(k, td, raw.AF_UNIX, raw.SOCK_STREAM, 0);
const words = Int32Array.from(k.words);

function agent(number: number, name: string, ...calls: readonly (readonly [fn: string, ...args: ScriptCall['args']])[]): AgentProgram {
  const script = calls.map(([fn, ...args]): ScriptCall => ({ fn, args: [tds[number] ?? 0, ...args], label: fn }));
  return { name, kind: 'thread', script };
}

/** Accept and close against connect, send and shutdown; what accept returns is closed. */
const AGENTS: readonly AgentProgram[] = [
  agent(0, 'server', ['sys_accept', listener], ['sys_recvfrom', { resultOf: 0 }, 0, 16, 0], ['sys_close', { resultOf: 0 }]),
  agent(1, 'client', ['sys_connect', client, 0, 1], ['sys_sendto', client, 0, 16, 0, raw.NO_ADDRESS, 0]),
  agent(2, 'closer', ['sys_shutdown', listener, 2], ['sys_close', listener]),
];

let running: GatedThreads | null = null;
afterEach(async () => {
  await running?.stop();
  running = null;
});

async function start(program: Program, granularity: 'block' | 'access'): Promise<readonly [Machine, GatedThreads]> {
  const scripts = program.agents.map(({ script }) => script);
  running = await GatedThreads.start({
    modules,
    access: { kind: 'door', door: 'impl/memory.ts' },
    words: program.words,
    scripts,
    granularity,
  });
  return [new Machine(program, { granularity, hashed: false }), running];
}

function compare(machine: Machine, threads: GatedThreads, where: string): void {
  for (let a = 0; a < machine.agents; a++) {
    const status = machine.status(a);
    const state = threads.state(a);
    expect(state, where).toBe({ ready: 'rests', guarded: 'rests', blocked: 'blocked', done: 'done', panicked: 'panicked' }[status]);
    expect(threads.position(a), where).toBe(machine.position(a));
    expect(
      machine.results(a).map((_, call) => threads.result(a, call)),
      where,
    ).toEqual(machine.results(a));
    const resting = threads.resting(a);
    if (resting === null) continue;
    const kind = machine.opKind[a] ?? 0;
    expect(resting.door, where).toBe(kind === OP_GUARD ? 'guard' : DOORS[kind - 1]);
    if (kind !== OP_GUARD) expect(resting.args, where).toEqual([0, 1, 2].map((n) => machine.opArg(a, n)));
  }
}

function firstDifference(a: Int32Array, b: Int32Array): number {
  return a.findIndex((word, index) => word !== b[index]);
}

describe('real threads, let through one access at a time', () => {
  it.each([
    ['block', 1],
    ['block', 2],
    ['block', 3],
    ['access', 4],
  ] as const)('do what the machine does: %s granularity, schedule %i', async (granularity, seed) => {
    const [machine, threads] = await start({ code, words, agents: AGENTS }, granularity);
    const roll = dice(seed);
    let steps = 0;
    let last = 0;
    while (machine.enabled() !== 0) {
      const enabled = [...Array(machine.agents).keys()].filter((a) => (machine.enabled() & (1 << a)) !== 0);
      // Runs of some length, so that the threads get into each other's way at all depths.
      if (!enabled.includes(last) || roll(8) === 0) last = enabled[roll(enabled.length)] ?? 0;
      const where = `step ${++steps} by ${AGENTS[last]?.name}`;
      machine.step(last);
      threads.step(last);
      compare(machine, threads, where);
      if (machine.violation !== null) break;
      if (steps % 50 === 0) expect(firstDifference(machine.words, threads.words), where).toBe(-1);
    }
    expect(firstDifference(machine.words, threads.words)).toBe(-1);
    expect(machine.violation).toBeNull();
    expect(steps).toBeGreaterThan(150);
  });

  it('panic where the machine panics', async () => {
    // A descriptor that is given back and was never reserved.
    const program = { code, words, agents: [agent(0, 'wrong', ['fdunused', 5])] };
    const [machine, threads] = await start(program, 'block');
    while (machine.enabled() !== 0 && machine.violation === null) {
      machine.step(0);
      threads.step(0);
    }
    expect(machine.violation).toMatchObject({ code: PANIC_FD_NOT_RESERVED });
    expect(threads.state(0)).toBe('panicked');
    expect(threads.panic(0)).toMatchObject({ code: PANIC_FD_NOT_RESERVED, about: 5 });
  });

  it('wait for a guard, and are woken in the order in which they came to wait', async () => {
    const word = (k.words[raw.h_user] ?? 0) >> 2;
    const sleeper = (number: number, name: string): AgentProgram => agent(number, name, ['sys_accept', listener]);
    const late: AgentProgram = {
      name: 'late',
      kind: 'actor',
      script: [{ fn: 'sys_shutdown', args: [tds[2] ?? 0, listener, 2], label: 'shutdown', guard: { word, test: 'zero' } }],
    };
    const [machine, threads] = await start({ code, words, agents: [sleeper(0, 'first'), sleeper(1, 'second'), late] }, 'block');
    const both = (a: number): void => {
      machine.step(a);
      threads.step(a);
      compare(machine, threads, `agent ${a}`);
    };
    for (const a of [0, 1]) while (machine.status(a) === 'ready') both(a);
    expect([threads.state(0), threads.state(1), threads.state(2)]).toEqual(['blocked', 'blocked', 'rests']);
    expect(threads.resting(2)?.door).toBe('guard');
    while (machine.enabled() !== 0) both(31 - Math.clz32(machine.enabled()));
    expect(machine.hasEnded()).toBe(true);
  });
});
