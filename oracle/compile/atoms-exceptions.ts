/**
 * *Exceptions* of user code: `throw`, `catch`, `finally`. A `catch` is a block of the graph to which what is thrown jumps, by way of every
 * `finally` between; a function that throws to a `catch` outside of it stands in place of its call. What nobody catches is a failure of the
 * agent, at the place where it is thrown.
 */
import { ts } from 'ts-morph';
import { AtomsCalls, skipParentheses } from './atoms-calls.ts';
import type { Value } from './atoms-values.ts';

/** The `finally` of a statement that is being left, how many loops stand around it, and who catches what it throws. */
interface Finalizer {
  readonly block: ts.Block;
  readonly depth: number;
  readonly handler: Handler | null;
}

/** Where something that is thrown goes: to a `catch`, or to a `finally` on the way there. */
interface Handler {
  readonly block: number;
  readonly outer: Handler | null;
  /** Whether it may end there: not where a `finally` is sure to hand it on. */
  readonly ends: boolean;
}

export abstract class AtomsExceptions extends AtomsCalls {
  private finalizers: readonly Finalizer[] = [];
  private handler: Handler | null = null;

  protected abstract bind(name: ts.BindingName, value: Value): void;

  protected hasFinalizers(): boolean {
    return this.finalizers.length > 0;
  }

  protected override isolated<T>(work: () => T): T {
    const { finalizers } = this;
    this.finalizers = [];
    try {
      return super.isolated(work);
    } finally {
      this.finalizers = finalizers;
    }
  }

  /** What is thrown inside comes to the `finally` as well, and goes on from there. */
  protected tryStatement(node: ts.TryStatement): void {
    const { finallyBlock } = node;
    if (finallyBlock === undefined) {
      this.tryCatch(node);
      return;
    }
    const { finalizers, handler } = this;
    const [thrown, after] = [this.graph.reserve(), this.graph.reserve()];
    this.finalizers = [...finalizers, { block: finallyBlock, depth: this.depth, handler }];
    this.handler = { block: thrown, outer: handler, ends: leavesByItself(finallyBlock) };
    this.tryCatch(node);
    [this.finalizers, this.handler] = [finalizers, handler];
    if (this.graph.isOpen()) this.statements(finallyBlock.statements);
    this.graph.jump(after);
    this.graph.goTo(thrown);
    if (this.graph.isOpen()) {
      this.statements(finallyBlock.statements);
      if (handler !== null) this.graph.jump(handler.block);
      else this.uncaught('something that was thrown passes by a `finally`, and nobody catches it', finallyBlock);
    }
    this.graph.goTo(after);
  }

  private tryCatch({ tryBlock, catchClause }: ts.TryStatement): void {
    if (catchClause === undefined) {
      this.statements(tryBlock.statements);
      return;
    }
    const { handler } = this;
    const [block, after] = [this.graph.reserve(), this.graph.reserve()];
    this.handler = { block, outer: handler, ends: true };
    this.uncertainly(() => this.statements(tryBlock.statements));
    this.handler = handler;
    this.graph.jump(after);
    this.graph.goTo(block);
    if (this.graph.isOpen()) {
      const name = catchClause.variableDeclaration?.name;
      if (name !== undefined) this.sheltered(() => this.bind(name, { is: 'error' }));
      this.uncertainly(() => this.statements(catchClause.block.statements));
    }
    this.graph.jump(after);
    this.graph.goTo(after);
  }

  /** Goes to the `catch` around it, in this function or in one in which this one stands; else the agent fails, here. */
  protected throwStatement(node: ts.ThrowStatement): void {
    const text = this.thrownText(skipParentheses(node.expression));
    if (!this.graph.isOpen()) return;
    if (this.handler !== null && this.isCaught()) this.graph.jump(this.handler.block);
    else this.uncaught(text, node);
  }

  private uncaught(text: string, node: ts.Node): void {
    if (!this.graph.isOpen()) return;
    this.whole.throws(this.code);
    this.fail('assertion', text, node);
  }

  protected isCaught(): boolean {
    for (let { handler } = this; handler !== null; handler = handler.outer) if (handler.ends) return true;
    return false;
  }

  /** What `finally` has to do before control leaves, the innermost first, down to those inside of so many loops. */
  protected runFinalizers(depth: number): void {
    const { finalizers, handler } = this;
    for (let last = finalizers.length - 1; last >= 0; last--) {
      const finalizer = finalizers[last];
      if (finalizer === undefined || finalizer.depth < depth) break;
      this.finalizers = finalizers.slice(0, last);
      // What it throws itself goes to a `catch` outside of its statement.
      this.handler = finalizer.handler;
      if (this.graph.isOpen()) this.statements(finalizer.block.statements);
    }
    [this.finalizers, this.handler] = [finalizers, handler];
  }
}

/** Whether a `finally` returns or jumps out of itself: what was thrown is lost then. */
function leavesByItself(block: ts.Block): boolean {
  const look = (node: ts.Node, breaks: boolean, continues: boolean, labels: readonly string[]): boolean => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
    if (ts.isReturnStatement(node)) return true;
    if (ts.isBreakOrContinueStatement(node))
      return node.label === undefined ? !(ts.isBreakStatement(node) ? breaks : continues) : !labels.includes(node.label.text);
    const isLoop = ts.isIterationStatement(node, false);
    const known = ts.isLabeledStatement(node) ? [...labels, node.label.text] : labels;
    const inside = (child: ts.Node): boolean => look(child, breaks || isLoop || ts.isSwitchStatement(node), continues || isLoop, known);
    return ts.forEachChild(node, (child) => inside(child) || undefined) ?? false;
  };
  return look(block, false, false, []);
}
