/** The implementation below the face compiles as a whole, and does on the step machine what it does natively. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import * as raw from '../../impl/raw.ts';
import { CompileError } from '../../oracle/compile/errors.ts';
import { compileImplementation } from '../../oracle/compile/impl-frontend.ts';
import { emitImplementation } from '../../oracle/compile/impl-javascript.ts';
import { loadImplementation, StepMachine } from '../../oracle/compile/impl-machine.ts';
import { dice } from './differential.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** Everything below the face. */
const FILES = [
  ...['kern', 'net', 'netinet', 'sync', 'unix'].flatMap((folder) =>
    readdirSync(path.join(root, 'impl', folder)).map((file) => `impl/${folder}/${file}`),
  ),
  ...['panic', 'layout', 'errno'].map((name) => `impl/${name}.ts`),
];

const code = loadImplementation(emitImplementation(compileImplementation({ root, files: FILES }), { checked: true }));

type Native = Readonly<Record<string, (k: raw.Kernel, td: number, ...args: number[]) => number | undefined>>;

const OPTIONS = {
  sockets: 6,
  descriptors: 5,
  threads: 3,
  mbufs: 24,
  mbufBytes: 16,
  sendSpace: 64,
  recvSpace: 64,
  sendLowWater: 16,
  names: 3,
  handles: 2,
  userBytes: 64,
  wireSegments: 8,
  tcpSegmentBytes: 24,
  tcpMsl: 2,
  tcpRetransmitFirst: 1,
  tcpRetransmitMost: 4,
  sleepChains: 2,
  hashChains: 2,
  witness: true,
  spin: 0,
} as const;

/** A random call with arguments that are often, but not always, sensible. */
function anyCall(roll: (below: number) => number): { name: string; args: readonly number[] } {
  const fd = roll(6);
  const host = roll(8) === 0 ? 2 : raw.HOST_LOCAL;
  const port = 1 + roll(3);
  const domain = [raw.AF_UNIX, raw.AF_INET][roll(2)] ?? 0;
  const type = [raw.SOCK_STREAM, raw.SOCK_DGRAM][roll(2)] ?? 0;
  const length = roll(40);
  const none = roll(2) === 0 ? raw.NO_ADDRESS : host;
  const calls: readonly (readonly [string, ...number[]])[] = [
    ['sys_socket', domain, domain === raw.AF_UNIX ? raw.SOCK_STREAM : type, 0],
    ['sys_socketpair', raw.AF_UNIX, raw.SOCK_STREAM, 0],
    ['sys_bind', fd, host, port],
    ['sys_listen', fd, roll(3)],
    ['sys_accept', fd],
    ['sys_connect', fd, host, port],
    ['sys_connect', fd, host, port],
    ['sys_connect2', fd, roll(6)],
    ['sys_disconnect', fd],
    ['sys_sendto', fd, 0, length, 0, none, port],
    ['sys_sendto', fd, 0, length, 0, raw.NO_ADDRESS, 0],
    ['sys_recvfrom', fd, 0, length, 0],
    ['sys_recvfrom', fd, 0, length, 0],
    ['sys_shutdown', fd, roll(3)],
    ['sys_setnbio', fd, roll(2)],
    ['sys_getsockname', fd],
    ['sys_getpeername', fd],
    ['sys_dup', fd],
    ['sys_close', fd],
    ['sys_fgetsock', fd],
    ['sys_fputsock', roll(2)],
    ['sys_tick'],
    ['wire_deliver'],
    ['wire_deliver'],
    ['wire_deliver'],
    ['wire_drop', roll(2)],
    ['wire_defer', roll(2)],
    ['wire_duplicate'],
  ];
  const [name, ...args] = calls[roll(calls.length)] ?? ['sys_tick'];
  return { name, args };
}

/** A TCP connection to a listener on this host, accepted, and some data: what random calls seldom get to. */
const CONNECTED: readonly (readonly [string, ...number[]])[] = [
  ['sys_socket', raw.AF_INET, raw.SOCK_STREAM, 0],
  ['sys_bind', 0, raw.HOST_LOCAL, 1],
  ['sys_listen', 0, 2],
  ['sys_socket', raw.AF_INET, raw.SOCK_STREAM, 0],
  ['sys_connect', 1, raw.HOST_LOCAL, 1],
  ['wire_deliver'],
  ['wire_deliver'],
  ['wire_deliver'],
  ['sys_accept', 0],
  ['sys_sendto', 1, 0, 30, 0, raw.NO_ADDRESS, 0],
  ['wire_deliver'],
  ['wire_deliver'],
  ['sys_recvfrom', 2, 0, 20, 0],
];

function firstDifference(a: Int32Array, b: Int32Array): number {
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return index;
  return -1;
}

describe('the implementation on the step machine', () => {
  test('what is not C-like is refused with place and advice', () => {
    const file = 'impl/kern/refused.ts';
    const refused: readonly (readonly [string, string])[] = [
      [
        'const shared = [1]; export function f(k: Kernel): number { return shared[0] ?? 0; }',
        'this is not in the language of the implementation',
      ],
      ['let count = 0; export function f(k: Kernel): void { count++; }', 'something other than functions and constants'],
      [
        "export function f(k: Kernel, name: string): void { put(k, 1, name === 'x' ? 1 : 0); }",
        'a value that is not a number or a boolean',
      ],
      ['export function f(k: Kernel): number { return k.words[0] ?? 0; }', 'this is not in the language of the implementation'],
      ['export function f(k: Kernel): void { try { put(k, 1, 1); } finally { put(k, 1, 0); } }', 'exceptions as control flow'],
      ['export function f(k: Kernel): void { for (const x of [1, 2]) put(k, 1, x); }', 'this is not in the language of the implementation'],
      ['export function f(k: Kernel, g: (x: number) => number): void { put(k, 1, g(1)); }', 'a value that is not a number or a boolean'],
      ['export function f(k: Kernel): void { put(k, 1, Math.random()); }', 'of `Math` there are imul, min, max and clz32'],
      ['export function f(k: Kernel): void { put(k, 1, 0.5); }', 'a number that is not whole'],
      ['export function f(k: Kernel): void { put(k, 1, get(k, 2) / 2); }', 'a division'],
      ['export async function f(k: Kernel): Promise<void> { put(k, 1, 1); }', 'an asynchronous function'],
      ['export function f(k: Kernel, a: number): void { if (a) put(k, 1, a || 2); }', 'a number where a condition is needed'],
      ['export function f(k: Kernel): void { copyBytesIn(k, 0, new Uint8Array(1), 0, 1); }', 'an object made at run time'],
      ['export function f(k: Kernel): void { waitFor(k, 0, 0, 1); }', '`waitFor` of the door is for the face only'],
    ];
    for (const [text, says] of refused) {
      const source = `import { copyBytesIn, get, type Kernel, put, waitFor } from '../memory.ts';\n${text}\n`;
      const compile = (): unknown => compileImplementation({ root, files: [file], sources: { [file]: source } });
      expect(compile, text).toThrow(CompileError);
      expect(compile, text).toThrow(`${file}:2:`);
      expect(compile, text).toThrow(says);
    }
  });

  test('everything below the face compiles', () => {
    expect(code.artefact.program.functions.length).toBeGreaterThan(300);
    for (const name of ['sys_socket', 'sys_accept', 'soclose', 'tcp_input', 'mtx_lock', 'wire_deliver'])
      expect(code.artefact.program.names).toHaveProperty(name);
  });

  test('random calls leave the same memory as natively', () => {
    let calls = 0;
    let steps = 0;
    const succeeded = new Set<string>();
    for (let seed = 1; seed <= 30; seed++) {
      const roll = dice(seed);
      const { k, td } = raw.rawKernel(OPTIONS);
      const machine = new StepMachine(code, Int32Array.from(k.words), 1);
      const trace: string[] = [];
      for (let n = 0; n < 150; n++) {
        const [given, ...givenArgs] = seed % 2 === 0 ? (CONNECTED[n] ?? []) : [];
        const { name, args } = given === undefined ? anyCall(roll) : { name: given, args: givenArgs };
        trace.push(`${name}(${args.join(', ')})`);
        const native = (raw as unknown as Native)[name];
        if (native === undefined) throw new Error(`impl/raw.ts has no ${name}`);
        const expected = native(k, td, ...args);
        machine.call(0, name, [td, ...args]);
        steps += machine.run(0);
        calls++;
        const where = `seed ${seed}\n${trace.slice(-12).join('\n')}`;
        expect(machine.status(0), where).toBe('idle');
        expect(machine.result(0), where).toBe(expected ?? 0);
        const at = firstDifference(machine.words, k.words);
        if (at >= 0) throw new Error(`word ${at} is ${machine.words[at]}, natively ${k.words[at]}; ${where}`);
        if ((expected ?? 0) >= 0) succeeded.add(name);
      }
    }
    const never = [...new Set(Array.from({ length: 2000 }, (_, n) => anyCall(dice(n)).name))].filter((name) => !succeeded.has(name));
    expect(never).toEqual([]);
    expect(calls).toBe(4500);
    expect(steps).toBeGreaterThan(100_000);
  });

  test('threads meet in every order: accept sleeps and is woken, or finds the connection there', () => {
    const { k, td } = raw.rawKernel(OPTIONS);
    const threads = [raw.thread_attach(k, 1), raw.thread_attach(k, 1)];
    const listener = raw.sys_socket(k, td, raw.AF_UNIX, raw.SOCK_STREAM, 0);
    raw.sys_bind(k, td, listener, 0, 1);
    raw.sys_listen(k, td, listener, 1);
    const client = raw.sys_socket(k, td, raw.AF_UNIX, raw.SOCK_STREAM, 0);
    const start = new StepMachine(code, Int32Array.from(k.words), 2);
    start.call(0, 'sys_accept', [threads[0] ?? 0, listener]);
    start.call(1, 'sys_connect', [threads[1] ?? 0, client, 0, 1]);
    let slept = 0;
    const ends = new Set<string>();
    for (let seed = 1; seed <= 200; seed++) {
      const roll = dice(seed);
      const machine = start.clone();
      const patience = 4 + 60 * (seed % 4);
      let blocked = false;
      for (
        let thread = roll(2);
        machine.status(0) === 'ready' || machine.status(1) === 'ready';
        thread = roll(patience) === 0 ? 1 - thread : thread
      ) {
        if (machine.status(0) === 'blocked') blocked = true;
        if (machine.status(thread) === 'ready') machine.step(thread);
      }
      if (blocked) slept++;
      expect([machine.status(0), machine.status(1)], `seed ${seed}`).toEqual(['idle', 'idle']);
      ends.add(`${machine.result(0)} ${machine.result(1)}`);
    }
    expect([...ends]).toEqual(['2 0']);
    expect(slept).toBeGreaterThan(20);
    expect(slept).toBeLessThan(200);
  });

  test('a stack that is too small is said to be', () => {
    const { k, td } = raw.rawKernel(OPTIONS);
    const tight = loadImplementation(emitImplementation(code.artefact.program, { threadWords: 24 }));
    const machine = new StepMachine(tight, Int32Array.from(k.words), 2);
    machine.call(1, 'sys_socketpair', [td, raw.AF_UNIX, raw.SOCK_STREAM, 0]);
    expect(() => machine.run(1)).toThrow('the stack of a thread is full');
  });

  test('a thread says where it stands', () => {
    const { k, td } = raw.rawKernel(OPTIONS);
    const machine = new StepMachine(code, Int32Array.from(k.words), 1);
    machine.call(0, 'sys_tick', [td]);
    expect(machine.pending(0)).toMatchObject({ door: 'load', args: [raw.h_panic, 0, 0], source: { file: 'impl/kern/syscalls.ts' } });
    expect(machine.stack(0).map((frame) => frame.name)).toEqual(['enter', 'sys_tick']);
    machine.run(0);
    expect(machine.pending(0)).toBeNull();
    expect(machine.frames.every((word) => word === 0)).toBe(true);
  });
});
