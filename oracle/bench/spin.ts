/**
 * *SPIN*, as far as it is installed: runs a Promela model through `spin`, a C compiler and the verifier that comes out, and reads the
 * verifier's report. Used to check our own engines by one that shares nothing with them, and as a peer to measure against.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Lines about broken assertions are many where a model is broken in many states. */
const OUTPUT = 256 * 2 ** 20;

export interface SpinOptions {
  /** Longest path that the search can hold; where it is too short the report says so. */
  readonly depth: number;
  /** Two to this power is the size of the hash table. */
  readonly hashBits: number;
  /** For the C compiler: takes longer, and the verifier is several times as fast. */
  readonly optimise: boolean;
  /** Go on after a broken assertion, to the end. */
  readonly allErrors?: boolean;
  readonly timeoutSeconds: number;
}

export interface SpinReport {
  /** Distinct states that were stored. */
  readonly states: number;
  readonly transitions: number;
  /** The assertions that broke, each once, as they stand in the model. */
  readonly broken: readonly string[];
  /** The search ended by itself, and nothing was cut off. */
  readonly complete: boolean;
  readonly vectorBytes: number;
  readonly seconds: number;
}

/** What keeps SPIN from running here; null if nothing does. */
export function spinIsMissing(): string | null {
  const missing = ['spin', 'gcc'].filter((program) => spawnSync(program, [program === 'spin' ? '-V' : '--version']).error !== undefined);
  return missing.length === 0 ? null : `${missing.join(' and ')} not installed (on Debian: apt-get install spin gcc)`;
}

/** Throws where one of the programs fails or takes too long. */
export async function runSpin(promela: string, options: SpinOptions): Promise<SpinReport> {
  const directory = await mkdtemp(join(tmpdir(), 'sockref-spin-'));
  const step = async (program: string, words: readonly string[]): Promise<string> => {
    const { stdout } = await run(program, words, {
      cwd: directory,
      timeout: options.timeoutSeconds * 1000,
      killSignal: 'SIGKILL',
      maxBuffer: OUTPUT,
    });
    return stdout;
  };
  try {
    await writeFile(join(directory, 'model.pml'), promela);
    // Variables that nobody reads belong to the state as well (-o2).
    await step('spin', ['-o2', '-a', 'model.pml']);
    const vector = /-DVECTORSZ=\d+/.exec(promela)?.[0];
    const flags = ['-DSAFETY', '-DNOREDUCE', ...(vector === undefined ? [] : [vector])];
    await step('gcc', ['-w', options.optimise ? '-O2' : '-O0', ...flags, '-o', 'pan', 'pan.c']);
    const report = await step('./pan', [
      '-n',
      `-m${options.depth}`,
      `-w${options.hashBits}`,
      ...(options.allErrors === true ? ['-c0'] : []),
    ]);
    return readReport(report);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The report of a verifier that SPIN 6 generated. */
export function readReport(text: string): SpinReport {
  const find = (pattern: RegExp): number => {
    const found = pattern.exec(text)?.[1];
    if (found === undefined) throw new Error(`SPIN's report has no ${pattern.source}: ${text.slice(0, 400)}`);
    return Number(found);
  };
  const broken = [...text.matchAll(/assertion violated (.*?) \(at depth/g)].map(([, assertion]) => assertion ?? '');
  return {
    states: find(/(\d+) states, stored/),
    transitions: find(/(\d+) transitions/),
    broken: [...new Set(broken)],
    complete: !/search depth too small|Search not completed|out of memory|invalid end state \(/i.test(text),
    vectorBytes: find(/State-vector (\d+) byte/),
    seconds: find(/elapsed time ([\d.e+-]+) seconds/),
  };
}
