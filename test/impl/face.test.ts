/** The face: options that are checked, errors that are for people, objects for addresses, and capacity from four sockets to a hundred thousand. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { attach, createKernel, KernelPanic, SocketError, type Sockets } from '../../impl/index.ts';
import { f_data, so_count } from '../../impl/layout.ts';
import { get, put, viewKernel } from '../../impl/memory.ts';
import { PANIC_SORELE } from '../../impl/panic.ts';
import { descriptor } from '../../impl/raw.ts';
import { packageRoot } from '../../oracle/root.ts';
import { spawn } from './workers/spawn.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

function errorOf(action: () => unknown): SocketError {
  try {
    action();
  } catch (error) {
    if (error instanceof SocketError) return error;
    throw error;
  }
  throw new Error('this was to fail');
}

describe('createKernel', () => {
  it('refuses a bad option with its name, what was given and what is allowed', () => {
    expect(() => createKernel({ sockets: 0 })).toThrow("option 'sockets' is 0; it must be a whole number from 1 to 1000000");
    expect(() => createKernel({ mbufBytes: 10 })).toThrow(
      "option 'mbufBytes' is 10; it must be a whole number from 4 to 65536, a multiple of 4",
    );
    expect(() => createKernel({ sleepChains: 12 })).toThrow('a power of two');
    expect(() => createKernel({ threads: 1.5 })).toThrow("'threads' is 1.5");
    expect(() => createKernel({ portFirst: 9, portLast: 8 })).toThrow('portFirst 9 is above portLast 8');
    expect(() => createKernel(JSON.parse('{"socket": 3}'))).toThrow("no option 'socket'");
    expect(() => createKernel(JSON.parse('{"witness": "yes"}'))).toThrow("'witness' must be true or false, not yes");
    expect(() => createKernel({ mbufs: 10_000_000, mbufBytes: 65536 })).toThrow('more than the 2 GiB');
  });

  it('makes a kernel of four sockets in a few kilobytes', () => {
    const options = {
      sockets: 4,
      threads: 2,
      mbufs: 8,
      mbufBytes: 16,
      names: 4,
      userBytes: 64,
      handles: 2,
      wireSegments: 4,
      tcpReassembly: 4,
    };
    const kernel = createKernel({ ...options, sleepChains: 1, sendSpace: 32, recvSpace: 32 });
    expect(kernel.byteLength).toBeLessThan(16384);
    const sockets = attach(kernel, { blocking: false });
    const [a, b] = sockets.socketpair();
    sockets.send(a, bytes('sixteen bytes...and more'));
    const target = new Uint8Array(24);
    expect(sockets.recv(b, target)).toBe(24);
    expect(text(target)).toBe('sixteen bytes...and more');
  });

  it('makes a kernel of a hundred thousand, and fills and empties it', async () => {
    // In a worker, because that runs the built code: the test runner's way of loading sources costs more than the sockets.
    expect(await spawn('fill_worker', 100_000).answer).toBe(100_000);
  });
});

describe('attach', () => {
  it('wants a kernel, and a free thread record', () => {
    expect(() => attach(new SharedArrayBuffer(4096))).toThrow('this is no kernel');
    expect(() => attach(new SharedArrayBuffer(3))).toThrow(TypeError);
    expect(() => attach(new ArrayBuffer(4096) as unknown as SharedArrayBuffer)).toThrow(TypeError);
    const kernel = createKernel({ threads: 2 });
    const first = attach(kernel);
    attach(kernel);
    expect(() => attach(kernel)).toThrow('all 2 thread records are in use');
    first.detach();
    expect(attach(kernel).thread).toBe(first.thread);
  });
});

describe('a call that fails', () => {
  const sockets = attach(createKernel({ sockets: 8 }), { blocking: false });

  it('throws an error with code, number, call and a reason', () => {
    const error = errorOf(() => sockets.close(5));
    expect([error.name, error.code, error.errno, error.syscall]).toEqual(['SocketError', 'EBADF', -9, 'close']);
    expect(error.message).toBe('close EBADF: no such descriptor');
    expect(errorOf(() => sockets.connect(sockets.socket('unix', 'stream'), { family: 'unix', name: 1 })).message).toContain('ENOENT');
  });

  it('calls EWOULDBLOCK by the name it has in Node', () => {
    const [, b] = sockets.socketpair();
    sockets.setNonBlocking(b, true);
    expect(errorOf(() => sockets.recv(b, new Uint8Array(1))).code).toBe('EAGAIN');
  });

  it('after a part of a long send was taken, says how much', () => {
    const small = attach(createKernel({ sockets: 8, userBytes: 100, sendSpace: 1000, recvSpace: 1000, sendLowWater: 1 }), {
      blocking: false,
    });
    const [a] = small.socketpair();
    expect(small.send(a, new Uint8Array(2500))).toBe(1000);
    expect(errorOf(() => small.send(a, new Uint8Array(1))).code).toBe('EINTR');
  });
});

describe('addresses', () => {
  const sockets: Sockets = attach(createKernel({ sockets: 16 }), { blocking: false });

  it('of UNIX sockets are names', () => {
    const listener = sockets.socket('unix', 'stream');
    expect(sockets.getsockname(listener)).toBeNull();
    sockets.bind(listener, { family: 'unix', name: 0 });
    sockets.listen(listener);
    const client = sockets.socket('unix', 'stream');
    sockets.bind(client, { family: 'unix', name: 3 });
    sockets.connect(client, { family: 'unix', name: 0 });
    const { fd, peer } = sockets.accept(listener);
    expect(peer).toEqual({ family: 'unix', name: 3 });
    expect(sockets.getpeername(client)).toEqual({ family: 'unix', name: 0 });
    expect(sockets.getsockname(fd)).toEqual({ family: 'unix', name: 0 });
    expect(errorOf(() => sockets.getpeername(listener)).code).toBe('ENOTCONN');
    expect([sockets.getOption(listener, 'listening'), sockets.getOption(fd, 'listening')]).toEqual([1, 0]);
  });

  it('of Internet sockets are hosts and ports', () => {
    const [a, b] = [sockets.socket('inet', 'dgram'), sockets.socket('inet', 'dgram')];
    sockets.bind(a, { family: 'inet', host: 1, port: 7 });
    expect(sockets.send(b, bytes('to seven'), { to: { family: 'inet', host: 1, port: 7 } })).toBe(8);
    expect(sockets.drainWire()).toBe(1);
    const target = new Uint8Array(8);
    expect(sockets.recvFrom(a, target)).toMatchObject({ length: 8, from: { family: 'inet', host: 1, port: 49152 } });
    expect(text(target)).toBe('to seven');
    expect(errorOf(() => sockets.send(b, new Uint8Array(70_000), { to: { family: 'inet', host: 1, port: 7 } })).code).toBe('EMSGSIZE');
  });
});

describe('arguments that name nothing', () => {
  const sockets: Sockets = attach(createKernel({ sockets: 4, threads: 2 }), { blocking: false });

  it('are refused, whatever they are', () => {
    const fd = sockets.socket('unix', 'stream');
    for (const bad of [Number.NaN, 0.5, Number.POSITIVE_INFINITY, 2 ** 40, -1]) {
      expect(errorOf(() => sockets.close(bad)).code).toBe('EBADF');
      expect(errorOf(() => sockets.bind(fd, { family: 'unix', name: bad })).code).toBe('EINVAL');
      expect(errorOf(() => sockets.interrupt(bad)).code).toBe('EINVAL');
    }
    expect(errorOf(() => sockets.interrupt(sockets.thread + 1)).code).toBe('EINVAL');
    expect(() => sockets.getOption(fd, JSON.parse('"colour"'))).toThrow("there is no option 'colour'; there are linger, error");
    expect(() => sockets.socket(JSON.parse('"inet7"'), 'stream')).toThrow("there is no domain 'inet7'; there are unix, inet, inet6");
  });

  it('are those of a thread that has left', () => {
    const other = attach(createKernel({ sockets: 4 }));
    other.detach();
    expect(() => other.socket('unix', 'stream')).toThrow('attach again');
    expect(() => other.detach()).toThrow('attach again');
  });
});

describe('options and references', () => {
  const sockets = attach(createKernel({ sockets: 8, handles: 1 }), { blocking: false });

  it('are numbers by name', () => {
    const fd = sockets.socket('inet', 'stream');
    sockets.setOption(fd, 'linger', 30);
    sockets.setOption(fd, 'noDelay', 1);
    expect([sockets.getOption(fd, 'linger'), sockets.getOption(fd, 'noDelay'), sockets.getOption(fd, 'error')]).toEqual([30, 1, 0]);
    expect(errorOf(() => sockets.setOption(fd, 'listening', 1)).code).toBe('ENOPROTOOPT');
  });

  it('are taken with hold and given back with release', () => {
    const [a, b] = sockets.socketpair();
    const handle = sockets.hold(a);
    expect(errorOf(() => sockets.hold(b)).code).toBe('EMFILE');
    sockets.close(a);
    sockets.close(b);
    const before = sockets.statistics().sockets;
    sockets.release(handle);
    expect(sockets.statistics().sockets).toBe(before - 1);
  });
});

describe('a broken invariant', () => {
  it('stops the call with its code, and every call after it', () => {
    const kernel = createKernel({ sockets: 4 });
    const sockets = attach(kernel, { blocking: false });
    const fd = sockets.socket('unix', 'stream');
    const k = viewKernel(kernel);
    const so = get(k, descriptor(k, fd) + f_data);
    put(k, so + so_count, 0);
    let thrown: unknown;
    try {
      sockets.close(fd);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(KernelPanic);
    expect(thrown).toMatchObject({ panicCode: PANIC_SORELE, about: so });
    expect(() => sockets.socket('unix', 'stream')).toThrow(`kernel panic ${PANIC_SORELE}`);
    expect(() => attach(kernel).dup(0)).toThrow(KernelPanic);
  });
});

describe('the example', () => {
  it('has two workers talk over a UNIX socket, and every byte arrives', () => {
    const output = execFileSync(process.execPath, [`${packageRoot()}/test/examples/unix-two-workers.mjs`, '8'], { encoding: 'utf8' });
    expect(output).toContain('8 MiB sent, and every byte arrived in its place');
    expect(output).toContain('left over: 0 sockets, 0 files, 0 mbufs');
  });
});
