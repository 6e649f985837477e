/** The *difference* between the two sides' states, told in the specification's words. */
import type { Misfit } from './abstraction.ts';
import type { Mismatch } from './mismatch.ts';
import type { Specification } from './specification.ts';

/** `words` is the implementation's state, written over the specification's. */
export function difference(specification: Specification, misfits: readonly Misfit[], words: Int32Array): Mismatch {
  const differences: Difference[] = [];
  differ('', specification.decode(words), specification.decode(specification.words), differences);
  return {
    breaks: 'same-state',
    seen: [
      ...misfits.map((misfit) => `${misfit.path}: ${misfit.seen}`),
      ...differences.map((d) => `${d.path} = ${JSON.stringify(d.seen)}`),
    ].join('\n'),
    allowed:
      differences.length === 0
        ? 'a value that the specification has'
        : differences.map((d) => `${d.path} = ${JSON.stringify(d.allowed)}`).join('\n'),
  };
}

export interface Difference {
  readonly path: string;
  readonly seen: unknown;
  readonly allowed: unknown;
}

/** Every part of `seen` against the same part of `allowed`. */
export function differ(path: string, seen: unknown, allowed: unknown, found: Difference[]): void {
  if (Object.is(seen, allowed)) return;
  if (Array.isArray(seen) && Array.isArray(allowed) && seen.length === allowed.length) {
    for (const [index, value] of seen.entries()) differ(`${path}[${index}]`, value, allowed[index], found);
    return;
  }
  if (isRecord(seen) && isRecord(allowed)) {
    for (const key in seen) differ(path === '' ? key : `${path}.${key}`, seen[key], allowed[key], found);
    return;
  }
  found.push({ path, seen, allowed });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether two states are the same. */
export function equal(a: Int32Array, b: Int32Array): boolean {
  for (let word = 0; word < a.length; word++) if (a[word] !== b[word]) return false;
  return true;
}
