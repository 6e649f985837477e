/**
 * How the tests run: in two processes. The rooms are taken as they were built, since Vite's rendering of
 * the sources runs at a third of the speed; from the sources if these are newer. Workers and the command line are always from `.build`.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const BUILD = join(ROOT, '.build');
const ROOMS = ['model', 'impl', 'oracle'];

/** Whether a room was built after the last change to its sources, as `tsc -b` itself would ask. */
function isBuilt(room: string): boolean {
  const stamp = join(BUILD, `${room}.tsbuildinfo`);
  if (!existsSync(stamp)) return false;
  const built = statSync(stamp).mtimeMs;
  const sources = readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' });
  // The litmus programs are a build of their own.
  const own = sources.filter((name) => /\.(ts|json)$/.test(name) && !name.replaceAll('\\', '/').startsWith('schedule/litmus/'));
  return own.every((name) => statSync(join(ROOT, room, name)).mtimeMs <= built);
}

/** The built file of a source of one of the rooms, which Node is to load itself; null for any other file. */
function builtFile(source: string): string | null {
  const [room = '', ...rest] = relative(ROOT, source).split(/[\\/]/);
  if (!ROOMS.includes(room) || !source.endsWith('.ts')) return null;
  const file = join(BUILD, room, ...rest).replace(/\.ts$/, '.js');
  return existsSync(file) ? file : null;
}

const asBuilt = {
  name: 'rooms-as-built',
  enforce: 'pre' as const,
  resolveId(source: string, importer: string | undefined): string | null {
    return importer !== undefined && source.startsWith('.') ? builtFile(resolve(dirname(importer), source)) : null;
  },
};

/** What takes longest, in this order. */
const LONGEST = [
  ...[
    // Not two at once that compile the implementation, which takes ten seconds and is then there for both.
    'schedule/workers',
    'check/check',
    'schedule/atomic-locks',
    'traps/traps',
    'check/crew',
    'run/faults',
    'claims/claims',
    'prove/failing',
    'run/run',
  ],
  ...[
    'check/spin',
    'traps/agreement',
    'compile/differential',
    'schedule/generated',
    'traps/planted',
    'impl/tcp_workers',
    'museum/entries',
    'schedule/atoms-plain',
  ],
  ...[
    'prove/symmetry',
    'prove/prove',
    'check/promised',
    'check/promises',
    'compile/recompile',
    'prove/all-traces',
    'schedule/dpor',
    'schedule/stress',
  ],
  ...[
    'schedule/coverage',
    'check/by-invariant',
    'schedule/states',
    'check/orbits',
    'schedule/strategies',
    'check/explorer',
    'prove/representatives',
  ],
  ...[
    'schedule/livelock',
    'compile/smt',
    'prove/proof',
    'prove/bounded',
    'run/lockstep',
    'schedule/memo',
    'compile/implementation',
    'run/patience',
  ],
  ...[
    'prove/closed',
    'prove/designs',
    'museum/museum',
    'prove/obligations',
    'schedule/bounded',
    'replay/history',
    'replay/replay',
    'replay/gated',
  ],
  ...['replay/schedule', 'export/export'],
];

/**
 * The longest first, so that in the end no process is alone with one of them. Vitest by itself goes by the times of the last run, of which a
 * fresh clone has none, and by the size of files.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const name = relative(join(ROOT, 'test'), moduleId).replaceAll('\\', '/').replace('.test.ts', '');
      return LONGEST.includes(name) ? LONGEST.indexOf(name) : LONGEST.length;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  plugins: ROOMS.every(isBuilt) ? [asBuilt] : [],
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // A process goes on with the next file: what is loaded stays, which takes half a second a file otherwise.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    testTimeout: 300_000,
    hookTimeout: 60_000,
    server: { deps: { external: [/[\\/]\.build[\\/]/] } },
  },
});
