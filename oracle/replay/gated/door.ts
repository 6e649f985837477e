/** The gate before the *door* of a kernel: those who import it look its functions up at each call, so that replacing them here replaces them everywhere. */
import type { Door } from '../../compile/ir-impl.ts';
import { type Exports, linker } from '../../link.ts';
import { type Gate, type GatedTask, PLAIN } from './gate.ts';

/** Makes a call by name. */
export type Caller = (fn: string, args: readonly unknown[]) => unknown;

type Callable = (k: object, ...args: readonly unknown[]) => unknown;

/** Thrown through the code of the kernel, which catches nothing. */
export class Panic extends Error {
  readonly code: number;
  readonly about: number;
  constructor(code: number, about: number) {
    super(`panic ${code}`);
    this.code = code;
    this.about = about;
  }
}

export function kernelCaller({ modules, memory, gated }: GatedTask, door: string, gate: Gate): Caller {
  const kernel = { words: new Int32Array(memory), bytes: new Uint8Array(memory) };
  const load = linker((path) => modules[path], 'gated');
  close(load(door), gated, gate);
  const all = Object.keys(modules).map(load);
  return (fn, args) => {
    const found = all.find((module) => typeof module[fn] === 'function')?.[fn];
    if (found === undefined) throw new Error(`no module exports ${fn}`);
    return (found as Callable)(kernel, ...args);
  };
}

function close(door: Exports, gated: readonly Door[], gate: Gate): void {
  for (const name of gated) {
    const perform = door[name] as Callable | undefined;
    if (perform === undefined) continue;
    door[name] = (k: object, ...args: readonly number[]): number => gate.access(name, args, () => perform(k, ...args));
  }
  for (const name of PLAIN) {
    const perform = door[name] as Callable | undefined;
    if (perform === undefined || gated.includes(name)) continue;
    door[name] = (k: object, ...args: readonly number[]): unknown => gate.plain(name, args, () => perform(k, ...args));
  }
  door['panic' satisfies Door] = (_k: object, code: number, about: number): never => {
    throw new Panic(code, about);
  };
  door['pause' satisfies Door] = (): void => undefined;
}
