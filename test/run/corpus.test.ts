/** The corpus: shrunk programs on which the two sides, or the oracle's own reading of the wire, once disagreed. Both must agree on every one for good. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { packageRoot } from '../../oracle/root.ts';
import type { Operation } from '../../oracle/run/operations.ts';
import { SIZES } from '../../oracle/run/program.ts';
import { isRefusal, operationOf } from '../../oracle/run/signatures.ts';
import { agree, lockstep } from './rig.ts';

const schema = z.strictObject({
  /** What was found. */
  found: z.string().min(1),
  program: z
    .array(z.strictObject({ operation: z.string(), arguments: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])) }))
    .min(1),
});

const directory = join(packageRoot(), 'test', 'corpus');
const files = readdirSync(directory).filter((name) => name.endsWith('.json'));

function programOf(name: string): readonly Operation[] {
  const { program } = schema.parse(JSON.parse(readFileSync(join(directory, name), 'utf8')));
  return program.map((step, index) => {
    const operation = operationOf(step.operation, step.arguments, SIZES);
    if (isRefusal(operation)) throw new Error(`${name}: program[${index}].${operation.field} ${operation.reason}`);
    return operation;
  });
}

it.each(files)('%s', async (name) => {
  const program = programOf(name);
  expect(agree(await lockstep(), program)).toHaveLength(program.length);
});
