/**
 * *Minimising* makes a schedule that breaks something easier to read, by trying others that are simpler and keeping those that break the
 * same. Simpler is: fewer preemptions, then fewer switches, then fewer steps. The same input gives the same result.
 *
 * A schedule is taken as *runs*, so many steps of one agent in a row. A variant of it says whom one would like to move, in which
 * order; who can't move is passed over, and when the wishes are used up the same agent goes on as long as it can, then the first
 * that can. Any variant is thus a schedule of the program, and needs no repair.
 *
 * Programs are made smaller by whoever knows how: `minimiseProgram` goes from one to a smaller one as long as it still breaks.
 */
import type { Exploration, Found } from './exploration.ts';
import type { Machine } from './machine.ts';
import type { AgentProgram, ScriptCall, Violation } from './program.ts';
import { Watch } from './watch.ts';

export interface Minimised extends Found {
  readonly preemptions: number;
  readonly switches: number;
  /** Schedules tried. */
  readonly runs: number;
  /** False: the schedule that was given does not break that, and was left as it is. */
  readonly reproduced: boolean;
}

export interface MinimiseOptions {
  readonly atEnd?: Exploration['atEnd'];
  readonly onTheWay?: Exploration['onTheWay'];
  /** Whether a violation is the one that is looked for. Default: it has the same id. */
  readonly isSame?: (violation: Violation, schedule: readonly number[]) => boolean;
  /** Steps that may be spent in all. */
  readonly steps?: number;
}

const STEPS = 2_000_000;

interface Run {
  readonly transition: number;
  readonly steps: number;
}

interface Attempt {
  readonly violation: Violation | null;
  readonly schedule: readonly number[];
  readonly preemptions: number;
  readonly switches: number;
}

/**
 * The machine is at its start, before and afterwards. A livelock stays as it was found: stem and loop are the shortest already, and with
 * a step less the loop would not close.
 */
export function minimise(machine: Machine, found: Found, options: MinimiseOptions = {}): Minimised {
  if (found.loop !== undefined) return { ...found, ...switchesIn(machine, found.schedule), runs: 0, reproduced: true };
  const search = new Minimiser(machine, found, options);
  return search.result();
}

/** The machine is at its start, before and afterwards. */
function switchesIn(machine: Machine, schedule: readonly number[]): { readonly preemptions: number; readonly switches: number } {
  const start = machine.mark();
  let [preemptions, switches, last] = [0, 0, -1];
  for (const transition of schedule) {
    const agent = transition % machine.agents;
    if (last >= 0 && agent !== last) {
      switches++;
      if (isEnabled(machine.enabled(), last)) preemptions++;
    }
    last = agent;
    machine.step(transition);
  }
  machine.undo(start);
  return { preemptions, switches };
}

class Minimiser {
  private readonly machine: Machine;
  private readonly watch: Watch;
  private readonly start: number;
  private readonly found: Found;
  private readonly atEnd: NonNullable<Exploration['atEnd']>;
  private readonly onTheWay: NonNullable<Exploration['onTheWay']>;
  private readonly isSame: NonNullable<MinimiseOptions['isSame']>;
  private stepsLeft: number;
  private runs = 0;
  private best: Attempt | null = null;

  constructor(machine: Machine, found: Found, { atEnd, onTheWay, isSame, steps }: MinimiseOptions) {
    this.machine = machine;
    this.start = machine.mark();
    this.watch = new Watch(machine);
    this.found = found;
    this.atEnd = atEnd ?? (() => null);
    this.onTheWay = onTheWay ?? (() => null);
    this.isSame = isSame ?? (({ id }) => id === found.violation.id);
    this.stepsLeft = steps ?? STEPS;
  }

  result(): Minimised {
    this.best = this.attempt(this.found.schedule, true);
    if (this.best === null || !this.breaks(this.best))
      return {
        ...this.found,
        preemptions: this.best?.preemptions ?? 0,
        switches: this.best?.switches ?? 0,
        runs: this.runs,
        reproduced: false,
      };
    for (let improved = true; improved; ) {
      improved = false;
      for (const variants of [grouped, without, shortened]) if (this.improve(variants)) improved = true;
      if (!improved && this.best.preemptions > 1) improved = this.improveByOne();
    }
    const { schedule, preemptions, switches, violation } = this.best;
    return { violation: violation ?? this.found.violation, schedule, preemptions, switches, runs: this.runs, reproduced: true };
  }

  private breaks({ violation, schedule }: Attempt): boolean {
    return violation !== null && this.isSame(violation, schedule);
  }

  /** Takes one variant after the other; one that is simpler is gone on from at the same place. */
  private improve(variants: (runs: readonly Run[], size: number, at: number) => readonly (readonly Run[])[]): boolean {
    let improved = false;
    for (let size = this.runsOfBest().length; size >= 1; size = size >> 1) {
      for (let at = 0; at < this.runsOfBest().length; ) {
        const candidates = variants(this.runsOfBest(), size, at);
        const better = candidates.some((runs) => this.tries(runs));
        if (better) improved = true;
        // Where something was taken out, something else has come to stand.
        if (!better) at += Math.max(1, size >> 1);
        if (this.stepsLeft <= 0) return false;
      }
    }
    return improved;
  }

  /** Everybody moves as long as possible, but for one who is preempted once: step by step that leads there from few schedules. */
  private improveByOne(): boolean {
    const counts = new Map<number, number>();
    for (const transition of this.best?.schedule ?? []) counts.set(transition, (counts.get(transition) ?? 0) + 1);
    const whole = [...counts].map(([transition, steps]): Run => ({ transition, steps }));
    for (const first of whole) {
      for (const second of whole) {
        if (second === first) continue;
        const others = whole.filter((run) => run !== first && run !== second);
        for (let steps = 1; steps < first.steps; steps++) {
          const one = [{ ...first, steps }, second, first];
          if (this.tries([...one, ...others]) || (others.length > 0 && this.tries([...others, ...one]))) return true;
          if (this.stepsLeft <= 0) return false;
        }
      }
    }
    return false;
  }

  private runsOfBest(): readonly Run[] {
    return runsOf(this.best?.schedule ?? []);
  }

  private tries(runs: readonly Run[]): boolean {
    const attempt = this.attempt(
      runs.flatMap(({ transition, steps }) => Array.from({ length: steps }, () => transition)),
      false,
    );
    if (attempt === null || this.best === null || !isSimpler(attempt, this.best) || !this.breaks(attempt)) return false;
    this.best = attempt;
    return true;
  }

  /** Goes as wished. `exactly`: not a step more, and null if one is not possible. */
  private attempt(wishes: readonly number[], exactly: boolean): Attempt | null {
    const { machine, watch } = this;
    const schedule: number[] = [];
    const most = exactly ? wishes.length : 2 * this.found.schedule.length + 1000;
    let [preemptions, switches, last] = [0, 0, -1];
    let violation: Violation | null = null;
    let isPossible = true;
    for (let wish = 0; ; ) {
      violation = watch.violation;
      const enabled = machine.enabled();
      violation ??= enabled === 0 ? this.atEnd(machine) : this.onTheWay(machine);
      if (violation !== null || enabled === 0 || schedule.length >= most) break;
      while (wish < wishes.length && !exactly && !isEnabled(enabled, wishes[wish] ?? 0)) wish++;
      const next = wishes[wish++] ?? this.goOn(enabled, last);
      if (!isEnabled(enabled, next)) {
        isPossible = false;
        break;
      }
      const agent = next < machine.agents ? next : next - machine.agents;
      if (last >= 0 && agent !== last) {
        switches++;
        if (isEnabled(enabled, last)) preemptions++;
      }
      last = agent;
      schedule.push(next);
      watch.step(next);
    }
    this.runs++;
    this.stepsLeft -= schedule.length;
    machine.undo(this.start);
    watch.clear();
    return isPossible ? { violation, schedule, preemptions, switches } : null;
  }

  /** The one that was moving if it can; else the first agent; time-outs last, as they come after all agents. */
  private goOn(enabled: number, last: number): number {
    return last >= 0 && isEnabled(enabled, last) ? last : 31 - Math.clz32(enabled & -enabled);
  }
}

function isEnabled(enabled: number, transition: number): boolean {
  return ((enabled >> transition) & 1) === 1;
}

function isSimpler(a: Attempt, b: Attempt): boolean {
  if (a.preemptions !== b.preemptions) return a.preemptions < b.preemptions;
  if (a.switches !== b.switches) return a.switches < b.switches;
  return a.schedule.length < b.schedule.length;
}

function runsOf(schedule: readonly number[]): readonly Run[] {
  const runs: Run[] = [];
  for (const transition of schedule) {
    const last = runs.at(-1);
    if (last?.transition === transition) runs[runs.length - 1] = { transition, steps: last.steps + 1 };
    else runs.push({ transition, steps: 1 });
  }
  return runs;
}

/** In a stretch of runs, those of one agent together: where the first of them was, or where the last one was. */
function grouped(runs: readonly Run[], size: number, at: number): readonly (readonly Run[])[] {
  const window = runs.slice(at, at + Math.max(3, size));
  if (window.length < 3) return [];
  const [before, after] = [runs.slice(0, at), runs.slice(at + window.length)];
  const order = [...new Set(window.map(({ transition }) => transition))];
  const late = [...new Set(window.map(({ transition }) => transition).reverse())].reverse();
  return [order, late].map((agents) => [
    ...before,
    ...agents.map((transition) => ({
      transition,
      steps: window.reduce((sum, run) => sum + (run.transition === transition ? run.steps : 0), 0),
    })),
    ...after,
  ]);
}

function without(runs: readonly Run[], size: number, at: number): readonly (readonly Run[])[] {
  return [[...runs.slice(0, at), ...runs.slice(at + size)]];
}

/** A run ends earlier, or does not begin where it did but a few steps later. */
function shortened(runs: readonly Run[], size: number, at: number): readonly (readonly Run[])[] {
  const run = runs[at];
  if (run === undefined || size > 1) return [];
  const shorter: (readonly Run[])[] = [];
  for (let less = run.steps >> 1; less >= 1; less >>= 1)
    shorter.push([...runs.slice(0, at), { ...run, steps: run.steps - less }, ...runs.slice(at + 1)]);
  return shorter;
}

/**
 * Goes to smaller and smaller subjects as long as they still break: `candidates` offers those that are one step smaller, the most
 * wanted first, and `find` looks for the violation in one.
 */
export async function minimiseProgram<Subject>(
  subject: Subject,
  found: Found,
  candidates: (subject: Subject) => Iterable<Subject>,
  find: (subject: Subject) => Promise<Found | null>,
  isSame: (violation: Violation) => boolean = ({ id }) => id === found.violation.id,
): Promise<{ readonly subject: Subject; readonly found: Found; readonly tried: number }> {
  let [best, tried] = [{ subject, found }, 0];
  for (let improved = true; improved; ) {
    improved = false;
    for (const smaller of candidates(best.subject)) {
      tried++;
      const again = await find(smaller);
      if (again === null || !isSame(again.violation)) continue;
      best = { subject: smaller, found: again };
      improved = true;
      break;
    }
  }
  return { ...best, tried };
}

/** Scripts with an agent less, then those with a call less. A call whose result a later one needs stays. */
export function* smallerScripts(agents: readonly AgentProgram[]): Generator<readonly AgentProgram[]> {
  if (agents.length > 1) for (const index of agents.keys()) yield agents.filter((_, other) => other !== index);
  for (const [index, agent] of agents.entries()) {
    if (agent.script.length < 2) continue;
    for (const gone of [...agent.script.keys()].reverse()) {
      const script = withoutCall(agent.script, gone);
      if (script !== null) yield agents.map((other, n) => (n === index ? { ...other, script } : other));
    }
  }
}

function withoutCall(script: readonly ScriptCall[], gone: number): readonly ScriptCall[] | null {
  const isNeeded = script.some(({ args }) => args.some((arg) => typeof arg !== 'number' && arg.resultOf === gone));
  if (isNeeded) return null;
  return script
    .filter((_, index) => index !== gone)
    .map((call) => ({
      ...call,
      args: call.args.map((arg) => (typeof arg !== 'number' && arg.resultOf > gone ? { resultOf: arg.resultOf - 1 } : arg)),
    }));
}
