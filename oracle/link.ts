/**
 * *Linking*: modules that exist as text only, run apart from those that Node has loaded. They are CommonJS, and a path stands for a
 * module, as in the sources they were made from.
 */
import { posix } from 'node:path';

export type Exports = Record<string, unknown>;

/** What modules find outside of themselves. */
export interface Surroundings {
  /** In place of what is global. */
  readonly globals?: Exports;
  /** By the names they are imported by. */
  readonly packages?: Readonly<Record<string, Exports>>;
}

/** Runs modules on demand and remembers them. `text` gives the JavaScript of a path; undefined: there is no such module. */
export function linker(
  text: (path: string) => string | undefined,
  mark: string,
  { globals = {}, packages = {} }: Surroundings = {},
): (path: string) => Exports {
  const loaded = new Map<string, Exports>();
  const load = (path: string): Exports => {
    const before = loaded.get(path);
    // A module that is still being loaded is given as far as it has got: imports in a circle are only followed inside functions.
    if (before !== undefined) return before;
    const source = text(path);
    if (source === undefined) throw new Error(`${path} is imported and is not part of the program`);
    const exports: Exports = {};
    loaded.set(path, exports);
    const require = (name: string): Exports => packages[name] ?? load(posix.join(posix.dirname(path), name));
    const run = new Function('require', 'exports', ...Object.keys(globals), `${source}\n//# sourceURL=${mark}/${path}`);
    run(require, exports, ...Object.values(globals));
    return exports;
  };
  return load;
}
