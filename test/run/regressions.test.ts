/** The regression programs of other systems (reference H), each on both sides. */
import { describe, expect, test } from 'vitest';
import { Encounter } from '../schedule/encounter.ts';
import { FREEBSD_NETINET } from './regressions/freebsd-netinet.ts';
import { FREEBSD_SOCKETS } from './regressions/freebsd-sockets.ts';
import { OTHERS } from './regressions/others.ts';
import { PACKETDRILL } from './regressions/packetdrill.ts';
import type { Regression } from './regressions/regression.ts';
import { RIGHTS } from './regressions/rights.ts';
import { UNIX_RECORDS } from './regressions/unix-records.ts';
import { lockstep } from './rig.ts';
import { Tale } from './tale.ts';

const GROUPS: Readonly<Record<string, readonly Regression[]>> = {
  "FreeBSD's sockets": FREEBSD_SOCKETS,
  "FreeBSD's netinet and tests/sys": FREEBSD_NETINET,
  'descriptors in flight': RIGHTS,
  'UNIX sockets that keep records': UNIX_RECORDS,
  'NetBSD, OpenBSD, Linux': OTHERS,
  packetdrill: PACKETDRILL,
};
const both = await lockstep();

describe.each(Object.entries(GROUPS))('%s', (_, group) => {
  test.each(group.map((each) => [each.id, each] as const))('%s', async (_id, regression) => {
    if (regression.kind === 'alone') regression.tell(new Tale(both));
    else regression.tell(await Encounter.of(regression.scenario));
  });
});

test('each has a name of its own, and says after which test it is', () => {
  const all = Object.values(GROUPS).flat();
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  for (const { id, after } of all) expect(after, id).toMatch(/^H\.\d/);
});
