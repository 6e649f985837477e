/** Faults planted in netisr must be found where its scenarios are explored: a segment that overtakes another, a wakeup that is lost, a race. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { implementationSources } from '../../oracle/implementation.ts';
import { judge } from '../../oracle/schedule/judgement.ts';
import type { Scenario } from '../../oracle/schedule/kernel/scenario.ts';
import { NETISR } from '../../oracle/schedule/kernel/scenarios/netisr.ts';
import { subjectOf } from '../../oracle/schedule/kernel/subject.ts';
import { kernelTarget } from '../../oracle/schedule/targets/kernel.ts';
import { enough } from '../campaign.ts';
import { requestTo } from './exploring.ts';

const out = mkdtempSync(join(tmpdir(), 'sockref-netisr-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

const named = (id: string): Scenario => NETISR.find((each) => each.id === id) as Scenario;
const FILE = 'impl/net/netisr.ts';

const FAULTS: readonly (readonly [what: string, scenario: string, before: string, after: string, breaks: RegExp])[] = [
  [
    'two carry at a time, and the younger segment comes first',
    'netisr-data-fin',
    'let left = get(k, netisr_carrier) === 0 ? get(k, wire_first) : 0;',
    'let left = get(k, wire_first);\n  if (left !== 0 && get(k, left + ws_next) !== 0) { const th = left; put(k, wire_first, get(k, th + ws_next)); put(k, wire_count, get(k, wire_count) - 1); put(k, th + ws_next, 0); mtx_unlock(k, td, wire_mtx); const nws = netisr_select(k, th); netisr_append(k, td, nws, th, th, 1); return 1; }',
    /final-state|data-race|history|deadlock|lost-wakeup/,
  ],
  [
    'the queue is filled after it was looked whether somebody sleeps',
    'netisr-close-datagram',
    'if (!carry && load(k, nws + nws_count) === 0 && get(k, wire_due)',
    'if (!carry && get(k, wire_due)',
    /lost-wakeup|deadlock|final-state|leak|history/,
  ],
  [
    'what waits is counted twice, once of these without the lock',
    'netisr-data-fin',
    'mtx_lock(k, td, nws + nws_mtx);\n  const tail',
    'store(k, nws + nws_count, load(k, nws + nws_count) + count);\n  const tail',
    /race|panic|leak|history|final-state/,
  ],
];

// Each wants the implementation compiled anew.
test.each(enough(FAULTS, (fault) => fault === FAULTS[0]))('%s: found', async (_, id, before, after, breaks) => {
  const sources = { ...implementationSources() };
  const changed = sources[FILE]?.replace(before, after) ?? '';
  expect(changed).not.toBe(sources[FILE]);
  const target = await kernelTarget(named(id), { subject: await subjectOf({ ...sources, [FILE]: changed }), sources, fault: null });
  const { row, found } = await judge(target, requestTo(out));
  expect(row.verdict).toBe('violated');
  expect(found?.id).toMatch(breaks);
});
