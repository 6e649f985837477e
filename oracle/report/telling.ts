/**
 * *Telling* a schedule: its trace of numbers becomes one of names, with the calls that the accesses belong to, and with those accesses
 * marked that a reader should look at: where one agent sees what another has written, where locks are fought over, where somebody
 * sleeps or is woken.
 */
import type { ScriptCall, Violation } from '../schedule/program.ts';
import { agentName, rangesOf, type Trace as Run, type TraceEvent as Access } from '../schedule/trace.ts';
import type { AccessEvent, Trace, TraceEvent } from './trace.ts';
import type { Names } from './words.ts';

/** What is known of the program that was run. */
export interface Telling {
  readonly names: Names;
  /** What a call returned, in words: "-1 ECONNABORTED". */
  readonly result: (call: ScriptCall, result: number) => string;
  /** What the specification makes of a call or return; null where nothing was asked. */
  readonly model?: (agent: number, call: number, result: number | null) => string | null;
}

export function tell(run: Run, violation: Violation | null, telling: Telling): Trace {
  const agents = run.program.agents.map((_, agent) => agentName(run.program, agent));
  const teller = new Teller(run, telling);
  for (const access of run.events) teller.access(access);
  return { agents, events: teller.events, violation: violation === null ? null : { ...violation } };
}

/** Functions whose compare-and-exchange takes a lock, and those whose exchange or compare-and-exchange gives it back. */
const TAKES = /^(mtx_lock|mtx_lock_hard|rw_wlock|rw_wlock_hard|rw_rlock|rw_sleep|sx_xlock|sx_xlock_hard|sx_try_xlock)$/;
const GIVES_BACK = /^(mtx_unlock|rw_wunlock|rw_runlock|sx_xunlock)$/;

class Teller {
  readonly events: TraceEvent[] = [];
  private readonly run: Run;
  private readonly telling: Telling;
  /** By word: the agents that know what is there, as bits: who wrote it last, and who has read it since. Not in it: nobody has written it. */
  private readonly known = new Map<number, number>();
  /** By agent: the call it is in, -1 before the first. */
  private readonly inCall: number[];
  private readonly returned: number[];
  /** By agent and call: the index of its last access. */
  private readonly last = new Map<string, number>();

  constructor(run: Run, telling: Telling) {
    this.run = run;
    this.telling = telling;
    this.inCall = run.program.agents.map(() => -1);
    this.returned = run.program.agents.map(() => 0);
    for (const { agent, call, index } of run.events) this.last.set(`${agent} ${call}`, index);
  }

  access(access: Access): void {
    const { agent, call } = access;
    if (this.inCall[agent] !== call && access.door !== 'guard') {
      this.inCall[agent] = call;
      const script = this.script(agent, call);
      this.events.push({ kind: 'call', agent, text: script?.label ?? `call ${call + 1}`, model: this.model(agent, call, null) });
    }
    this.events.push(this.told(access));
    // Those that this access wakes go on before its own agent, and may have nothing left to do but to return.
    for (const sleeper of access.woken) if (sleeper.blocks) this.returnFrom(sleeper.agent, access.index);
    if (access.result !== null) this.returnFrom(agent, access.index);
  }

  /** Tells that the call has returned, if nothing of it comes after this access. */
  private returnFrom(agent: number, index: number): void {
    const call = this.inCall[agent] ?? -1;
    if (call >= 0 && (this.last.get(`${agent} ${call}`) ?? -1) <= index) this.finish(agent, call + 1);
  }

  /** Tells the returns of an agent's calls before this one, as far as they have returned. */
  private finish(agent: number, before: number): void {
    const results = this.run.end.results(agent);
    for (let call = this.returned[agent] ?? 0; call < Math.min(before, results.length); call++) {
      const result = results[call] ?? 0;
      const script = this.script(agent, call);
      if (script === undefined) continue;
      this.returned[agent] = call + 1;
      this.events.push({
        kind: 'return',
        agent,
        text: this.telling.result(script, result),
        model: this.model(agent, call, result),
      });
    }
  }

  private script(agent: number, call: number): ScriptCall | undefined {
    return this.run.program.agents[agent]?.script[call];
  }

  private model(agent: number, call: number, result: number | null): string | null {
    return this.telling.model?.(agent, call, result) ?? null;
  }

  private told(access: Access): AccessEvent {
    const { agent, door, from, bytes, plain, before, after, reads, writes, stack, woken, step } = access;
    const { names } = this.telling;
    const [place] = stack;
    const isWord = bytes === 4 && from % 4 === 0 && door !== 'copy';
    const what = isWord || bytes === 0 ? names.word(from >> 2) : names.bytes(from, bytes);
    const value = (number: number): string => (isWord ? names.value(from >> 2, number) : String(number));
    const bulk = door === 'copy' || door === 'zero';
    const found = (reads || writes) && !bulk;
    return {
      kind: 'access',
      agent,
      step: step + 1,
      operation: door,
      what,
      shared: this.matters(access, what),
      read: door === 'notify' ? wokenText(woken.map((each) => agentName(this.run.program, each.agent))) : found ? value(before) : null,
      written: writes ? (bulk ? (door === 'zero' ? '0' : 'a copy') : value(after)) : null,
      lock: this.lockOf(access),
      waits: waits(access, what),
      plain,
      place: { file: place?.file ?? '', line: place?.line ?? 0, fn: place?.name ?? '' },
    };
  }

  /** Whether a reader should see it: it finds what another agent has written, for the first time, or changes it. */
  private matters(access: Access, what: string): boolean {
    const { agent, before, after, door } = access;
    const bulk = door === 'copy' || door === 'zero';
    let matters = false;
    for (const { from, bytes, write } of rangesOf(access)) {
      for (let word = from >> 2; word <= (from + bytes - 1) >> 2; word++) {
        const knowing = this.known.get(word) ?? -1;
        if ((knowing & (1 << agent)) === 0) matters ||= !write || bulk || before !== after;
        this.known.set(word, write ? 1 << agent : knowing | (1 << agent));
      }
    }
    return matters && !this.telling.names.isNoise(what);
  }

  private lockOf({ door, stack, before, writes }: Access): AccessEvent['lock'] {
    const fn = stack[0]?.name ?? '';
    if (door === 'acquire') return 'lock';
    if (TAKES.test(fn) && door === 'compareExchange') {
      if (!writes) return 'contend';
      // A sleeper leaves its mark in a word that it does not get.
      return before === 0 || fn === 'rw_rlock' ? 'lock' : 'contend';
    }
    if (GIVES_BACK.test(fn) && (door === 'exchange' || door === 'add' || (door === 'compareExchange' && writes))) return 'unlock';
    return null;
  }
}

function waits({ door, result }: Access, what: string): string | null {
  if ((door === 'wait' || door === 'waitFor') && result === null) return `sleeps until ${what} is notified`;
  if (door === 'settle' && result === null) return 'awaits its promise';
  return null;
}

function wokenText(names: readonly string[]): string {
  return names.length === 0 ? 'nobody waits' : `wakes ${names.join(', ')}`;
}
