/**
 * What of JavaScript the explorer leaves out, and what to write instead: one line for each kind of syntax and each thing of the
 * platform, so that a refusal names it.
 */
import { ts } from 'ts-morph';

const K = ts.SyntaxKind;

interface Advice {
  readonly problem: string;
  readonly advice: string;
}

const UNKNOWN: Advice = {
  problem: 'this is not in the language of the explorer',
  advice: 'see oracle/schedule/README.md for what is',
};

const STRINGS: Advice = { problem: 'a string made at run time', advice: 'compare with literals, and print nothing' };

const TABLE: ReadonlyMap<ts.SyntaxKind, Advice> = new Map([
  [K.ForInStatement, { problem: 'a loop over names of properties', advice: 'loop over an index' }],
  [K.WithStatement, { problem: '`with`', advice: 'write the path in full' }],
  [K.DebuggerStatement, { problem: '`debugger`', advice: 'take it out' }],
  [K.YieldExpression, { problem: '`yield`', advice: 'write a function that is called' }],
  [K.DeleteExpression, { problem: '`delete`', advice: 'assign a value that means "none"' }],
  [K.TaggedTemplateExpression, STRINGS],
  [K.RegularExpressionLiteral, { problem: 'a regular expression', advice: 'compare with literals' }],
  [K.BigIntLiteral, { problem: 'a big integer', advice: 'use numbers of 32 bits, in an Int32Array or a Uint32Array' }],
  [K.InKeyword, { problem: '`in`', advice: 'compare a field with a literal' }],
  [K.AsteriskAsteriskToken, { problem: 'a power of numbers', advice: 'write a product, or a shift' }],
  [K.AsteriskAsteriskEqualsToken, { problem: 'a power of numbers', advice: 'write a product, or a shift' }],
  [K.MetaProperty, { problem: '`import.meta`, `new.target`', advice: 'give the thread what it needs as an argument' }],
  [K.SpreadElement, { problem: 'a list taken apart', advice: 'write the elements' }],
]);

/** What to say of a kind of syntax that is not in the language. */
export function adviceForAtoms(kind: ts.SyntaxKind): Advice {
  return TABLE.get(kind) ?? UNKNOWN;
}

const CLOCK: Advice = { problem: 'the clock', advice: 'a run must be repeatable: give the time as an argument, or count steps' };
const DICE: Advice = { problem: 'dice', advice: 'a run must be repeatable: give the number as an argument, or explore both ways' };
const TIMER: Advice = {
  problem: 'a timer',
  advice: 'leave delays out, the explorer tries every order of steps; what the timer does can be a thread of its own',
};
const MESSAGE: Advice = {
  problem: 'a message to another thread',
  advice: 'explore the functions that the message leads to, with memory for its data',
};

const OUTSIDE: Advice = { problem: 'the outside world', advice: 'give the thread what it needs as an argument' };

const GLOBALS: ReadonlyMap<string, Advice> = new Map([
  ['Date', CLOCK],
  ['performance', CLOCK],
  ['Math.random', DICE],
  ['crypto', DICE],
  ['setTimeout', TIMER],
  ['setInterval', TIMER],
  ['setImmediate', TIMER],
  ['queueMicrotask', TIMER],
  ['postMessage', MESSAGE],
  ['Worker', { problem: 'a thread that is made at run time', advice: 'name the threads and what they call in `threads`' }],
  [
    'Promise',
    {
      problem: 'a promise',
      advice: 'of promises the explorer has those of `Atomics.waitAsync` and of asynchronous functions, awaited where they are made',
    },
  ],
  ['Map', { problem: 'a Map', advice: 'keep what threads share in typed arrays, and the rest in variables' }],
  ['Set', { problem: 'a Set', advice: 'keep what threads share in typed arrays, and the rest in variables' }],
  ['Array', { problem: 'an array made at run time', advice: 'write its elements out, or keep them in shared memory' }],
  ['DataView', { problem: 'a DataView, whose accesses may tear', advice: 'use typed arrays of 8, 16 or 32 bits' }],
  ['BigInt64Array', { problem: 'an array of 64-bit integers', advice: 'use numbers of 32 bits, in an Int32Array or a Uint32Array' }],
  ['BigUint64Array', { problem: 'an array of 64-bit integers', advice: 'use numbers of 32 bits, in an Int32Array or a Uint32Array' }],
  ['Float32Array', { problem: 'an array of fractions', advice: 'keep the bits in an Int32Array, or leave the data out' }],
  ['Float64Array', { problem: 'an array of fractions', advice: 'keep the bits in an Int32Array, or leave the data out' }],
  ['Uint8ClampedArray', { problem: 'an array that clamps', advice: 'use a Uint8Array' }],
  ['process', OUTSIDE],
  ['worker_threads', OUTSIDE],
  ['JSON', STRINGS],
  ['structuredClone', { problem: 'a copy of an object', advice: 'write its fields' }],
]);

/** What to say of something of the platform, by its path. */
export function adviceForPlatform(path: string): Advice {
  const [root = path] = path.split('.');
  const known = GLOBALS.get(path) ?? GLOBALS.get(root);
  if (known === undefined && !(root in globalThis) && root === path)
    return { problem: `\`${path}\` is declared nowhere`, advice: 'declare it, or import it' };
  return (
    known ?? {
      problem: `\`${path}\` of the platform`,
      advice: 'the explorer knows `Atomics`, arrays of integers, and the simple functions of `Math`',
    }
  );
}
