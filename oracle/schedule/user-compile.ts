/** User code, *compiled*: the one place that needs the TypeScript compiler, which takes longer to load than most programs to explore. */
import { compileAtoms } from '../compile/atoms-program.ts';
import { emitImplementation } from '../compile/impl-javascript.ts';
import { type CompiledUser, entriesOf, type UserProgram } from './user-program.ts';

/** Words of a thread, its stack included. */
const THREAD_WORDS = 1024;

/** Throws a CompileError for what it can't take. */
export function compileUser(user: UserProgram): CompiledUser {
  const { program, ...rest } = compileAtoms({ ...user, entries: entriesOf(user) });
  return { ...rest, artefact: emitImplementation(program, { threadWords: THREAD_WORDS }) };
}
