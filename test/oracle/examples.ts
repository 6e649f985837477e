/** One valid counterexample of each engine, for tests that need a file and for tests that spoil one. */
import type { ProveCounterexample, RunCounterexample } from '../../oracle/counterexample.ts';

export const runExample: RunCounterexample = {
  format: 'sockref-counterexample/1',
  engine: 'run',
  subject: 'impl',
  design: 'sockref',
  scenario: 'program',
  seed: 1,
  breaks: 'returned-value',
  fault: 'dropped-soref',
  configuration: { sockets: 4, threads: 1 },
  steps: [
    {
      thread: 'thread 0',
      operation: 'socket',
      arguments: { domain: 1, type: 'stream', nonblocking: false },
      source: 'impl/kern/syscalls.ts:31',
      fingerprint: '00c0ffee',
    },
    {
      thread: 'thread 0',
      operation: 'close',
      arguments: { fd: 3 },
      source: 'impl/kern/syscalls.ts:77',
      fingerprint: '0badcafe',
      seen: 'close returned 9 (EBADF)',
      allowed: 'close returns 0\nrule close_1',
    },
  ],
};

export const proveExample: ProveCounterexample = {
  format: 'sockref-counterexample/1',
  engine: 'prove',
  subject: 'model',
  design: 'p06',
  scenario: 'bounded trace',
  seed: 0,
  breaks: 'pcb-while-valid',
  configuration: { sockets: 3, threads: 2 },
  steps: [{ thread: 'wire', operation: 'continue', arguments: {}, source: 'model/calls/connect.ts:12', fingerprint: 'a1' }],
};
