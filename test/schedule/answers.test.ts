/** What getsockopt leaves in user memory is part of the history: an error is told once, whoever asks. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { replace } from '../../oracle/run/faults/edit.ts';
import { judge } from '../../oracle/schedule/judgement.ts';
import { call, type Scenario } from '../../oracle/schedule/kernel/scenario.ts';
import type { Change } from '../../oracle/schedule/museum/entry.ts';
import { faultyImplementation } from '../../oracle/schedule/museum/faulty.ts';
import { kernelTarget } from '../../oracle/schedule/targets/kernel.ts';
import { pristineTarget } from '../../oracle/schedule/targets/pristine.ts';
import { requestTo } from './exploring.ts';
import { tcpConnected, udpConnected, wire } from '../museum/settings.ts';

const out = mkdtempSync(join(tmpdir(), 'answers-'));
afterAll(() => rmSync(out, { recursive: true }));

const request = requestTo(out, { strategy: 'states' });

const twoAsk: Scenario = {
  id: 'geterror-geterror',
  about: 'an error comes, and two threads ask for it',
  citation: 'G97',
  prologue: udpConnected,
  segments: [{ what: 'unreachable', fd: 0 }],
  threads: [[call('geterror', { fd: 0 })], [call('geterror', { fd: 0 })]],
  actors: wire(1),
  events: [{ event: 'unreachable', times: 1 }],
};

const setAndGet: Scenario = {
  id: 'setsockopt-getsockopt',
  about: 'an option is set while another thread asks for it',
  citation: 'G21',
  prologue: tcpConnected,
  threads: [[call('setsockopt', { fd: 0, on: true })], [call('getsockopt', { fd: 0 })]],
};

const inTwoSteps: Change = {
  file: 'impl/kern/sockopt.ts',
  change: (source) => {
    source.needs('../memory.ts', 'load', 'store');
    source.gains('function take(k: Kernel, at: number): number { const error = load(k, at); store(k, at, 0); return error; }');
    replace(source.in('sogetopt').call('exchange', 'so + so_error'), 'take(k, so + so_error)');
  },
};

test.each([twoAsk, setAndGet])('$id holds', async (scenario) => {
  const { row } = await judge(await pristineTarget(scenario), request);
  expect(row.verdict).toBe('holds');
  expect(row.bound).toContain('complete');
});

test('an error that two are told is found, by its name', async () => {
  const target = await kernelTarget(twoAsk, await faultyImplementation({ id: 'twice', changes: [inTwoSteps] }));
  const { row, found } = await judge(target, request);
  expect(found?.id).toBe('history');
  expect(row.detail).toContain('ECONNREFUSED');
});

test('an option that is not what was set is found', async () => {
  const change: Change = {
    file: 'impl/kern/syscalls.ts',
    change: (source) => replace(source.in('sys_getsockopt').call('kern_getsockopt'), 'kern_getsockopt(k, td, fd, level, name, 0)'),
  };
  const target = await kernelTarget(
    { ...setAndGet, threads: [[call('setsockopt', { fd: 0, on: true }), call('getsockopt', { fd: 0 })]] },
    await faultyImplementation({ id: 'elsewhere', changes: [change] }),
  );
  expect((await judge(target, request)).found?.id).toBe('history');
});
