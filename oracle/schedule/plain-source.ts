/**
 * The *source transform* of the plain executor: user code as JavaScript in which every function is a generator and everything that
 * might touch shared memory (a member read or written, a call) goes through a helper that yields the access. It is made from the
 * syntax alone, knows nothing of the step machines, and leaves every other meaning to JavaScript itself.
 */
import { ts } from 'ts-morph';

const K = ts.SyntaxKind;

/** The helpers, under the one name by which the transformed source knows them. */
const HELPERS = '$';

/** Methods that stand for getters, setters and constructors of a class. */
export const GET = '$get_';
export const SET = '$set_';
export const INIT = '$init';

/** JavaScript for a module of TypeScript or JavaScript, in the manner of CommonJS. `named` are constants that the caller gives. */
export function plainSource(file: string, text: string, named: readonly string[]): string {
  const { outputText } = ts.transpileModule(text, {
    fileName: file,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      allowJs: true,
      useDefineForClassFields: true,
      removeComments: true,
    },
  });
  const tree = ts.createSourceFile('plain.js', outputText, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const { transformed } = ts.transform(tree, [(context) => (node) => new Transform(context, named).file(node)]);
  const [result] = transformed;
  if (result === undefined) throw new Error('nothing came of the transform');
  return ts.createPrinter({ removeComments: true }).printFile(result);
}

class Transform {
  private readonly context: ts.TransformationContext;
  private readonly make: ts.NodeFactory;
  private readonly named: readonly string[];
  /** In a function, where `yield` can stand; at the top level helpers run to their end at once. */
  private inside = false;
  private names = 0;

  constructor(context: ts.TransformationContext, named: readonly string[]) {
    this.context = context;
    this.make = context.factory;
    this.named = named;
  }

  file(node: ts.SourceFile): ts.SourceFile {
    const statements = node.statements.map((statement) => this.visit(this.withNamed(statement)) as ts.Statement);
    return this.make.updateSourceFile(node, statements);
  }

  /** `const cells = …` of the top level, where the caller has named memory `cells`. */
  private withNamed(statement: ts.Statement): ts.Statement {
    if (!ts.isVariableStatement(statement)) return statement;
    const { make } = this;
    const declarations = statement.declarationList.declarations.map((declaration) => {
      const name = ts.isIdentifier(declaration.name) ? declaration.name.text : '';
      if (!this.named.includes(name)) return declaration;
      const memory = make.createCallExpression(this.helper('memory'), undefined, [make.createStringLiteral(name)]);
      return make.updateVariableDeclaration(declaration, declaration.name, undefined, undefined, memory);
    });
    return make.updateVariableStatement(
      statement,
      statement.modifiers,
      make.updateVariableDeclarationList(statement.declarationList, declarations),
    );
  }

  private helper(name: string): ts.Expression {
    return this.make.createPropertyAccessExpression(this.make.createIdentifier(HELPERS), name);
  }

  /** A helper that is a generator, called. */
  private run(name: string, args: readonly ts.Expression[]): ts.Expression {
    const call = this.make.createCallExpression(this.helper(name), undefined, args);
    return this.inside ? this.yielded(call) : this.make.createCallExpression(this.helper('now'), undefined, [call]);
  }

  private yielded(generator: ts.Expression): ts.Expression {
    return this.make.createParenthesizedExpression(this.make.createYieldExpression(this.make.createToken(K.AsteriskToken), generator));
  }

  private expression(node: ts.Expression): ts.Expression {
    return this.visit(node) as ts.Expression;
  }

  private children<T extends ts.Node>(node: T): T {
    return ts.visitEachChild(node, (child) => this.visit(child), this.context);
  }

  private visit(node: ts.Node): ts.Node {
    if (ts.isFunctionDeclaration(node)) return this.functionDeclaration(node);
    if (ts.isFunctionExpression(node) || ts.isArrowFunction(node)) return this.functionExpression(node);
    if (ts.isClassLike(node)) return this.classLike(node);
    if (ts.isObjectLiteralExpression(node)) return this.objectLiteral(node);
    if (ts.isCallExpression(node)) return this.call(node);
    if (ts.isNewExpression(node)) return this.run('construct', [this.expression(node.expression), this.list(node.arguments ?? [])]);
    if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) return this.member(node);
    if (ts.isBinaryExpression(node)) return this.binary(node);
    if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) return this.unary(node);
    if (ts.isAwaitExpression(node)) return this.run('settled', [this.expression(node.expression)]);
    if (ts.isThrowStatement(node)) return this.make.createExpressionStatement(this.run('thrown', [this.expression(node.expression)]));
    if (ts.isTryStatement(node) && (node.catchClause !== undefined || swallows(node.finallyBlock))) return this.tryCatch(node);
    if (ts.isForOfStatement(node)) return this.forOf(node);
    if (ts.isPrivateIdentifier(node)) return this.make.createIdentifier(ownName(node));
    return this.children(node);
  }

  private list(nodes: readonly ts.Expression[]): ts.Expression {
    return this.make.createArrayLiteralExpression(nodes.map((node) => this.expression(node)));
  }

  // Members

  /** An object and the key of a member of it. */
  private parts(node: ts.PropertyAccessExpression | ts.ElementAccessExpression): readonly [ts.Expression, ts.Expression] {
    const object = this.expression(node.expression);
    if (ts.isElementAccessExpression(node)) return [object, this.expression(node.argumentExpression)];
    return [object, this.make.createStringLiteral(ts.isPrivateIdentifier(node.name) ? ownName(node.name) : node.name.text)];
  }

  private member(node: ts.PropertyAccessExpression | ts.ElementAccessExpression): ts.Expression {
    if (node.expression.kind === K.SuperKeyword) return this.children(node);
    return this.run(node.questionDotToken === undefined ? 'get' : 'getIfThere', this.parts(node));
  }

  private binary(node: ts.BinaryExpression): ts.Node {
    const { left, right, operatorToken } = node;
    const isAssignment = operatorToken.kind >= K.FirstAssignment && operatorToken.kind <= K.LastAssignment;
    if (!isAssignment || !(ts.isPropertyAccessExpression(left) || ts.isElementAccessExpression(left))) return this.children(node);
    if (operatorToken.kind === K.EqualsToken) return this.run('set', [...this.parts(left), this.expression(right)]);
    const operator = OPERATORS.get(operatorToken.kind);
    if (operator === undefined) throw new Error(`an assignment that the plain executor does not know: ${node.getText()}`);
    const value = this.make.createBinaryExpression(this.make.createIdentifier('$old'), operator, this.expression(right));
    return this.run('update', [...this.parts(left), this.step(value)]);
  }

  /** `function* ($old) { return …; }`, with the `this` around it. */
  private step(value: ts.Expression): ts.Expression {
    const { make } = this;
    const parameter = make.createParameterDeclaration(undefined, undefined, '$old');
    const body = make.createBlock([make.createReturnStatement(value)]);
    const star = make.createToken(K.AsteriskToken);
    return this.bound(make.createFunctionExpression(undefined, star, undefined, undefined, [parameter], undefined, body));
  }

  private bound(fn: ts.Expression): ts.Expression {
    const { make } = this;
    const bind = make.createPropertyAccessExpression(make.createParenthesizedExpression(fn), 'bind');
    return make.createCallExpression(bind, undefined, [make.createThis()]);
  }

  private unary(node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression): ts.Node {
    const { operand, operator } = node;
    const isStep = operator === K.PlusPlusToken || operator === K.MinusMinusToken;
    if (!isStep || !(ts.isPropertyAccessExpression(operand) || ts.isElementAccessExpression(operand))) return this.children(node);
    const by =
      operator === K.PlusPlusToken ? this.make.createNumericLiteral(1) : this.make.createPrefixMinus(this.make.createNumericLiteral(1));
    return this.run(ts.isPostfixUnaryExpression(node) ? 'stepAfter' : 'stepBefore', [...this.parts(operand), by]);
  }

  // Calls

  private call(node: ts.CallExpression): ts.Node {
    const callee = ts.skipPartiallyEmittedExpressions(node.expression) as ts.Expression;
    const { make } = this;
    const args = this.list(node.arguments);
    if (callee.kind === K.SuperKeyword)
      return this.yielded(
        make.createCallExpression(make.createPropertyAccessExpression(make.createSuper(), INIT), undefined, [
          make.createSpreadElement(args),
        ]),
      );
    if (ts.isPropertyAccessExpression(callee) && callee.expression.kind === K.SuperKeyword)
      return this.yielded(make.createCallExpression(callee, undefined, [make.createSpreadElement(args)]));
    if (ts.isIdentifier(callee) && callee.text === 'require') return this.children(node);
    if (ts.isPropertyAccessExpression(callee) || ts.isElementAccessExpression(callee))
      return this.run(callee.questionDotToken === undefined ? 'method' : 'methodIfThere', [...this.parts(callee), args]);
    return this.run('call', [this.expression(callee), args]);
  }

  // Functions

  private within<T>(work: () => T): T {
    const { inside } = this;
    this.inside = true;
    const result = work();
    this.inside = inside;
    return result;
  }

  /** Parameters without their default values, and the body that begins with these. */
  private code(
    node: ts.FunctionLikeDeclaration,
    before: readonly ts.Statement[] = [],
  ): { readonly parameters: ts.ParameterDeclaration[]; readonly body: ts.Block } {
    const { make } = this;
    return this.within(() => {
      const defaults: ts.Statement[] = [];
      const parameters = node.parameters.map((parameter) => {
        if (parameter.initializer === undefined) return parameter;
        if (!ts.isIdentifier(parameter.name)) throw new Error(`a default value of ${parameter.name.getText()}`);
        const isMissing = make.createStrictEquality(parameter.name, make.createVoidZero());
        const given = make.createAssignment(parameter.name, this.expression(parameter.initializer));
        defaults.push(make.createIfStatement(isMissing, make.createExpressionStatement(given)));
        return make.updateParameterDeclaration(parameter, undefined, undefined, parameter.name, undefined, undefined, undefined);
      });
      const { body } = node;
      const statements =
        body === undefined
          ? []
          : ts.isBlock(body)
            ? body.statements.map((statement) => this.visit(statement) as ts.Statement)
            : [make.createReturnStatement(this.expression(body))];
      return { parameters, body: make.createBlock([...defaults, ...before, ...statements], true) };
    });
  }

  private star(): ts.AsteriskToken {
    return this.make.createToken(K.AsteriskToken);
  }

  private functionDeclaration(node: ts.FunctionDeclaration): ts.Node {
    const { parameters, body } = this.code(node);
    return this.make.createFunctionDeclaration(undefined, this.star(), node.name, undefined, parameters, undefined, body);
  }

  private functionExpression(node: ts.FunctionExpression | ts.ArrowFunction): ts.Node {
    const { parameters, body } = this.code(node);
    const name = ts.isFunctionExpression(node) ? node.name : undefined;
    const fn = this.make.createFunctionExpression(undefined, this.star(), name, undefined, parameters, undefined, body);
    return ts.isArrowFunction(node) ? this.bound(fn) : fn;
  }

  // Classes

  private classLike(node: ts.ClassLikeDeclaration): ts.Node {
    const { make } = this;
    const isDerived = (node.heritageClauses?.length ?? 0) > 0;
    const fields = this.within(() =>
      node.members.flatMap((member) => (ts.isPropertyDeclaration(member) && !isStatic(member) ? [this.field(member)] : [])),
    );
    const members = node.members.flatMap((member): readonly ts.ClassElement[] => {
      if (ts.isPropertyDeclaration(member)) {
        if (!isStatic(member)) return [];
        const value = member.initializer === undefined ? undefined : this.expression(member.initializer);
        return [make.createPropertyDeclaration(member.modifiers, this.memberName(member.name), undefined, undefined, value)];
      }
      if (ts.isMethodDeclaration(member)) return [this.method(member, this.memberName(member.name))];
      if (ts.isGetAccessorDeclaration(member) || ts.isSetAccessorDeclaration(member)) {
        const prefix = ts.isGetAccessorDeclaration(member) ? GET : SET;
        return [this.method(member, `${prefix}${nameText(member.name)}`)];
      }
      if (ts.isConstructorDeclaration(member)) return [];
      throw new Error(`a member of a class: ${member.getText()}`);
    });
    const code = node.members.find(ts.isConstructorDeclaration);
    const init = this.initialiser(code, fields, isDerived);
    const heritage = node.heritageClauses?.map((clause) => this.children(clause));
    if (ts.isClassDeclaration(node)) return make.createClassDeclaration(undefined, node.name, undefined, heritage, [init, ...members]);
    return make.createClassExpression(undefined, node.name, undefined, heritage, [init, ...members]);
  }

  private field(member: ts.PropertyDeclaration): ts.Statement {
    const { make } = this;
    const value = member.initializer === undefined ? make.createVoidZero() : this.expression(member.initializer);
    const name = make.createStringLiteral(nameText(member.name));
    return make.createExpressionStatement(make.createAssignment(make.createElementAccessExpression(make.createThis(), name), value));
  }

  /** What the constructor does, with the fields first; of a class that extends another, after the call of `super`. */
  private initialiser(
    code: ts.ConstructorDeclaration | undefined,
    fields: readonly ts.Statement[],
    isDerived: boolean,
  ): ts.MethodDeclaration {
    const { make } = this;
    const rest = make.createParameterDeclaration(undefined, make.createToken(K.DotDotDotToken), '$args');
    const parent = (): ts.Statement => {
      const call = make.createPropertyAccessExpression(make.createSuper(), INIT);
      const args = [make.createSpreadElement(make.createIdentifier('$args'))];
      return make.createExpressionStatement(this.yielded(make.createCallExpression(call, undefined, args)));
    };
    if (code === undefined) {
      const body = make.createBlock([...(isDerived ? [parent()] : []), ...fields], true);
      return make.createMethodDeclaration(undefined, this.star(), INIT, undefined, undefined, [rest], undefined, body);
    }
    const { parameters, body } = this.code(code, isDerived ? [] : fields);
    const place = isDerived ? 1 + (code.body?.statements.findIndex(isSuperCall) ?? -1) : 0;
    if (isDerived && place === 0) throw new Error('a constructor that does not call super in a statement of its own');
    const statements = isDerived ? [...body.statements.slice(0, place), ...fields, ...body.statements.slice(place)] : body.statements;
    return make.createMethodDeclaration(
      undefined,
      this.star(),
      INIT,
      undefined,
      undefined,
      parameters,
      undefined,
      make.createBlock(statements, true),
    );
  }

  private method(node: ts.MethodDeclaration | ts.AccessorDeclaration, name: ts.PropertyName | string): ts.MethodDeclaration {
    const { parameters, body } = this.code(node);
    const modifiers = isStatic(node) ? [this.make.createToken(K.StaticKeyword)] : undefined;
    return this.make.createMethodDeclaration(modifiers, this.star(), name, undefined, undefined, parameters, undefined, body);
  }

  private memberName(name: ts.PropertyName): ts.PropertyName {
    return ts.isPrivateIdentifier(name) ? this.make.createIdentifier(ownName(name)) : name;
  }

  private objectLiteral(node: ts.ObjectLiteralExpression): ts.Node {
    const { make } = this;
    const members = node.properties.map((member): ts.ObjectLiteralElementLike => {
      if (ts.isMethodDeclaration(member)) return this.method(member, member.name);
      if (ts.isGetAccessorDeclaration(member)) return this.method(member, `${GET}${nameText(member.name)}`);
      if (ts.isSetAccessorDeclaration(member)) return this.method(member, `${SET}${nameText(member.name)}`);
      return ts.isShorthandPropertyAssignment(member) ? member : this.children(member);
    });
    return make.updateObjectLiteralExpression(node, members);
  }

  /** Whether something that is thrown will be caught has to be known where it is thrown. */
  private tryCatch(node: ts.TryStatement): ts.Node {
    const { make } = this;
    const tell = (name: string): ts.Statement =>
      make.createExpressionStatement(make.createCallExpression(this.helper(name), undefined, []));
    const known = (block: ts.Block): ts.Block =>
      make.createBlock([tell('caught'), make.createTryStatement(block, undefined, make.createBlock([tell('caughtNoMore')]))]);
    const isSwallowed = swallows(node.finallyBlock);
    const { tryBlock, catchClause, finallyBlock } = this.children(node);
    if (catchClause === undefined) return make.createTryStatement(known(tryBlock), undefined, finallyBlock);
    if (!isSwallowed) return make.createTryStatement(known(tryBlock), catchClause, finallyBlock);
    const inner = make.createTryStatement(known(tryBlock), catchClause, undefined);
    return make.createTryStatement(known(make.createBlock([inner])), undefined, finallyBlock);
  }

  /** Element by element, so that those of shared memory are read one at a time. */
  private forOf(node: ts.ForOfStatement): ts.Node {
    const { make } = this;
    const { initializer } = node;
    const declaration = ts.isVariableDeclarationList(initializer) ? initializer.declarations[0] : undefined;
    if (declaration === undefined) throw new Error(`a loop over ${node.expression.getText()}`);
    const [list, index] = [make.createIdentifier(`$list${this.names}`), make.createIdentifier(`$at${this.names++}`)];
    const start = make.createVariableDeclarationList(
      [
        make.createVariableDeclaration(index, undefined, undefined, make.createNumericLiteral(0)),
        make.createVariableDeclaration(list, undefined, undefined, this.expression(node.expression)),
      ],
      ts.NodeFlags.Let,
    );
    const element = make.createVariableDeclaration(declaration.name, undefined, undefined, this.run('get', [list, index]));
    const given = make.createVariableStatement(
      undefined,
      make.createVariableDeclarationList([element], initializer.flags & ts.NodeFlags.BlockScoped),
    );
    const body = make.createBlock([given, this.visit(node.statement) as ts.Statement], true);
    const test = make.createLessThan(index, make.createPropertyAccessExpression(list, 'length'));
    return make.createForStatement(start, test, make.createPostfixIncrement(index), body);
  }
}

const OPERATORS: ReadonlyMap<ts.SyntaxKind, ts.BinaryOperator> = new Map<ts.SyntaxKind, ts.BinaryOperator>([
  [K.PlusEqualsToken, K.PlusToken],
  [K.MinusEqualsToken, K.MinusToken],
  [K.AsteriskEqualsToken, K.AsteriskToken],
  [K.SlashEqualsToken, K.SlashToken],
  [K.PercentEqualsToken, K.PercentToken],
  [K.AmpersandEqualsToken, K.AmpersandToken],
  [K.BarEqualsToken, K.BarToken],
  [K.CaretEqualsToken, K.CaretToken],
  [K.LessThanLessThanEqualsToken, K.LessThanLessThanToken],
  [K.GreaterThanGreaterThanEqualsToken, K.GreaterThanGreaterThanToken],
  [K.GreaterThanGreaterThanGreaterThanEqualsToken, K.GreaterThanGreaterThanGreaterThanToken],
]);

/** Whether control may leave a `finally` in another way than by its end, which ends what was thrown as well. */
function swallows(block: ts.Block | undefined): boolean {
  const leaves = (node: ts.Node, open: readonly string[]): boolean => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
    if (ts.isReturnStatement(node)) return true;
    if (ts.isBreakStatement(node)) return !open.includes(node.label?.text ?? 'break');
    if (ts.isContinueStatement(node)) return !open.includes(node.label?.text ?? 'continue');
    const more = [...open];
    if (ts.isIterationStatement(node, false)) more.push('break', 'continue');
    if (ts.isSwitchStatement(node)) more.push('break');
    if (ts.isLabeledStatement(node)) more.push(node.label.text);
    let found = false;
    ts.forEachChild(node, (child) => {
      found ||= leaves(child, more);
    });
    return found;
  };
  return block !== undefined && leaves(block, []);
}

function isStatic(member: ts.ClassElement | ts.ObjectLiteralElementLike): boolean {
  return ts.canHaveModifiers(member) && (ts.getModifiers(member)?.some((m) => m.kind === K.StaticKeyword) ?? false);
}

function isSuperCall(statement: ts.Statement): boolean {
  return (
    ts.isExpressionStatement(statement) &&
    ts.isCallExpression(statement.expression) &&
    statement.expression.expression.kind === K.SuperKeyword
  );
}

/** `#x` as an ordinary name: objects are not made by their class here. */
function ownName(name: ts.PrivateIdentifier): string {
  return `$own_${name.text.slice(1)}`;
}

function nameText(name: ts.PropertyName): string {
  if (ts.isPrivateIdentifier(name)) return ownName(name);
  if (ts.isIdentifier(name) || ts.isStringLiteral(name) || ts.isNumericLiteral(name)) return name.text;
  throw new Error(`a computed name: ${name.getText()}`);
}
