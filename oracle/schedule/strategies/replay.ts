/**
 * `replay` follows a recorded schedule and believes nothing: before each step the operation that is about to be made is held against
 * the recorded one, and after it the fingerprint of the state. The first difference ends it and is told; a schedule of edited code
 * never goes on silently with other steps.
 */
import { DOORS } from '../../compile/ir-impl.ts';
import type { Exploration, Explored, Strategy } from '../exploration.ts';
import type { Machine } from '../machine.ts';
import { OP_GUARD } from '../operation.ts';
import type { Violation } from '../program.ts';
import { transitionName } from '../trace.ts';
import { Watch } from '../watch.ts';

/** One step as it was recorded. */
export interface RecordedStep {
  readonly transition: number;
  /** The name of the access, `guard`, or `time-out`. */
  readonly operation: string;
  readonly from: number;
  readonly bytes: number;
  /** "impl/sync/mutex.ts:80"; empty for a guard and a time-out. */
  readonly place: string;
  /** Of the state after the step, 32 hexadecimal digits; null where nobody kept it. */
  readonly fingerprint: string | null;
}

export type Replayed =
  | { readonly kind: 'violated'; readonly violation: Violation; readonly steps: number }
  /** All steps were made and nothing is wrong. `ended`: nobody could move then. */
  | { readonly kind: 'ran'; readonly steps: number; readonly ended: boolean }
  /** `step` counts from 1. */
  | { readonly kind: 'diverged'; readonly step: number; readonly recorded: RecordedStep; readonly why: string };

/** The step that a transition is in the state the machine is in, before it is made. */
function describe(machine: Machine, transition: number): Omit<RecordedStep, 'fingerprint'> {
  if (transition >= machine.agents) return { transition, operation: 'time-out', from: 0, bytes: 0, place: '' };
  const kind = machine.opKind[transition] ?? 0;
  const source = kind === OP_GUARD ? null : machine.source(transition);
  return {
    transition,
    operation: kind === OP_GUARD ? 'guard' : (DOORS[kind - 1] ?? 'nothing'),
    from: machine.opFrom[transition] ?? 0,
    bytes: machine.opBytes[transition] ?? 0,
    place: source === null ? '' : `${source.file}:${source.line}`,
  };
}

function fingerprintOf(machine: Machine): string | null {
  if (!machine.hashed) return null;
  return [...machine.hash].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
}

/** A schedule with what each step does. The machine, hashed if fingerprints are wanted, is at its start before and afterwards. */
export function record(machine: Machine, schedule: readonly number[]): readonly RecordedStep[] {
  const start = machine.mark();
  const steps = schedule.map((transition): RecordedStep => {
    const step = describe(machine, transition);
    machine.step(transition);
    return { ...step, fingerprint: fingerprintOf(machine) };
  });
  machine.undo(start);
  return steps;
}

/** Follows a recorded schedule; the machine is at its start before and afterwards. */
export function follow(machine: Machine, steps: readonly RecordedStep[], atEnd?: Exploration['atEnd']): Replayed {
  const start = machine.mark();
  const watch = new Watch(machine);
  const finish = (replayed: Replayed): Replayed => {
    machine.undo(start);
    return replayed;
  };
  for (const [index, recorded] of steps.entries()) {
    if (watch.violation !== null) return finish({ kind: 'violated', violation: watch.violation, steps: index });
    const diverged = (why: string): Replayed => finish({ kind: 'diverged', step: index + 1, recorded, why });
    const { transition } = recorded;
    const name = transitionName(machine.program, transition);
    const isKnown = Number.isInteger(transition) && transition >= 0 && transition < 2 * machine.agents;
    if (!isKnown) return diverged(`the program has no transition ${transition}`);
    if (((machine.enabled() >> transition) & 1) === 0) return diverged(`${name} can't move here: ${whyNot(machine, transition)}`);
    const why = difference(name, describe(machine, transition), recorded);
    if (why !== null) return diverged(why);
    watch.step(transition);
    const fingerprint = fingerprintOf(machine);
    if (fingerprint !== null && recorded.fingerprint !== null && fingerprint !== recorded.fingerprint)
      return diverged(`${name} made the recorded step, but the state after it is another one`);
  }
  if (watch.violation !== null) return finish({ kind: 'violated', violation: watch.violation, steps: steps.length });
  const ended = machine.enabled() === 0;
  const wrong = ended ? (atEnd?.(machine) ?? null) : null;
  return finish(wrong === null ? { kind: 'ran', steps: steps.length, ended } : { kind: 'violated', violation: wrong, steps: steps.length });
}

function whyNot(machine: Machine, transition: number): string {
  if (transition >= machine.agents) return 'it is in no wait with a time-out';
  switch (machine.status(transition)) {
    case 'blocked':
      return 'it is blocked';
    case 'guarded':
      return 'its guard does not hold';
    case 'done':
      return 'its script has ended';
    case 'panicked':
      return 'it has panicked';
    case 'ready':
      return 'nobody moves after a violation';
  }
}

function difference(name: string, now: Omit<RecordedStep, 'fingerprint'>, then: RecordedStep): string | null {
  const text = ({ operation, from, bytes, place }: Omit<RecordedStep, 'fingerprint'>): string =>
    `${operation}${bytes === 0 ? '' : ` of ${bytes} bytes at ${from}`}${place === '' ? '' : ` at ${place}`}`;
  const same = now.operation === then.operation && now.from === then.from && now.bytes === then.bytes && now.place === then.place;
  return same ? null : `${name} is about to do ${text(now)}; recorded is ${text(then)}`;
}

/** The strategy that follows these steps. It is complete in the sense that it made them all. */
export function replay(steps: readonly RecordedStep[]): Strategy {
  return async ({ machine, atEnd }: Exploration): Promise<Explored> => {
    const replayed = follow(machine, steps, atEnd);
    const made = replayed.kind === 'diverged' ? replayed.step - 1 : replayed.steps;
    const schedule = steps.slice(0, made).map(({ transition }) => transition);
    return {
      complete: replayed.kind === 'ran',
      stopped: replayed.kind === 'diverged' ? `diverged at step ${replayed.step}: ${replayed.why}` : null,
      violation: replayed.kind === 'violated' ? { violation: replayed.violation, schedule } : null,
      figures: { executions: replayed.kind === 'ran' && replayed.ended ? 1 : 0, steps: made, depth: made },
    };
  };
}
