/**
 * A *rate* is how often something is done in a second of wall-clock time: done over and over in batches until the time is up, after
 * a first part of it that is not counted, in which the engine compiles what is hot.
 */
const WARM_UP = 0.25;

export interface Rated {
  readonly perSecond: number;
  readonly done: number;
  /** Processors that this process had while it was counted; well below 1 on a machine that is busy with other things. */
  readonly processors: number;
}

/** `batch` does some of it and returns how much that was; one batch should take far less than the time. */
export async function rateOf(seconds: number, batch: () => number | Promise<number>): Promise<Rated> {
  await forSeconds(seconds * WARM_UP, batch);
  const processors = processorsFromNow();
  const began = performance.now();
  const done = await forSeconds(seconds * (1 - WARM_UP), batch);
  return { perSecond: (done * 1000) / (performance.now() - began), done, processors: processors() };
}

/** What is returned says how many processors this process had since then, on average. */
export function processorsFromNow(): () => number {
  const [before, began] = [process.cpuUsage(), performance.now()];
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / (performance.now() - began);
  };
}

async function forSeconds(seconds: number, batch: () => number | Promise<number>): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let done = 0;
  while (performance.now() < end) {
    const more = batch();
    // Awaiting a plain number would cost as much as a short batch.
    done += typeof more === 'number' ? more : await more;
  }
  return done;
}
