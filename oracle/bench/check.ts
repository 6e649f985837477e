/**
 * The benchmark *check*: all states of the benchmark model of the project's reference, by the explorer and, in the same run, by SPIN on the
 * model's export; its orbits; random walks. The counts are known, so that a figure of a wrong search is none.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { reduced } from '../check/examine.ts';
import { Explorer } from '../check/explorer.ts';
import { symmetricKinds } from '../check/orbits.ts';
import { Walks } from '../check/walks.ts';
import { compileModel } from '../compile/frontend.ts';
import type { Program } from '../compile/ir.ts';
import { emitJavaScript } from '../compile/javascript.ts';
import { loadModel } from '../compile/model.ts';
import { emitPromela } from '../compile/promela.ts';
import { packageRoot } from '../root.ts';
import { atLeast, type Figure, type Peer, printNumber, type Tell } from './figure.ts';
import { processorsFromNow, rateOf } from './rate.ts';
import { runSpin, spinIsMissing } from './spin.ts';
import { compiledWalker } from './walker.ts';
import { walks } from './walks.ts';

const ENTRY = 'test/prove/models/benchmark.ts';
const STATES = 6_431_031;
const ORBITS = 65_690;
const STEPS = 20;
const MEMORY = 2 * 2 ** 30;
/** States between two turns of others. */
const TURN = 20_000;
/** Of three runs the fastest counts: the others shared the machine with somebody. */
const RUNS = 3;

export async function measureCheck(tell: Tell): Promise<readonly Figure[]> {
  if (!existsSync(join(packageRoot(), ENTRY)))
    throw new Error(`${ENTRY} is not here: the benchmark model comes with the sources, not with the package`);
  tell('all states, 4 sockets and 4 threads');
  const whole = await explored(benchmark(4, 4), false, STATES);
  const spin = await bySpin(tell);
  tell('orbits, 5 sockets and 4 threads');
  const orbits = await explored(benchmark(5, 4), true, ORBITS);
  tell('random walks, 4 sockets and 3 threads');
  return [...stateFigures(whole, spin), orbitFigure(orbits, whole), await walkFigure()];
}

function benchmark(sockets: number, threads: number): Program {
  const constants = { SOCKETS: sockets, THREADS: threads };
  return reduced({ ...compileModel({ root: packageRoot(), entry: ENTRY, constants }), lemmas: [] });
}

interface Explored {
  readonly states: number;
  readonly steps: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly processors: number;
}

async function explored(program: Program, symmetry: boolean, expected: number): Promise<Explored> {
  const symmetric = symmetry ? symmetricKinds(program) : null;
  let best: Explored | null = null;
  for (let run = 0; run < RUNS; run++) {
    const processors = processorsFromNow();
    const began = performance.now();
    const explorer = new Explorer(program, { memoryBytes: MEMORY, symmetric });
    while (!explorer.complete) {
      explorer.expand(TURN);
      if (explorer.outOfMemory) throw new Error('out of memory');
    }
    const seconds = (performance.now() - began) / 1000;
    if (explorer.states !== expected) throw new Error(`${explorer.states} states, and there are ${expected}`);
    const { states, steps, bytes } = explorer;
    if (best === null || seconds < best.seconds) best = { states, steps, seconds, bytes, processors: processors() };
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (best === null) throw new Error('nothing was measured');
  return best;
}

interface Spin extends Peer {
  readonly vectorBytes: number | null;
}

async function bySpin(tell: Tell): Promise<Spin> {
  const missing = spinIsMissing();
  if (missing !== null) return { what: `SPIN: ${missing}`, value: null, vectorBytes: null };
  tell('the same by SPIN');
  const promela = emitPromela(benchmark(4, 4));
  let best = 0;
  let vectorBytes = 0;
  for (let run = 0; run < RUNS; run++) {
    const report = await runSpin(promela, { depth: 10_000_000, hashBits: 24, optimise: true, timeoutSeconds: 600 });
    if (!report.complete || report.states !== STATES) throw new Error(`SPIN found ${report.states} states, and there are ${STATES}`);
    best = Math.max(best, report.states / report.seconds);
    vectorBytes = report.vectorBytes;
  }
  return { what: 'SPIN 6 on the export of the same model, -O2 -DNOREDUCE, in the same run', value: best, vectorBytes };
}

function stateFigures({ states, steps, seconds, bytes, processors }: Explored, spin: Spin): readonly Figure[] {
  const rate = states / seconds;
  const busy = `this process had ${printNumber(processors)} of a processor`;
  const ratio = spin.value === null ? null : rate / spin.value;
  return [
    {
      benchmark: 'check',
      what: 'distinct states of the benchmark model with 4 sockets and 4 threads, one thread',
      value: rate,
      unit: 'states/s',
      peer: spin,
      bars: [
        atLeast(rate, 1_500_000, 'states/s', busy),
        ...(ratio === null ? [] : [atLeast(ratio, 3, `× SPIN (measured: ${printNumber(ratio)})`, busy)]),
      ],
      detail: `${printNumber(states)} states and ${printNumber(steps)} transitions in ${printNumber(seconds)} s, the best of ${RUNS} runs`,
    },
    {
      benchmark: 'check',
      what: 'memory for each of these states',
      value: bytes / states,
      unit: 'bytes',
      peer: { what: "SPIN's state vector, without its table", value: spin.vectorBytes },
      bars: [{ text: '≤ 40 bytes', reached: bytes / states <= 40, bound: 'the words of a state, its parent, and the table' }],
    },
  ];
}

function orbitFigure({ states, seconds, processors }: Explored, whole: Explored): Figure {
  return {
    benchmark: 'check',
    what: `all ${printNumber(states)} orbits with 5 sockets and 4 threads`,
    value: seconds,
    unit: 's',
    peer: { what: 'all states of one socket less, without symmetry', value: whole.seconds },
    bars: [{ text: '< 1 s', reached: seconds < 1, bound: `this process had ${printNumber(processors)} of a processor` }],
  };
}

async function walkFigure(): Promise<Figure> {
  const program = benchmark(4, 3);
  const walker = new Walks(program, STEPS);
  let seed = 0;
  const rated = await rateOf(3, () => {
    walker.take(seed, seed + 100);
    seed += 100;
    return 100;
  });
  const model = loadModel(emitJavaScript(program));
  const plain = await rateOf(2, walks(model, compiledWalker(model), STEPS).batch);
  return {
    benchmark: 'check',
    what: `random walks of ${STEPS} steps, each step one of all that are possible`,
    value: rated.perSecond,
    unit: 'walks/s',
    peer: { what: 'walks that try moves until one is possible, step by step', value: plain.perSecond / STEPS },
    bars: [atLeast(rated.perSecond, 100_000, 'walks/s', `this process had ${printNumber(rated.processors)} of a processor`)],
  };
}
