/** Targets of the implementation as it is: compiled once for all of them. */
import { implementationSources } from '../../implementation.ts';
import type { Scenario } from '../kernel/scenario.ts';
import { pristineSubject } from '../kernel/subject.ts';
import { type Implementation, type KernelTarget, kernelTarget } from './kernel.ts';

let pristine: Promise<Implementation> | undefined;

export function pristineImplementation(): Promise<Implementation> {
  pristine ??= pristineSubject().then((subject) => ({ subject, sources: implementationSources(), fault: null }));
  return pristine;
}

export async function pristineTarget(scenario: Scenario): Promise<KernelTarget> {
  return kernelTarget(scenario, await pristineImplementation());
}
