/**
 * What user code may call of the *platform*: `Atomics`, the simple functions of `Math`, assertions; and `console`, which says nothing.
 */
import { ts } from 'ts-morph';
import { adviceForPlatform } from './atoms-advice.ts';
import { AtomsConstruction, ERRORS, SETTLE } from './atoms-construct.ts';
import { constant, isWord, joinKinds, type Kind } from './atoms-types.ts';
import { numberValue, type Scalar, scalar, UNDEFINED, type Value } from './atoms-values.ts';
import { quote } from './frontend-context.ts';
import { type Int, MATH, type MathName } from './ir-impl.ts';

/** Assertions, and what each says of its arguments. */
const ASSERTIONS: ReadonlyMap<string, 'true' | 'equal' | 'unequal' | 'never'> = new Map([
  ['console.assert', 'true'],
  ['assert', 'true'],
  ['assert.ok', 'true'],
  ['assert.equal', 'equal'],
  ['assert.strictEqual', 'equal'],
  ['assert.notEqual', 'unequal'],
  ['assert.notStrictEqual', 'unequal'],
  ['assert.fail', 'never'],
]);

/** Of a list that is made by a function. */
const MOST_ELEMENTS = 1000;

export abstract class AtomsPlatform extends AtomsConstruction {
  protected platformCall(path: string, args: readonly Value[], node: ts.CallExpression, dropped: boolean): Value {
    if (path.startsWith('Atomics.')) return this.atomic(path.slice('Atomics.'.length), args, node, dropped);
    const math = MATH.find((name) => path === `Math.${name}`);
    if (math !== undefined) return this.math(math, args, node);
    const assertion = ASSERTIONS.get(path);
    if (assertion !== undefined) return this.assertion(assertion, args, node);
    if (path.startsWith('console.')) return UNDEFINED;
    const [first] = args;
    if (first !== undefined) {
      if (path === 'Object.freeze' || path === 'Object.seal') return first;
      if (path === 'Number') return this.number(first, node);
      if (path === 'Boolean') return this.boolean(this.truth(first, node));
      if (path === 'String') {
        const known = this.known(first);
        return known === undefined ? { is: 'text' } : this.string(known);
      }
    }
    if (first !== undefined) {
      const known = this.isOfKind(path, first);
      if (known !== undefined) return this.boolean(constant(known ? 1 : 0));
    }
    if (ERRORS.has(path)) return { is: 'error' };
    if (path === 'Array') return this.newList(args, node);
    if (path === 'Array.of') return this.newListOf(args);
    if (path === 'Array.from' && first !== undefined) return this.listFrom(first, args[1], node);
    if (path === SETTLE) return this.settlePromise(first ?? UNDEFINED);
    // However long it is: the promise is settled some time, and others may run until then.
    if (this.settlers.length > 0 && (path === 'setTimeout' || path === 'setImmediate' || path === 'queueMicrotask')) {
      if (first?.is === 'platform' && first.path === SETTLE) return this.settlePromise(UNDEFINED);
      const before = this.graph.mark();
      if (first?.is === 'function') this.apply(first, [], node, true);
      if (first?.is === 'function' && this.graph.isUnchanged(before)) return UNDEFINED;
    }
    if (path === 'Promise.resolve') return { is: 'promise', of: first ?? UNDEFINED, ticket: null };
    const { problem, advice } = adviceForPlatform(path);
    return this.refuse(node, problem, advice);
  }

  /** What `Number.isInteger` and their like say, where it is known; a number in a word is whole. */
  private isOfKind(path: string, value: Value): boolean | undefined {
    if (path === 'Array.isArray') return value.is === 'list' || (value.is === 'cells' && value.element === null);
    if (value.is !== 'scalar' || value.kind === 'string' || value.kind === 'boolean') return undefined;
    const number = this.constantNumber(value);
    if (number === undefined && !isWord(value.kind)) return undefined;
    switch (path) {
      case 'Number.isInteger':
      case 'Number.isSafeInteger':
      case 'Number.isFinite':
        return number === undefined || (path === 'Number.isFinite' ? Number.isFinite(number) : Number.isSafeInteger(number));
      case 'Number.isNaN':
      case 'isNaN':
        return number !== undefined && Number.isNaN(number);
      default:
        return undefined;
    }
  }

  private settlePromise(by: Value): Value {
    const settler = this.settlers.at(-1);
    if (settler === undefined) return UNDEFINED;
    const isSure = settler.uncertain === this.uncertain && settler.exits === this.exits;
    // One that may never be settled is none that is.
    Object.assign(settler, { by, times: settler.times + (isSure ? 1 : 2) });
    return UNDEFINED;
  }

  /** `Array.from({ length }, (_, index) => …)`, or of a list. */
  private listFrom(from: Value, fn: Value | undefined, node: ts.CallExpression): Value {
    const length = from.is === 'object' ? this.constantNumber(this.property(from, 'length', node)) : undefined;
    const elements =
      length === undefined ? this.elementsOf(from, node) : Array.from({ length: Math.min(length, MOST_ELEMENTS) }, () => UNDEFINED);
    if (fn === undefined) return this.newListOf(elements);
    return this.newListOf(elements.map((element, index) => this.apply(fn, [element, numberValue(index)], node, false)));
  }

  protected abstract apply(fn: Value, args: readonly Value[], node: ts.CallExpression, dropped: boolean): Value;

  private math(name: MathName, args: readonly Value[], node: ts.CallExpression): Value {
    const numbers = args.map((arg, index) => this.number(arg, node.arguments[index] ?? node));
    const known = numbers.flatMap(({ expr }) => (expr.op === 'const' ? [expr.value] : []));
    if (known.length === numbers.length) {
      const result: unknown = Reflect.apply(Math[name], Math, known);
      return numberValue(Number(result));
    }
    const exprs = numbers.map(({ expr }) => expr);
    const result: Int = { op: 'math', name, args: exprs };
    const [first] = numbers;
    switch (name) {
      case 'imul':
        return scalar('int32', result);
      case 'clz32':
        return scalar('nonneg', result);
      case 'sign':
        return scalar(first !== undefined && isWord(first.kind) ? 'int32' : 'number', result);
      case 'min':
      case 'max':
        return scalar(kindOfAll(numbers), result);
      case 'abs':
        return first?.kind === 'nonneg' || first?.kind === 'uint32' ? first : scalar(first?.kind === 'int32' ? 'uint32' : 'number', result);
      default:
        // Of a whole number these are the number itself.
        if (first !== undefined && isWord(first.kind)) return first;
        return scalar('integer', result);
    }
  }

  private assertion(says: 'true' | 'equal' | 'unequal' | 'never', args: readonly Value[], node: ts.CallExpression): Value {
    const [a, b] = args;
    const cond = ((): Int => {
      if (says === 'never') return constant(0);
      if (says === 'true') return this.truth(a ?? UNDEFINED, node);
      const same = this.same(a ?? UNDEFINED, b ?? UNDEFINED, false, node);
      return says === 'equal' ? same : this.negated(same).expr;
    })();
    const message = node.arguments[says === 'true' ? 1 : says === 'never' ? 0 : 2];
    this.require(cond, 'assertion', message === undefined ? quote(node) : this.messageText(message), node);
    return UNDEFINED;
  }

  /** The text of a message as the source has it. */
  protected messageText(node: ts.Expression): string {
    if (ts.isStringLiteralLike(node)) return node.text;
    if (ts.isTemplateExpression(node)) return node.getText().slice(1, -1);
    return quote(node);
  }

  /** What is thrown, in words; what it does before is done. */
  protected thrownText(node: ts.Expression): string {
    if (ts.isStringLiteralLike(node)) return node.text;
    this.value(node);
    if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return quote(node);
    const name = quote(node.expression);
    const [message] = node.arguments ?? [];
    return message === undefined ? name : `${name}: ${this.messageText(message)}`;
  }
}

function kindOfAll(numbers: readonly Scalar[]): Kind {
  return numbers.map(({ kind }) => kind).reduce((a, b) => joinKinds(a, b) ?? 'number', 'nonneg' as Kind);
}
