/**
 * *Linking*: modules that exist as text only, run apart from those that Node has loaded. They are CommonJS, and a path stands for a
 * module, as in the sources they were made from.
 */
import { posix } from 'node:path';

export type Exports = Record<string, unknown>;

/** Runs modules on demand and remembers them. `text` gives the JavaScript of a path; undefined: there is no such module. */
export function linker(text: (path: string) => string | undefined, mark: string): (path: string) => Exports {
  const loaded = new Map<string, Exports>();
  const load = (path: string): Exports => {
    const before = loaded.get(path);
    // A module that is still being loaded is given as far as it has got: imports in a circle are only followed inside functions.
    if (before !== undefined) return before;
    const source = text(path);
    if (source === undefined) throw new Error(`${path} is imported and is not part of the program`);
    const exports: Exports = {};
    loaded.set(path, exports);
    const require = (name: string): Exports => load(posix.join(posix.dirname(path), name));
    new Function('require', 'exports', `${source}\n//# sourceURL=${mark}/${path}`)(require, exports);
    return exports;
  };
  return load;
}
