/**
 * *Proofs* of claims about states, for traces of every length and in larger configurations than can be seen whole: the prover is given the
 * specification with the claims beside its own invariants, which carry them.
 */
import type { ProveOptions } from '../engine.ts';
import { proveArtefact } from '../prove/proof.ts';
import type { Artefact } from '../compile/javascript.ts';
import type { Limits } from '../specification.ts';
import { claimArtefact, isClaim } from './program.ts';

/** What the prover says of a claim; `open`: nothing that is good for every trace. */
export interface Proved {
  readonly verdict: 'holds' | 'violated' | 'open';
  readonly method: string;
  readonly bound: string;
  readonly file: string | null;
  readonly detail: string;
}

export interface ProofWork extends Pick<ProveOptions, 'seed' | 'out' | 'signal' | 'progress'> {
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

const SOCKETS = 3;
const THREADS = 2;
/** Where there is no proof, traces of this length say nothing that all states of a setting don't. */
const DEPTH = 3;

/** The specification with these claims for invariants beside its own: what is known to be false would only stand in the way. */
async function provable({
  design,
  limits,
  ids,
}: {
  readonly design: string;
  readonly limits: Limits;
  readonly ids: readonly string[];
}): Promise<Artefact> {
  const { program } = await claimArtefact({ kind: 'states', design, limits });
  const { emitJavaScript } = await import('../compile/javascript.ts');
  return emitJavaScript({ ...program, invariants: program.invariants.filter(({ id }) => !isClaim(id) || ids.includes(id)) });
}

/** By `claim@design`. */
export async function proveClaims(
  designs: ReadonlyMap<string, readonly string[]>,
  { seed, out, signal, progress, deadline }: ProofWork,
): Promise<ReadonlyMap<string, Proved>> {
  const proved = new Map<string, Proved>();
  const limits = { SOCKETS, PCBS: SOCKETS, THREADS };
  for (const [design, ids] of designs) {
    if (ids.length === 0 || signal.aborted || Date.now() > deadline) continue;
    const artefact = await provable({ design, limits, ids });
    const options = {
      design,
      invariants: ids,
      depth: DEPTH,
      sockets: SOCKETS,
      threads: THREADS,
      timeoutSeconds: (deadline - Date.now()) / 1000,
      solver: null,
      seed,
      out,
      signal,
      progress: (done: number, total: number | null, text: string) => progress(done, total, `${design}, all traces: ${text}`),
    };
    const { results } = await proveArtefact({ artefact, configuration: limits, deadline }, options);
    for (const { id, verdict, method = '', bound, counterexample, detail = '' } of results) {
      const every = verdict === 'holds' && method === 'induction';
      proved.set(`${id}@${design}`, {
        verdict: verdict === 'violated' ? 'violated' : every ? 'holds' : 'open',
        method,
        bound: every ? `all traces of ${SOCKETS} sockets, ${THREADS} threads` : bound,
        file: counterexample,
        detail,
      });
    }
  }
  return proved;
}
