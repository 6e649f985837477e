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

/** Entries that change different files are looked at together: a type checker takes a while to be made. */
function inLots(): readonly (readonly Entry[])[] {
  const lots: Entry[][] = [];
  const filesOf = ({ changes }: Entry): readonly string[] => changes.map(({ file }) => file);
  for (const entry of entries) {
    const lot = lots.find((each) => !each.some((other) => filesOf(other).some((file) => filesOf(entry).includes(file))));
    if (lot === undefined) lots.push([entry]);
    else lot.push(entry);
  }
  return lots;
}

function changedBy(entry: Entry): Sources {
  const changed = changedSources(entry, sources);
  return Object.fromEntries(Object.entries(changed).filter(([file, text]) => text !== sources[file]));
}

describe('a change', () => {
  const checker = new Checker();
  const clean = new Set<Entry>();

  /** Alone, unless it is known to be right together with others. */
  function errorsOf(entry: Entry): readonly string[] {
    const lot = inLots().find((each) => each.includes(entry)) ?? [entry];
    if (lot[0] === entry && lot.length > 1) {
      const together = Object.assign({}, ...lot.map(changedBy)) as Sources;
      if (checker.errors({ ...sources, ...together }, Object.keys(together)).length === 0) for (const each of lot) clean.add(each);
    }
    if (clean.has(entry)) return [];
    const changed = changedBy(entry);
    return checker.errors({ ...sources, ...changed }, Object.keys(changed));
  }

  it('is looked at by a checker that sees errors', () => {
    const file = 'impl/kern/shutdown.ts';
    expect(checker.errors(sources, [file])).toEqual([]);
    expect(checker.errors({ ...sources, [file]: `${sources[file]}\nconst x: string = socket_layer;` }, [file])).toEqual([
      `${file}: Cannot find name 'socket_layer'.`,
    ]);
  });

  it.each(entries)('of $id finds its place, and what comes out is a program: $title', (entry) => {
    const files = Object.keys(changedBy(entry));
    expect(files.toSorted()).toEqual([...new Set(entry.changes.map(({ file }) => file))].toSorted());
    expect(errorsOf(entry)).toEqual([]);
  });
});
