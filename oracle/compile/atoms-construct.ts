/**
 * What `new` makes in user code: an object of a class, an error, an array over shared memory or one that the thread has for itself, a
 * promise that is settled with nothing in between.
 */
import { ts } from 'ts-morph';
import { adviceForPlatform } from './atoms-advice.ts';
import { AtomsObjects, isStaticMember } from './atoms-objects.ts';
import { constant } from './atoms-types.ts';
import {
  type ArrayValue,
  describe,
  ELEMENTS,
  type ElementType,
  isElementType,
  numberValue,
  UNDEFINED,
  type Value,
} from './atoms-values.ts';
import { isAssignment, isStep } from './frontend-draft.ts';

const K = ts.SyntaxKind;

/** What an executor of a promise is given to settle it. */
export const SETTLE = 'resolve of a promise';

interface Settler {
  by: Value;
  times: number;
  /** What was uncertain when the executor began. */
  readonly uncertain: number;
  readonly exits: number;
}

/** Errors of the platform. */
export const ERRORS: ReadonlySet<string> = new Set([
  'Error',
  'TypeError',
  'RangeError',
  'SyntaxError',
  'ReferenceError',
  'EvalError',
  'URIError',
]);

/** Whether a member of a class of errors only keeps values in fields, when an error is made. */
function isQuiet(member: ts.ClassElement): boolean {
  const look = (node: ts.Node): boolean => {
    if (ts.isCallExpression(node) && node.expression.kind !== K.SuperKeyword) return false;
    if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind))
      return ts.isPropertyAccessExpression(node.left) && node.left.expression.kind === K.ThisKeyword && look(node.right);
    if ((ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && isStep(node.operator)) return false;
    if (ts.isNewExpression(node) || ts.isElementAccessExpression(node) || ts.isThrowStatement(node) || ts.isIterationStatement(node, false))
      return false;
    return !(ts.forEachChild(node, (child) => !look(child) || undefined) ?? false);
  };
  return ts.isConstructorDeclaration(member) || ts.isPropertyDeclaration(member) ? look(member) : true;
}

export abstract class AtomsConstruction extends AtomsObjects {
  /** Promises whose executor is running, and with what they are settled. */
  protected readonly settlers: Settler[] = [];

  protected construct(node: ts.NewExpression): Value {
    const error = this.newError(node);
    if (error !== null) return error;
    const made = this.value(node.expression);
    const args = this.allInOrder(this.spread(node.arguments ?? []));
    if (made.is === 'class') return this.newObject(made, args, node);
    if (made.is !== 'platform') return this.refuse(node, `\`new\` with ${describe(made)}`, 'make objects with classes of the source');
    if (made.path === 'SharedArrayBuffer') return this.newBuffer(node, args);
    if (isElementType(made.path)) return this.newArray(node, made.path, args);
    if (made.path === 'Array') return this.newList(args, node);
    if (ERRORS.has(made.path)) return { is: 'error' };
    if (made.path === 'Promise') return this.newPromise(args, node);
    const { problem, advice } = adviceForPlatform(made.path);
    return this.refuse(node, problem, advice);
  }

  /** An error of a class of the source: of what its constructor keeps nobody can see more than a message. Null: it is no error. */
  private newError(node: ts.NewExpression): Value | null {
    const classes: ts.ClassLikeDeclaration[] = [];
    for (let at: ts.Expression | undefined = node.expression; at !== undefined; ) {
      const declaration = this.whole.context.declaration(at);
      if (declaration !== undefined && ts.isClassLike(declaration) && !declaration.getSourceFile().isDeclarationFile) {
        classes.push(declaration);
        at = declaration.heritageClauses?.find((clause) => clause.token === K.ExtendsKeyword)?.types[0]?.expression;
      } else if (classes.length > 0 && ts.isIdentifier(at) && ERRORS.has(at.text)) {
        const loud = classes.flatMap(({ members }) => [...members]).find((member) => !isStaticMember(member) && !isQuiet(member));
        if (loud !== undefined)
          return this.refuse(
            loud,
            'an error that does more than keep what it is given',
            'do it before the `throw`, in a statement of its own',
          );
        this.allInOrder(this.spread(node.arguments ?? []));
        return { is: 'error' };
      } else return null;
    }
    return null;
  }

  private newBuffer(node: ts.NewExpression, args: readonly Value[]): Value {
    const bytes = this.constantNumber(args[0] ?? UNDEFINED);
    if (!this.isStatic())
      return this.refuse(
        node,
        'shared memory made by a thread',
        'make it at the top level, or name it in `memory`, so that all threads share it',
      );
    if (bytes === undefined || !Number.isInteger(bytes) || bytes < 0)
      return this.refuse(node, 'shared memory of a size that is not known', 'write the number of bytes');
    return this.whole.newBuffer(node, bytes);
  }

  private newArray(node: ts.NewExpression, element: keyof typeof ELEMENTS, args: readonly Value[]): Value {
    const [buffer, offset, length] = args;
    const name = ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : element;
    if (buffer?.is !== 'buffer') return this.newOwnArray(node, name, element, buffer ?? UNDEFINED);
    const { bytes } = ELEMENTS[element];
    const [from, count] = [this.given(offset, node), this.given(length, node)];
    const start = from ?? 0;
    const most = (buffer.bytes - start) / bytes;
    if (
      start % bytes !== 0 ||
      start < 0 ||
      most < 0 ||
      (count === null && !Number.isInteger(most)) ||
      (count !== null && (count < 0 || count > most))
    )
      return this.refuse(
        node,
        `an array that does not fit in the ${buffer.bytes} bytes of its buffer`,
        'give an offset and a length that do; the offset is in bytes',
      );
    return {
      is: 'array',
      name,
      element,
      buffer,
      start: constant(buffer.start + start),
      length: constant(count ?? most),
    } satisfies ArrayValue;
  }

  /** An array that a thread has for itself: of a length, or with the elements of another. */
  private newOwnArray(node: ts.NewExpression, name: string, element: ElementType, from: Value): Value {
    if (from.is === 'platform')
      return this.refuse(
        node,
        `an array over \`${from.path}\`, of which only a run can tell what it is`,
        'name the array in `memory`: a constant of the top level that has this name stands for it',
      );
    if (this.isStatic())
      return this.refuse(
        node,
        'an array of the top level that is not shared',
        'each thread would have one of its own: make it in the function that the thread calls',
      );
    const length = from.is === 'none' ? 0 : this.constantNumber(from);
    if (length !== undefined) return this.newCells(name, element, this.zeros(length, numberValue(0), node), node);
    if (from.is === 'list' || from.is === 'cells' || from.is === 'array')
      return this.newCells(name, element, this.elementsOf(from, node), node);
    return this.refuse(
      node,
      'an array of a length that is not known when the code is compiled',
      'write the number, or keep it in shared memory',
    );
  }

  private zeros(length: number, zero: Value, node: ts.Node): readonly Value[] {
    if (!Number.isInteger(length) || length < 0) return this.refuse(node, 'a length that is not a whole number', 'write one that is');
    // What is more than a thread may have is refused where the array is made.
    return new Array<Value>(Math.min(length, 1000)).fill(zero);
  }

  /** `new Array(n)`, or with its elements. */
  protected newList(args: readonly Value[], node: ts.Node): Value {
    const [only] = args;
    const length = args.length === 1 && only !== undefined ? this.constantNumber(only) : undefined;
    if (length === undefined) return this.newListOf(args);
    if (this.isStatic()) return this.newListOf(this.zeros(length, UNDEFINED, node));
    return this.newCells('array', null, this.zeros(length, UNDEFINED, node), node);
  }

  /** A promise that is settled with nothing in between: a delay. */
  private newPromise(args: readonly Value[], node: ts.NewExpression): Value {
    const [executor] = args;
    const settled: Settler = { by: UNDEFINED, times: 0, uncertain: this.uncertain, exits: this.exits };
    if (executor?.is === 'function') {
      this.settlers.push(settled);
      this.inline(
        executor,
        [
          { is: 'platform', path: SETTLE, imported: true },
          { is: 'platform', path: 'reject of a promise', imported: true },
        ],
        node,
      );
      this.settlers.pop();
    }
    if (settled.times === 1) return { is: 'promise', of: settled.by, ticket: null };
    const { problem, advice } = adviceForPlatform('Promise');
    return this.refuse(node, problem, advice);
  }

  private given(value: Value | undefined, node: ts.Node): number | null {
    if (value === undefined || (value.is === 'none' && value.which === 'undefined')) return null;
    return (
      this.constantNumber(value) ??
      this.refuse(node, 'an array whose place is not known when the code is compiled', 'write numbers, or take a subarray')
    );
  }
}
