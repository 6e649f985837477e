/**
 * *Answers* that are kept from one proof to the next: of each question that the solver called unsatisfiable, the hash of its formula. A formula
 * has everything in it that the answer depends on (the step, the goals and facts that are assumed, the sizes), so that after a change only the
 * questions that became others are asked. Never kept: that something is satisfiable, since its values are wanted, and verdicts.
 *
 * A file can be altered, and a wrong entry would be a step nobody has shown. So
 *   1. nothing is kept or read unless a directory is named, and the outcome says how many answers were read;
 *   2. entries are taken only from a file of the right form, each with a checksum of its own, for the very solver that gave the answer;
 *   3. of those that are read some are asked again, and nobody can tell beforehand which: one in so many, and always the first. Where the
 *      solver then finds values, no entry is believed (`KeptWrong`), the file is removed, and the proof begins anew without it.
 * Who can write into the directory and is lucky could still make an answer: it is for directories that are as trusted as the program itself.
 */
import { createHash, randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';
import { type Lit, nodeOf, type Terms } from '../compile/term.ts';
import { UsageError } from '../usage.ts';

/** Of so many answers that are read one is asked again. */
const ASKED_AGAIN = 8;
/** Entries that are kept; those of the last proof first. */
const MOST_KEPT = 20_000;
const FORMAT = 'sockref-answers/1';

const schema = z.object({
  format: z.literal(FORMAT),
  unsatisfiable: z.array(z.object({ question: z.string().regex(/^[0-9a-f]{64}$/), check: z.string() })),
});

/** The solver finds values for what the file says has none. */
export class KeptWrong extends Error {}

/** What to do about a question. */
export type Known = 'no' | 'yes' | 'ask again';

export class Answers {
  readonly #path: string;
  readonly #solver: string;
  readonly #read = new Set<string>();
  readonly #used = new Set<string>();
  readonly #hashes = new WeakMap<Terms, TermHashes>();
  readonly #isAskedAgain: () => boolean;
  refused = 0;
  /** Questions that were not asked. */
  spared = 0;
  askedAgain = 0;

  /** `solver`: the program that is asked, or null for the bundled one. */
  constructor(directory: string, solver: string | null, isAskedAgain: () => boolean = () => randomInt(ASKED_AGAIN) === 0) {
    mustBeDirectory(directory);
    this.#path = join(directory, 'answers.json');
    this.#solver = identityOf(solver);
    this.#isAskedAgain = isAskedAgain;
    for (const { question, check } of entriesOf(this.#path)) {
      if (check === checksum(question)) this.#read.add(question);
      else this.refused++;
    }
  }

  /** The name of a conjunction. */
  question(terms: Terms, lits: readonly Lit[]): string {
    const hashes = this.#hashes.get(terms) ?? new TermHashes(terms);
    this.#hashes.set(terms, hashes);
    const parts = [...new Set(lits.map((lit) => hashes.of(lit)))].sort();
    return sha256([FORMAT, this.#solver, ...parts].join('\n'));
  }

  known(question: string): Known {
    if (!this.#read.has(question)) return 'no';
    if (this.askedAgain === 0 || this.#isAskedAgain()) {
      this.askedAgain++;
      return 'ask again';
    }
    this.spared++;
    this.#used.add(question);
    return 'yes';
  }

  /** The solver has answered. */
  learn(question: string, answer: 'sat' | 'unsat'): void {
    if (answer === 'unsat') this.#used.add(question);
    else if (this.#read.has(question)) {
      rmSync(this.#path, { force: true });
      throw new KeptWrong(`${this.#path} says that a question has no answer, and the solver found one`);
    }
  }

  /** For the next proof. What can't be written will be asked again, and no more. */
  save(): void {
    const unfinished = `${this.#path}.${process.pid}.tmp`;
    const questions = [...this.#used, ...[...this.#read].filter((each) => !this.#used.has(each))].slice(0, MOST_KEPT);
    const unsatisfiable = questions.map((question) => ({ question, check: checksum(question) }));
    try {
      writeFileSync(unfinished, `${JSON.stringify({ format: FORMAT, unsatisfiable })}\n`);
      renameSync(unfinished, this.#path);
    } catch {
      // Half a file must not stay behind, if there is one.
      if (existsSync(unfinished)) rmSync(unfinished, { force: true });
    }
  }
}

/** Hashes of terms by what they are made of, whatever else there is beside them and in whichever order it was made. */
class TermHashes {
  readonly #terms: Terms;
  /** By node. */
  readonly #known: (string | undefined)[] = [];

  constructor(terms: Terms) {
    this.#terms = terms;
  }

  of(lit: Lit): string {
    const open = [nodeOf(lit)];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const missing = this.#terms
        .operands(top)
        .map(nodeOf)
        .filter((node) => this.#known[node] === undefined);
      if (missing.length > 0) open.push(...missing);
      else {
        this.#known[top] ??= this.#make(top);
        open.pop();
      }
    }
    return this.#signed(lit);
  }

  #signed(lit: Lit): string {
    return `${(lit & 1) === 1 ? '-' : '+'}${this.#known[nodeOf(lit)]}`;
  }

  #make(position: number): string {
    const node = this.#terms.node(position);
    switch (node.kind) {
      case 'constant':
        return 'false';
      case 'variable':
        return sha256(`variable ${node.name}`);
      case 'and':
        return sha256(`and ${[this.#signed(node.left), this.#signed(node.right)].sort().join(' ')}`);
      case 'ite':
        return sha256(`ite ${this.#signed(node.cond)} ${this.#signed(node.then)} ${this.#signed(node.else)}`);
    }
  }
}

/** Made if it isn't there: that nothing can be kept is said before the proof, not found out after the next. */
function mustBeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const reason = `${JSON.stringify(directory)} is no directory, and can't be made one (${code})`;
    throw new UsageError(`--cache: ${reason}`, { field: '--cache', reason });
  }
}

/** Another program, or another version of it, is another solver. */
function identityOf(solver: string | null): string {
  if (solver !== null) {
    try {
      return `program ${sha256(readFileSync(solver))}`;
    } catch {
      const reason = `answers are kept for one solver, and the program ${solver} can't be read: name it by its path`;
      throw new UsageError(`--cache: ${reason}`, { field: '--cache', reason });
    }
  }
  const { version } = createRequire(import.meta.url)('z3-solver/package.json') as { readonly version: string };
  return `z3-solver ${version}`;
}

/** Of what is not a file of answers nothing is read. */
function entriesOf(path: string): z.infer<typeof schema>['unsatisfiable'] {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8'))).unsatisfiable;
  } catch {
    return [];
  }
}

function checksum(question: string): string {
  return sha256(`${FORMAT} unsatisfiable ${question}`);
}

function sha256(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}
