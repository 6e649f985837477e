/**
 * Counterexamples of *stress*: a history, what real threads called and what came back, in the order in which it was seen. No schedule is
 * known that leads there, so that the steps are those calls and returns, and the program is in the file as that of a schedule is.
 */
import { z } from 'zod';
import { scenarioSchema } from './counterexample-explore.ts';
import { id, prose, STEP_LIMIT, step, whole } from './counterexample-fields.ts';

const historyStep = step.extend({
  /** The place of the call in the script of its thread; of a return, what came back as well. */
  arguments: z.strictObject({ call: z.int().min(0).max(1_000_000), result: whole.optional() }),
  /** At the last step: what was wrong. */
  seen: prose.optional(),
});

export const stressFields = {
  engine: z.literal('stress'),
  subject: z.literal('impl'),
  design: id,
  /** The entry of the museum the implementation was run with; null for the implementation as it is. */
  fault: id.nullable(),
  program: scenarioSchema,
  steps: z.array(historyStep).max(STEP_LIMIT),
};
