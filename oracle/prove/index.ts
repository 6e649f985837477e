/** *prove*: invariants of the specification by Z3, each with its own verdict. This is the face; what is done in which order is in proof.ts. */
import type { ProveOptions } from '../engine.ts';
import { packageRoot } from '../root.ts';
import { DESIGNS, specificationArtefact, specificationSources } from '../specification.ts';
import type { Outcome } from '../verdict.ts';
import { proveAllTraces } from './all-traces.ts';
import { NO_OVERFLOW } from './goals.ts';
import { proveArtefact } from './proof.ts';

export function listDesigns(): readonly string[] {
  return DESIGNS;
}

/** The ids of model/invariants.ts, without compiling it. */
export function listInvariants(): readonly string[] {
  const source = specificationSources()['model/invariants.ts'] ?? '';
  const body = /\nexport const invariants\b[^\n]*\{\n([\s\S]*?)\n\};/.exec(source)?.[1];
  if (body === undefined) throw new Error(`the invariants were not found in model/invariants.ts of ${packageRoot()}`);
  return [...[...body.matchAll(/^ {2}'([^']+)':/gm)].map((match) => match[1] as string), NO_OVERFLOW];
}

export async function prove(options: ProveOptions): Promise<Outcome> {
  const deadline = Date.now() + options.timeoutSeconds * 1000;
  const configuration = { SOCKETS: options.sockets, PCBS: options.sockets, THREADS: options.threads };
  options.progress(0, null, 'compiling the specification');
  const artefact = await specificationArtefact(options.design, configuration);
  const subject = { artefact, configuration, deadline };
  return options.allTraces === true ? proveAllTraces(subject, options) : proveArtefact(subject, options);
}
