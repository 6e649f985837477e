/**
 * *Lowering* of implementation code: the statements of one function of C-like TypeScript to a graph of blocks.
 */
import { ts } from 'ts-morph';
import { adviceFor } from './frontend-advice.ts';
import type { FunctionNode } from './frontend-context.ts';
import { isAssignment, isStep } from './frontend-draft.ts';
import type { ImplContext } from './impl-frontend.ts';
import { UNKNOWN, Values } from './impl-values.ts';
import type { ImplFn, Int } from './ir-impl.ts';

const K = ts.SyntaxKind;

interface Jumps {
  readonly breakTo: number;
  /** -1 inside a switch that is in no loop. */
  readonly continueTo: number;
}

export function lowerFunction(whole: ImplContext, node: FunctionNode): ImplFn {
  const { context } = whole;
  const { body } = node;
  if (body === undefined || !ts.isBlock(body) || node.asteriskToken !== undefined || node.typeParameters !== undefined) {
    return context.refuse(node, 'this kind of function', 'below the face there are plain functions with a body');
  }
  if (node.modifiers?.some((m) => m.kind === K.AsyncKeyword))
    return context.refuse(node, 'an asynchronous function', 'sleep in a futex, through the door');
  const lowering = new Lowering(whole, node);
  return lowering.run(body);
}

class Lowering extends Values {
  private readonly node: FunctionNode;
  private params = 0;

  constructor(whole: ImplContext, node: FunctionNode) {
    super(whole);
    this.node = node;
  }

  run(body: ts.Block): ImplFn {
    const { context } = this.whole;
    for (const parameter of this.node.parameters) {
      if (!ts.isIdentifier(parameter.name) || parameter.dotDotDotToken !== undefined || parameter.initializer !== undefined) {
        return context.refuse(
          parameter,
          'a parameter that is not one plain name',
          'write `name: number`, and let callers give every argument',
        );
      }
      if (this.isKernel(parameter)) continue;
      this.requireNumber(parameter.name);
      this.declareLocal(parameter.name);
      this.params++;
    }
    this.graph.goTo(this.graph.reserve());
    this.statements(body.statements, null);
    this.graph.finish({ op: 'return', value: null });
    return {
      name: this.node.name?.text ?? 'anonymous',
      source: context.source(this.node),
      params: this.params,
      locals: this.graph.locals,
      blocks: this.graph.finished(),
      pure: this.pure,
    };
  }

  private statements(nodes: readonly ts.Statement[], jumps: Jumps | null): void {
    for (const node of nodes) this.whole.context.attempt(() => this.statement(node, jumps), undefined);
  }

  private statement(node: ts.Statement, jumps: Jumps | null): void {
    const { context } = this.whole;
    if (ts.isBlock(node)) {
      this.statements(node.statements, jumps);
      return;
    }
    if (ts.isVariableStatement(node)) {
      this.declarations(node.declarationList);
      return;
    }
    if (ts.isExpressionStatement(node)) {
      this.effect(node.expression);
      return;
    }
    if (ts.isIfStatement(node)) {
      this.ifStatement(node, jumps);
      return;
    }
    if (ts.isWhileStatement(node)) {
      this.loop(null, node.expression, null, node.statement);
      return;
    }
    if (ts.isForStatement(node)) {
      this.loop(node.initializer ?? null, node.condition ?? null, node.incrementor ?? null, node.statement);
      return;
    }
    if (ts.isDoStatement(node)) {
      this.doLoop(node);
      return;
    }
    if (ts.isSwitchStatement(node)) {
      this.switchStatement(node, jumps);
      return;
    }
    if (ts.isReturnStatement(node)) {
      const value = node.expression === undefined ? null : this.returned(node.expression);
      this.graph.finish({ op: 'return', value });
      return;
    }
    if ((ts.isBreakStatement(node) || ts.isContinueStatement(node)) && node.label === undefined && jumps !== null) {
      this.graph.jump(ts.isBreakStatement(node) ? jumps.breakTo : jumps.continueTo);
      return;
    }
    if (node.kind === K.EmptyStatement) return;
    const { problem, advice } = adviceFor(node.kind) ?? UNKNOWN;
    context.refuse(node, problem, advice);
  }

  /** `return panic(…)` and `return f(…)` of a function without a value are calls. */
  private returned(node: ts.Expression): Int | null {
    const type = this.whole.context.checker.getTypeAtLocation(node);
    if ((type.flags & (ts.TypeFlags.Void | ts.TypeFlags.Never)) !== 0) {
      this.effect(node);
      return null;
    }
    return this.value(node);
  }

  private declarations(list: ts.VariableDeclarationList): void {
    const { context } = this.whole;
    if ((list.flags & (ts.NodeFlags.Const | ts.NodeFlags.Let)) === 0) {
      context.refuse(list, '`var`', 'write `const` or `let`');
      return;
    }
    for (const declaration of list.declarations) {
      if (!ts.isIdentifier(declaration.name)) {
        context.refuse(declaration.name, 'a value taken apart', 'write one `const` for each word');
        return;
      }
      this.requireNumber(declaration.name);
      const value = declaration.initializer === undefined ? null : this.value(declaration.initializer);
      const local = this.declareLocal(declaration.name);
      if (value !== null) this.graph.set(local, value);
    }
  }

  private ifStatement(node: ts.IfStatement, jumps: Jumps | null): void {
    const [then, otherwise, after] = [this.graph.reserve(), this.graph.reserve(), this.graph.reserve()];
    this.condition(node.expression, then, otherwise);
    this.graph.goTo(then);
    this.statements([node.thenStatement], jumps);
    this.graph.jump(after);
    this.graph.goTo(otherwise);
    if (node.elseStatement !== undefined) this.statements([node.elseStatement], jumps);
    this.graph.jump(after);
    this.graph.goTo(after);
  }

  private loop(initializer: ts.ForInitializer | null, test: ts.Expression | null, step: ts.Expression | null, body: ts.Statement): void {
    if (initializer !== null) {
      if (ts.isVariableDeclarationList(initializer)) this.declarations(initializer);
      else this.effect(initializer);
    }
    const [head, inside, next, after] = [this.graph.reserve(), this.graph.reserve(), this.graph.reserve(), this.graph.reserve()];
    this.graph.jump(head);
    this.graph.goTo(head);
    if (test === null) this.graph.jump(inside);
    else this.condition(test, inside, after);
    this.graph.goTo(inside);
    this.statements([body], { breakTo: after, continueTo: next });
    this.graph.jump(next);
    this.graph.goTo(next);
    if (step !== null) this.effect(step);
    this.graph.jump(head);
    this.graph.goTo(after);
  }

  private doLoop(node: ts.DoStatement): void {
    const [inside, test, after] = [this.graph.reserve(), this.graph.reserve(), this.graph.reserve()];
    this.graph.jump(inside);
    this.graph.goTo(inside);
    this.statements([node.statement], { breakTo: after, continueTo: test });
    this.graph.jump(test);
    this.graph.goTo(test);
    this.condition(node.expression, inside, after);
    this.graph.goTo(after);
  }

  private switchStatement(node: ts.SwitchStatement, jumps: Jumps | null): void {
    const value = this.capture(this.value(node.expression), 'switched');
    const after = this.graph.reserve();
    const { clauses } = node.caseBlock;
    const blocks = clauses.map(() => this.graph.reserve());
    for (const [index, clause] of clauses.entries()) {
      const target = blocks[index];
      if (!ts.isCaseClause(clause) || target === undefined) continue;
      const next = this.graph.reserve();
      const label = this.value(clause.expression);
      this.graph.finish({ op: 'branch', cond: { op: 'binary', operator: '===', left: value, right: label }, then: target, else: next });
      this.graph.goTo(next);
    }
    const otherwise = blocks[clauses.findIndex((clause) => ts.isDefaultClause(clause))];
    this.graph.jump(otherwise ?? after);
    for (const [index, clause] of clauses.entries()) {
      this.graph.goTo(blocks[index] ?? after);
      this.statements(clause.statements, { breakTo: after, continueTo: jumps?.continueTo ?? -1 });
      this.graph.jump(blocks[index + 1] ?? after);
    }
    this.graph.goTo(after);
  }

  /** An expression for what it does. */
  private effect(node: ts.Expression): void {
    const { context } = this.whole;
    if (ts.isParenthesizedExpression(node)) {
      this.effect(node.expression);
      return;
    }
    if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind)) {
      this.assign(node);
      return;
    }
    if ((ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && isStep(node.operator)) {
      this.step(node);
      return;
    }
    if (ts.isCallExpression(node)) {
      this.call(node, true);
      return;
    }
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === K.CommaToken) {
      this.effect(node.left);
      this.effect(node.right);
      return;
    }
    const { problem, advice } = adviceFor(node.kind) ?? { problem: 'an expression without effect', advice: 'take it out' };
    context.refuse(node, problem, advice);
  }
}
