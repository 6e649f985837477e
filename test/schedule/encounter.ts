/**
 * An *encounter*: calls that overlap in just one way. The real code runs on the machine, an agent at a time as far as the test says, with the
 * monitor behind it. What is seen is seen on both sides: in the kernel's memory, and in the states of the specification that explain the
 * history and that this memory is like.
 */
import { expect } from 'vitest';
import * as L from '../../impl/layout.ts';
import { errnoName } from '../../oracle/adapter.ts';
import type { Plain } from '../../oracle/compile/values.ts';
import { build, type Built } from '../../oracle/schedule/kernel/build.ts';
import { kernelOf } from '../../oracle/schedule/kernel/ending.ts';
import { Likeness } from '../../oracle/schedule/kernel/likeness.ts';
import { objectsOf } from '../../oracle/schedule/kernel/pairings.ts';
import type { Scenario } from '../../oracle/schedule/kernel/scenario.ts';
import { pristineSubject } from '../../oracle/schedule/kernel/subject.ts';
import { Machine } from '../../oracle/schedule/machine.ts';

/** More steps than any call here takes. */
const MANY = 5_000;

type Fields = Readonly<Record<string, Plain>>;

export class Encounter {
  private readonly built: Built;
  private readonly machine: Machine;
  private readonly likeness: Likeness;

  private constructor(built: Built) {
    this.built = built;
    this.machine = new Machine(built.program, { granularity: 'block', hashed: false, monitor: built.monitor });
    this.likeness = new Likeness(built.stage);
  }

  static async of(scenario: Omit<Scenario, 'id' | 'about' | 'citation'>): Promise<Encounter> {
    return new Encounter(await build({ id: 'encounter', about: '', citation: '', ...scenario }, await pristineSubject()));
  }

  /** The agent goes on until it is about to do something inside this function of the implementation. */
  until(who: string, fn: string): this {
    return this.go(who, `comes to ${fn}`, (agent) => this.machine.stack(agent).some(({ name }) => name === fn));
  }

  /** The agent goes on until it has left the function in which it is. */
  leaves(who: string, fn: string): this {
    return this.go(who, `leaves ${fn}`, (agent) => !this.machine.stack(agent).some(({ name }) => name === fn));
  }

  /** The agent goes on until it sleeps in a sleep queue. */
  sleeps(who: string): this {
    this.go(who, 'sleeps', (agent) => this.machine.status(agent) === 'blocked');
    expect(this.machine.words[this.record(who) + L.td_wchan], `${who} sleeps on a channel`).not.toBe(0);
    return this;
  }

  isAsleep(...all: readonly string[]): this {
    for (const who of all) expect(this.machine.status(this.agent(who)), `${who} is asleep`).toBe('blocked');
    return this;
  }

  /** The agent goes on until its next call returns, with this. */
  returns(who: string, value: number | string): this {
    const agent = this.agent(who);
    const calls = this.machine.position(agent);
    const before = this.machine.results(agent).length;
    this.go(who, `returns ${value}`, () => this.machine.position(agent) > calls || this.machine.status(agent) === 'done');
    const result = this.machine.results(agent).slice(before).at(-1) ?? this.machine.results(agent).at(calls) ?? 0;
    expect(result < 0 ? errnoName(-result) : result, `what ${who} returns`).toBe(value);
    return this;
  }

  /** What both sides say of a socket; `inp` is its pcb. `null`: it is freed. */
  sees(so: number, fields: (Fields & { readonly inp?: Fields }) | null): this {
    const states = this.alike();
    const found = states.some((state) => {
      const socket = (state.sockets as readonly Fields[])[so] as Fields;
      if (fields === null) return socket.protocol === 'none';
      const { inp = {}, ...own } = fields;
      const pcb = (state.pcbs as readonly Fields[])[socket.pcb as number] ?? {};
      return socket.protocol !== 'none' && fits(own, socket) && fits(inp, pcb);
    });
    const shown = states.map((state) => JSON.stringify((state.sockets as readonly Plain[])[so])).join('\n');
    expect(found, `socket ${so} is to be ${JSON.stringify(fields)}, and is\n${shown}`).toBe(true);
    return this;
  }

  /** States of the specification that explain the history, and that the kernel is like. */
  private alike(): readonly Readonly<Record<string, Plain>>[] {
    const { monitor, stage } = this.built;
    const kernel = kernelOf(this.machine.words);
    const objects = objectsOf(kernel);
    const nearest: string[] = [];
    const states = Array.from(monitor.set(this.machine.monitorState)).flatMap((element) => {
      const words = monitor.elements.words(element);
      const differences = this.likeness.differences(kernel, objects, words);
      if (differences !== null) nearest.push(differences.join('; '));
      return differences === null ? [stage.model.decodeState(words)] : [];
    });
    expect(
      states.length,
      `the kernel is like a state that explains what happened:\n${nearest
        .sort((a, b) => a.length - b.length)
        .filter((text) => !text.startsWith(`${objects.sockets.length} sockets and`))
        .slice(0, 5)
        .join('\n')}`,
    ).toBeGreaterThan(0);
    return states;
  }

  private go(who: string, what: string, ends: (agent: number) => boolean): this {
    const agent = this.agent(who);
    for (let n = 0; n < MANY; n++) {
      if (n > 0 && ends(agent)) return this;
      if ((this.machine.enabled() & (1 << agent)) === 0) break;
      this.machine.step(agent);
      expect(this.machine.violation, `${who} ${what}`).toBeNull();
    }
    if (!ends(agent)) throw new Error(`${who} never ${what}: it is at ${JSON.stringify(this.machine.stack(agent)[0] ?? null)}`);
    return this;
  }

  private agent(who: string): number {
    const found = this.built.program.agents.findIndex(({ name }) => name === who);
    if (found < 0) throw new Error(`there is no ${who}, but ${this.built.program.agents.map(({ name }) => name).join(', ')}`);
    return found;
  }

  private record(who: string): number {
    return this.built.stage.records[this.agent(who)] ?? 0;
  }
}

/** Whether a value has all that is asked for. */
function fits(asked: Plain, value: Plain | undefined): boolean {
  if (typeof asked !== 'object' || asked === null) return asked === value;
  if (Array.isArray(asked)) return JSON.stringify(asked) === JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(asked).every(([key, each]) => fits(each as Plain, (value as Fields)[key]));
}
