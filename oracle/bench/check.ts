/**
 * The benchmark *check*: all states of the benchmark model of the project's reference, by one thread, by two, and, in the same run, by SPIN
 * on the model's export; its orbits; random walks. The counts are known, so that a figure of a wrong search is none.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { reduced } from '../check/examine.ts';
import { Crew } from '../check/crew.ts';
import { Explorer } from '../check/explorer.ts';
import { symmetricKinds } from '../check/symmetric.ts';
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
const LARGER = 7_259_588;
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
  const program = benchmark(4, 4);
  let whole: Explored | null = null;
  let pair: Explored | null = null;
  // In turns, so that both have the machine as it is.
  for (let run = 0; run < RUNS; run++) {
    tell('all states, 4 sockets and 4 threads');
    whole = faster(whole, await explored(program, STATES));
    tell('the same by two workers');
    pair = faster(pair, await explored(program, STATES, { workers: 2 }));
  }
  if (whole === null || pair === null) throw new Error('nothing was measured');
  const spin = await bySpin(tell);
  tell('all states, 5 sockets and 3 threads');
  const larger = await explored(benchmark(5, 3), LARGER);
  tell('orbits, 5 sockets and 4 threads');
  let orbits: Explored | null = null;
  for (let run = 0; run < RUNS; run++) orbits = faster(orbits, await explored(benchmark(5, 4), ORBITS, { symmetry: true }));
  if (orbits === null) throw new Error('nothing was measured');
  tell('random walks, 4 sockets and 3 threads');
  return [
    ...stateFigures(whole, spin),
    pairFigure(pair, whole),
    largerFigure(larger, whole),
    orbitFigure(orbits, whole),
    await walkFigure(),
  ];
}

function benchmark(sockets: number, threads: number): Program {
  const constants = { SOCKETS: sockets, THREADS: threads };
  return reduced({ ...compileModel({ root: packageRoot(), entry: ENTRY, constants }), lemmas: [] });
}

interface Explored {
  readonly states: number;
  readonly steps: number;
  readonly seconds: number;
  /** Of all processors together. */
  readonly processorSeconds: number;
  readonly bytes: number;
}

async function explored(program: Program, expected: number, { symmetry = false, workers = 1 } = {}): Promise<Explored> {
  const settings = { memoryBytes: MEMORY, symmetric: symmetry ? symmetricKinds(program) : null };
  const processors = processorsFromNow();
  const began = performance.now();
  const found = workers === 1 ? byOne(new Explorer(program, settings)) : await byCrew(await Crew.of(program, { ...settings, workers }));
  const seconds = (performance.now() - began) / 1000;
  const { states, steps, bytes } = found;
  if (states !== expected) throw new Error(`${states} states, and there are ${expected}`);
  return { states, steps, bytes, seconds, processorSeconds: processors() * seconds };
}

function byOne(explorer: Explorer): Explorer {
  while (!explorer.complete) {
    explorer.expand(TURN);
    if (explorer.outOfMemory) throw new Error('out of memory');
  }
  return explorer;
}

async function byCrew(crew: Crew): Promise<Crew> {
  try {
    while (!crew.complete) {
      await crew.expand(null);
      if (crew.outOfMemory) throw new Error('out of memory');
      if (crew.death !== null) throw new Error(`a worker died: ${crew.death}`);
    }
    return crew;
  } finally {
    await crew.end();
  }
}

function faster(before: Explored | null, now: Explored): Explored {
  return before === null || now.seconds < before.seconds ? now : before;
}

/** What a run had of the machine, in words. */
function busy({ processorSeconds, seconds }: Explored): string {
  return `this process had ${printNumber(processorSeconds / seconds)} of a processor`;
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

function stateFigures(whole: Explored, spin: Spin): readonly Figure[] {
  const { states, steps, seconds, bytes } = whole;
  const rate = states / seconds;
  const ratio = spin.value === null ? null : rate / spin.value;
  return [
    {
      benchmark: 'check',
      what: 'distinct states of the benchmark model with 4 sockets and 4 threads, one thread',
      value: rate,
      unit: 'states/s',
      peer: spin,
      bars: [
        atLeast(rate, 1_500_000, 'states/s', busy(whole)),
        ...(ratio === null ? [] : [atLeast(ratio, 3, `× SPIN (measured: ${printNumber(ratio)})`, busy(whole))]),
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

function pairFigure(pair: Explored, whole: Explored): Figure {
  const [rate, alone] = [pair.states / pair.seconds, whole.states / whole.seconds];
  // What two processors that nobody else uses would make of it, if they never waited for each other.
  const free = (2 * whole.processorSeconds) / pair.processorSeconds;
  return {
    benchmark: 'check',
    what: 'the same states by two workers',
    value: rate,
    unit: 'states/s',
    peer: { what: 'one worker, in turns with two', value: alone },
    bars: [
      atLeast(rate / alone, 1.3, `× one worker (measured: ${printNumber(rate / alone)})`, `it takes two processors, and ${busy(pair)}`),
    ],
    detail: `${printNumber(whole.processorSeconds)} s of processor time by one worker and ${printNumber(pair.processorSeconds)} s by two: up to ${printNumber(free)} × where both have a processor`,
  };
}

function largerFigure({ states, steps, seconds }: Explored, whole: Explored): Figure {
  return {
    benchmark: 'check',
    what: `all ${printNumber(states)} states with 5 sockets and 3 threads, one thread`,
    value: states / seconds,
    unit: 'states/s',
    peer: { what: 'with 4 sockets and 4 threads', value: whole.states / whole.seconds },
    bars: [],
    detail: `${printNumber(steps)} transitions in ${printNumber(seconds)} s`,
  };
}

function orbitFigure(orbits: Explored, whole: Explored): Figure {
  const { states, seconds } = orbits;
  return {
    benchmark: 'check',
    what: `all ${printNumber(states)} orbits with 5 sockets and 4 threads`,
    value: seconds,
    unit: 's',
    peer: { what: 'all states of one socket less, without symmetry', value: whole.seconds },
    bars: [{ text: '< 1 s', reached: seconds < 1, bound: busy(orbits) }],
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
