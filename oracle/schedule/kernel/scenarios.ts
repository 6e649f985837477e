/** All named scenarios of the kernel, by what they are about. */
import type { Scenario } from './scenario.ts';
import { BUFFERS } from './scenarios/buffers.ts';
import { EVENTS } from './scenarios/events.ts';
import { FILES } from './scenarios/files.ts';
import { FILTERS } from './scenarios/filters.ts';
import { INET6 } from './scenarios/inet6.ts';
import { looking } from './scenarios/looking.ts';
import { IMPLIED } from './scenarios/implied.ts';
import { LOANS } from './scenarios/loans.ts';
import { NETISR } from './scenarios/netisr.ts';
import { PACKETS } from './scenarios/packets.ts';
import { RAW } from './scenarios/raw.ts';
import { RIGHTS } from './scenarios/rights.ts';
import { TCP } from './scenarios/tcp.ts';
import { URGENT } from './scenarios/urgent.ts';
import { UDP } from './scenarios/udp.ts';
import { UNIX } from './scenarios/unix.ts';

const PLAIN: readonly Scenario[] = [
  ...UNIX,
  ...BUFFERS,
  ...LOANS,
  ...TCP,
  ...IMPLIED,
  ...URGENT,
  ...UDP,
  ...RAW,
  ...INET6,
  ...PACKETS,
  ...RIGHTS,
  ...FILES,
  ...FILTERS,
  ...EVENTS,
  ...NETISR,
];

export const SCENARIOS: readonly Scenario[] = [...PLAIN, ...looking(PLAIN)];
