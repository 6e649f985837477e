/**
 * *Lowering* of user code: the statements of one function, and of those that stand in place of their calls, to a graph of blocks.
 */
import { ts } from 'ts-morph';
import { adviceForAtoms } from './atoms-advice.ts';
import { Unreachable } from './atoms-base.ts';
import { AtomsExceptions } from './atoms-exceptions.ts';
import type { AtomsWhole } from './atoms-program.ts';
import type { Shape } from './atoms-shapes.ts';
import { binary, both, constant, kept, unkept } from './atoms-types.ts';
import { describe, type FunctionValue, Scope, UNDEFINED, type Value } from './atoms-values.ts';
import { frameOf } from './impl-frames.ts';
import type { ImplFn, Int } from './ir-impl.ts';

const K = ts.SyntaxKind;

export class AtomsLowering extends AtomsExceptions {
  private title = '';
  protected readonly code: ts.Node;
  /** At the top level: nothing may happen at run time. */
  private readonly static: boolean;

  constructor(whole: AtomsWhole, path: string, isStaticCode: boolean, code: ts.Node) {
    super(whole, path);
    this.code = code;
    this.static = isStaticCode;
    this.graph.goTo(this.graph.reserve());
  }

  protected isStatic(): boolean {
    return this.static;
  }

  /** A function of the program, for arguments of some shapes. */
  function(fn: FunctionValue, shapes: readonly Shape[], self: Shape | null): ImplFn {
    const leaves = [...(self === null ? [] : [self]), ...shapes].map((shape) =>
      shape.leaves.map(({ kind }, index) => {
        const local: Int = { op: 'local', local: this.newSettled(`${fn.name}:${index}`) };
        return unkept(kind, local);
      }),
    );
    const values = [...(self === null ? [] : [self]), ...shapes].map((shape, index) => shape.rebuild(leaves[index] ?? []));
    const { context } = this.whole;
    this.title = fn.name;
    this.self = self === null ? fn.self : (values.shift() ?? null);
    this.home = fn.home;
    this.scope = new Scope(fn.scope);
    const params = this.graph.locals.length;
    this.sheltered(() => {
      this.bindParameters(fn.node, values);
      this.body(fn.node);
    });
    const { locals } = this.graph;
    return this.guarded({ name: fn.name, source: context.source(fn.node), params, locals, blocks: this.graph.finished(), pure: this.pure });
  }

  /** What stands in a frame has 32 bits: before the function can stand still, what does not fit fails. */
  private guarded(fn: ImplFn): ImplFn {
    const { places, placeOf } = frameOf(fn);
    const blocks = [...fn.blocks];
    for (const [index, { body, end }] of fn.blocks.entries()) {
      if (end.op !== 'door' && end.op !== 'call') continue;
      const wide = (places[placeOf[index] ?? -1]?.live ?? []).filter(({ local }) => this.wide.has(local));
      const [first] = wide;
      if (first === undefined) continue;
      const cond = wide.map(({ local }) => this.fits({ op: 'local', local })).reduce((all, one) => both(all, one));
      const names = wide.map(({ local }) => this.wide.get(local)).join(', ');
      const message = this.whole.message({
        id: 'wide',
        text: `a number that does not fit in 32 bits is kept while others may run: ${names}`,
      });
      const args = [constant(message), constant(0)];
      const go = blocks.push({ body: [], end }) - 1;
      const stop = blocks.push({ body: [], end: { op: 'door', door: 'fail', args, result: -1, next: -1, source: end.source } }) - 1;
      blocks[index] = { body, end: { op: 'branch', cond, then: go, else: stop } };
    }
    return { ...fn, blocks };
  }

  /** A value of the top level, which is there before any thread runs. */
  fixed(node: ts.Expression, self: Value | null): Value {
    this.self = self;
    const value = this.value(node);
    // No access, no call of the program, nothing that fails, and nothing in it that only a run would tell.
    if (this.pure && this.isConstant(value)) return value;
    return this.refuse(
      node,
      'a value of the top level that is not known when the code is compiled',
      'make it in the function that the thread calls',
    );
  }

  classOf(node: ts.ClassDeclaration): Value {
    return this.classValue(node);
  }

  /** A name of the top level that gets its value from a pattern: `const { load } = Atomics`. */
  fixedPart(name: ts.BindingName, value: Value, symbol: ts.Symbol): Value {
    this.scope = new Scope(null);
    this.bind(name, value);
    const slot = this.scope.find(symbol);
    return slot === undefined ? UNDEFINED : this.slotValue(slot);
  }

  // Functions

  protected body(node: FunctionValue['node']): void {
    if (node.body === undefined) {
      this.refuse(node, 'a function without a body', 'write what it does');
    } else if (ts.isBlock(node.body)) {
      this.hoist(node.body);
      this.statements(node.body.statements);
      this.leaveWith(UNDEFINED, node);
    } else {
      this.leave(node.body);
    }
  }

  protected leave(node: ts.Expression | undefined): void {
    if (node === undefined) this.leaveWith(UNDEFINED, null);
    else this.leaveWith(this.value(node), node);
  }

  private leaveWith(value: Value, node: ts.Node | null): void {
    if (!this.graph.isOpen()) return;
    if (this.uncertain > 0) this.exits++;
    const settled = !this.hasFinalizers() ? value : this.settleValue(value, 'returned');
    this.runFinalizers(0);
    if (this.returns.to === 'end') {
      this.returns.ends.push({ value: settled, mark: this.graph.mark() });
      this.graph.suspend();
      return;
    }
    this.giveBack(settled.is === 'promise' && settled.ticket === null ? settled.of : settled, node ?? this.code);
  }

  /** Returns from the function of the program. */
  private giveBack(value: Value, node: ts.Node): void {
    const narrow = value.is === 'scalar' && value.kind === 'integer' ? this.narrowed(value, `what \`${this.title}\` returns`, node) : value;
    const result = this.whole.widenResult(this.path, narrow);
    if (result === null) this.refuse(node, `${describe(value)} as the result of a function that stands by itself`, 'return a number');
    else this.graph.finish({ op: 'return', value: narrow.is === 'scalar' ? kept(result.kind ?? narrow.kind, narrow.expr) : null });
  }

  protected bindParameters(node: FunctionValue['node'], args: readonly Value[]): void {
    const parameters = node.parameters.filter((parameter) => parameter.name.getText() !== 'this');
    for (const [index, parameter] of parameters.entries()) {
      if (parameter.dotDotDotToken !== undefined) this.bind(parameter.name, { is: 'list', elements: args.slice(index) });
      else this.bind(parameter.name, this.orDefault(args[index] ?? UNDEFINED, parameter.initializer));
    }
  }

  /** A value, or what stands for `undefined`. */
  private orDefault(value: Value, initializer: ts.Expression | undefined): Value {
    if (initializer === undefined) return value;
    const missing = this.isNone(value, 'undefined');
    if (value.is !== 'maybe') return missing.op === 'const' && missing.value !== 0 ? this.value(initializer) : value;
    return this.either(
      missing,
      () => this.value(initializer),
      () => (value.null ? value : value.value),
      initializer,
    );
  }

  // Declarations

  /** Gives names their values. */
  protected bind(name: ts.BindingName, value: Value): void {
    if (ts.isIdentifier(name)) {
      this.define(name, value);
    } else if (ts.isObjectBindingPattern(name)) {
      for (const element of name.elements) {
        const key = element.propertyName ?? element.name;
        if (element.dotDotDotToken !== undefined || !(ts.isIdentifier(key) || ts.isStringLiteral(key)))
          this.refuse(element, 'the rest of an object', 'name the fields');
        else this.bind(element.name, this.orDefault(this.member(value, key.text, element), element.initializer));
      }
    } else {
      for (const [index, element] of name.elements.entries()) {
        if (ts.isOmittedExpression(element)) continue;
        const list = value.is === 'cells' ? this.elementsNow(value) : value.is === 'list' ? value.elements : null;
        if (list === null) this.refuse(name, `${describe(value)} taken apart`, 'read the elements one by one');
        else if (element.dotDotDotToken !== undefined) this.bind(element.name, { is: 'list', elements: list.slice(index) });
        else this.bind(element.name, this.orDefault(list[index] ?? UNDEFINED, element.initializer));
      }
    }
  }

  /** Each `var` that is seen outside of the block it is declared in is there from the beginning of the function. */
  private hoist(body: ts.Block): void {
    for (const name of this.whole.hoisted(body)) {
      const symbol = this.whole.declared(name);
      if (symbol === undefined || this.scope === null || this.scope.find(symbol)?.is === 'variable') continue;
      const variable = this.newVariable(name.text, `${this.path}:${this.whole.place(name)}`);
      this.scope.define(symbol, { is: 'variable', variable });
      this.write(variable, UNDEFINED, name);
    }
  }

  private define(name: ts.Identifier, value: Value | null): void {
    const symbol = this.whole.declared(name);
    if (symbol === undefined || this.scope === null) return;
    const known = this.scope.find(symbol);
    if (known?.is === 'variable' && isVar(symbol)) {
      if (value !== null) this.write(known.variable, value, name);
      return;
    }
    if (!this.whole.isReassigned(symbol)) {
      const changes = this.isFresh(value) && this.whole.hasChangingElements(symbol) && !this.isStatic();
      const given = changes ? this.newCells(name.text, null, value.elements, name) : (value ?? UNDEFINED);
      this.scope.define(symbol, { is: 'value', value: this.settleValue(given, name.text) });
      return;
    }
    const variable = this.newVariable(name.text, `${this.path}:${this.whole.place(name)}`);
    this.scope.define(symbol, { is: 'variable', variable });
    if (value !== null) this.write(variable, value, name);
  }

  protected declaration(node: ts.VariableDeclaration): void {
    this.sheltered(() => this.declare(node));
  }

  private declare(node: ts.VariableDeclaration): void {
    const { name, initializer } = node;
    if ((node.parent.flags & ts.NodeFlags.Using) !== 0) {
      this.refuse(node, '`using`', 'write `try … finally`');
    } else if (initializer !== undefined) {
      // What was refused here needs no further word where it is used.
      this.orElse(
        () => this.bind(name, this.value(initializer)),
        () => this.forget(name),
      );
    } else if (ts.isIdentifier(name)) {
      // A variable of a type that leaves `undefined` out is assigned before it is read: TypeScript sees to that.
      const isOfFunction = (node.parent.flags & ts.NodeFlags.BlockScoped) === 0;
      this.define(name, isOfFunction || this.isDefinite(node) ? null : UNDEFINED);
    }
  }

  private orElse(work: () => void, otherwise: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Unreachable)) otherwise();
      throw error;
    }
  }

  private forget(name: ts.BindingName): void {
    if (!ts.isIdentifier(name)) {
      for (const element of name.elements) if (!ts.isOmittedExpression(element)) this.forget(element.name);
      return;
    }
    const symbol = this.whole.declared(name);
    if (symbol !== undefined) this.forgotten.add(symbol);
  }

  private isDefinite({ type, name }: ts.VariableDeclaration): boolean {
    if (type === undefined || /\.[cm]?jsx?$/.test(name.getSourceFile().fileName)) return false;
    const { checker } = this.whole.context;
    const parts = checker.getTypeFromTypeNode(type);
    return (parts.isUnion() ? parts.types : [parts]).every(
      (part) => (part.flags & (ts.TypeFlags.NumberLike | ts.TypeFlags.BooleanLike | ts.TypeFlags.StringLike)) !== 0,
    );
  }

  protected override statements(nodes: readonly ts.Statement[]): void {
    // Functions are there from the beginning of the block they stand in.
    for (const node of nodes) {
      const symbol = ts.isFunctionDeclaration(node) && node.name !== undefined ? this.whole.declared(node.name) : undefined;
      if (!ts.isFunctionDeclaration(node) || node.body === undefined || symbol === undefined) continue;
      this.scope?.define(symbol, { is: 'value', value: this.functionValue(node, node.name?.text ?? '', null, null) });
    }
    super.statements(nodes);
  }

  // Statements

  /** Where the head of a statement can't be reached and one of its branches can, a statement must not be left out as a whole. */
  protected override statement(node: ts.Statement, labels: readonly string[]): void {
    const isOpen = this.graph.isOpen();
    try {
      super.statement(node, labels);
    } catch (error) {
      if (
        isOpen &&
        error instanceof Unreachable &&
        !ts.isExpressionStatement(node) &&
        !ts.isReturnStatement(node) &&
        !ts.isThrowStatement(node)
      )
        this.whole.context.refuse(node, "a statement of which a part can't be reached", 'take that part out');
      throw error;
    }
  }

  protected other(node: ts.Statement, labels: readonly string[]): void {
    if (ts.isLabeledStatement(node)) this.statement(node.statement, [...labels, node.label.text]);
    else if (ts.isThrowStatement(node)) this.throwStatement(node);
    else if (ts.isTryStatement(node)) this.tryStatement(node);
    else if (ts.isForOfStatement(node)) this.forOf(node, labels);
    else if (ts.isClassDeclaration(node)) {
      const symbol = node.name === undefined ? undefined : this.whole.declared(node.name);
      if (symbol !== undefined) this.scope?.define(symbol, { is: 'value', value: this.classValue(node) });
    } else if (!this.saysNothing(node)) {
      const { problem, advice } = adviceForAtoms(node.kind);
      this.refuse(node, problem, advice);
    }
  }

  private saysNothing(node: ts.Statement): boolean {
    return (
      ts.isFunctionDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isEnumDeclaration(node)
    );
  }

  protected jumpOut(depth: number): void {
    if (!this.graph.isOpen()) return;
    if (this.uncertain > 0) this.exits++;
    this.runFinalizers(depth + 1);
  }

  /** A list is taken element by element now; an array over shared memory at run time. */
  private forOf(node: ts.ForOfStatement, labels: readonly string[]): void {
    const list = this.settleValue(this.value(node.expression), 'list');
    if (!this.graph.isOpen()) return;
    const { initializer } = node;
    const name = ts.isVariableDeclarationList(initializer) ? initializer.declarations[0]?.name : undefined;
    if (name === undefined || node.awaitModifier !== undefined || (list.is !== 'list' && list.is !== 'cells' && list.is !== 'array')) {
      this.refuse(node.expression, `a loop over ${describe(list)}`, 'loop over an index, a list that is written out, or a shared array');
      return;
    }
    const outer = this.path;
    const given = (at: number, work: () => void): void => {
      this.path = `${outer}#${at}`;
      work();
      this.path = outer;
    };
    if (list.is !== 'array') {
      const after = this.graph.reserve();
      const elements =
        list.is === 'list' ? list.elements.map((element) => () => element) : list.variables.map((variable) => () => this.read(variable));
      for (const [index, element] of elements.entries()) {
        const next = this.graph.reserve();
        given(index, () => {
          this.sheltered(() => this.bind(name, element()));
          this.insideLoop(labels, after, next, [node.statement]);
        });
        this.graph.jump(next);
        this.graph.goTo(next);
      }
      this.graph.jump(after);
      this.graph.goTo(after);
      return;
    }
    const local = this.graph.newLocal('each');
    const index: Int = { op: 'local', local };
    this.graph.set(local, constant(0));
    const [head, inside, next, after] = [this.graph.reserve(), this.graph.reserve(), this.graph.reserve(), this.graph.reserve()];
    this.graph.jump(head);
    this.graph.goTo(head);
    this.round(node);
    this.graph.finish({ op: 'branch', cond: binary('<', index, list.length), then: inside, else: after });
    this.graph.goTo(inside);
    this.bind(name, this.readElement({ array: list, index }, node.expression));
    this.insideLoop(labels, after, next, [node.statement]);
    this.graph.jump(next);
    this.graph.goTo(next);
    this.graph.set(local, binary('+', index, constant(1)));
    this.graph.jump(head);
    this.graph.goTo(after);
  }

  /** An expression for what it does. */
  protected effect(node: ts.Expression): void {
    if (ts.isCallExpression(node)) {
      this.call(node, true);
    } else if (ts.isConditionalExpression(node)) {
      this.effectOf(
        this.truth(this.value(node.condition), node.condition),
        () => this.effects(node.whenTrue),
        () => this.effects(node.whenFalse),
        node,
      );
    } else if (ts.isBinaryExpression(node) && node.operatorToken.kind === K.AmpersandAmpersandToken) {
      this.effectOf(
        this.truth(this.value(node.left), node.left),
        () => this.effects(node.right),
        () => {},
        node,
      );
    } else if (ts.isBinaryExpression(node) && node.operatorToken.kind === K.BarBarToken) {
      this.effectOf(
        this.truth(this.value(node.left), node.left),
        () => {},
        () => this.effects(node.right),
        node,
      );
    } else {
      this.value(node);
    }
  }

  private effectOf(cond: Int, then: () => void, otherwise: () => void, node: ts.Node): void {
    const nothing = (work: () => void) => (): Value => {
      work();
      return UNDEFINED;
    };
    this.either(cond, nothing(then), nothing(otherwise), node);
  }
}

function isVar(symbol: ts.Symbol): boolean {
  return (symbol.flags & ts.SymbolFlags.FunctionScopedVariable) !== 0;
}
