/**
 * *Generated scenarios*: in a situation, all programs of so many threads with so many calls each, or a sample of them. Threads are not told
 * apart, so that of programs that differ in the order of their threads there is one.
 */
import * as fc from 'fast-check';
import type { ResultOf } from '../../adapter.ts';
import type { Argument } from '../../run/operations.ts';
import { call, resultOf, type Scenario, type Scripted } from './scenario.ts';
import { ROOMY, type Situation } from './situations.ts';

export interface Plan {
  readonly threads: number;
  readonly calls: number;
  /** Null: all there are. */
  readonly sample: number | null;
  readonly seed: number;
}

type Script = readonly Scripted[];

/** How many programs there are, those counted that `isTold` leaves out. */
export function sizeOf(situation: Situation, { threads, calls }: Plan): number {
  const scripts = numberOfScripts(situation, calls);
  // Multisets of so many scripts.
  let count = 1;
  for (let n = 1; n <= threads; n++) count = (count * (scripts + n - 1)) / n;
  return Math.round(count);
}

/** How many `generated` gives when nothing is drawn: it goes through all of them. */
export function countOf(situation: Situation, { threads, calls }: Plan): number {
  let count = 0;
  for (const chosen of multisets([...scriptsOf(situation, calls)], threads)) if (isTold(chosen)) count++;
  return count;
}

/** Each program once, or so many of them at random; the same for the same seed. */
export function* generated(situation: Situation, plan: Plan): Generator<Scenario> {
  const { threads, calls, sample, seed } = plan;
  if (sample === null || sample >= countUpTo(situation, plan)) {
    let number = 0;
    for (const chosen of multisets([...scriptsOf(situation, calls)], threads))
      if (isTold(chosen)) yield scenarioOf(situation, chosen, ++number);
    return;
  }
  const programs = fc.noBias(fc.array(scriptOf(situation, calls), { minLength: threads, maxLength: threads })).filter(isTold);
  const drawn = new Set<string>();
  // What has been drawn already is drawn anew: that so many of all were looked at must be true.
  for (let round = 0; drawn.size < sample; round++) {
    for (const chosen of fc.sample(programs, { seed: seed + round, numRuns: sample })) {
      const key = chosen.map((script) => JSON.stringify(script)).sort();
      if (drawn.size === sample || drawn.has(key.join())) continue;
      drawn.add(key.join());
      yield scenarioOf(situation, chosen, drawn.size);
    }
  }
}

/** How many `generated` gives. */
export function numberOf(situation: Situation, plan: Plan): number {
  return Math.min(plan.sample ?? Number.POSITIVE_INFINITY, countUpTo(situation, plan));
}

/** Few programs are left out, so that where a small part of them is drawn nobody needs to count. */
function countUpTo(situation: Situation, plan: Plan): number {
  const size = sizeOf(situation, plan);
  return plan.sample !== null && plan.sample < size / 4 ? size : countOf(situation, plan);
}

/**
 * Whether the specification can tell what happens. It takes a call that never waits as one step, while in the kernel every call holds its file
 * from beginning to end: a close that comes in between is not the last, and who looks after that close, and before that call has
 * ended, sees a socket that the specification has closed. So nobody may be there to look.
 */
function isTold(threads: readonly Script[]): boolean {
  return threads.every((script, thread) =>
    script.every(({ name, args }, at) => {
      if (name !== 'close' || (at === script.length - 1 && threads.length <= 2)) return true;
      const others = threads.filter((_, other) => other !== thread);
      return !others.some((other) => other.some((scripted) => Object.values(scripted.args).includes(args.fd as number)));
    }),
  );
}

function scenarioOf(situation: Situation, threads: readonly Script[], number: number): Scenario {
  const { open: _open, protocol: _protocol, ...rest } = situation;
  return { ...rest, sizes: ROOMY, id: `${situation.id}-${number}`, citation: 'generated', threads };
}

/** Calls that give a descriptor to go on with. */
const GIVES: readonly string[] = ['accept', 'dup', 'socket'];

/** What may come after these calls of the same thread. */
function callsAfter(situation: Situation, before: Script): readonly Scripted[] {
  const { protocol, open } = situation;
  const results = (names: readonly string[]): readonly ResultOf[] =>
    before.flatMap(({ name }, index) => (names.includes(name) ? [resultOf(index)] : []));
  const made = results(GIVES);
  const [handle = 0] = results(['fgetsock']);
  return [
    ...[...open, ...made].flatMap((fd) => callsOn(fd, protocol)),
    call('socket', { asked: protocol }),
    ...(isLocal(protocol) ? [call('socketpair', { asked: protocol })] : []),
    ...(open.length > 1 ? [call('connect2', { fd1: 0, fd2: 1 })] : []),
    call('fputsock', { handle }),
    ...(isLocal(protocol) ? [call('unlink', { name: 0 })] : []),
  ];
}

/** Of the UNIX domain. */
function isLocal(protocol: Situation['protocol']): boolean {
  return protocol === 'unix' || protocol === 'dgram' || protocol === 'seqpacket';
}

function callsOn(fd: number | ResultOf, protocol: Situation['protocol']): readonly Scripted[] {
  const remote = !isLocal(protocol);
  const on = (name: string, args: Readonly<Record<string, Argument>> = {}): Scripted => ({ name, args: { fd, ...args } });
  const withAddress = (scripted: Scripted): Scripted => ({ ...scripted, unix: !remote });
  return [
    withAddress(on('bind', { name: 1 })),
    on('listen', { backlog: 1 }),
    on('accept'),
    withAddress(on('connect', { name: 0, remote })),
    on('disconnect'),
    on('send', { amount: 1 }),
    ...(protocol === 'dgram' ? [withAddress(on('send', { amount: 1, addressed: true }))] : []),
    on('receive', { amount: 1 }),
    ...['read', 'write', 'both'].map((how) => on('shutdown', { how })),
    on('setsockopt', { on: true }),
    on('getsockopt'),
    on('setlinger', { linger: 'reset' }),
    on('geterror'),
    on('getpeername'),
    on('setnbio', { on: true }),
    on('dup'),
    on('close'),
    on('fgetsock'),
  ];
}

function* scriptsOf(situation: Situation, calls: number, before: Script = []): Generator<Script> {
  if (before.length === calls) yield before;
  else for (const next of callsAfter(situation, before)) yield* scriptsOf(situation, calls, [...before, next]);
}

function numberOfScripts(situation: Situation, calls: number, before: Script = []): number {
  const next = callsAfter(situation, before);
  if (before.length === calls - 1) return next.length;
  return next.reduce((sum, each) => sum + numberOfScripts(situation, calls, [...before, each]), 0);
}

function scriptOf(situation: Situation, calls: number): fc.Arbitrary<Script> {
  const choices = fc.array(fc.nat(0xffff), { minLength: calls, maxLength: calls });
  return choices.map((numbers) => {
    const script: Scripted[] = [];
    for (const number of numbers) {
      const next = callsAfter(situation, script);
      script.push(next[number % next.length] as Scripted);
    }
    return script;
  });
}

function* multisets<T>(items: readonly T[], size: number, from = 0): Generator<readonly T[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let first = from; first < items.length; first++)
    for (const rest of multisets(items, size - 1, first)) yield [items[first] as T, ...rest];
}
