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
import { Concrete, type ConcreteStep, type Visitor } from '../../oracle/prove/concrete.ts';
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
const SEED = 1;
/** Runs are begun anew until one has met what is still missing. Ten or twenty have, whatever the seed. */
const STEPS = 70_000;
const RUNS = 100;

/** What says that an assertion fired. That stops nothing here, and anything breaks behind it that can: of the design it says nothing. */
const PANICS = ['no-panic', 'pcb-while-used', 'listener-freed-empty'];

/** What random runs break before an assertion fires, or with it, by the shortest way that was met. */
class Breaks implements Visitor {
  readonly found = new Map<string, readonly ConcreteStep[]>();
  readonly #concrete: Concrete;
  readonly #facts: FrameFacts;

  constructor(concrete: Concrete, facts: FrameFacts) {
    this.#concrete = concrete;
    this.#facts = facts;
  }

  visit(cells: readonly number[], words: Int32Array, path: () => readonly ConcreteStep[]): boolean {
    const broken = this.#concrete.broken(words);
    for (const id of broken) this.#breaks(id, path());
    // No run need begin behind an assertion.
    return !broken.some((id) => PANICS.includes(id)) && this.#facts.visit(cells);
  }

  fault(path: () => readonly ConcreteStep[]): void {
    this.#breaks(NO_OVERFLOW, path());
  }

  #breaks(id: string, path: readonly ConcreteStep[]): void {
    const known = this.found.get(id);
    if (known !== undefined && known.length <= path.length) return;
    const words = this.#concrete.model.initial();
    for (const step of path) {
      if (this.#concrete.broken(words).some((each) => PANICS.includes(each))) return;
      if (!this.#concrete.take(words, step)) throw new Error("a run can't be repeated");
    }
    this.found.set(id, path);
  }
}

/** G30: a child queued behind the drain is left when its listener is freed, by its filter too, and what it says of that dangles. */
const QUEUED_BEHIND_THE_DRAIN = {
  'listener-freed-empty': 9,
  'no-dangling-reference': 7,
  'queue-membership': 9,
  'filter-keeps-unready': 10,
};

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

test.each(enough(listDesigns(), (design) => ['dragonfly', 'sockref'].includes(design)))(
  '%s breaks what is known of its era, and nothing else',
  async (design) => {
    const artefact = await specificationArtefact(design, LIMITS);
    const system = new TransitionSystem(artefact.program);
    const concrete = new Concrete(artefact, system);
    const known = BROKEN[design] ?? {};
    const broken = new Map<string, readonly ConcreteStep[]>();
    for (let run = 0; run === 0 || (run < RUNS && Object.keys(known).some((id) => !broken.has(id))); run++) {
      const breaks = new Breaks(concrete, new FrameFacts(system));
      await concrete.watch(SEED + run, STEPS, breaks);
      for (const [id, path] of breaks.found) if (!broken.has(id)) broken.set(id, path);
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
