/** User code for *real threads*: the sources of a program, transpiled file by file, and the calls of its threads as they were written. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Region } from '../../compile/atoms-memory.ts';
import type { GatedProgram } from '../../replay/gated/threads.ts';
import type { UserProgram } from '../user-program.ts';

export type NativeProgram = Pick<GatedProgram, 'modules' | 'access' | 'scripts'>;

export async function nativeProgram(user: UserProgram, regions: readonly Region[]): Promise<NativeProgram> {
  const { transpile } = await import('../../transpile.ts');
  const modules: Record<string, string> = {};
  const add = (file: string): void => {
    if (modules[file] !== undefined) return;
    const text = user.sources?.[file] ?? readFileSync(path.join(user.root, file), 'utf8');
    const made = transpile(file, text);
    modules[file] = made;
    for (const [, name = ''] of made.matchAll(/\brequire\("(\.[^"]*)"\)/g)) add(path.posix.join(path.posix.dirname(file), name));
  };
  add(user.file);
  const scripts = user.threads.map(({ calls }) => calls.map(({ call, args }) => ({ fn: call, args })));
  return { modules, access: { kind: 'arrays', file: user.file, regions }, scripts };
}
