/**
 * An *entry* of the museum: a historical bug, put back into the implementation as faithfully as its code allows, with the scenario
 * that shows it and what it must break there. Entries are in test/museum/entries, one a file (collection.ts loads them); what the
 * reference names and no entry can express is accounted for in the README beside them.
 */
import { Project } from 'ts-morph';
import type { Sources } from '../../implementation.ts';
import { Source } from '../../run/faults/edit.ts';
import type { Scenario } from '../kernel/scenario.ts';

/** Of one file of the implementation. Places in it are named by what the code does, and must be there exactly once. */
export interface Change {
  /** Relative to the package root. */
  readonly file: string;
  readonly change: (source: Source) => void;
}

export interface Entry {
  /** Of the reference: "G30"; "G76b" where one number speaks of two bugs. */
  readonly id: string;
  readonly title: string;
  /** Whose bug it was, when it was mended and by which commit or advisory. */
  readonly source: string;
  /** How it is put back. */
  readonly about: string;
  readonly changes: readonly Change[];
  /** The name of a scenario of the kernel, or one of its own. */
  readonly scenario: string | Scenario;
  /** Ids of violations. The first one found must be among them: which it is depends on the order of the search. */
  readonly breaks: readonly string[];
  readonly strategy: 'states' | 'dpor' | 'pct' | 'pos' | 'random';
  readonly bounds: Bounds;
}

/** The same for the unmodified implementation, which must hold. */
export interface Bounds {
  /** At most so many; without it, as many as the scenario has by itself. */
  readonly preemptions?: number;
  /** Of a sampling strategy. */
  readonly executions?: number;
}

/** The sources with the bug in them. Throws if a place it changes is not there any more. */
export function changedSources(entry: Pick<Entry, 'id' | 'changes'>, sources: Sources): Sources {
  const result: Record<string, string> = { ...sources };
  for (const each of entry.changes) result[each.file] = changedText(entry.id, each, result[each.file]);
  return result;
}

function changedText(id: string, { file, change }: Change, text: string | undefined): string {
  if (text === undefined) throw new Error(`${id} changes ${file}, which does not exist`);
  const source = new Project({ useInMemoryFileSystem: true }).createSourceFile(file, text);
  change(new Source(source, { id, file }));
  const result = source.getFullText();
  if (result === text) throw new Error(`${id} changes nothing in ${file}`);
  return result;
}
