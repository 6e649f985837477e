/** Each engine as a question with a short answer, so that they can be asked the same of a program one after the other. */
import { byStates } from '../../oracle/check/by-states.ts';
import { byWalks } from '../../oracle/check/by-walks.ts';
import { partOf } from '../../oracle/check/examine.ts';
import { Explorer } from '../../oracle/check/explorer.ts';
import type { Symmetric } from '../../oracle/check/symmetric.ts';
import type { Subject } from '../../oracle/check/subject.ts';
import type { Program } from '../../oracle/compile/ir.ts';
import { emitJavaScript } from '../../oracle/compile/javascript.ts';
import type { CheckOptions, ProveOptions } from '../../oracle/engine.ts';
import { proveAllTraces, type WAYS } from '../../oracle/prove/all-traces.ts';
import { boundedTraces } from '../../oracle/prove/bounded.ts';
import { concreteStep } from '../../oracle/prove/concrete.ts';
import { FrameFacts } from '../../oracle/prove/frames.ts';
import { type Goal, goalsOf } from '../../oracle/prove/goals.ts';
import { Induction } from '../../oracle/prove/induction.ts';
import { proveArtefact } from '../../oracle/prove/proof.ts';
import { UsageError } from '../../oracle/usage.ts';
import type { Outcome, Row } from '../../oracle/verdict.ts';
import { limits, type Toy } from '../prove/toys.ts';

/** What is broken, and after how many steps at least. */
export type Broken = Readonly<Record<string, number>>;

const MEMORY = 2 ** 20;

/** All states, to the end; `broken` says how long the run to each violation is, null where the model does not go that way. */
export function explored(program: Program, symmetric: Symmetric | null = null): Explorer {
  const explorer = new Explorer(program, { memoryBytes: MEMORY, symmetric });
  while (!explorer.complete) explorer.expand(1_000);
  return explorer;
}

export function brokenIn(explorer: Explorer): Readonly<Record<string, number | null>> {
  const { invariants } = explorer.model;
  const runs = explorer
    .broken()
    .map((each) => [invariants[each.property]?.id ?? 'no-overflow', explorer.pathOf(each)?.length ?? null] as const);
  return Object.fromEntries(runs.sort());
}

export interface Verb {
  readonly symmetry?: boolean;
  readonly walks?: { readonly number: number; readonly steps: number };
}

/** The rows that `check` prints, of the program as if it were the specification; or why it refuses. */
export async function checkVerb(
  program: Program,
  out: string,
  { symmetry = false, walks }: Verb = {},
): Promise<readonly Row[] | UsageError> {
  const calls = Object.fromEntries(program.agents.flatMap(({ procedures }) => procedures.map(({ name }) => [name, []])));
  const configuration = { id: 'toy', text: '', sockets: 0, threads: 0, names: 0, calls, quick: true };
  const options: CheckOptions = {
    configurations: [],
    design: 'toy',
    symmetry,
    walks: walks ?? null,
    promises: null,
    sockets: null,
    threads: null,
    states: null,
    memoryMiB: 4,
    timeSeconds: 60,
    out,
    seed: 1,
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  const subject: Subject = {
    configuration,
    options,
    artefact: emitJavaScript(program),
    part: partOf(program, configuration, { promises: walks === undefined && !symmetry }),
    deadline: Date.now() + 60_000,
    where: 'toy',
    seen: { procedures: new Set(), rules: new Set(), promises: new Map(), antecedents: new Map() },
  };
  try {
    return walks === undefined ? await byStates(subject) : [await byWalks(subject, walks)];
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
}

/** Goals that may be asked about: what the first state breaks is broken, and nobody may assume it. */
export function openGoals({ system, concrete }: Toy): readonly Goal[] {
  const broken = concrete.broken(concrete.model.initial());
  return goalsOf(system).filter(({ id }) => !broken.includes(id));
}

/** Bounded traces about some goals. Each violation has been run on the compiled model. */
export async function boundedBroken(subject: Toy, goals: readonly Goal[], depth: number): Promise<Broken> {
  const { system, concrete } = subject;
  const found: [string, number][] = [];
  for await (const { violations } of boundedTraces(system, goals, limits(), { depth, proved: [], progress: () => undefined })) {
    for (const { goal, depth: at, steps } of violations) {
      const words = concrete.model.initial();
      const isRun = steps.every(({ action, who, args }) => concrete.take(words, concreteStep(action, who, args ?? [])));
      if (!isRun || !concrete.isBroken(words, goal.id)) throw new Error(`the trace that breaks ${goal.id} does not run`);
      found.push([goal.id, at]);
    }
  }
  return Object.fromEntries(found.sort());
}

/** Ids of the goals that induction over one step closes, with all of them assumed and facts about pauses. */
export async function closedByInduction(subject: Toy): Promise<readonly string[]> {
  const facts = new FrameFacts(subject.system);
  await facts.watch(subject.concrete, 1, 3_000);
  const induction = new Induction(subject.system, facts, limits(), () => undefined);
  const { proved } = await induction.close(openGoals(subject), () => true);
  return proved.filter(({ kind }) => kind !== 'padding').map(({ id }) => id);
}

/** What `prove` says of all invariants. */
export function proveVerb({ system: { program } }: Toy, out: string, depth: number): Promise<Outcome> {
  const artefact = emitJavaScript(program);
  return proveArtefact({ artefact, configuration: {}, deadline: Date.now() + 60_000, watched: 3_000 }, proveOptions(out, depth));
}

function proveOptions(out: string, depth: number): ProveOptions {
  return {
    out,
    design: 'toy',
    invariants: null,
    depth,
    sockets: 0,
    threads: 0,
    timeoutSeconds: 60,
    solver: null,
    seed: 1,
    signal: new AbortController().signal,
    progress: () => undefined,
  };
}

/** What `prove --all-traces` says of all invariants and lemmas, by all its ways or by some. */
export function allTracesVerb({ system: { program } }: Toy, out: string, ways?: readonly (typeof WAYS)[number][]): Promise<Outcome> {
  const artefact = emitJavaScript(program);
  const subject = { artefact, configuration: {}, deadline: Date.now() + 240_000, watched: 3_000, ...(ways === undefined ? {} : { ways }) };
  return proveAllTraces(subject, proveOptions(out, 6));
}
