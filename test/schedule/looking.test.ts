/** Sleepers that look first, and wakers that notify late: no wakeup is lost, and each of the steps that see to that is missed when it is gone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { remove, replace } from '../../oracle/run/faults/edit.ts';
import { judge } from '../../oracle/schedule/judgement.ts';
import { call, type Scenario } from '../../oracle/schedule/kernel/scenario.ts';
import { SCENARIOS } from '../../oracle/schedule/kernel/scenarios.ts';
import type { Change } from '../../oracle/schedule/museum/entry.ts';
import { faultyImplementation } from '../../oracle/schedule/museum/faulty.ts';
import { kernelTarget } from '../../oracle/schedule/targets/kernel.ts';
import { pristineTarget } from '../../oracle/schedule/targets/pristine.ts';
import { requestTo } from './exploring.ts';

const out = mkdtempSync(join(tmpdir(), 'looking-'));
afterAll(() => rmSync(out, { recursive: true }));

const request = requestTo(out, { strategy: 'states' });

function named(id: string): Scenario {
  const found = SCENARIOS.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no scenario ${id}`);
  return found;
}

/** The sender wakes the reader, and has to wait for it in the same call. */
const waitsForWhomItWoke: Scenario = {
  id: 'send-more-looking',
  about: 'a sender wakes a reader and then waits for the room that this one makes',
  citation: 'I.6',
  prologue: [call('socketpair', { asked: 'unix' })],
  threads: [[call('receive', { fd: 0, amount: 2 })], [call('send', { fd: 1, amount: 3 })]],
  looks: 1,
};

/** What is wrong, where it is found and as what, the change. */
const FAULTS: readonly (readonly [string, Scenario, string, Change])[] = [
  [
    'who has looked in vain goes to sleep over what has come since',
    named('receive-send-looking'),
    'deadlock',
    {
      file: 'impl/sync/sleepqueue.ts',
      change: (source) => {
        source.gains('function forget(k: Kernel, td: number): number { store(k, td + td_wait, SLEEPING); return SPINNING; }');
        replace(source.in('sleepq_spin').call('compareExchange'), 'forget(k, td)');
      },
    },
  ],
  [
    'the end of a call forgets whom it has still to notify',
    named('receive-send-looking'),
    'missing-notify',
    { file: 'impl/sync/notify.ts', change: (source) => remove(source.in('notify_end').call('notify_kept')) },
  ],
  [
    'a thread goes to sleep before it has notified whom it woke',
    waitsForWhomItWoke,
    'missing-notify',
    { file: 'impl/sync/sleepqueue.ts', change: (source) => remove(source.in('sleepq_block').call('notify_kept')) },
  ],
  [
    'the second to be notified takes the place of the first',
    named('accept-accept-shutdown-looking'),
    'missing-notify',
    { file: 'impl/sync/notify.ts', change: (source) => remove(source.in('notify_thread').call('notify_kept')) },
  ],
];

test.each([named('receive-send-looking'), named('receive-signal-looking'), waitsForWhomItWoke])('$id holds', async (scenario) => {
  const { row } = await judge(await pristineTarget(scenario), request);
  expect(row.verdict).toBe('holds');
  expect(row.bound).toContain('complete');
});

test.each(FAULTS)('%s is found', async (_, scenario, breaks, change) => {
  const target = await kernelTarget(scenario, await faultyImplementation({ id: 'looking', changes: [change] }));
  expect((await judge(target, request)).found?.id).toBe(breaks);
});
