/** A *subject* is one configuration about to be judged, and what its judges have in common: where, for how long, what they saw on the way. */
import type { Program } from '../compile/ir.ts';
import type { Artefact } from '../compile/javascript.ts';
import type { Action } from '../compile/js-successors.ts';
import { type CompiledModel, loadModel } from '../compile/model.ts';
import type { CheckOptions } from '../engine.ts';
import type { Row } from '../verdict.ts';
import type { Met } from './antecedents.ts';
import { type Configuration, limitsOf } from './configurations.ts';
import { NO_OVERFLOW, tell } from './trace.ts';

export interface Subject {
  readonly configuration: Configuration;
  readonly options: CheckOptions;
  /** The specification with these sizes, and the part of it that the configuration speaks of. */
  readonly artefact: Artefact;
  readonly part: Program;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** "3 sockets, 2 threads, design sockref" */
  readonly where: string;
  readonly seen: Seen;
}

/** What was seen to happen in any configuration. */
export interface Seen {
  readonly procedures: Set<string>;
  readonly rules: Set<string>;
  /** Promises that were judged: whether they came up. */
  readonly promises: Map<string, boolean>;
  readonly antecedents: Met;
}

export function note(
  { seen }: Subject,
  { model, actions, rules, taken }: Pick<Observer, 'model' | 'actions' | 'rules'> & { readonly taken: (action: number) => number },
): void {
  for (const [index, { agent, procedure, args }] of actions.entries()) {
    const name = model.agents[agent]?.procedures[procedure]?.name;
    if (args !== null && name !== undefined && taken(index) > 0) seen.procedures.add(name);
  }
  for (const [index, { id }] of model.program.rules.entries()) if ((rules[index] ?? 0) > 0) seen.rules.add(id);
}

/** Who takes steps of the part. */
interface Observer {
  readonly model: CompiledModel;
  readonly actions: readonly Action[];
  readonly rules: Uint32Array;
}

/** An invariant, by its index, and steps that break it; null where the model itself does not go that way. */
export interface Broken {
  readonly property: number;
  readonly path: readonly Action[] | null;
}

/**
 * What a row says of what is broken: with a file for each, or `unknown` where the whole specification does not agree. What has no path, since
 * more was followed than the model does, is no violation, and takes nothing from one that has.
 */
export function violated(
  { configuration, options, artefact, where }: Subject,
  model: CompiledModel,
  broken: readonly Broken[],
  how: string,
): Pick<Row, 'verdict' | 'counterexample' | 'detail'> {
  const whole = loadModel(artefact);
  const told = broken.map(({ property, path }) => {
    const breaks = model.invariants[property]?.id ?? NO_OVERFLOW;
    const telling = { design: options.design, scenario: configuration.id, seed: options.seed, breaks, limits: limitsOf(configuration) };
    return { breaks, path, length: path?.length ?? 0, told: path === null ? null : tell(whole, model, path, telling, options.out) };
  });
  const shown = told.filter((each) => each.told !== null);
  const contradicted = told.find((each) => each.told === null && (each.path !== null || shown.length === 0));
  if (contradicted !== undefined) {
    const isChoice = contradicted.path === null && options.symmetry;
    const detail = isChoice
      ? `${contradicted.breaks} is false in a state (${where}) that the specification may not get to: where it asks for the \`first\` of several, all were followed; ask without --symmetry`
      : `${contradicted.breaks} is false in a state of this configuration (${where}), and the whole specification does not get there: a fault of sockref`;
    return { verdict: 'unknown', counterexample: null, detail };
  }
  const [first] = shown;
  const names = shown.map(({ breaks }) => breaks).join(', ');
  const detail = `${names}: false after ${first?.length ?? 0} steps${how}\n${first?.told?.text ?? ''}`;
  return { verdict: 'violated', counterexample: first?.told?.file ?? null, detail };
}

export function count(number: number): string {
  return number.toLocaleString('en-US');
}
