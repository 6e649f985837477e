/**
 * Every history of a few calls that the specification has, found the simple way: all choices are tried one after the other on copies of
 * the compiled model, with no sets and nothing remembered. What the monitor is compared with.
 */
import type { CompiledModel } from '../../oracle/compile/model.ts';
import type { Plain } from '../../oracle/compile/values.ts';

export interface BruteCall {
  readonly name: string;
  readonly args: readonly Plain[];
}

interface Thread {
  readonly calls: readonly BruteCall[];
  /** The call that it is in, or is to make next. */
  readonly at: number;
  readonly phase: 'idle' | 'called' | 'running';
}

const THREAD = 0;
const WIRE = 1;

/** Every history and every beginning of one, as text: "0?0 0!0=2". */
export function histories(
  model: CompiledModel,
  start: Int32Array,
  scripts: readonly (readonly BruteCall[])[],
  signals: number,
): Set<string> {
  const found = new Set<string>();
  const seen = new Set<string>();
  const visit = (words: Int32Array, threads: readonly Thread[], left: number, history: string): void => {
    const key = `${words.join()}|${threads.map(({ at, phase }) => `${at}${phase}`).join()}|${left}|${history}`;
    if (seen.has(key)) return;
    seen.add(key);
    found.add(history);
    for (const [who, thread] of threads.entries()) {
      const change = (to: Partial<Thread>): readonly Thread[] => threads.with(who, { ...thread, ...to });
      const copy = words.slice();
      const call = thread.calls[thread.at];
      if (thread.phase === 'idle' && call !== undefined) visit(copy, change({ phase: 'called' }), left, `${history} ${who}?${thread.at}`);
      if (thread.phase === 'called' && call !== undefined && start_(model, copy, who, call))
        visit(copy, change({ phase: 'running' }), left, history);
      if (thread.phase !== 'running') continue;
      if (model.pc(copy, THREAD, who) !== 0) {
        if (model.resume(copy, THREAD, who)) visit(copy, threads, left, history);
      } else if (model.readCell(copy, ['threads', who, 'closing']) !== null) {
        if (start_(model, copy, who, { name: 'soclose', args: [] })) visit(copy, threads, left, history);
      } else {
        const errno = model.readCell(copy, ['threads', who, 'errno']);
        const value = model.readCell(copy, ['threads', who, 'value']);
        const result = errno === 'none' ? String(value) : String(errno);
        visit(copy, change({ phase: 'idle', at: thread.at + 1 }), left, `${history} ${who}!${thread.at}=${result}`);
      }
    }
    for (let who = 0; who < threads.length && left > 0; who++) {
      const copy = words.slice();
      const signal = model.agents[WIRE]?.procedures.findIndex(({ name }) => name === 'signal') ?? -1;
      if (model.start(copy, WIRE, 0, signal, [who])) visit(copy, threads, left - 1, history);
    }
  };
  visit(
    start.slice(),
    scripts.map((calls) => ({ calls, at: 0, phase: 'idle' })),
    signals,
    '',
  );
  return found;
}

function start_(model: CompiledModel, words: Int32Array, who: number, { name, args }: BruteCall): boolean {
  const procedures = model.agents[THREAD]?.procedures ?? [];
  const procedure = procedures.findIndex((each) => each.name === name);
  const params = procedures[procedure]?.params ?? [];
  return model.start(
    words,
    THREAD,
    who,
    procedure,
    params.map(({ type }, index) => model.encodeArgument(type, args[index] ?? false)),
  );
}
