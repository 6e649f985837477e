/**
 * A *history on file*: what real threads called and what came back, as the steps of a counterexample. The fingerprint of a step is one of
 * all that was seen until then: a history has no other state that could be compared.
 */
import { createHash } from 'node:crypto';
import type { StressStep } from '../../counterexample.ts';
import type { Program } from '../program.ts';

/** A call or a return, as stress has seen it. */
export interface Happened {
  readonly kind: 'call' | 'return';
  readonly agent: number;
  readonly index: number;
  readonly result: number;
}

/** What a step of a file says of itself. */
export type HistoryStep = Pick<StressStep, 'thread' | 'operation' | 'arguments' | 'source' | 'fingerprint'>;

export function stepsOf({ agents, code }: Program, history: readonly Happened[]): readonly HistoryStep[] {
  const { functions, names } = code.artefact.program;
  let before = '';
  return history.map(({ kind, agent, index, result }) => {
    const call = agents[agent]?.script[index];
    const source = functions[names[call?.fn ?? ''] ?? -1]?.source;
    const step = {
      thread: agents[agent]?.name ?? `agent ${agent}`,
      operation: nameOf(call?.label ?? ''),
      arguments: { call: index, ...(kind === 'return' ? { result } : {}) },
      source: source === undefined ? 'oracle/schedule/program.ts:1' : `${source.file}:${source.line}`,
    };
    before = fingerprintAfter(before, step);
    return { ...step, fingerprint: before };
  });
}

/** "accept" of "accept(fd 0)". */
export function nameOf(label: string): string {
  return label.replace(/\(.*$/s, '');
}

/** Of a step, and of those before it; of none before the first. */
export function fingerprintAfter(
  before: string,
  { thread, operation, arguments: args }: Omit<HistoryStep, 'source' | 'fingerprint'>,
): string {
  const text = JSON.stringify([before, thread, operation, args.call, args.result ?? null]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
