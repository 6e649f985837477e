/**
 * What each design breaks is what is known of its era, and nothing else: random runs refute it, and what refutes it replays. Citations are of
 * the reference. What a design keeps at every depth is for `sockref compare` to say, which takes minutes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { TransitionSystem } from '../../oracle/compile/smt.ts';
import { readCounterexample } from '../../oracle/counterexample.ts';
import { Concrete, type ConcreteStep } from '../../oracle/prove/concrete.ts';
import { Exercise } from '../../oracle/prove/exercise.ts';
import { FrameFacts } from '../../oracle/prove/frames.ts';
import { NO_OVERFLOW } from '../../oracle/prove/goals.ts';
import { listDesigns } from '../../oracle/prove/index.ts';
import { shortened } from '../../oracle/prove/shorten.ts';
import { confirm } from '../../oracle/prove/trace.ts';
import { replay } from '../../oracle/replay/index.ts';
import { specificationArtefact } from '../../oracle/specification.ts';
import { enough } from '../campaign.ts';

const out = mkdtempSync(join(tmpdir(), 'sockref-designs-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

const LIMITS = { SOCKETS: 3, PCBS: 3, THREADS: 2 };
const SEED = 70;
/** In many more, behind a panic of p06, anything breaks that can: so runs are begun anew until one has met what is still missing. */
const STEPS = 70_000;
const RUNS = 40;

/** G30: a child queued behind the drain is left when its listener is freed, and what it says of that dangles. */
const QUEUED_BEHIND_THE_DRAIN = { 'listener-freed-empty': 9, 'no-dangling-reference': 7, 'queue-membership': 9 };

/** Invariants that a design breaks, and the fewest steps that do, as far as it is known: no shorter run may be found. */
const BROKEN: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // F000.2: so_pcb NULL means dropped; G01: and setsockopt uses it. G07: soclose holds a child by nothing between unlink and abort, and the
  // protocol frees it.
  p06: { 'pcb-while-valid': 3, 'pcb-while-used': 5, 'no-panic': 8, ...QUEUED_BEHIND_THE_DRAIN },
  // G22: a dropped connection keeps its port. The panic of G01 is gone with so_pcb NULL (F004.1).
  april2006: { 'dropped-is-over': 4, ...QUEUED_BEHIND_THE_DRAIN },
  sockref: {},
  // G52: without the listener's second look it is the protocol that keeps new children out.
  freebsd13: {},
  freebsd14: {},
  // F000.2 is none of its promises. G31 and G07 were cured before 2013, and what G01 is about one thread does (A.7).
  dragonfly: { 'pcb-while-valid': 3 },
};

test.each(enough(listDesigns(), (design) => ['p06', 'sockref'].includes(design)))(
  '%s breaks what is known of its era, and nothing else',
  async (design) => {
    const artefact = await specificationArtefact(design, LIMITS);
    const system = new TransitionSystem(artefact.program);
    const concrete = new Concrete(artefact, system);
    const known = BROKEN[design] ?? {};
    const broken = new Map<string, readonly ConcreteStep[]>();
    for (let run = 0; run === 0 || (run < RUNS && Object.keys(known).some((id) => !broken.has(id))); run++) {
      const exercise = new Exercise(concrete, new FrameFacts(system), []);
      await exercise.run(SEED + run, STEPS, () => false);
      for (const [id, path] of exercise.broken) if (!broken.has(id)) broken.set(id, path);
    }
    const promises = [...artefact.program.invariants.map(({ id }) => id), NO_OVERFLOW];
    expect([...broken.keys()].filter((id) => promises.includes(id)).sort()).toEqual(Object.keys(known).sort());
    for (const [id, fewest] of Object.entries(known)) {
      const run = shortened(system, concrete, { path: broken.get(id) ?? [], id, stop: () => false }) ?? [];
      expect(run.length, id).toBeGreaterThanOrEqual(fewest);
      const file = confirm(system, concrete, run, { design, seed: SEED, breaks: id, limits: LIMITS }, out);
      const work = { seed: 1, signal: new AbortController().signal, progress: () => undefined };
      expect((await replay(await readCounterexample(file ?? ''), work)).verdict, id).toBe('violated');
    }
  },
);
