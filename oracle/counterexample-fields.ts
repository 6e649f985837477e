/** The *fields* of counterexample files: what a name, a number, a place in the source may look like wherever one stands. */
import { z } from 'zod';
import { isPrintable } from './usage.ts';

export const STEP_LIMIT = 20_000;

export const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$/, 'an id: letters, digits and _ . : - , at most 100');
export const key = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.]{0,63}$/, 'a name: letters, digits, _ and . , at most 64');
export const line = z.string().max(200).refine(isPrintable, 'text without control characters');
export const prose = z
  .string()
  .max(20_000)
  .refine((text) => isPrintable(text.replaceAll('\n', '')), 'text without control characters other than line breaks');
export const whole = z.int();
export const source = z
  .string()
  .regex(/^(model|impl|oracle|test)(\/[A-Za-z0-9_-]+)+\.ts:[0-9]{1,6}$/, 'a place in the source, like "model/calls/accept.ts:12"');
export const fingerprint = z.string().regex(/^[0-9a-f]{1,64}$/, 'a fingerprint: 1 to 64 hexadecimal digits in lower case');

export const argument = z.union([whole, z.boolean(), line], 'a whole number, true, false or text of at most 200 characters');
export const argumentsOf = z.record(key, argument);

export const step = z.strictObject({
  /** Who acts: "thread 0", "wire". */
  thread: line,
  /** A procedure of the model, a call of the implementation, or "continue": the thread goes on from where it paused. */
  operation: id,
  arguments: argumentsOf,
  source,
  /** Of the state after the step; replay compares it and stops at the first difference. */
  fingerprint,
});
