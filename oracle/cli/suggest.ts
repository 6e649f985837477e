/** A *suggestion* is the known name that somebody who typed an unknown one most likely meant. */
import { closestMatch } from 'leven';
import { quote, UsageError } from '../usage.ts';

/** The error for a name nobody knows: the nearest one if there is a near one, and all of them. */
export function unknownName(kind: string, name: string, known: readonly string[]): UsageError {
  const suggestion = nearest(name, known);
  const question = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
  return new UsageError(`unknown ${kind} ${quote(name)}.${question}\nKnown ${kind}s: ${known.join(', ')}`, {
    field: kind,
    reason: `unknown ${kind}`,
    known,
    ...(suggestion === undefined ? {} : { suggestion }),
  });
}

/** The nearest of the known names; undefined when none is near enough to be a slip of the fingers. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const typed = name.slice(0, 100).toLowerCase();
  const slips = Math.max(2, Math.ceil(typed.length / 3));
  // Half a name ("pcb" for "pcb-while-valid") is many insertions away from the whole and yet plainly meant.
  const begun = typed.length >= 3 ? known.find((candidate) => candidate.toLowerCase().startsWith(typed)) : undefined;
  return begun ?? closestMatch(typed, known, { maxDistance: slips });
}
