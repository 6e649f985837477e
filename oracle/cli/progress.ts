/**
 * A *progress display* shows on standard error how far a verb has come: a bar on a terminal, otherwise a line now and then,
 * so that the log of a build stays short. It also remembers the last thing reported, which is what an interrupted verb has
 * to say when its engine can no longer answer.
 */
import type { SingleBar } from 'cli-progress';
import type { Progress } from '../engine.ts';

export interface ProgressDisplay {
  readonly progress: Progress;
  /** "4200 of 5000: programs", or null when nothing was reported. */
  covered(): string | null;
  /** Takes the bar off the screen. */
  stop(): void;
}

export interface ProgressTarget {
  readonly stream: NodeJS.WritableStream;
  readonly terminal: boolean;
  readonly quiet: boolean;
  readonly verb: string;
}

/** Nothing is said of work shorter than the first; then one line every so often. */
const FIRST_LINE_MS = 2_000;
const NEXT_LINE_MS = 10_000;

export async function showProgress(target: ProgressTarget): Promise<ProgressDisplay> {
  const show = target.quiet ? { update: () => undefined, stop: () => undefined } : target.terminal ? await bar(target) : lines(target);
  let latest: Parameters<Progress> | null = null;
  return {
    progress: (done, total, text) => {
      latest = [done, total, text];
      show.update(done, total, text);
    },
    covered: () => (latest === null ? null : describe(...latest)),
    stop: show.stop,
  };
}

interface Show {
  readonly update: Progress;
  stop(): void;
}

function describe(...[done, total, text]: Parameters<Progress>): string {
  return `${done}${total === null ? '' : ` of ${total}`}: ${text}`;
}

function lines(target: ProgressTarget): Show {
  let next = Date.now() + FIRST_LINE_MS;
  return {
    update: (done, total, text) => {
      const now = Date.now();
      if (now < next) return;
      next = now + NEXT_LINE_MS;
      target.stream.write(`sockref ${target.verb}: ${describe(done, total, text)}\n`);
    },
    stop: () => undefined,
  };
}

/** The library comes only where there is a terminal to draw on. */
async function bar(target: ProgressTarget): Promise<Show> {
  const library = await import('cli-progress');
  const options = {
    stream: target.stream,
    clearOnComplete: true,
    hideCursor: true,
    fps: 10,
    barsize: 24,
    linewrap: false,
    gracefulExit: false,
  };
  let shown: { readonly bar: SingleBar; readonly counted: boolean } | undefined;
  return {
    update: (done, total, text) => {
      const counted = total !== null;
      if (shown === undefined || shown.counted !== counted) {
        shown?.bar.stop();
        const format = counted ? `${target.verb} {bar} {value}/{total}  {text}` : `${target.verb} {value}  {text}`;
        shown = { bar: new library.default.SingleBar({ ...options, format }, library.default.Presets.shades_classic), counted };
        shown.bar.start(total ?? 1, done, { text });
        return;
      }
      if (total !== null && total !== shown.bar.getTotal()) shown.bar.setTotal(total);
      shown.bar.update(done, { text });
    },
    stop: () => shown?.bar.stop(),
  };
}
