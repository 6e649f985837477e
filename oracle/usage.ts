/**
 * A *usage error* is something the user can mend: an unknown name, a value out of range, a file that isn't a counterexample.
 * It ends the program with status 2 and one message, never with a stack trace. Text that came from outside is quoted here,
 * so that a hostile file can't send control sequences to a terminal through an error message.
 */
export interface UsageDetails {
  /** The option, argument or field that is wrong. */
  readonly field?: string;
  readonly reason?: string;
  readonly suggestion?: string;
  readonly known?: readonly string[];
}

export class UsageError extends Error {
  readonly details: UsageDetails;
  constructor(message: string, details: UsageDetails = {}) {
    super(message);
    this.name = 'UsageError';
    this.details = details;
  }
}

/** What a terminal might obey or what makes text read other than it is: control, format and line-separator characters, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

export function isPrintable(text: string): boolean {
  return text.search(UNPRINTABLE) < 0;
}

/** A value for an error message: as JSON, shortened, with nothing in it that a terminal would obey. */
export function quote(value: unknown, longest = 60): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? String(value);
  const clean = text.replace(UNPRINTABLE, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
  return clean.length <= longest ? clean : `${clean.slice(0, longest)}…`;
}
