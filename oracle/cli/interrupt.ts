/**
 * An *interrupt* ends long work without throwing away what it found. The engine is asked to stop and to say what was covered;
 * if it doesn't within a moment, or if the user insists, the last reported progress speaks for it. What was not finished is
 * `unknown`; a violation that was already found stays one.
 */
import type { Outcome } from '../verdict.ts';
import type { Export, Listing } from './verbs.ts';

const PATIENCE_MS = 3_000;

export async function judgeUntilInterrupted(
  judge: (signal: AbortSignal) => Promise<Outcome | Listing | Export>,
  covered: () => string | null,
  onInterrupt: (listener: () => void) => () => void,
): Promise<Outcome | Listing | Export> {
  const interrupt = new AbortController();
  const { promise: patienceEnds, resolve: endPatience } = promiseOf<'impatient'>();
  let timer: NodeJS.Timeout | undefined;
  const stopListening = onInterrupt(() => {
    if (interrupt.signal.aborted) endPatience('impatient');
    else timer = setTimeout(() => endPatience('impatient'), PATIENCE_MS);
    interrupt.abort();
  });
  try {
    const outcome = await Promise.race([judge(interrupt.signal), patienceEnds]);
    if (outcome === 'impatient') return unfinished(covered());
    if ('list' in outcome || 'exported' in outcome || !interrupt.signal.aborted || outcome.verdict === 'violated') return outcome;
    return { ...outcome, verdict: 'unknown', bound: `interrupted; ${outcome.bound}` };
  } catch (error) {
    // An engine that stops by throwing has said nothing but that it stopped.
    if (interrupt.signal.aborted) return unfinished(covered());
    throw error;
  } finally {
    clearTimeout(timer);
    stopListening();
  }
}

function unfinished(covered: string | null): Outcome {
  return { verdict: 'unknown', bound: `interrupted; covered ${covered ?? 'nothing'}`, results: [], figures: {} };
}

function promiseOf<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let settle: ((value: T) => void) | undefined;
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle?.(value) };
}
