/**
 * *Statements* of code that becomes a graph of blocks: sequence, choice, loops, jumps. What an expression is, and what else may
 * stand where a statement stands, the two front ends (implementation code, anybody's code with Atomics) say for themselves.
 */
import { ts } from 'ts-morph';
import type { Context } from './frontend-context.ts';
import { isAssignment, isStep } from './frontend-draft.ts';
import type { Graph } from './impl-graph.ts';
import type { Int } from './ir-impl.ts';

const K = ts.SyntaxKind;

/** Where `break` and `continue` lead. */
interface Target {
  readonly kind: 'loop' | 'switch' | 'block';
  readonly labels: readonly string[];
  readonly breakTo: number;
  /** Of a loop only. */
  readonly continueTo: number;
}

export abstract class Statements {
  protected abstract readonly graph: Graph;
  private targets: Target[] = [];
  /** How many branches and loops stand around this place that only a run decides. */
  protected uncertain = 0;

  protected abstract context(): Context;
  /** Ends the block with a branch on a condition. */
  protected abstract condition(node: ts.Expression, yes: number, no: number): void;
  /** An expression for what it does, one that is no assignment, step, comma or pair of parentheses. */
  protected abstract effect(node: ts.Expression): void;
  protected abstract assign(node: ts.BinaryExpression): unknown;
  protected abstract step(node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression): unknown;
  protected abstract declaration(node: ts.VariableDeclaration): void;
  protected abstract leave(value: ts.Expression | undefined): void;
  /** The value of a switch, kept: the condition that a label equals it. */
  protected abstract switched(node: ts.Expression): (label: ts.Expression) => Int;
  /** Any other statement, with the labels in front of it. */
  protected abstract other(node: ts.Statement, labels: readonly string[]): void;
  /** Called at the head of each round of a loop. */
  protected abstract round(node: ts.Node): void;
  /** Called before a jump out of so many of the targets open around it. */
  protected abstract jumpOut(depth: number): void;

  /** How many loops, switches and labelled blocks stand around this place. */
  protected get depth(): number {
    return this.targets.length;
  }

  /** Lowers something into which jumps from outside don't reach, nor jumps from inside out of it. */
  protected isolated<T>(work: () => T): T {
    const { targets } = this;
    this.targets = [];
    try {
      return work();
    } finally {
      this.targets = targets;
    }
  }

  protected statements(nodes: readonly ts.Statement[]): void {
    for (const node of nodes) this.context().attempt(() => this.statement(node, []), undefined);
  }

  protected statement(node: ts.Statement, labels: readonly string[]): void {
    if (ts.isBlock(node)) {
      if (labels.length === 0) this.statements(node.statements);
      else this.labelledBlock(node, labels);
    } else if (ts.isVariableStatement(node)) this.declarations(node.declarationList);
    else if (ts.isExpressionStatement(node)) this.effects(node.expression);
    else if (ts.isIfStatement(node)) this.ifStatement(node);
    else if (ts.isWhileStatement(node)) this.loop(labels, null, node.expression, null, node.statement);
    else if (ts.isForStatement(node))
      this.loop(labels, node.initializer ?? null, node.condition ?? null, node.incrementor ?? null, node.statement);
    else if (ts.isDoStatement(node)) this.doLoop(node, labels);
    else if (ts.isSwitchStatement(node)) this.switchStatement(node, labels);
    else if (ts.isReturnStatement(node)) this.leave(node.expression);
    else if (ts.isBreakStatement(node) || ts.isContinueStatement(node)) this.jump(node);
    else if (node.kind !== K.EmptyStatement) this.other(node, labels);
  }

  protected declarations(list: ts.VariableDeclarationList): void {
    for (const declaration of list.declarations) this.declaration(declaration);
  }

  /** An expression for what it does. */
  protected effects(node: ts.Expression): void {
    if (ts.isParenthesizedExpression(node)) this.effects(node.expression);
    else if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind)) this.assign(node);
    else if ((ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && isStep(node.operator)) this.step(node);
    else if (ts.isBinaryExpression(node) && node.operatorToken.kind === K.CommaToken) {
      this.effects(node.left);
      this.effects(node.right);
    } else this.effect(node);
  }

  private jump(node: ts.BreakStatement | ts.ContinueStatement): void {
    const { label } = node;
    const isBreak = ts.isBreakStatement(node);
    const fits = ({ kind, labels }: Target): boolean => {
      if (!isBreak && kind !== 'loop') return false;
      return label === undefined ? kind !== 'block' : labels.includes(label.text);
    };
    const depth = this.targets.findLastIndex(fits);
    const target = this.targets[depth];
    if (target === undefined) {
      this.context().refuse(node, 'a jump to nowhere', 'let it stand in the loop or the switch that it leaves');
      return;
    }
    this.jumpOut(depth);
    this.graph.jump(isBreak ? target.breakTo : target.continueTo);
  }

  /** Statements that `break` and `continue` leave for these blocks. */
  protected insideLoop(labels: readonly string[], breakTo: number, continueTo: number, nodes: readonly ts.Statement[]): void {
    this.inside({ kind: 'loop', labels, breakTo, continueTo }, nodes);
  }

  private inside(target: Target, nodes: readonly ts.Statement[]): void {
    this.targets.push(target);
    if (target.kind === 'block') this.statements(nodes);
    else this.uncertainly(() => this.statements(nodes));
    this.targets.pop();
  }

  /** Lowers what may or may not happen. */
  protected uncertainly<T>(work: () => T): T {
    this.uncertain++;
    try {
      return work();
    } finally {
      this.uncertain--;
    }
  }

  private labelledBlock(node: ts.Block, labels: readonly string[]): void {
    const after = this.graph.reserve();
    this.inside({ kind: 'block', labels, breakTo: after, continueTo: -1 }, node.statements);
    this.graph.jump(after);
    this.graph.goTo(after);
  }

  private ifStatement(node: ts.IfStatement): void {
    const [then, otherwise, after] = [this.graph.reserve(), this.graph.reserve(), this.graph.reserve()];
    this.condition(node.expression, then, otherwise);
    const isOpen = this.graph.isReached(then) && this.graph.isReached(otherwise);
    const lower = (statement: ts.Statement | undefined): void => {
      if (statement === undefined) return;
      if (isOpen) this.uncertainly(() => this.statements([statement]));
      else this.statements([statement]);
    };
    this.graph.goTo(then);
    lower(node.thenStatement);
    this.graph.jump(after);
    this.graph.goTo(otherwise);
    lower(node.elseStatement);
    this.graph.jump(after);
    this.graph.goTo(after);
  }

  private loop(
    labels: readonly string[],
    initializer: ts.ForInitializer | null,
    test: ts.Expression | null,
    step: ts.Expression | null,
    body: ts.Statement,
  ): void {
    if (initializer !== null) {
      if (ts.isVariableDeclarationList(initializer)) this.declarations(initializer);
      else this.effects(initializer);
    }
    const [head, inside, next, after] = [this.graph.reserve(), this.graph.reserve(), this.graph.reserve(), this.graph.reserve()];
    this.graph.jump(head);
    this.graph.goTo(head);
    this.round(body);
    if (test === null) this.graph.jump(inside);
    else this.condition(test, inside, after);
    this.graph.goTo(inside);
    this.inside({ kind: 'loop', labels, breakTo: after, continueTo: next }, [body]);
    this.graph.jump(next);
    this.graph.goTo(next);
    if (step !== null) this.effects(step);
    this.graph.jump(head);
    this.graph.goTo(after);
  }

  private doLoop(node: ts.DoStatement, labels: readonly string[]): void {
    const [inside, test, after] = [this.graph.reserve(), this.graph.reserve(), this.graph.reserve()];
    this.graph.jump(inside);
    this.graph.goTo(inside);
    this.round(node);
    this.inside({ kind: 'loop', labels, breakTo: after, continueTo: test }, [node.statement]);
    this.graph.jump(test);
    this.graph.goTo(test);
    this.condition(node.expression, inside, after);
    this.graph.goTo(after);
  }

  private switchStatement(node: ts.SwitchStatement, labels: readonly string[]): void {
    const equals = this.switched(node.expression);
    const after = this.graph.reserve();
    const { clauses } = node.caseBlock;
    const blocks = clauses.map(() => this.graph.reserve());
    for (const [index, clause] of clauses.entries()) {
      const target = blocks[index];
      if (!ts.isCaseClause(clause) || target === undefined) continue;
      const next = this.graph.reserve();
      this.graph.finish({ op: 'branch', cond: equals(clause.expression), then: target, else: next });
      this.graph.goTo(next);
    }
    const otherwise = blocks[clauses.findIndex((clause) => ts.isDefaultClause(clause))];
    this.graph.jump(otherwise ?? after);
    for (const [index, clause] of clauses.entries()) {
      this.graph.goTo(blocks[index] ?? after);
      this.inside({ kind: 'switch', labels, breakTo: after, continueTo: -1 }, clause.statements);
      this.graph.jump(blocks[index + 1] ?? after);
    }
    this.graph.goTo(after);
  }
}
