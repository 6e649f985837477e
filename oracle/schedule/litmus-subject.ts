/** Litmus programs compiled: from the cache, as long as neither they nor the compiler have changed. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { cachedLater } from '../cache.ts';
import { packageRoot } from '../root.ts';
import { compilerVersion } from '../specification.ts';
import { litmusProgram } from './litmus.ts';
import { type CompiledUser, entriesOf, type UserProgram, userSubject } from './user-program.ts';

const FOLDER = 'oracle/schedule/litmus';

export interface LitmusSubject extends ReturnType<typeof userSubject> {
  readonly user: UserProgram;
}

/** Throws a UsageError for a name or a size that the program does not have. */
export async function litmusSubject(id: string, threads: number | null = null, ops: number | null = null): Promise<LitmusSubject> {
  const user = litmusProgram(id, threads, ops);
  return { ...userSubject(user, await compiled(user)), user };
}

async function compiled(user: UserProgram): Promise<CompiledUser> {
  const compile = async (): Promise<CompiledUser> => (await import('./user-compile.ts')).compileUser(user);
  const options = { asked: JSON.stringify([user.file, user.memory, entriesOf(user)]) };
  try {
    const text = await cachedLater({ kind: 'litmus', sources: sources(), compiler: compilerVersion(), options }, async () =>
      JSON.stringify(await compile(), plain),
    );
    return JSON.parse(text) as CompiledUser;
  } catch (error) {
    if (error instanceof NotJson) return compile();
    throw error;
  }
}

/** What a program may import lies beside it. */
function sources(): Readonly<Record<string, string>> {
  const folder = path.join(packageRoot(), FOLDER);
  const names = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));
}

class NotJson extends Error {}

/** JSON has no NaN, no infinity and no -0, and would make something else of them. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) throw new NotJson();
  return value;
}
