/**
 * The benchmark *prove*: seconds until the default proof of all invariants is done, with the bundled solver. The peer is the other thing
 * that a prover is for: the panic of 2006 found on the design that had it. With a cold cache compiling the specification counts too.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProveOptions } from '../engine.ts';
import { prove } from '../prove/index.ts';
import { SPECIFICATION } from '../specification.ts';
import type { Outcome } from '../verdict.ts';
import { type Bar, type Figure, printNumber, type Tell } from './figure.ts';

/** What the verb does when no option is given. */
const DEFAULTS = { depth: 12, sockets: 3, threads: 2, solver: null, seed: 1, timeoutSeconds: 120 } as const;
const PANIC = { design: 'p06', invariants: ['pcb-while-used'], depth: 16 } as const;

interface Timed {
  readonly outcome: Outcome;
  readonly seconds: number;
}

export async function measureProve(tell: Tell): Promise<readonly Figure[]> {
  const out = mkdtempSync(join(tmpdir(), 'sockref-bench-'));
  try {
    tell('all invariants of the specification');
    const all = await timed({ design: SPECIFICATION, invariants: null }, out, tell);
    tell('the panic of 2006');
    const panic = await timed(PANIC, out, tell);
    return figures(all, panic);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

async function timed(
  what: Pick<ProveOptions, 'design' | 'invariants'> & { readonly depth?: number },
  out: string,
  tell: Tell,
): Promise<Timed> {
  const began = performance.now();
  let told = began;
  const progress: ProveOptions['progress'] = (done, total, text) => {
    if (performance.now() < told + 10_000) return;
    told = performance.now();
    tell(`${text} ${done}${total === null ? '' : ` of ${total}`}, ${printNumber((told - began) / 1000)} s`);
  };
  const outcome = await prove({ ...DEFAULTS, ...what, out, signal: new AbortController().signal, progress });
  return { outcome, seconds: (performance.now() - began) / 1000 };
}

function figures({ outcome, seconds }: Timed, panic: Timed): readonly Figure[] {
  const { invariants = 0, closedByInduction = 0, questions = 0 } = outcome.figures;
  const where = `${DEFAULTS.sockets} sockets, ${DEFAULTS.threads} threads`;
  const open = outcome.results.filter(({ verdict }) => verdict !== 'holds').map(({ id, verdict }) => `${id} is ${verdict}`);
  const slowest = outcome.results.toSorted((a, b) => b.seconds - a.seconds)[0];
  const last = `${slowest?.id ?? 'nothing'} was decided last, after ${printNumber(slowest?.seconds ?? 0)} s`;
  const bound = open.length > 0 ? open.join(', ') : `${closedByInduction} of ${invariants} by induction; ${last}`;
  const holds = outcome.verdict === 'holds';
  const everyTrace = holds && closedByInduction === invariants;
  const found = panic.outcome.verdict === 'violated';
  const bars: readonly Bar[] = [
    { text: `every invariant to depth ${DEFAULTS.depth}, ${where}, < 120 s`, reached: holds && seconds < 120, bound },
    { text: `every invariant on all traces, ${where}, < 60 s`, reached: everyTrace && seconds < 60, bound },
  ];
  const seen = [
    outcome.verdict,
    `${closedByInduction} of ${invariants} invariants closed by induction`,
    `${questions} questions of induction, ${printNumber(questions / seconds)} a second of the whole time`,
  ];
  return [
    {
      benchmark: 'prove',
      what: `time until the default proof is done, ${where}, bundled solver`,
      value: seconds,
      unit: 's',
      peer: {
        what: found
          ? 'the panic of 2006 found on design p06, confirmed on the compiled model'
          : `the panic of 2006 was not found: ${panic.outcome.bound}`,
        value: found ? panic.seconds : null,
      },
      bars,
      detail: seen.join('; '),
    },
  ];
}
