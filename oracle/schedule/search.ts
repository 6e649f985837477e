/**
 * A *search* is what strategies that go back have in common: the schedule so far, limits, figures, and the judgement of the states at
 * which it arrives.
 */
import { setImmediate } from 'node:timers/promises';
import type { Exploration, Explored, Figures, Found } from './exploration.ts';
import type { Machine } from './machine.ts';
import type { Violation } from './program.ts';
import type { Watch } from './watch.ts';

/** Steps between two looks at the clock. */
const BREATH = 1 << 14;

export class Search {
  executions = 0;
  steps = 0;
  blocked = 0;
  deepest = 0;
  found: Found | null = null;
  stopped: string | null = null;
  private readonly watchMarks: number[] = [];
  private readonly watch: Watch | null;
  private readonly exploration: Exploration;
  private readonly machine: Machine;
  private readonly began = performance.now();

  /** With a watch the happens-before relation is kept, so that races are found that do not show in a state. */
  constructor(exploration: Exploration, watch: Watch | null = null) {
    this.watch = watch;
    this.exploration = exploration;
    this.machine = exploration.machine;
  }

  step(transition: number): void {
    const { machine } = this;
    if (this.watch === null) machine.step(transition);
    else {
      this.watchMarks.push(this.watch.mark());
      this.watch.step(transition);
    }
    this.steps++;
    if (machine.steps > this.deepest) this.deepest = machine.steps;
  }

  back(): void {
    this.machine.back();
    if (this.watch !== null) this.watch.undo(this.watchMarks.pop() ?? 0);
  }

  /** Judges the state the machine is in. False: nothing is to be done from here. */
  arrive(): boolean {
    const { machine } = this;
    const violation = this.watch === null ? machine.violation : this.watch.violation;
    if (violation !== null) return this.judge(violation);
    if (machine.enabled() !== 0) {
      const wrong = this.exploration.onTheWay?.(machine) ?? null;
      return wrong === null || this.judge(wrong);
    }
    this.executions++;
    if (this.exploration.limits.executions !== null && this.executions >= this.exploration.limits.executions)
      this.stop(`${this.executions} executions`);
    return this.judge(this.exploration.atEnd?.(machine) ?? null);
  }

  private judge(violation: Violation | null): false {
    if (violation !== null) this.found ??= { violation, schedule: this.machine.schedule() };
    return false;
  }

  stop(why: string): void {
    this.stopped ??= why;
  }

  isOver(): boolean {
    return this.found !== null || this.stopped !== null;
  }

  /** Whether it is time to look at the limits. */
  pauses(): boolean {
    return this.steps % BREATH === 0 || this.steps === this.exploration.limits.steps;
  }

  /** Looks at the limits, lets others run, tells how far it is. */
  async breathe(more: Partial<Figures> = {}): Promise<void> {
    const { limits, signal, progress } = this.exploration;
    const seconds = (performance.now() - this.began) / 1000;
    if (limits.steps !== null && this.steps >= limits.steps) this.stop(`${this.steps} steps`);
    if (limits.seconds !== null && seconds >= limits.seconds) this.stop(`${limits.seconds} seconds`);
    progress({ ...this.figures(), ...more });
    await setImmediate();
    if (signal.aborted) this.stop('interrupted');
  }

  figures(): Figures {
    return { executions: this.executions, steps: this.steps, depth: this.deepest, blocked: this.blocked };
  }

  /** Goes back to the start. */
  finish(more: Partial<Figures> = {}): Explored {
    while (this.machine.steps > 0) this.back();
    return {
      complete: this.found === null && this.stopped === null,
      stopped: this.found === null ? this.stopped : null,
      violation: this.found,
      figures: { ...this.figures(), ...more },
    };
  }
}
