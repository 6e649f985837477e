/** A solver that behaves as told: it reads commands, prints what an answer says to each check, and counts them. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface FakeSolver {
  readonly path: string;
  /** How many questions it was asked. */
  questions(): number;
  /** The processes that were started for it. */
  pids(): readonly number[];
}

/**
 * `answers`: JavaScript over `n`, the number of the question from 1 on. `pop`: what is printed to a pop; `model`: to who asks for the set
 * of states that Spacer found.
 */
export function fakeSolver(folder: string, name: string, answers: string, pop = '', model = ''): FakeSolver {
  const path = join(folder, name);
  const log = `${path}.log`;
  const program = `#!${process.execPath}
const { appendFileSync } = require('node:fs');
const note = (text) => appendFileSync(${JSON.stringify(log)}, text + '\\n');
note('pid ' + process.pid);
let n = 0;
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const mark = /^\\(echo "(.*)"\\)$/.exec(line);
  if (mark !== null) console.log(mark[1]);
  else if (line.startsWith('(check-sat')) { n++; note('question'); const answer = ${answers}; if (answer !== null) console.log(answer); }
  else if (line.startsWith('(get-model')) console.log(${JSON.stringify(model)});
  else if (line.startsWith('(pop')) process.stdout.write(${JSON.stringify(pop)});
});
`;
  writeFileSync(path, program);
  chmodSync(path, 0o755);
  const lines = (): readonly string[] => (existsSync(log) ? readFileSync(log, 'utf8').split('\n') : []);
  return {
    path,
    questions: () => lines().filter((line) => line === 'question').length,
    pids: () => lines().flatMap((line) => (line.startsWith('pid ') ? [Number(line.slice(4))] : [])),
  };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
