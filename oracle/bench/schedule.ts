/**
 * The benchmark *schedule*: how fast interleavings are explored. `dpor` is measured on fetch-adds of several threads to one cell, every
 * two of which are ordered, so that the number of classes is known: (n × k)! / (k!)ⁿ. `states` is measured on the scenarios of the kernel with
 * most states. All rates are of processor time, since a search keeps one processor busy. The peer is the strategy `naive` on the same programs in the same run: the machine with next to no search.
 */
import { type Explored, type Limits, NO_LIMITS } from '../schedule/exploration.ts';
import { machineOf } from '../schedule/judgement.ts';
import { SEARCHES } from '../schedule/judge.ts';
import { SCENARIOS } from '../schedule/kernel/scenarios.ts';
import type { Target } from '../schedule/target.ts';
import { litmusTarget } from '../schedule/targets/litmus.ts';
import { pristineTarget } from '../schedule/targets/pristine.ts';
import { atLeast, type Figure, printNumber, type Tell } from './figure.ts';
import { profileOf } from './profile.ts';

/** Threads, fetch-adds of each, classes. */
const COUNTS = [
  [2, 3, 20],
  [3, 2, 90],
  [3, 3, 1_680],
  [4, 2, 2_520],
  [3, 4, 34_650],
  [4, 3, 369_600],
] as const;
/** The largest of at most ten events, and the largest of all. */
const SMALL = [3, 3] as const;
const LARGE = [4, 3] as const;
const EXECUTIONS_BAR = 150_000;
const EVENTS_BAR = 5_000_000;
const STEPS_BAR = 1_000_000;
/** Of processor time: others may have the machine too. */
const SECONDS = 3;
const WARM_UP_SECONDS = 1;
const PEER_STEPS = 500_000;
/** The scenarios with most states, and two to warm up with. */
const MEASURED = ['accept-accept-connect', 'accept-accept-shutdown', 'receive-receive-close'];
const WARM_UP = ['accept-accept', 'accept-then-close'];

type Name = 'dpor' | 'naive' | 'states';

export async function measureSchedule(tell: Tell): Promise<readonly Figure[]> {
  tell('classes of fetch-adds');
  const counted = await countClasses();
  tell('dpor');
  const small = await fetchAdds('dpor', SMALL);
  const large = await fetchAdds('dpor', LARGE);
  tell('naive');
  const [smallPeer, largePeer] = [await fetchAdds('naive', SMALL), await fetchAdds('naive', LARGE)];
  const why = await profileOf(async () => explore(await fetchAddTarget(LARGE), 'dpor'));
  tell('states of the kernel');
  return [executionsFigure(small, smallPeer, counted, why), eventsFigure(large, largePeer, why), await statesFigure()];
}

interface Rates {
  readonly executions: number;
  readonly events: number;
  readonly steps: number;
}

function fetchAddTarget([threads, ops]: readonly [number, number]): Promise<Target> {
  return litmusTarget('fetch-add', { threads, ops });
}

function explore(target: Target, strategy: Name, limits: Partial<Limits> = {}): Promise<Explored> {
  return SEARCHES[strategy]({
    // Only `states` needs a machine with fingerprints.
    machine: machineOf(target, 'block', strategy === 'states' ? 'states' : 'dpor'),
    limits: { ...NO_LIMITS, ...limits },
    seed: 1,
    preemptions: null,
    symmetry: false,
    signal: new AbortController().signal,
    progress: () => undefined,
    atEnd: target.atEnd,
  });
}

/** What the six programs have, as text; it says so where one is wrong. */
async function countClasses(): Promise<string> {
  const counts: string[] = [];
  for (const [threads, ops, classes] of COUNTS) {
    const { complete, figures } = await explore(await fetchAddTarget([threads, ops]), 'dpor');
    const isExact = complete && figures.executions === classes && figures.blocked === 0;
    counts.push(`${threads} × ${ops}: ${printNumber(figures.executions)}${isExact ? '' : ` (WRONG, there are ${printNumber(classes)})`}`);
  }
  return counts.join(', ');
}

async function fetchAdds(strategy: Name, size: readonly [number, number]): Promise<Rates> {
  const target = await fetchAddTarget(size);
  const events = size[0] * size[1];
  for (const seconds = processorSeconds(); seconds() < WARM_UP_SECONDS; ) await explore(target, strategy);
  let [executions, steps] = [0, 0];
  const seconds = processorSeconds();
  while (seconds() < SECONDS) {
    const { figures } = await explore(target, strategy);
    executions += figures.executions;
    steps += figures.steps;
  }
  const spent = seconds();
  return { executions: executions / spent, events: (executions * events) / spent, steps: steps / spent };
}

/** What is returned says how many seconds a processor has worked for this process since then. */
function processorSeconds(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
}

function executionsFigure(rates: Rates, peer: Rates, counted: string, why: string): Figure {
  return {
    benchmark: 'schedule',
    what: `complete executions of dpor, each judged at its end: ${SMALL[0]} threads × ${SMALL[1]} fetch-adds`,
    value: rates.executions,
    unit: 'executions/s',
    peer: { what: 'naive, which has the same executions here, since every two events are ordered', value: peer.executions },
    bars: [atLeast(rates.executions, EXECUTIONS_BAR, 'executions/s', why)],
    detail: `classes: ${counted}; ${printNumber(rates.steps)} steps of the machine a second`,
  };
}

function eventsFigure(rates: Rates, peer: Rates, why: string): Figure {
  const steps = `the machine makes ${printNumber(rates.steps)} steps/s, since what several executions begin with is run once`;
  return {
    benchmark: 'schedule',
    what: `events (accesses of all complete executions) of dpor, ${LARGE[0]} threads × ${LARGE[1]} fetch-adds`,
    value: rates.events,
    unit: 'events/s',
    peer: { what: `naive; its machine makes ${printNumber(peer.steps)} steps/s`, value: peer.events },
    bars: [atLeast(rates.events, EVENTS_BAR, 'events/s', why)],
    detail: `${steps}; the profile of dpor: ${why}`,
  };
}

async function statesFigure(): Promise<Figure> {
  for (const id of WARM_UP) await explore(await scenario(id), 'states');
  const targets = await Promise.all(MEASURED.map(scenario));
  const ours = await stepsOf(targets, 'states');
  // Ends are not judged, of which naive comes to very many.
  const naive = await stepsOf(
    targets.map((target) => ({ ...target, atEnd: () => null })),
    'naive',
    { steps: PEER_STEPS },
  );
  const why = await profileOf(async () => {
    for (const target of targets) await explore(target, 'states', { steps: PEER_STEPS });
  });
  return {
    benchmark: 'schedule',
    what: `steps of states in a second of processor time, all states of the scenarios ${MEASURED.join(', ')}`,
    value: ours.steps,
    unit: 'steps/s',
    peer: { what: `naive, ${printNumber(PEER_STEPS)} steps of each: no fingerprints, no table, no judgement of ends`, value: naive.steps },
    bars: [atLeast(ours.steps, STEPS_BAR, 'steps/s', `where the time goes: ${why}`)],
    detail: `${printNumber(ours.states)} states/s; profile of states: ${why}`,
  };
}

function scenario(id: string): Promise<Target> {
  const found = SCENARIOS.find((each) => each.id === id);
  if (found === undefined) throw new Error(`there is no scenario ${id} any more; the benchmark wants another one with many states`);
  return pristineTarget(found);
}

async function stepsOf(
  targets: readonly Target[],
  strategy: Name,
  limits: Partial<Limits> = {},
): Promise<{ readonly steps: number; readonly states: number }> {
  let [steps, states] = [0, 0];
  const seconds = processorSeconds();
  for (const target of targets) {
    const { figures, violation } = await explore(target, strategy, limits);
    if (violation !== null) throw new Error(`${target.id}: ${violation.violation.text}; a search that ends early measures nothing`);
    steps += figures.steps;
    states += figures.states ?? 0;
  }
  const spent = seconds();
  return { steps: steps / spent, states: states / spent };
}
