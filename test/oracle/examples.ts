/** One valid counterexample of each engine, for tests that need a file and for tests that spoil one. */
import type { ExploreCounterexample, ProveCounterexample, RunCounterexample, StressCounterexample } from '../../oracle/counterexample.ts';

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

export const exploreExample: ExploreCounterexample = {
  format: 'sockref-counterexample/1',
  engine: 'explore',
  subject: 'impl',
  design: 'sockref',
  scenario: 'shutdown-accept',
  seed: 1,
  breaks: 'lost-wakeup',
  fault: 'G49',
  granularity: 'block',
  atomicLocks: false,
  configuration: { SOCKETS: 3, THREADS: 2 },
  program: {
    id: 'shutdown-accept',
    about: 'a listener is shut down while a thread is about to sleep in accept',
    citation: 'G49',
    sizes: { SOCKETS: 3 },
    prologue: [{ name: 'socket', args: { asked: 'unix' } }],
    segments: [{ what: 'ack', fd: 0, units: 0, fin: true }],
    threads: [
      [
        { name: 'accept', args: { fd: 0 } },
        { name: 'close', args: { fd: { resultOf: 0 } } },
      ],
      [{ name: 'shutdown', args: { fd: 0, how: 'both' } }],
    ],
    actors: [
      { kind: 'wire', deliveries: 1 },
      { kind: 'signal', thread: 0 },
    ],
    events: [{ event: 'ack', times: 1, most: 2 }],
  },
  steps: [
    {
      thread: 'T1',
      operation: 'compareExchange',
      arguments: { address: 22, expected: 0, replacement: 400, result: 0 },
      source: 'impl/sync/mutex.ts:44',
      fingerprint: '00c0ffee0badcafe',
    },
    {
      thread: 'T1',
      operation: 'wait',
      arguments: { address: 401, expected: 1, result: 0 },
      source: 'impl/sync/sleepqueue.ts:170',
      fingerprint: '0badcafe00c0ffee',
      seen: 'T1 sleeps',
      allowed: 'accept returns ECONNABORTED',
    },
  ],
};

export const stressExample: StressCounterexample = {
  format: 'sockref-counterexample/1',
  engine: 'stress',
  subject: 'impl',
  design: 'sockref',
  scenario: 'two-closes',
  seed: 1,
  breaks: 'history',
  fault: null,
  configuration: { SOCKETS: 3, THREADS: 2 },
  program: {
    id: 'two-closes',
    about: 'a descriptor is closed twice',
    citation: '',
    prologue: [{ name: 'socket', args: { asked: 'unix' } }],
    threads: [[{ name: 'close', args: { fd: 0 } }], [{ name: 'close', args: { fd: 0 } }]],
  },
  steps: [
    { thread: 'T1', operation: 'close', arguments: { call: 0 }, source: 'impl/kern/close.ts:12', fingerprint: 'a1' },
    {
      thread: 'T1',
      operation: 'close',
      arguments: { call: 0, result: -9 },
      source: 'impl/kern/close.ts:12',
      fingerprint: 'b2',
      seen: 'close(fd 0) = EBADF is not admitted here',
    },
  ],
};

export const litmusExample: ExploreCounterexample = {
  format: 'sockref-counterexample/1',
  engine: 'explore',
  subject: 'litmus',
  design: null,
  scenario: 'futex-mutex',
  seed: 1,
  breaks: 'assertion',
  fault: null,
  granularity: 'access',
  atomicLocks: false,
  configuration: { threads: 2, ops: 1 },
  program: null,
  steps: [
    {
      thread: 'T1',
      operation: 'load',
      arguments: { address: 0, result: 0 },
      source: 'oracle/schedule/litmus/futex-mutex.ts:12',
      fingerprint: 'a1',
    },
  ],
};
