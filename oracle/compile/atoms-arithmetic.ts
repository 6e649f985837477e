/**
 * *Arithmetic* of user code: the operators, what they make of numbers that are known, and which kind of number they make of
 * those that are not.
 */
import { ts } from 'ts-morph';
import type { Kind, NumberKind } from './atoms-types.ts';
import type { Scalar } from './atoms-values.ts';
import type { BinaryOperator } from './ir-impl.ts';

const K = ts.SyntaxKind;

/** Operators and their assignments. */
export const OPERATORS: ReadonlyMap<ts.SyntaxKind, BinaryOperator> = new Map([
  [K.PlusToken, '+'],
  [K.MinusToken, '-'],
  [K.AsteriskToken, '*'],
  [K.SlashToken, '/'],
  [K.PercentToken, '%'],
  [K.AmpersandToken, '&'],
  [K.BarToken, '|'],
  [K.CaretToken, '^'],
  [K.LessThanLessThanToken, '<<'],
  [K.GreaterThanGreaterThanToken, '>>'],
  [K.GreaterThanGreaterThanGreaterThanToken, '>>>'],
  [K.LessThanToken, '<'],
  [K.LessThanEqualsToken, '<='],
  [K.GreaterThanToken, '>'],
  [K.GreaterThanEqualsToken, '>='],
  [K.PlusEqualsToken, '+'],
  [K.MinusEqualsToken, '-'],
  [K.AsteriskEqualsToken, '*'],
  [K.SlashEqualsToken, '/'],
  [K.PercentEqualsToken, '%'],
  [K.AmpersandEqualsToken, '&'],
  [K.BarEqualsToken, '|'],
  [K.CaretEqualsToken, '^'],
  [K.LessThanLessThanEqualsToken, '<<'],
  [K.GreaterThanGreaterThanEqualsToken, '>>'],
  [K.GreaterThanGreaterThanGreaterThanEqualsToken, '>>>'],
]);

export function foldBinary(operator: BinaryOperator, a: number, b: number): number | boolean {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '<<':
      return a << b;
    case '>>':
      return a >> b;
    case '>>>':
      return a >>> b;
    case '===':
      return a === b;
    case '!==':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}

/** The kind of a result of which one operand at least is known at run time only. */
export function kindOfBinary(operator: BinaryOperator, a: Scalar, b: Scalar): Kind {
  switch (operator) {
    case '===':
    case '!==':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return 'boolean';
    case '&':
      return isNonneg(a) || isNonneg(b) ? 'nonneg' : 'int32';
    case '|':
    case '^':
      return isNonneg(a) && isNonneg(b) ? 'nonneg' : 'int32';
    case '<<':
      return 'int32';
    case '>>':
      return isNonneg(a) ? 'nonneg' : 'int32';
    case '>>>':
      return b.expr.op === 'const' && (b.expr.value & 31) > 0 ? 'nonneg' : 'uint32';
    case '/':
      return 'number';
    case '%':
      return remainder(a.kind, b);
    case '+':
    case '-':
    case '*':
      return a.kind === 'number' || b.kind === 'number' ? 'number' : 'integer';
  }
}

function isNonneg({ kind }: Scalar): boolean {
  return kind === 'nonneg';
}

/** Smaller than the divisor, with the sign of the dividend; of zero, no number. */
function remainder(kind: Kind, { expr }: Scalar): NumberKind {
  if (kind === 'number') return 'number';
  if (expr.op !== 'const' || expr.value === 0 || !Number.isInteger(expr.value) || Math.abs(expr.value) > 0x80000000) return 'integer';
  return kind === 'nonneg' || kind === 'uint32' ? 'nonneg' : 'int32';
}
