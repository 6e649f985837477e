/** What is named on the command line must be known to an engine: the nearest known name is suggested, and all are listed. */
import type { Listed } from '../engine.ts';
import { unknownName } from './suggest.ts';

/** Throws a UsageError for the first of the names that nobody knows; without any name: all that there are. */
export function chosen(kind: string, names: readonly string[], known: readonly Listed[]): readonly string[] {
  const ids = known.map(({ id }) => id);
  mustBeKnown(kind, names, ids);
  return names.length === 0 ? ids : [...new Set(names)];
}

export function mustBeKnown(kind: string, names: readonly string[], known: readonly string[]): void {
  const stranger = names.find((name) => !known.includes(name));
  if (stranger !== undefined) throw unknownName(kind, stranger, known);
}
