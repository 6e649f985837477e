/**
 * A *solver* is a process that reads SMT-LIB and answers: the bundled Z3 (WASM, z3-worker.ts), or a program the user names.
 * Definitions and assertions stay with it until it is told to forget them, so questions can build on each other.
 *
 * Always true:
 *   1. When a limit is reached or a signal aborts, or `stop` is called while it thinks, the process is killed: nothing keeps running behind.
 *   2. Whatever a solver does that is not an answer (a crash, an error, words nobody expects) becomes a `SolverFailure` with its
 *      words; callers turn that into the verdict `unknown`, never into a pass.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { basename } from 'node:path';
import { giveBackZ3, takeZ3, type Z3Reply } from './z3-process.ts';

/** The solver is of no further use; `message` says what it said. */
export class SolverFailure extends Error {}

export type Answer = 'sat' | 'unsat' | 'unknown';

export interface Solver {
  /** Whether Z3's own commands (`check-sat-using`) are understood. */
  readonly isZ3: boolean;
  /** Sends text and gives back everything that was printed. */
  ask(script: string, limitMs: number): Promise<string>;
  stop(): void;
}

/** Starts the bundled solver, or the program at `path`. */
export function startSolver(path: string | null, signal: AbortSignal): Solver {
  const solver = path === null ? new BundledSolver() : new ExternalSolver(path);
  const stop = (): void => solver.kill('the proof was interrupted');
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  solver.onEnd = () => signal.removeEventListener('abort', stop);
  return solver;
}

/** Asks one question and insists on one of the three answers. */
export async function check(solver: Solver, script: string, limitMs: number): Promise<Answer> {
  const output = (await solver.ask(script, limitMs)).trim();
  if (output === 'sat' || output === 'unsat' || output === 'unknown') return output;
  throw new SolverFailure(`the solver was asked for sat or unsat and said ${quoted(output)}`);
}

/** Boolean values of variables in the model of the last `sat`. */
export async function modelValues(solver: Solver, symbols: readonly string[], limitMs: number): Promise<ReadonlyMap<string, boolean>> {
  const values = new Map<string, boolean>();
  if (symbols.length === 0) return values;
  const output = await solver.ask(`(get-value (${symbols.map((name) => `|${name}|`).join(' ')}))\n`, limitMs);
  for (const [, bars, plain, value] of output.matchAll(/\(\s*(?:\|([^|]*)\||([^\s()|]+))\s+(true|false)\s*\)/g)) {
    values.set(bars ?? plain ?? '', value === 'true');
  }
  const missing = symbols.find((name) => !values.has(name));
  if (missing !== undefined) throw new SolverFailure(`the solver gave no value for ${missing}: ${quoted(output)}`);
  return values;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}…` : text);
}

interface Waiting {
  resolve(output: string): void;
  reject(error: SolverFailure): void;
}

/** What both kinds share: one question at a time, and an end that is final. */
abstract class ProcessSolver implements Solver {
  abstract readonly isZ3: boolean;
  readonly child: ChildProcess;
  onEnd: () => void = () => undefined;
  #waiting: Waiting | null = null;
  #ended: SolverFailure | null = null;

  constructor(child: ChildProcess) {
    this.child = child;
    child.on('error', (error) => this.#end(new SolverFailure(`the solver could not be run: ${error.message}`)));
    child.on('exit', (code, signal) =>
      this.#end(new SolverFailure(`the solver ended by itself (${signal ?? `status ${code}`})${this.lastWords()}`)),
    );
    // A pipe that breaks is followed by the exit of the process, which says more.
    child.stdin?.on('error', () => undefined);
  }

  protected abstract send(script: string): void;

  protected lastWords(): string {
    return '';
  }

  ask(script: string, limitMs: number): Promise<string> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    if (this.#waiting !== null) throw new Error('the solver is asked while it still thinks about something else');
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.kill(`no answer within the time limit (${(limitMs / 1000).toFixed(1)} s)`), Math.max(0, limitMs));
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting = null;
      };
      this.#waiting = {
        resolve: (output) => {
          done();
          resolve(output);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      this.send(script);
    });
  }

  kill(reason: string): void {
    if (this.#ended !== null) return;
    this.#end(new SolverFailure(reason));
    this.child.kill('SIGKILL');
  }

  stop(): void {
    // What has ended may belong to somebody else by now.
    if (this.#ended !== null) return;
    const isAtRest = this.#waiting === null;
    this.#end(new SolverFailure('the solver was stopped'));
    if (isAtRest) this.leave();
    else this.child.kill('SIGKILL');
  }

  /** It has answered everything and will be asked nothing more. */
  protected leave(): void {
    this.child.kill('SIGKILL');
  }

  protected answer(output: string): void {
    this.#waiting?.resolve(output);
  }

  #end(failure: SolverFailure): void {
    this.#ended ??= failure;
    this.#waiting?.reject(this.#ended);
    this.onEnd();
  }
}

class BundledSolver extends ProcessSolver {
  readonly isZ3 = true;
  #nextId = 1;
  #isReady = false;
  readonly #ready: Promise<void>;
  #words = '';

  constructor() {
    super(takeZ3());
    this.child.stderr?.on('data', (data: Buffer) => {
      this.#words = `${this.#words}${data.toString()}`.slice(-600);
    });
    this.#ready = new Promise((resolve) => {
      this.child.on('message', (message: Z3Reply) => {
        if (message.id === 0) {
          this.#isReady = true;
          resolve();
        } else if (message.id === this.#nextId - 1) this.answer(message.output);
      });
    });
  }

  protected send(script: string): void {
    const id = this.#nextId++;
    void this.#ready.then(() => {
      if (this.child.connected) this.child.send({ id, script });
    });
  }

  protected override leave(): void {
    // One that is not ready yet would say so to the next who has it.
    if (this.#isReady) giveBackZ3(this.child);
    else super.leave();
  }

  protected override lastWords(): string {
    return this.#words === '' ? '' : `: ${quoted(this.#words.trim())}`;
  }
}

/** A solver on standard input and output. The end of an answer is marked by an `echo`. */
class ExternalSolver extends ProcessSolver {
  readonly isZ3: boolean;
  #output = '';
  #mark = '';
  #questions = 0;

  constructor(path: string) {
    const isCvc5 = /cvc5/i.test(basename(path));
    super(
      spawn(path, isCvc5 ? ['--incremental', '--produce-models', '--lang', 'smt2'] : ['-in', '-smt2'], {
        stdio: ['pipe', 'pipe', 'ignore'],
      }),
    );
    this.isZ3 = !isCvc5;
    this.child.stdout?.on('data', (data: Buffer) => {
      this.#output += data.toString();
      const end = this.#mark === '' ? -1 : this.#output.indexOf(this.#mark);
      if (end < 0) return;
      // cvc5 prints the mark with quotes around it.
      const text = this.#output.slice(0, end).replace(/"$/, '');
      this.#output = '';
      this.#mark = '';
      this.answer(text);
    });
    if (isCvc5) this.child.stdin?.write('(set-logic QF_UF)\n');
  }

  protected send(script: string): void {
    this.#mark = `end-of-answer-${++this.#questions}`;
    this.child.stdin?.write(`${script}\n(echo "${this.#mark}")\n`);
  }
}
