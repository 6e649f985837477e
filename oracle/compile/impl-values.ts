/**
 * *Values* of implementation code. Accesses and calls inside an expression are taken out of it in the order in which they would
 * happen, each ending its block; `&&`, `||` and `?:` with one on their right side become branches.
 */
import { ts } from 'ts-morph';
import { adviceFor } from './frontend-advice.ts';
import { functionBehind } from './frontend-calls.ts';
import { namedConstant } from './frontend-constants.ts';
import type { Context } from './frontend-context.ts';
import { isAssignment, isStep } from './frontend-draft.ts';
import type { ImplContext } from './impl-frontend.ts';
import { Graph } from './impl-graph.ts';
import { Statements } from './impl-statements.ts';
import { type BinaryOperator, type Int, KERNEL_DOORS } from './ir-impl.ts';

const K = ts.SyntaxKind;

const BINARY: ReadonlyMap<ts.SyntaxKind, BinaryOperator> = new Map([
  [K.PlusToken, '+'],
  [K.MinusToken, '-'],
  [K.AsteriskToken, '*'],
  [K.PercentToken, '%'],
  [K.AmpersandToken, '&'],
  [K.BarToken, '|'],
  [K.CaretToken, '^'],
  [K.LessThanLessThanToken, '<<'],
  [K.GreaterThanGreaterThanToken, '>>'],
  [K.GreaterThanGreaterThanGreaterThanToken, '>>>'],
  [K.EqualsEqualsEqualsToken, '==='],
  [K.ExclamationEqualsEqualsToken, '!=='],
  [K.LessThanToken, '<'],
  [K.LessThanEqualsToken, '<='],
  [K.GreaterThanToken, '>'],
  [K.GreaterThanEqualsToken, '>='],
]);

const COMPOUND: ReadonlyMap<ts.SyntaxKind, BinaryOperator> = new Map([
  [K.PlusEqualsToken, '+'],
  [K.MinusEqualsToken, '-'],
  [K.AsteriskEqualsToken, '*'],
  [K.PercentEqualsToken, '%'],
  [K.AmpersandEqualsToken, '&'],
  [K.BarEqualsToken, '|'],
  [K.CaretEqualsToken, '^'],
  [K.LessThanLessThanEqualsToken, '<<'],
  [K.GreaterThanGreaterThanEqualsToken, '>>'],
  [K.GreaterThanGreaterThanGreaterThanEqualsToken, '>>>'],
]);

/** What to say of syntax that nobody thought of. */
export const UNKNOWN = {
  problem: 'this is not in the language of the implementation',
  advice: 'below the face there are whole numbers, variables, calls, and the door',
};

/** One function while it is lowered: its graph, its variables, and the values of its expressions. */
export abstract class Values extends Statements {
  protected readonly whole: ImplContext;
  protected readonly graph = new Graph();
  protected pure = true;
  private readonly locals = new Map<ts.Symbol, number>();

  constructor(whole: ImplContext) {
    super();
    this.whole = whole;
  }

  protected context(): Context {
    return this.whole.context;
  }

  protected declareLocal(name: ts.Identifier): number {
    const symbol = this.whole.context.checker.getSymbolAtLocation(name);
    const local = this.graph.newLocal(name.text);
    if (symbol !== undefined) this.locals.set(symbol, local);
    return local;
  }

  protected localOf(name: ts.Node): number | undefined {
    const symbol = this.whole.context.checker.getSymbolAtLocation(name);
    return symbol === undefined ? undefined : this.locals.get(symbol);
  }

  /** The kernel itself is no number: it is handed through and never looked at. */
  protected isKernel(node: ts.Node): boolean {
    const symbol = this.whole.context.checker.getTypeAtLocation(node).getSymbol();
    const declaration = symbol?.declarations?.[0];
    return symbol?.name === 'Kernel' && declaration !== undefined && this.whole.isDoor(declaration.getSourceFile());
  }

  protected requireNumber(node: ts.Node): void {
    const type = this.whole.context.checker.getTypeAtLocation(node);
    const allowed = ts.TypeFlags.NumberLike | ts.TypeFlags.BooleanLike;
    const parts = type.isUnion() ? type.types : [type];
    if (!parts.every((part) => (part.flags & allowed) !== 0)) {
      this.whole.context.refuse(node, 'a value that is not a number or a boolean', 'below the face everything is a whole number');
    }
  }

  protected capture(value: Int, name: string): Int {
    const local = this.graph.newLocal(name);
    this.graph.set(local, value);
    return { op: 'local', local };
  }

  /** Ends the block with a branch on a condition. */
  protected condition(node: ts.Expression, yes: number, no: number): void {
    if (ts.isParenthesizedExpression(node)) {
      this.condition(node.expression, yes, no);
      return;
    }
    if (ts.isPrefixUnaryExpression(node) && node.operator === K.ExclamationToken) {
      this.condition(node.operand, no, yes);
      return;
    }
    if (ts.isBinaryExpression(node) && this.hasEffect(node.right)) {
      const isAnd = node.operatorToken.kind === K.AmpersandAmpersandToken;
      if (isAnd || node.operatorToken.kind === K.BarBarToken) {
        const middle = this.graph.reserve();
        this.condition(node.left, isAnd ? middle : yes, isAnd ? no : middle);
        this.graph.goTo(middle);
        this.condition(node.right, yes, no);
        return;
      }
    }
    const cond = this.value(node);
    if (cond.op === 'const') this.graph.jump(cond.value !== 0 ? yes : no);
    else this.graph.finish({ op: 'branch', cond, then: yes, else: no });
  }

  protected value(node: ts.Expression): Int {
    const { context } = this.whole;
    if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node) || ts.isNonNullExpression(node))
      return this.value(node.expression);
    if (ts.isNumericLiteral(node)) {
      const value = Number(node.text.replaceAll('_', ''));
      return Number.isInteger(value)
        ? { op: 'const', value }
        : context.refuse(node, 'a number that is not whole', 'below the face everything is a whole number');
    }
    if (node.kind === K.TrueKeyword) return { op: 'const', value: 1 };
    if (node.kind === K.FalseKeyword) return { op: 'const', value: 0 };
    if (ts.isIdentifier(node)) return this.name(node);
    if (ts.isPrefixUnaryExpression(node)) return this.prefix(node);
    if (ts.isPostfixUnaryExpression(node)) return this.step(node);
    if (ts.isBinaryExpression(node)) return this.binary(node);
    if (ts.isConditionalExpression(node)) return this.conditional(node);
    if (ts.isCallExpression(node)) return this.call(node, false);
    const { problem, advice } = adviceFor(node.kind) ?? UNKNOWN;
    return context.refuse(node, problem, advice);
  }

  private name(node: ts.Identifier): Int {
    const { context } = this.whole;
    const local = this.localOf(node);
    if (local !== undefined) return { op: 'local', local };
    const value = namedConstant(context, context.declaration(node));
    if (typeof value === 'number') return { op: 'const', value };
    if (typeof value === 'boolean') return { op: 'const', value: value ? 1 : 0 };
    return context.refuse(
      node,
      'something that is neither a local variable nor a constant number',
      'pass it as an argument, or keep it in shared memory',
    );
  }

  private prefix(node: ts.PrefixUnaryExpression): Int {
    switch (node.operator) {
      case K.ExclamationToken:
        return { op: 'unary', operator: '!', arg: this.value(node.operand) };
      case K.MinusToken: {
        const arg = this.value(node.operand);
        return arg.op === 'const' ? { op: 'const', value: -arg.value } : { op: 'unary', operator: '-', arg };
      }
      case K.TildeToken: {
        const arg = this.value(node.operand);
        return arg.op === 'const' ? { op: 'const', value: ~arg.value } : { op: 'unary', operator: '~', arg };
      }
      case K.PlusToken:
        return this.value(node.operand);
      default:
        return this.step(node);
    }
  }

  private binary(node: ts.BinaryExpression): Int {
    const { context } = this.whole;
    const kind = node.operatorToken.kind;
    if (isAssignment(kind)) return this.assign(node);
    if (kind === K.AmpersandAmpersandToken || kind === K.BarBarToken) return this.logic(node, kind === K.AmpersandAmpersandToken);
    const operator = BINARY.get(kind);
    if (operator === undefined) {
      const { problem, advice } = adviceFor(kind) ?? UNKNOWN;
      return context.refuse(node, problem, advice);
    }
    const [left, right] = this.inOrder([node.left, node.right]);
    if (left === undefined || right === undefined) throw new Error('two operands');
    return { op: 'binary', operator, left, right };
  }

  /** Values in the order of the source: one whose variable a later one changes is taken before. */
  private inOrder(nodes: readonly ts.Expression[]): readonly Int[] {
    return nodes.map((node, index) => {
      const value = this.value(node);
      return value.op !== 'const' && nodes.slice(index + 1).some((later) => this.assigns(later)) ? this.capture(value, 'before') : value;
    });
  }

  private logic(node: ts.BinaryExpression, isAnd: boolean): Int {
    this.requireBoolean(node.left);
    if (!this.hasEffect(node.right)) return { op: isAnd ? 'and' : 'or', left: this.value(node.left), right: this.value(node.right) };
    const [yes, no, after] = [this.graph.reserve(), this.graph.reserve(), this.graph.reserve()];
    const result = this.graph.newLocal('logic');
    this.condition(node, yes, no);
    for (const [block, value] of [
      [yes, 1],
      [no, 0],
    ] as const) {
      this.graph.goTo(block);
      this.graph.set(result, { op: 'const', value });
      this.graph.jump(after);
    }
    this.graph.goTo(after);
    return { op: 'local', local: result };
  }

  private requireBoolean(node: ts.Expression): void {
    const type = this.whole.context.checker.getTypeAtLocation(node);
    const parts = type.isUnion() ? type.types : [type];
    if (!parts.every((part) => (part.flags & ts.TypeFlags.BooleanLike) !== 0)) {
      this.whole.context.refuse(node, 'a number where a condition is needed', 'compare it: `x !== 0`');
    }
  }

  private conditional(node: ts.ConditionalExpression): Int {
    if (!this.hasEffect(node.whenTrue) && !this.hasEffect(node.whenFalse)) {
      const cond = this.value(node.condition);
      if (cond.op === 'const') return this.value(cond.value !== 0 ? node.whenTrue : node.whenFalse);
      return { op: 'choose', cond, then: this.value(node.whenTrue), else: this.value(node.whenFalse) };
    }
    const [yes, no, after] = [this.graph.reserve(), this.graph.reserve(), this.graph.reserve()];
    const result = this.graph.newLocal('chosen');
    this.condition(node.condition, yes, no);
    for (const [block, side] of [
      [yes, node.whenTrue],
      [no, node.whenFalse],
    ] as const) {
      this.graph.goTo(block);
      this.graph.set(result, this.value(side));
      this.graph.jump(after);
    }
    this.graph.goTo(after);
    return { op: 'local', local: result };
  }

  protected call(node: ts.CallExpression, dropped: boolean): Int {
    const { context } = this.whole;
    const callee = node.expression;
    const args = this.inOrder(node.arguments.filter((argument) => !this.isKernel(argument)));
    if (ts.isPropertyAccessExpression(callee)) return this.mathCall(node, callee, args);
    const declaration = ts.isIdentifier(callee) ? context.declaration(callee) : undefined;
    if (declaration !== undefined && this.whole.isDoor(declaration.getSourceFile()) && ts.isIdentifier(callee))
      return this.doorCall(node, context.symbol(callee)?.name ?? callee.text, args, dropped);
    const target = functionBehind(context, callee);
    if (target === null)
      return context.refuse(node, 'a call through something that is not a function below the face', 'call a function by its name');
    const fn = this.whole.functionOf(target);
    if (this.whole.isPure(fn) && !dropped) return { op: 'call', fn, args };
    this.pure = false;
    const result = dropped || isVoid(context.checker.getTypeAtLocation(node)) ? -1 : this.graph.newLocal('result');
    this.graph.cut((next) => ({ op: 'call', fn, args, result, next, source: context.source(node) }));
    return result < 0 ? { op: 'const', value: 0 } : { op: 'local', local: result };
  }

  private doorCall(node: ts.CallExpression, name: string, args: readonly Int[], dropped: boolean): Int {
    const { context } = this.whole;
    const [at] = args;
    if (name === 'fixed' && at !== undefined) return { op: 'fixed', at };
    const door = KERNEL_DOORS.find((d) => d === name);
    if (door === undefined)
      return context.refuse(
        node,
        `\`${name}\` of the door is for the face only`,
        'below the face use get, put, load, store, compareExchange, wait, notify, copy, …',
      );
    this.pure = false;
    const result = dropped || isVoid(context.checker.getTypeAtLocation(node)) ? -1 : this.graph.newLocal(door);
    const source = context.source(node);
    if (door === 'panic') {
      this.graph.finish({ op: 'door', door, args, result: -1, next: -1, source });
      return { op: 'const', value: 0 };
    }
    this.graph.cut((next) => ({ op: 'door', door, args, result, next, source }));
    return result < 0 ? { op: 'const', value: 0 } : { op: 'local', local: result };
  }

  private mathCall(node: ts.CallExpression, callee: ts.PropertyAccessExpression, args: readonly Int[]): Int {
    const { context } = this.whole;
    const name = (['imul', 'min', 'max', 'clz32'] as const).find((n) => n === callee.name.text);
    if (name === undefined || !context.isGlobal(callee.expression, 'Math'))
      return context.refuse(
        node,
        'a method',
        'below the face there are functions of numbers; of `Math` there are imul, min, max and clz32',
      );
    return { op: 'math', name, args };
  }

  /** Whether evaluating something would end the block or change a variable. */
  private hasEffect(node: ts.Node): boolean {
    if (ts.isCallExpression(node)) {
      const { context } = this.whole;
      const { expression } = node;
      const declaration = ts.isIdentifier(expression) ? context.declaration(expression) : undefined;
      const isFixed =
        declaration !== undefined && this.whole.isDoor(declaration.getSourceFile()) && context.symbol(expression)?.name === 'fixed';
      if (!isFixed && !ts.isPropertyAccessExpression(expression)) {
        const target = functionBehind(context, expression);
        if (target === null || this.whole.isDoor(target.getSourceFile()) || !this.whole.isPure(this.whole.functionOf(target))) return true;
      }
    }
    return this.assigns(node, false) || (ts.forEachChild(node, (child) => this.hasEffect(child) || undefined) ?? false);
  }

  private assigns(node: ts.Node, deep = true): boolean {
    if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind)) return true;
    if ((ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && isStep(node.operator)) return true;
    return deep && (ts.forEachChild(node, (child) => this.assigns(child) || undefined) ?? false);
  }

  protected assign(node: ts.BinaryExpression): Int {
    const { context } = this.whole;
    const local = this.localOf(node.left);
    if (local === undefined)
      return context.refuse(
        node,
        'an assignment to something that is not a local variable',
        'shared words are written through the door: `put`, `store`',
      );
    const operator = COMPOUND.get(node.operatorToken.kind);
    if (operator === undefined && node.operatorToken.kind !== K.EqualsToken) {
      const { problem, advice } = adviceFor(node.operatorToken.kind) ?? UNKNOWN;
      return context.refuse(node, problem, advice);
    }
    const right = this.value(node.right);
    this.graph.set(local, operator === undefined ? right : { op: 'binary', operator, left: { op: 'local', local }, right });
    return { op: 'local', local };
  }

  protected step(node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression): Int {
    const local = this.localOf(node.operand);
    if (local === undefined)
      return this.whole.context.refuse(
        node,
        'an assignment to something that is not a local variable',
        'shared words are written through the door: `put`, `store`',
      );
    const here: Int = { op: 'local', local };
    const old =
      ts.isPostfixUnaryExpression(node) && !ts.isExpressionStatement(node.parent) && !ts.isForStatement(node.parent)
        ? this.capture(here, 'old')
        : here;
    const operator = node.operator === K.PlusPlusToken ? '+' : '-';
    this.graph.set(local, { op: 'binary', operator, left: here, right: { op: 'const', value: 1 } });
    return old;
  }
}

function isVoid(type: ts.Type): boolean {
  return (type.flags & (ts.TypeFlags.Void | ts.TypeFlags.Never)) !== 0;
}
