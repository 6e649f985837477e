/**
 * A *profile* says where the time of some work goes: the engine's own sampling profiler runs beside it, and samples are added up by the file
 * they fell in and, in the first of those, by function. Work that is profiled is slower; it is not what is measured.
 */
import { Session } from 'node:inspector/promises';

/** Of all samples, so many in a function. */
interface Share {
  readonly name: string;
  readonly file: string;
  readonly part: number;
}

/** Functions that are named; the rest is the rest. */
const MOST = 8;
const SAMPLE_MICROSECONDS = 500;

/** The functions in which most of the time goes, as "18 % find (table), 8 % resume (runner)". */
export async function profileOf(work: () => Promise<unknown>): Promise<string> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROSECONDS });
    await session.post('Profiler.start');
    await work();
    const { profile } = await session.post('Profiler.stop');
    const shares = sharesOf(profile.nodes, profile.samples ?? []);
    return shares
      .slice(0, MOST)
      .map(({ name, file, part }) => `${Math.round(part * 100)} % ${name}${file === '' ? '' : ` (${file})`}`)
      .join(', ');
  } finally {
    session.disconnect();
  }
}

interface Node {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
}

function sharesOf(nodes: readonly Node[], samples: readonly number[]): readonly Share[] {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const counts = new Map<string, number>();
  for (const id of samples) {
    const frame = byId.get(id);
    if (frame === undefined) continue;
    const key = keyOf(frame.functionName, frame.url);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .map(([key, count]) => {
      const [name = '', file = ''] = key.split('\n');
      return { name, file, part: count / Math.max(1, samples.length) };
    })
    .sort((a, b) => b.part - a.part);
}

/** What has no file and a number for a name is code that was compiled from the program under test. */
function keyOf(name: string, url: string): string {
  if (url === '') return /^f\d+$|^[A-Z]{1,2}$/.test(name) ? 'the program itself\n' : `${name}\n`;
  return `${name === '' ? 'a closure' : name}\n${/([^/]+?)\.[jt]s$/.exec(url)?.[1] ?? url}`;
}
