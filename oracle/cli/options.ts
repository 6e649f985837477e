/** What is typed after an option comes in as text; these schemas make it a value, or a `UsageError` that names the option. */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { quote, UsageError } from '../usage.ts';

/** A whole number in decimal digits, within bounds. */
export function whole(least: number, most: number) {
  return z.string().transform((text, context) => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    context.addIssue({ code: 'custom', message: `expected a whole number from ${least} to ${most}` });
    return z.NEVER;
  });
}

/** A time in seconds, more than nothing and at most a day. */
export function seconds() {
  return z.string().transform((text, context) => {
    const value = /^[0-9]{1,9}(\.[0-9]{1,6})?$/.test(text) ? Number(text) : Number.NaN;
    if (value > 0 && value <= 86_400) return value;
    context.addIssue({ code: 'custom', message: 'expected a number of seconds, more than 0 and at most 86400' });
    return z.NEVER;
  });
}

/** Threads that judge side by side: more than there are processors would only wait for each other. */
export function workers() {
  return whole(1, availableParallelism());
}

/** Sockets of the specification. With one alone no listener has room for a child, and the model can't be compiled. */
export function sockets(most: number) {
  return whole(2, most);
}

export const seed = whole(0, 2 ** 31 - 1);
export const directory = z.string().min(1, 'expected the name of a directory');

/** Checks the options of a verb; those that only the command line itself looks at (json, quiet) are not the verb's. */
export function readOptions<Schema extends z.ZodType>(schema: Schema, typed: Readonly<Record<string, unknown>>): z.output<Schema> {
  const parsed = schema.safeParse(typed);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = String(issue?.path[0] ?? '');
  const field = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const reason = `${issue?.message ?? 'is not understood'}, saw ${quote(typed[name])}`;
  throw new UsageError(`${field}: ${reason}`, { field, reason });
}
