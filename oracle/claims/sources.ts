/**
 * Claims about the *source*: which state flags a procedure reads, which functions write a cell. They are read off the compiled program of a
 * design, without what can't happen in it, so that what another design does is not counted.
 */
import type { Question } from '../../model/claims/claim.ts';
import type { Program } from '../compile/ir.ts';
import { foldPossible, pathOf } from '../compile/possible.ts';
import { Touches } from '../compile/touches.ts';
import { forEachStmt } from '../compile/walk.ts';

/** The bits of so_state and sb_state that the model has, and DragonFly: SS_PROTOREF it has not. */
const FLAGS: readonly string[] = [
  'connected',
  'connecting',
  'disconnecting',
  'disconnected',
  'noFdRef',
  'nonBlocking',
  'rcv.cantMore',
  'snd.cantMore',
];

export type SourceQuestion = Extract<Question, { form: 'reads' | 'writes' }>;

/** What is so, where it is not what was claimed; null: it is. */
export function contradiction(program: Program, question: SourceQuestion): string | null {
  const folded = foldPossible(program);
  return question.form === 'reads' ? reads(folded, question.by, question.flags) : writes(folded, question.by, question.cell);
}

function reads(program: Program, by: readonly string[], allowed: readonly string[]): string | null {
  const touches = new Touches(program);
  for (const name of by) {
    const fns = named(program, name);
    if (fns.length === 0) return `there is no ${name}`;
    const read = FLAGS.filter((flag) => fns.some((fn) => touches.ofFunction(fn).reads.has(`.sockets[].${flag}`)));
    const others = read.filter((flag) => !allowed.includes(flag));
    if (others.length > 0) return `${name} also reads ${others.join(', ')}`;
  }
  const unused = allowed.filter(
    (flag) => !by.some((name) => named(program, name).some((fn) => touches.ofFunction(fn).reads.has(`.sockets[].${flag}`))),
  );
  return unused.length > 0 ? `nothing reads ${unused.join(', ')}` : null;
}

function writes(program: Program, by: readonly string[], cell: string): string | null {
  const writers = new Set<string>();
  for (const { name, body } of program.functions) {
    forEachStmt(body, (stmt) => {
      if (stmt.op === 'write' && (pathOf(stmt.place) === `.${cell}` || pathOf(stmt.place).startsWith(`.${cell}.`))) writers.add(name);
    });
  }
  const others = [...writers].filter((name) => !by.includes(name));
  const missing = by.filter((name) => !writers.has(name));
  if (others.length > 0) return `${others.join(', ')} also write it`;
  return missing.length > 0 ? `${missing.join(', ')} do not write it` : null;
}

function named(program: Program, name: string): readonly number[] {
  return program.functions.flatMap((fn, index) => (fn.name === name ? [index] : []));
}
