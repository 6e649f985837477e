/**
 * A scenario *built*: the program for the machine, the monitor that follows its calls, and the judge of its ends. Calls in the words of
 * the specification become calls of the implementation, each with user memory of its own for what it moves.
 */
import * as L from '../../../impl/layout.ts';
import { fixed, get, type Kernel } from '../../../impl/memory.ts';
import * as N from '../../../impl/netinet/layout.ts';
import {
  isUnixProtocol,
  kqueueOf,
  MESSAGE_BYTES,
  putMessage,
  putWord,
  type ResultOf,
  sixOf,
  socketOf,
  systemCall,
  UNIT,
} from '../../adapter.ts';
import { type Argument, type Configuration, printOperation } from '../../run/operations.ts';
import { isRefusal, operationOf } from '../../run/signatures.ts';
import { quote, UsageError } from '../../usage.ts';
import type { AgentProgram, Program, ScriptCall } from '../program.ts';
import type { Happening } from './elements.ts';
import { KernelMonitor, type ModelCall } from './monitor.ts';
import { type Actor, collectors, netisrs, type Scenario, type Scripted, TINY } from './scenario.ts';
import { prepare, type Stage } from './stage.ts';
import type { Subject } from './subject.ts';

export interface Built {
  readonly scenario: Scenario;
  readonly stage: Stage;
  readonly program: Program;
  readonly monitor: KernelMonitor;
}

export async function build(scenario: Scenario, subject: Subject): Promise<Built> {
  const sizes = { ...TINY, ...scenario.sizes };
  const threads = scenario.threads.map((script) => script.map((each) => checked(scenario, each, sizes)));
  const memory = threads.map((script) => script.reduce((bytes, each) => bytes + memoryOf(each), 0));
  const prologue = scenario.prologue.map((each) => checked(scenario, each, sizes));
  const stage = await prepare(subject, { ...scenario, prologue }, Math.max(0, ...memory));
  checkNames(scenario, stage);
  const agents = [
    ...threads.map((script, thread) => threadProgram(stage, script, thread, scenario.linger)),
    ...(scenario.actors ?? []).map((actor, index) => actorProgram(stage, scenario, actor, threads.length + index)),
  ];
  const monitor = new KernelMonitor({
    model: stage.model,
    cells: stage.cells,
    start: stage.start,
    threads: threads.map((script) => script.map(modelCall)),
    events: happenings(scenario),
    signals: (scenario.actors ?? []).flatMap((actor) => (actor.kind === 'signal' ? [actor.thread] : [])),
    collectors: collectors(scenario),
  });
  // Shared memory is only needed where threads share it; the machine copies what it is given.
  return { scenario, stage, program: { code: subject.code, words: Int32Array.from(stage.kernel.words), agents }, monitor };
}

/** Of the operations of a prologue a thread makes only the calls; events are those of the specification's wire. */
function checkNames({ id, threads, events }: Scenario, { model }: Stage): void {
  const [calls = [], wire = []] = model.agents.map(({ procedures }) => procedures.map(({ name }) => name));
  for (const [thread, script] of threads.entries())
    for (const [index, { name }] of script.entries())
      if (!calls.includes(name) && name !== 'collect')
        throw refused(id, `threads[${thread}][${index}]`, `is ${quote(name)}, which is no call of a thread`);
  for (const [index, { event }] of (events ?? []).entries())
    if (!wire.includes(event)) throw refused(id, `events[${index}]`, `is ${quote(event)}, which is no event of the wire`, wire);
}

function refused(scenario: string, field: string, reason: string, known: readonly string[] = []): UsageError {
  const names = known.length === 0 ? '' : `\nKnown: ${known.join(', ')}`;
  return new UsageError(`scenario ${scenario}: ${field} ${reason}${names}`, { field, reason, known });
}

/** What a call that does not say otherwise has. */
const USUAL: Readonly<Record<string, Readonly<Record<string, Argument>>>> = {
  connect: { remote: false },
  poll: { wait: true },
  kevent: { wait: true },
  send: { addressed: false, remote: false },
  setsockopt: { valid: true },
};

/** Arguments that may be what an earlier call returned. */
const OF_RESULTS: readonly string[] = ['fd', 'fd1', 'fd2', 'handle'];

/** The call with all its arguments, in order. Throws a UsageError for one that the specification does not know. */
function checked<S extends Scripted>(scenario: Scenario, scripted: S, sizes: Configuration): S {
  const args: Scripted['args'] = { ...USUAL[scripted.name], ...scripted.args };
  if (scripted.besides !== undefined && scripted.name !== 'poll')
    throw refused(scenario.id, 'besides', `is of a poll, not of ${scripted.name}`);
  const stranger = Object.keys(args).find((name) => typeof args[name] === 'object' && !OF_RESULTS.includes(name));
  if (stranger !== undefined)
    throw refused(scenario.id, `arguments.${stranger}`, `of ${scripted.name} can't be the result of a call: it is no descriptor or handle`);
  const plain = Object.fromEntries(Object.entries(args).map(([name, value]) => [name, typeof value === 'object' ? 0 : value]));
  const found = operationOf(scripted.name, plain, sizes);
  if (isRefusal(found)) {
    throw new UsageError(`scenario ${scenario.id}: in ${scripted.name}, ${found.field} ${found.reason}`, {
      field: found.field,
      reason: found.reason,
      known: found.known ?? [],
    });
  }
  return { ...scripted, args: Object.fromEntries(Object.keys(found.args).map((name) => [name, args[name]])) };
}

function modelCall({ name, args }: Scripted): ModelCall {
  const { remote: _remote, ...own } = args;
  return { name, args: Object.values(own) };
}

/** Bytes of user memory that a call needs: what it moves, or a pollfd or event, and what lies before. */
function memoryOf({ name, args, besides }: Scripted): number {
  const table =
    name === 'poll' ? (besides === undefined ? 1 : 2) * L.POLLFD_BYTES : name === 'knote' || name === 'kevent' ? L.KEVENT_BYTES : 0;
  const units = typeof args.amount === 'number' ? args.amount : name === 'sendmsg' ? 1 : 0;
  return units * UNIT + table + headOf(name);
}

/** What lies before the bytes: a word, or the header of a message. */
function headOf(name: string): number {
  return name === 'sendmsg' || name === 'recvmsg' ? MESSAGE_BYTES : 4;
}

function threadProgram(stage: Stage, script: readonly Scripted[], thread: number, linger: number | undefined): AgentProgram {
  const { kernel, records } = stage;
  const td = records[thread] as number;
  let user = get(kernel, td + L.td_user);
  const calls = script.map((scripted): ScriptCall => {
    const { name, args } = scripted;
    const place = {
      urgent: scripted.urgent === true,
      lent: scripted.lent === true,
      data: user + headOf(name),
      word: user,
      message: user,
      unix: isUnix(kernel, scripted),
      six: typeof args.fd === 'number' ? sixOf(kernel, socketOf(kernel, args.fd)) : undefined,
      ...(linger === undefined ? {} : { linger }),
    };
    user += memoryOf(scripted);
    const {
      fn,
      args: given,
      word,
      message,
      unprivileged,
      events,
      change,
    } = systemCall<ResultOf>(name, modelCall(scripted).args, place, args.remote === true ? N.HOST_REMOTE : N.HOST_LOCAL);
    if (unprivileged)
      throw new UsageError(`${name}: threads of a scenario are privileged`, { field: 'asked', reason: 'asks for one that is not' });
    if (word !== undefined) putWord(kernel, place.word, word);
    putMessage(kernel, place.message, message);
    const kq = kqueueOf(kernel);
    if (change !== undefined) {
      return { fn: 'client_knote', args: [td, kq, ...given, change.filter, change.flags, place.data], label: label(scripted) };
    }
    if (fn === 'sys_kevent') return { fn: 'client_kevent', args: [td, kq, ...given, place.data], label: label(scripted) };
    if (events !== undefined && scripted.besides !== undefined) {
      const { fd, first } = scripted.besides;
      return { fn: 'client_poll_besides', args: [td, ...given, events, fd, first ? 1 : 0], label: `${label(scripted)}, and fd ${fd}` };
    }
    if (events !== undefined) return { fn: 'client_poll', args: [td, ...given, events], label: label(scripted) };
    if (fn === 'sys_recvmbuf' || fn === 'sys_sendmbuf') {
      return { fn: fn.replace('sys', 'client'), args: [td, ...given, place.data], label: `${label(scripted)}, on loan` };
    }
    return { fn: fn === 'sys_getsockopt' ? 'client_getsockopt' : fn, args: [td, ...given], label: label(scripted) };
  });
  return { name: `T${thread + 1}`, kind: 'thread', script: calls };
}

function isUnix(kernel: Kernel, { name, args, unix }: Scripted): boolean {
  const named = name === 'bind' || name === 'connect' || (name === 'send' && args.addressed === true);
  if (unix !== undefined || !named) return unix ?? false;
  const so = typeof args.fd === 'number' ? socketOf(kernel, args.fd) : 0;
  if (so === 0) {
    const reason = 'on a descriptor that is not open at the start: say with `"unix": true` or `false` whether it is a UNIX socket';
    throw new UsageError(`${name} ${reason}`, { field: 'unix', reason: 'is missing' });
  }
  return isUnixProtocol(fixed(kernel, so + L.so_proto));
}

/** "accept(fd 0)"; a result that is not known yet by the number of the call, from 1. */
function label({ name, args }: Scripted): string {
  const plain = Object.entries(args).map(([key, value]) => [key, typeof value === 'object' ? `of call ${value.resultOf + 1}` : value]);
  return printOperation({ name, args: Object.fromEntries(plain) as Readonly<Record<string, Argument>> });
}

function actorProgram(stage: Stage, scenario: Scenario, actor: Actor, agent: number): AgentProgram {
  const td = stage.records[agent] as number;
  switch (actor.kind) {
    case 'wire': {
      const waiting = scenario.segments ?? [];
      const script = Array.from({ length: actor.deliveries }, (_, index): ScriptCall => {
        const segment = waiting[index];
        if (segment !== undefined) return { fn: 'wire_deliver', args: [td], label: `deliver ${segment.what}` };
        return { fn: 'client_carry', args: [td], label: 'deliver what comes' };
      });
      return { name: 'wire', kind: 'actor', script };
    }
    case 'netisr': {
      // One workstream each, in their order.
      const nws = get(stage.kernel, N.h_netisr) + netisrs(scenario).indexOf(actor) * N.NWS_WORDS;
      const round: ScriptCall = { fn: 'client_netisr', args: [td, nws], label: 'netisr' };
      return {
        name: `netisr${netisrs(scenario).indexOf(actor) + 1}`,
        kind: 'actor',
        script: Array.from({ length: actor.rounds }, () => round),
      };
    }
    case 'collector':
      return { name: 'collector', kind: 'actor', script: [{ fn: 'unp_gc_run', args: [td], label: 'collector' }] };
    case 'clock': {
      const tick: ScriptCall = { fn: 'sys_tick', args: [td], label: 'tick' };
      return { name: 'clock', kind: 'actor', script: Array.from({ length: actor.ticks }, () => tick) };
    }
    case 'signal': {
      const victim = stage.records[actor.thread] as number;
      return {
        name: 'signal',
        kind: 'actor',
        script: [{ fn: 'sys_interrupt', args: [td, victim], label: `interrupt T${actor.thread + 1}` }],
      };
    }
  }
}

function happenings({ actors, events }: Scenario): readonly Happening[] {
  const signals = (actors ?? []).filter((actor) => actor.kind === 'signal').length;
  return [...(events ?? []), ...(signals === 0 ? [] : [{ event: 'signal', times: signals }])];
}
