/**
 * *Lowering* of implementation code: the statements of one function of C-like TypeScript to a graph of blocks.
 */
import { ts } from 'ts-morph';
import { adviceFor } from './frontend-advice.ts';
import type { FunctionNode } from './frontend-context.ts';
import type { ImplContext } from './impl-frontend.ts';
import { UNKNOWN, Values } from './impl-values.ts';
import type { ImplFn, Int } from './ir-impl.ts';

const K = ts.SyntaxKind;

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
    this.statements(body.statements);
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

  protected other(node: ts.Statement): void {
    const { problem, advice } = adviceFor(node.kind) ?? UNKNOWN;
    this.whole.context.refuse(node, problem, advice);
  }

  /** `return panic(…)` and `return f(…)` of a function without a value are calls. */
  protected leave(node: ts.Expression | undefined): void {
    if (node === undefined) {
      this.graph.finish({ op: 'return', value: null });
      return;
    }
    const type = this.whole.context.checker.getTypeAtLocation(node);
    if ((type.flags & (ts.TypeFlags.Void | ts.TypeFlags.Never)) !== 0) {
      this.effects(node);
      this.graph.finish({ op: 'return', value: null });
      return;
    }
    this.graph.finish({ op: 'return', value: this.value(node) });
  }

  protected override declarations(list: ts.VariableDeclarationList): void {
    if ((list.flags & (ts.NodeFlags.Const | ts.NodeFlags.Let)) === 0) {
      this.whole.context.refuse(list, '`var`', 'write `const` or `let`');
      return;
    }
    super.declarations(list);
  }

  protected declaration(node: ts.VariableDeclaration): void {
    if (!ts.isIdentifier(node.name)) {
      this.whole.context.refuse(node.name, 'a value taken apart', 'write one `const` for each word');
      return;
    }
    this.requireNumber(node.name);
    const value = node.initializer === undefined ? null : this.value(node.initializer);
    const local = this.declareLocal(node.name);
    if (value !== null) this.graph.set(local, value);
  }

  protected switched(node: ts.Expression): (label: ts.Expression) => Int {
    const left = this.capture(this.value(node), 'switched');
    return (label) => ({ op: 'binary', operator: '===', left, right: this.value(label) });
  }

  /** An expression for what it does. */
  protected effect(node: ts.Expression): void {
    if (ts.isCallExpression(node)) {
      this.call(node, true);
      return;
    }
    const { problem, advice } = adviceFor(node.kind) ?? { problem: 'an expression without effect', advice: 'take it out' };
    this.whole.context.refuse(node, problem, advice);
  }

  /** Loops below the face touch memory or count; nothing is to be added. */
  protected round(): void {}

  /** Nothing below the face happens on the way out of a loop. */
  protected jumpOut(): void {}
}
