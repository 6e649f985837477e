/** Terms say what they were built to say: against truth tables, and as a solver reads them. */
import { expect, test } from 'vitest';
import { type Lit, not, Terms } from '../../oracle/compile/term.ts';
import {
  compareNumbers,
  freeNumber,
  iteNumber,
  knownValue,
  constant,
  mapNumber,
  type Num,
  numberOf,
  zipNumbers,
} from '../../oracle/compile/term-number.ts';
import { valueIn } from '../../oracle/compile/symbolic-state.ts';
import { Printer } from '../../oracle/compile/term-print.ts';
import { startSolver } from '../../oracle/prove/solver.ts';
import { dice } from './differential.ts';

const VARIABLES = 4;
const ROWS = 1 << VARIABLES;
const ALL = (1 << ROWS) - 1;

interface Built {
  readonly lit: Lit;
  /** Truth table, one bit a row. */
  readonly table: number;
}

/** Random terms over four variables, each with its truth table. */
function randomTerms(terms: Terms, seed: number, count: number): readonly Built[] {
  const roll = dice(seed);
  const pool: Built[] = [{ lit: 0, table: 0 }];
  for (let v = 0; v < VARIABLES; v++) {
    const table = Array.from({ length: ROWS }, (_, row) => ((row >> v) & 1) << row).reduce((a, b) => a | b, 0);
    pool.push({ lit: terms.variable(`x${v}`), table });
  }
  const pick = (): Built => {
    const { lit, table } = pool[roll(pool.length)] as Built;
    return roll(2) === 0 ? { lit, table } : { lit: not(lit), table: ~table & ALL };
  };
  for (let n = 0; n < count; n++) {
    const [a, b, c] = [pick(), pick(), pick()];
    const made = [
      { lit: terms.and(a.lit, b.lit), table: a.table & b.table },
      { lit: terms.or(a.lit, b.lit), table: a.table | b.table },
      { lit: terms.iff(a.lit, b.lit), table: ~(a.table ^ b.table) & ALL },
      { lit: terms.ite(a.lit, b.lit, c.lit), table: (a.table & b.table) | (~a.table & c.table & ALL) },
    ];
    pool.push(made[roll(made.length)] as Built);
  }
  return pool;
}

function valuesOfRow(terms: Terms, row: number): Uint8Array {
  return terms.evaluate((name) => ((row >> Number(name.slice(1))) & 1) === 1);
}

test('simplification keeps the truth table of 40,000 random terms', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const terms = new Terms();
    const pool = randomTerms(terms, seed, 400);
    for (let row = 0; row < ROWS; row++) {
      const values = valuesOfRow(terms, row);
      for (const { lit, table } of pool) {
        if (((values[lit >> 1] as number) ^ (lit & 1)) !== ((table >> row) & 1))
          expect([seed, row, terms.node(lit >> 1)]).toEqual('another value');
      }
    }
  }
});

test('equal terms are one node, and constants are gone', () => {
  const terms = new Terms();
  const [x, y] = [terms.variable('x'), terms.variable('y')];
  expect(terms.and(x, y)).toBe(terms.and(y, x));
  expect(terms.and(x, not(x))).toBe(0);
  expect(terms.or(terms.and(x, y), terms.and(x, not(y)))).toBe(x);
  expect(terms.ite(x, y, not(y))).toBe(terms.ite(y, x, not(x)));
  expect(terms.ite(not(x), y, x)).toBe(terms.or(x, y));
});

test('what is printed means the same to the solver', async () => {
  const terms = new Terms();
  const pool = randomTerms(terms, 5, 300);
  const printer = new Printer(terms);
  const solver = startSolver(null, new AbortController().signal);
  try {
    const chosen = pool.slice(-40);
    // In two parts: what the second shares with the first is not sent again.
    const text = [chosen.slice(0, 20), chosen.slice(20)].map((part) => printer.define(part.map(({ lit }) => lit))).join('');
    // A term differs from its table in no row exactly if this can't be satisfied.
    const wrong = chosen.map(({ lit, table }) => {
      const rows = Array.from({ length: ROWS }, (_, row) => row).filter((row) => ((table >> row) & 1) === 1);
      const cases = rows.map(
        (row) => `(and ${Array.from({ length: VARIABLES }, (_, v) => ((row >> v) & 1 ? `|x${v}|` : `(not |x${v}|)`)).join(' ')})`,
      );
      return `(not (= ${printer.literal(lit)} (or false ${cases.join(' ')})))`;
    });
    expect((await solver.ask(`${text}(assert (or ${wrong.join(' ')}))(check-sat)`, 20_000)).trim()).toBe('unsat');
  } finally {
    solver.stop();
  }
});

test('numbers count as numbers do', () => {
  const terms = new Terms();
  const a = freeNumber(terms, 'a', 0, 5);
  const b = freeNumber(terms, 'b', -2, 3);
  const cond = terms.variable('c');
  const sum = zipNumbers(terms, a.num, b.num, (x, y) => x + y);
  const chosen = iteNumber(terms, cond, a.num, b.num);
  const doubled = mapNumber(terms, chosen, (x) => x * 2);
  const less = compareNumbers(terms, a.num, b.num, (x, y) => x < y);
  const at = (bits: number): Uint8Array => {
    const names = ['a.0', 'a.1', 'a.2', 'b.0', 'b.1', 'b.2', 'c'];
    return terms.evaluate((name) => ((bits >> names.indexOf(name)) & 1) === 1);
  };
  let valid = 0;
  for (let bits = 0; bits < 128; bits++) {
    const values = at(bits);
    const inRange = [a, b].every((free) => ((values[free.valid >> 1] as number) ^ (free.valid & 1)) === 1);
    expect(inRange).toBe((bits & 7) <= 5 && ((bits >> 3) & 7) <= 5);
    if (!inRange) continue;
    valid++;
    const [x, y] = [bits & 7, ((bits >> 3) & 7) - 2];
    expect([valueIn(values, sum), valueIn(values, doubled), valueIn(values, less)]).toEqual([
      x + y,
      2 * (bits >> 6 ? x : y),
      x < y ? 1 : 0,
    ]);
  }
  expect(valid).toBe(72);
  expect(knownValue(iteNumber(terms, cond, constant(4), constant(4)))).toBe(4);
  const empty: Num = numberOf(terms, [[3, 0]]);
  expect(empty.values).toEqual([]);
});
