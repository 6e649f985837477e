/** A solver that doesn't answer, answers nonsense or dies is never a proof, and never outlives the question. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { check, modelValues, SolverFailure, startSolver } from '../../oracle/prove/solver.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockref-solver-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;

/** A program that does what it is told instead of solving. */
function fake(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Pigeons that don't fit: no solver that reasons by cases ends soon. */
function hard(holes: number): string {
  const at = (pigeon: number, hole: number): string => `p${pigeon}_${hole}`;
  const holesOf = Array.from({ length: holes }, (_, hole) => hole);
  const pigeons = Array.from({ length: holes + 1 }, (_, pigeon) => pigeon);
  const lines = pigeons.flatMap((p) => holesOf.map((h) => `(declare-const ${at(p, h)} Bool)`));
  for (const p of pigeons) lines.push(`(assert (or ${holesOf.map((h) => at(p, h)).join(' ')}))`);
  for (const h of holesOf)
    for (const p of pigeons) for (const q of pigeons) if (p < q) lines.push(`(assert (not (and ${at(p, h)} ${at(q, h)})))`);
  return `${lines.join('\n')}\n(check-sat-using smt)\n`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('the bundled solver', () => {
  test('keeps what it was told between questions', async () => {
    const solver = startSolver(null, never);
    try {
      await solver.ask('(declare-const |a b.0| Bool)(declare-const c Bool)(assert (or |a b.0| c))', 20_000);
      expect(await check(solver, '(push 1)(assert (not c))(check-sat-using smt)', 20_000)).toBe('sat');
      expect([...(await modelValues(solver, ['a b.0', 'c'], 20_000))]).toEqual([
        ['a b.0', true],
        ['c', false],
      ]);
      expect(await check(solver, '(assert (not |a b.0|))(check-sat)', 20_000)).toBe('unsat');
    } finally {
      solver.stop();
    }
  });

  test('that was used before knows nothing of it, and is not taken from who uses it now', async () => {
    const first = startSolver(null, never);
    await first.ask('(declare-const a Bool)(assert a)(push 1)(assert (not a))', 20_000);
    first.stop();
    const second = startSolver(null, never);
    try {
      first.stop();
      expect(await second.ask('(check-sat)(assert a)', 20_000)).toMatch(/^sat\n.*unknown constant a/);
      expect(await check(second, '(declare-const a Bool)(assert (not a))(check-sat-using smt)', 20_000)).toBe('sat');
      await expect(first.ask('(check-sat)', 1_000)).rejects.toThrow(/was stopped/);
    } finally {
      second.stop();
    }
  });

  test('reads text of several megabytes whole', async () => {
    const solver = startSolver(null, never);
    try {
      const lines = Array.from({ length: 60_000 }, (_, n) => `(define-fun n${n} () Bool ${n === 0 ? 'x' : `(not n${n - 1})`})`);
      const text = `(declare-const x Bool)\n${lines.join('\n')}\n(assert (not (= x n59999)))\n`;
      // An even number of negations and one more is a negation: it can be.
      expect(text.length).toBeGreaterThan(2_000_000);
      expect(await check(solver, `${text}(check-sat)`, 50_000)).toBe('sat');
    } finally {
      solver.stop();
    }
  });

  test('is killed when the limit is reached, and says so', async () => {
    const solver = startSolver(null, never);
    await solver.ask('(declare-const warm Bool)', 20_000);
    const began = Date.now();
    await expect(check(solver, hard(14), 1_000)).rejects.toThrow(/no answer within the time limit \(1\.0 s\)/);
    expect(Date.now() - began).toBeLessThan(10_000);
    await expect(solver.ask('(check-sat)', 1_000)).rejects.toThrow(SolverFailure);
  });

  test('is killed when the proof is interrupted', async () => {
    const control = new AbortController();
    const solver = startSolver(null, control.signal);
    await solver.ask('(declare-const warm Bool)', 20_000);
    const asked = check(solver, hard(14), 60_000);
    setTimeout(() => control.abort(), 300);
    await expect(asked).rejects.toThrow(/interrupted/);
  });

  test('that answers with an error is a failure with its words', async () => {
    const solver = startSolver(null, never);
    try {
      await expect(check(solver, '(assert nobody)(check-sat)', 20_000)).rejects.toThrow(/unknown constant nobody/);
    } finally {
      solver.stop();
    }
  });
});

describe('a solver the user names', () => {
  test('that is not there is a failure', async () => {
    const solver = startSolver(join(folder, 'nothing'), never);
    await expect(check(solver, '(check-sat)', 5_000)).rejects.toThrow(/could not be run/);
  });

  test('that dies is a failure', async () => {
    const solver = startSolver(fake('dies', 'read line; exit 3'), never);
    await expect(check(solver, '(check-sat)', 5_000)).rejects.toThrow(/ended by itself \(status 3\)/);
  });

  test('that says something else is a failure', async () => {
    const path = fake(
      'babbles',
      'while read line; do case "$line" in *echo*) echo "$line" | sed "s/.*\\"\\(.*\\)\\".*/\\1/";; *check*) echo perhaps;; esac; done',
    );
    const solver = startSolver(path, never);
    try {
      await expect(check(solver, '(check-sat)', 5_000)).rejects.toThrow(/said "perhaps"/);
    } finally {
      solver.stop();
    }
  });

  test('that says nothing is killed', async () => {
    const path = fake('silent', `echo $$ > "${join(folder, 'pid')}"; exec sleep 60`);
    const solver = startSolver(path, never);
    await expect(check(solver, '(check-sat)', 500)).rejects.toThrow(/time limit/);
    const { readFileSync } = await import('node:fs');
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(isAlive(pid)).toBe(false);
  });
});
