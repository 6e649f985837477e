/**
 * *Names and calls* of user code. A function of the top level becomes a function of the program, compiled once for each shape of
 * its arguments. One that can't be handed over (it sees variables of the function around it, or is given or makes an object that
 * has variables) is put in place of its call.
 */
import { ts } from 'ts-morph';
import { type End, Unreachable } from './atoms-base.ts';
import { AtomsLists } from './atoms-lists.ts';
import { kept, unkept } from './atoms-types.ts';
import { type ClassValue, describe, type FunctionValue, Scope, scalar, UNDEFINED, type Value } from './atoms-values.ts';
import { Refusal } from './frontend-context.ts';
import type { Int } from './ir-impl.ts';

const K = ts.SyntaxKind;

/** One function put in place of its own call so often is a recursion. */
const MOST_INLINED = 6;

/** Where `return` leads: out of the function of the program, or to the end of the code that stands for a call. */
export type Returns = { readonly to: 'caller' } | { readonly to: 'end'; readonly ends: End[] };

export abstract class AtomsCalls extends AtomsLists {
  protected returns: Returns = { to: 'caller' };
  protected home: ClassValue | null = null;
  /** Names whose declaration was refused. */
  protected readonly forgotten = new Set<ts.Symbol>();
  /** Code in whose place this code stands, innermost last. */
  private readonly inlined: ts.Node[] = [];

  /** The function of the program that is being lowered. */
  protected abstract readonly code: ts.Node;
  /** Whether something that is thrown here is caught. */
  protected abstract isCaught(): boolean;
  /** The body, until its end or a `return`. */
  protected abstract body(node: FunctionValue['node']): void;
  protected abstract bindParameters(node: FunctionValue['node'], args: readonly Value[]): void;

  // Names

  protected name(node: ts.Identifier): Value {
    const symbol = ts.isParameter(node.parent) && node.parent.name === node ? this.whole.declared(node) : this.whole.context.symbol(node);
    this.checkKnown(symbol);
    const slot = symbol === undefined ? undefined : this.scope?.find(symbol);
    if (slot !== undefined) return this.slotValue(slot);
    if (node.text === 'undefined' && (symbol?.declarations ?? []).length === 0) return UNDEFINED;
    const imported = this.whole.foreignImport(node);
    if (imported !== null) return { is: 'platform', path: imported, imported: true };
    const isPlatform = (symbol?.declarations ?? []).every((declaration) => declaration.getSourceFile().isDeclarationFile);
    if (symbol !== undefined && !isPlatform) return this.topLevel(symbol, node);
    if (node.text === 'NaN') return scalar('number', { op: 'const', value: Number.NaN });
    if (node.text === 'Infinity') return scalar('number', { op: 'const', value: Number.POSITIVE_INFINITY });
    return { is: 'platform', path: node.text, imported: false };
  }

  /** Of what follows from a declaration that was refused nothing more is said. */
  private checkKnown(symbol: ts.Symbol | undefined): void {
    if (symbol !== undefined && this.forgotten.has(symbol)) throw new Refusal('a name whose declaration was refused');
  }

  protected topLevel(symbol: ts.Symbol, node: ts.Node): Value {
    if (!this.graph.isOpen()) throw new Unreachable('what cannot be reached');
    return this.whole.topLevel(symbol, node);
  }

  protected assignName(node: ts.Identifier, value: Value): void {
    const symbol = this.whole.context.symbol(node);
    this.checkKnown(symbol);
    const slot = symbol === undefined ? undefined : this.scope?.find(symbol);
    if (slot?.is === 'variable') this.write(slot.variable, value, node);
    else if (slot !== undefined) this.refuse(node, 'a constant is assigned', 'declare it with `let`');
    else
      this.refuse(
        node,
        'a variable of the top level, of which each thread has one of its own',
        'keep it in shared memory, or in a variable of the function that the thread calls',
      );
  }

  protected closure(node: ts.ArrowFunction | ts.FunctionExpression): Value {
    const name = node.name?.getText() ?? (ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : 'function');
    return this.functionValue(node, name, ts.isArrowFunction(node) ? this.self : null, ts.isArrowFunction(node) ? this.home : null);
  }

  protected within(self: Value, home: ClassValue, work: () => void): void {
    const before = { scope: this.scope, self: this.self, home: this.home };
    [this.scope, this.self, this.home] = [home.scope, self, home];
    try {
      work();
    } finally {
      ({ scope: this.scope, self: this.self, home: this.home } = before);
    }
  }

  // Calls

  protected call(node: ts.CallExpression, dropped: boolean): Value {
    const callee = skipParentheses(node.expression);
    if (callee.kind === K.SuperKeyword) return this.superCall(node);
    if (callee.kind === K.ImportKeyword) return this.refuse(node, 'a module loaded at run time', 'import it at the top');
    if (ts.isPropertyAccessExpression(callee) && callee.expression.kind === K.SuperKeyword) {
      const found = this.home?.parent == null ? null : this.memberOf(this.home.parent, callee.name.text);
      if (found === null || !ts.isMethodDeclaration(found.member))
        return this.refuse(node, 'a method that no parent has', 'call one it has');
      const method = this.functionValue(found.member, `${found.home.name}.${callee.name.text}`, this.self, found.home, found.home.scope);
      return this.invoke(method, this.allInOrder(this.spread(node.arguments)), node, dropped);
    }
    if (!ts.isPropertyAccessExpression(callee)) {
      const [fn, ...args] = this.allInOrder([() => [this.value(callee)], ...this.spread(node.arguments)]);
      if (fn?.is === 'none' && node.questionDotToken !== undefined) return UNDEFINED;
      return this.apply(fn ?? UNDEFINED, args, node, dropped);
    }
    const [object, ...args] = this.allInOrder([() => [this.value(callee.expression)], ...this.spread(node.arguments)]);
    if (object === undefined) throw new Error('an object');
    if (object.is === 'none' && callee.questionDotToken !== undefined) return UNDEFINED;
    const apply = (option: Value): Value => {
      const own = option.is === 'cells' ? this.cellsCall(option, callee.name.text, args, node) : null;
      const list = own ?? (option.is === 'list' || option.is === 'cells' ? this.listCall(option, callee.name.text, args, node) : null);
      return list ?? this.apply(this.property(option, callee.name.text, callee), args, node, dropped);
    };
    return object.is === 'choice' ? this.chosen(object, apply, node) : apply(object);
  }

  protected apply(fn: Value, args: readonly Value[], node: ts.CallExpression, dropped: boolean): Value {
    if (!this.graph.isOpen()) return UNDEFINED;
    switch (fn.is) {
      case 'function':
        return this.invoke(fn, args, node, dropped);
      case 'platform':
        return this.platformCall(fn.path, args, node, dropped);
      case 'method':
        return this.bulk(fn.of, fn.name, args, node);
      case 'choice':
        return this.chosen(fn, (option) => this.apply(option, args, node, dropped), node);
      default:
        return this.refuse(node, `a call of ${describe(fn)}`, 'call functions and methods that are written in the source');
    }
  }

  private superCall(node: ts.CallExpression): Value {
    const { home, self } = this;
    const code = home?.node.members.find((m): m is ts.ConstructorDeclaration => ts.isConstructorDeclaration(m) && m.body !== undefined);
    if (home?.parent == null || self?.is !== 'object' || code === undefined)
      return this.refuse(node, '`super` outside of a constructor', 'call it in the constructor of a class that extends another');
    this.initialise(self, home.parent, this.allInOrder(this.spread(node.arguments)), node);
    this.ownFields(self, home, code);
    return UNDEFINED;
  }

  protected invoke(fn: FunctionValue, args: readonly Value[], node: ts.Node, dropped: boolean): Value {
    const { node: code } = fn;
    if ('asteriskToken' in code && code.asteriskToken !== undefined)
      return this.refuse(node, 'a call of a generator', 'write a function that is called');
    if (isAsync(code) && (waits(code) || this.isCaught()) && !isAwaited(node))
      return this.refuse(
        node,
        'an asynchronous function that is not awaited at once',
        'write `await` before the call; what is to run beside it can be a thread of its own',
      );
    const result = this.specialised(fn, args, node, dropped) ?? this.inline(fn, args, node);
    return isAsync(code) && result.is !== 'promise' ? { is: 'promise', of: result, ticket: null } : result;
  }

  /** The call of a function of the program, or null where the code has to stand here. */
  private specialised(fn: FunctionValue, args: readonly Value[], node: ts.Node, dropped: boolean): Value | null {
    if (this.isStatic() || this.whole.isInlined(fn.node)) return null;
    const given = args.map((arg) =>
      arg.is === 'scalar' && arg.kind === 'integer' ? this.narrowed(arg, `an argument of \`${fn.name}\``, node) : arg,
    );
    const called = this.whole.specialise(fn, given);
    if (called === null) return null;
    // What it throws is caught here: it has to stand here.
    if (this.whole.mayThrow(fn.node)) {
      if (this.isCaught()) return this.whole.inlineInstead(fn.node);
      this.whole.throws(this.code);
    }
    const { index, leaves, result } = called;
    const values = leaves.map(({ expr, kind }): Int => kept(kind, expr));
    const kind = result.kind;
    if (this.whole.isPure(index) && !dropped && kind !== null) return scalar(kind, unkept(kind, { op: 'call', fn: index, args: values }));
    const source = this.whole.context.source(node);
    const { local, value } = kind === null || dropped ? { local: -1, value: UNDEFINED } : this.resultOf(kind, fn.name);
    this.cut((next) => ({ op: 'call', fn: index, args: values, result: local, next, source }));
    // It has not been seen to come back: a recursion whose end is still to be lowered, or one without end.
    if (kind === null && !result.undefined) this.graph.suspend();
    return value;
  }

  /** The code of a function in place of its call. */
  protected inline(fn: FunctionValue, args: readonly Value[], node: ts.Node, before: () => void = () => {}): Value {
    const { node: code } = fn;
    if (this.inlined.filter((each) => each === code).length >= MOST_INLINED)
      return this.refuse(
        node,
        `a recursion of \`${fn.name}\`, which can't be a function of its own here`,
        'let recursive functions stand at the top level, take numbers and shared arrays, and return a number',
      );
    const ends: End[] = [];
    const outside = { scope: this.scope, self: this.self, home: this.home, path: this.path, returns: this.returns, exits: this.exits };
    const { uncertain } = this;
    this.inlined.push(code);
    [this.scope, this.self, this.home] = [new Scope(fn.scope), fn.self, fn.home];
    this.path = `${outside.path}/${this.whole.place(node)}`;
    this.returns = { to: 'end', ends };
    try {
      this.isolated(() => {
        this.bindParameters(code, args);
        before();
        this.body(code);
      });
    } finally {
      this.inlined.pop();
      ({ scope: this.scope, self: this.self, home: this.home, path: this.path, returns: this.returns, exits: this.exits } = outside);
      this.uncertain = uncertain;
    }
    return this.meet(ends, node);
  }
}

export function skipParentheses(node: ts.Expression): ts.Expression {
  return ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node) || ts.isAsExpression(node)
    ? skipParentheses(node.expression)
    : node;
}

/** Whether an asynchronous function comes to an `await` of its own. */
function waits(code: ts.Node): boolean {
  const look = (node: ts.Node): boolean => {
    if (ts.isFunctionLike(node)) return false;
    return ts.isAwaitExpression(node) || (ts.forEachChild(node, (child) => look(child) || undefined) ?? false);
  };
  return ts.forEachChild(code, (child) => look(child) || undefined) ?? false;
}

/** Whether the promise that a call gives is awaited, or handed on as the result, before anything else happens. */
function isAwaited(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isParenthesizedExpression(parent) || ts.isAsExpression(parent) || ts.isNonNullExpression(parent)) return isAwaited(parent);
  if (ts.isAwaitExpression(parent)) return true;
  if (ts.isArrowFunction(parent)) return parent.body === node && isAsync(parent);
  // A `try` around it is over before what is returned is settled.
  const around = ts.isReturnStatement(parent)
    ? ts.findAncestor(parent, (each) => ts.isFunctionLike(each) || ts.isTryStatement(each))
    : undefined;
  return around !== undefined && isAsync(around);
}

function isAsync(code: ts.Node): boolean {
  return ts.canHaveModifiers(code) && (ts.getModifiers(code)?.some((m) => m.kind === K.AsyncKeyword) ?? false);
}
