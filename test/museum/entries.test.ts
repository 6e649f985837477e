/** Every entry of the museum still fits the code: each change finds its place, what comes out is a program, and nothing is unaccounted for. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { scenarioSchema } from '../../oracle/counterexample-explore.ts';
import { implementationSources, type Sources } from '../../oracle/implementation.ts';
import { packageRoot } from '../../oracle/root.ts';
import { SCENARIOS } from '../../oracle/schedule/kernel/scenarios.ts';
import { collection } from '../../oracle/schedule/museum/collection.ts';
import { changedSources, type Entry } from '../../oracle/schedule/museum/entry.ts';
import { CAMPAIGN } from '../campaign.ts';

const entries = await collection();
const sources = implementationSources();

/** The table of the README: what became of each number of the reference. */
function accounts(): ReadonlyMap<string, string> {
  const rows = readFileSync(join(packageRoot(), 'test/museum/README.md'), 'utf8').matchAll(/^\| ([GR]\d+[a-z]?) \| (.+) \|$/gm);
  return new Map(Array.from(rows, ([, id, text]) => [id as string, text as string]));
}

/** The program that some sources make, of which only the given files are looked at; what did not change is not read again. */
class Checker {
  private readonly options: ts.CompilerOptions;
  private readonly host: ts.CompilerHost;
  private readonly trees = new Map<string, ts.SourceFile>();
  private program: ts.Program | undefined;
  private present: Sources = {};

  constructor() {
    const config = ts.getParsedCommandLineOfConfigFile(
      join(packageRoot(), 'impl/tsconfig.json'),
      {},
      { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
    );
    // What a change has no more use for stays in the imports.
    this.options = { ...config?.options, noEmit: true, composite: false, noUnusedLocals: false, noUnusedParameters: false };
    const disk = ts.createCompilerHost(this.options);
    this.host = { ...disk, getSourceFile: (name, version) => this.tree(name) ?? disk.getSourceFile(name, version) };
  }

  private tree(name: string): ts.SourceFile | undefined {
    const text = this.present[name.slice(packageRoot().length + 1)];
    if (text === undefined) return undefined;
    const known = this.trees.get(text) ?? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);
    this.trees.set(text, known);
    return known;
  }

  errors(present: Sources, files: readonly string[]): readonly string[] {
    this.present = present;
    const paths = Object.keys(present).map((file) => join(packageRoot(), file));
    this.program = ts.createProgram({
      rootNames: paths,
      options: this.options,
      host: this.host,
      ...(this.program === undefined ? {} : { oldProgram: this.program }),
    });
    return files.flatMap((file) => {
      const tree = this.program?.getSourceFile(join(packageRoot(), file));
      const found = [...(this.program?.getSyntacticDiagnostics(tree) ?? []), ...(this.program?.getSemanticDiagnostics(tree) ?? [])];
      return found.map(({ messageText }) => `${file}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
    });
  }
}

it('each has a number of its own, which is the name of its file', () => {
  const files = readdirSync(join(packageRoot(), 'test/museum/entries')).map((name) => name.replace('.ts', ''));
  expect(entries.map(({ id }) => id).toSorted()).toEqual(files.toSorted());
});

it('each happens in a scenario that a counterexample can hold', () => {
  for (const { id, scenario } of entries) {
    const found = typeof scenario === 'string' ? SCENARIOS.find((each) => each.id === scenario) : scenario;
    expect(scenarioSchema.safeParse(found).error?.issues, id).toBeUndefined();
  }
});

it('there are enough of them', () => {
  expect(entries.length).toBeGreaterThanOrEqual(75);
});

it('the README accounts for every entry, and gives a reason for every number that has none', () => {
  const here = [...accounts()].filter(([, text]) => text.startsWith('**entry**'));
  expect(here).toEqual(entries.map(({ id, title }) => [id, `**entry** ${title}`]));
});

/** What an entry puts in place of a piece of a file: all between the first and the last letter that differ. */
interface Edit {
  readonly file: string;
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

function editsOf(changed: Sources): readonly Edit[] {
  return Object.entries(changed).flatMap(([file, after]) => {
    const before = sources[file] ?? '';
    if (after === before) return [];
    let from = 0;
    while (before[from] === after[from]) from++;
    let tail = 0;
    while (tail < Math.min(before.length, after.length) - from && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
    return [{ file, from, to: before.length - tail, text: after.slice(from, after.length - tail) }];
  });
}

/** The sources with some edits, no two of which meet. */
function edited(edits: readonly Edit[]): Sources {
  const result: Record<string, string> = { ...sources };
  for (const { file, from, to, text } of edits.toSorted((a, b) => b.from - a.from)) {
    const before = result[file] ?? '';
    result[file] = before.slice(0, from) + text + before.slice(to);
  }
  return result;
}

interface Lot {
  readonly members: Entry[];
  readonly edits: Edit[];
}

/** Entries that change different places are looked at together: a type checker takes a while to be made. In a campaign each is alone. */
function inLots(all: ReadonlyMap<Entry, readonly Edit[]>): readonly Lot[] {
  const lots: Lot[] = [];
  for (const [entry, edits] of all) {
    const meets = (a: Edit, b: Edit): boolean => a.file === b.file && a.from <= b.to && b.from <= a.to;
    const lot = CAMPAIGN ? undefined : lots.find((each) => !each.edits.some((a) => edits.some((b) => meets(a, b))));
    if (lot === undefined) lots.push({ members: [entry], edits: [...edits] });
    else {
      lot.members.push(entry);
      lot.edits.push(...edits);
    }
  }
  return lots;
}

const filesOf = (edits: readonly Edit[]): readonly string[] => [...new Set(edits.map(({ file }) => file))];

describe('a change', () => {
  const checker = new Checker();
  const clean = new Set<Entry>();

  const all = new Map<Entry, readonly Edit[]>();
  let lots: readonly Lot[] | undefined;

  /** Alone, unless it is known to be right together with others. */
  function errorsOf(entry: Entry): readonly string[] {
    lots ??= inLots(all);
    const lot = lots.find(({ members }) => members[0] === entry);
    if (lot !== undefined && lot.members.length > 1 && checker.errors(edited(lot.edits), filesOf(lot.edits)).length === 0)
      for (const each of lot.members) clean.add(each);
    const edits = all.get(entry) ?? [];
    return clean.has(entry) ? [] : checker.errors(edited(edits), filesOf(edits));
  }

  it('is looked at by a checker that sees errors', () => {
    const file = 'impl/kern/shutdown.ts';
    expect(checker.errors(sources, [file])).toEqual([]);
    expect(checker.errors({ ...sources, [file]: `${sources[file]}\nconst x: string = socket_layer;` }, [file])).toEqual([
      `${file}: Cannot find name 'socket_layer'.`,
    ]);
  });

  it.each(entries)('of $id finds its place: $title', (entry) => {
    const changed = changedSources(entry, sources);
    const edits = editsOf(changed);
    all.set(entry, edits);
    const again = edited(edits);
    expect(Object.keys(changed).filter((file) => again[file] !== changed[file])).toEqual([]);
    expect(filesOf(edits).toSorted()).toEqual([...new Set(entry.changes.map(({ file }) => file))].toSorted());
  });

  it.each(entries)('of $id makes a program: $title', (entry) => {
    expect(all.has(entry)).toBe(true);
    expect(errorsOf(entry)).toEqual([]);
  });
});
