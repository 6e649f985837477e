/**
 * What the language leaves out, and what to write instead. One line for each kind of syntax, so that a refusal names the
 * construct and not just "unsupported".
 */
import { ts } from 'ts-morph';

const K = ts.SyntaxKind;

interface Advice {
  readonly problem: string;
  readonly advice: string;
}

const CLOSURES = 'write a top-level function and call it by name';

const TABLE: ReadonlyMap<ts.SyntaxKind, Advice> = new Map([
  [K.TryStatement, { problem: 'exceptions as control flow', advice: 'return a value of a union, and test it' }],
  [
    K.ThrowStatement,
    {
      problem: 'exceptions as control flow',
      advice: 'return a value of a union, or record the fault in a field that an invariant looks at',
    },
  ],
  [K.LabeledStatement, { problem: 'a label', advice: 'move the inner loop to a function of its own and return from it' }],
  [K.ForInStatement, { problem: 'a loop over names of properties', advice: 'loop over the ids of a table: `for (const so of sockets)`' }],
  [
    K.DoStatement,
    { problem: '`do … while`', advice: 'write `while (true) { …; if (…) break; yield; }` in a procedure, or a bounded `for`' },
  ],
  [K.WithStatement, { problem: '`with`', advice: 'write the path in full' }],
  [K.DebuggerStatement, { problem: '`debugger`', advice: 'take it out' }],
  [K.ClassDeclaration, { problem: 'a class', advice: 'write an interface for the data and functions for the transitions' }],
  [K.ClassExpression, { problem: 'a class', advice: 'write an interface for the data and functions for the transitions' }],
  [K.FunctionDeclaration, { problem: 'a function inside a function', advice: CLOSURES }],
  [K.FunctionExpression, { problem: 'a function as a value', advice: CLOSURES }],
  [K.ArrowFunction, { problem: 'a function as a value', advice: CLOSURES }],
  [K.NewExpression, { problem: 'an object made at run time', advice: 'use a free element of a table of the state' }],
  [K.AwaitExpression, { problem: '`await`', advice: 'make it a procedure and sleep with `yield until(() => …)`' }],
  [K.DeleteExpression, { problem: '`delete`', advice: 'assign the value that means "none"' }],
  [K.TypeOfExpression, { problem: '`typeof` of a value', advice: 'values of the state have one kind each; compare with a literal' }],
  [K.VoidExpression, { problem: '`void`', advice: 'write the call as a statement' }],
  [K.TemplateExpression, { problem: 'a string made at run time', advice: 'use a union of literals' }],
  [K.TaggedTemplateExpression, { problem: 'a string made at run time', advice: 'use a union of literals' }],
  [K.RegularExpressionLiteral, { problem: 'a regular expression', advice: 'use a union of literals, and compare' }],
  [K.BigIntLiteral, { problem: 'a big integer', advice: 'use a `Nat`' }],
  [K.ThisKeyword, { problem: '`this`', advice: 'pass the state as the first parameter' }],
  [
    K.ObjectLiteralExpression,
    { problem: 'an object outside the state', advice: 'assign it to a whole record of the state, or use separate variables' },
  ],
  [
    K.ArrayLiteralExpression,
    { problem: 'an array outside the state', advice: 'make it a `Seq` or a `Table` of the state, or a top-level constant' },
  ],
  [K.SpreadElement, { problem: 'spread', advice: 'write the elements' }],
  [K.CommaToken, { problem: 'the comma operator', advice: 'write two statements' }],
  [K.InKeyword, { problem: '`in`', advice: 'compare a field with a literal' }],
  [K.InstanceOfKeyword, { problem: '`instanceof`', advice: 'compare a field with a literal' }],
  [K.EqualsEqualsToken, { problem: '`==`', advice: 'write `===`' }],
  [K.ExclamationEqualsToken, { problem: '`!=`', advice: 'write `!==`' }],
  [K.SlashToken, { problem: 'a division', advice: 'fractions are out; compare products, or keep the quotient in a field' }],
  [K.PercentToken, { problem: 'a remainder', advice: 'wrap around with `i + 1 === N ? 0 : i + 1`' }],
  [K.AsteriskAsteriskToken, { problem: 'a power of values', advice: 'make it a constant' }],
  [K.AmpersandToken, { problem: 'an operation on bits', advice: 'use booleans' }],
  [K.BarToken, { problem: 'an operation on bits', advice: 'use booleans' }],
  [K.CaretToken, { problem: 'an operation on bits', advice: 'use booleans, and `!==` for exclusive or' }],
  [K.LessThanLessThanToken, { problem: 'an operation on bits', advice: 'use multiplication by a constant' }],
  [K.GreaterThanGreaterThanToken, { problem: 'an operation on bits', advice: 'use a comparison' }],
  [K.GreaterThanGreaterThanGreaterThanToken, { problem: 'an operation on bits', advice: 'use a comparison' }],
  [K.TildeToken, { problem: 'an operation on bits', advice: 'use booleans' }],
  [K.QuestionQuestionEqualsToken, { problem: 'an assignment that may or may not happen', advice: 'write an `if`' }],
  [K.BarBarEqualsToken, { problem: 'an assignment that may or may not happen', advice: 'write an `if`' }],
  [K.AmpersandAmpersandEqualsToken, { problem: 'an assignment that may or may not happen', advice: 'write an `if`' }],
]);

/** What to say of a kind of syntax that is not in the language. */
export function adviceFor(kind: ts.SyntaxKind): Advice | undefined {
  return TABLE.get(kind);
}

/** What to say of syntax that nobody thought of. */
export const UNKNOWN: Advice = { problem: 'this is not in the language', advice: 'see model/lang.ts for what is' };

const GLOBALS: ReadonlyMap<string, Advice> = new Map([
  ['Date', { problem: 'the clock', advice: 'make time a field of the state that an action advances' }],
  ['performance', { problem: 'the clock', advice: 'make time a field of the state that an action advances' }],
  ['Promise', { problem: 'a promise', advice: 'make it a procedure and sleep with `yield until(() => …)`' }],
  ['setTimeout', { problem: 'a timer', advice: 'make the timeout an action of an agent' }],
  ['console', { problem: 'output', advice: 'take it out; a trace shows every state' }],
  ['JSON', { problem: 'strings made at run time', advice: 'use fields of the state' }],
  ['Object', { problem: 'properties known only at run time', advice: 'name the fields' }],
  ['Symbol', { problem: 'symbols', advice: 'use a union of literals' }],
  ['process', { problem: 'the outside world', advice: 'make it a `readonly` field of the state: configuration' }],
]);

/** What to say of a global object of the platform, or undefined. */
export function adviceForGlobal(name: string): Advice | undefined {
  return GLOBALS.get(name);
}

const METHODS: ReadonlyMap<string, string> = new Map([
  ['find', 'write `first(ids, id => …)`'],
  ['findIndex', 'write `first(ids, id => …)`'],
  ['filter', 'write `count(ids, id => …)`, or a loop'],
  ['map', 'write a loop that assigns'],
  ['reduce', 'write a loop with a variable `let n: Nat<MAX> = 0`'],
  ['forEach', 'write `for (const x of …)`'],
  ['pop', 'take elements from the front with `shift`, or write `remove(seq, x)`'],
  ['unshift', 'put elements at the end with `push`'],
  ['splice', 'write `remove(seq, x)`'],
  ['slice', 'loop over the sequence itself'],
  ['sort', 'keep the order in the state'],
  ['reverse', 'keep the order in the state'],
  ['concat', 'push the elements one by one'],
  ['fill', 'write a loop that assigns'],
  ['at', 'write `[0]`'],
]);

/** What to write instead of a method of arrays that the language does not have. */
export function adviceForMethod(name: string): string {
  return METHODS.get(name) ?? 'tables and ranges have `some` and `every`; sequences also `push`, `shift`, `includes`, `indexOf`';
}
