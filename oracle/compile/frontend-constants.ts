/**
 * *Constants*: top-level `const`s whose value is known when the model is compiled. Numbers (limits), and literal objects and
 * arrays of constants (tables such as the designs). A named number may be given another value by the caller's options.
 */
import { ts } from 'ts-morph';
import type { ConstantValue, Context } from './frontend-context.ts';

/** The value of an expression that is constant, or undefined. */
export function constantOf(context: Context, node: ts.Expression): ConstantValue | undefined {
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node) || ts.isNonNullExpression(node)) {
    return constantOf(context, node.expression);
  }
  if (ts.isNumericLiteral(node)) return Number(node.text.replaceAll('_', ''));
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (node.kind === ts.SyntaxKind.TrueKeyword) return true;
  if (node.kind === ts.SyntaxKind.FalseKeyword) return false;
  if (node.kind === ts.SyntaxKind.NullKeyword) return null;
  if (ts.isPrefixUnaryExpression(node)) return unary(context, node);
  if (ts.isBinaryExpression(node)) return binary(context, node);
  if (ts.isConditionalExpression(node)) {
    const cond = constantOf(context, node.condition);
    return typeof cond === 'boolean' ? constantOf(context, cond ? node.whenTrue : node.whenFalse) : undefined;
  }
  if (ts.isIdentifier(node)) return namedConstant(context, context.declaration(node));
  if (ts.isPropertyAccessExpression(node)) {
    const object = constantOf(context, node.expression);
    if (isList(object) && node.name.text === 'length') return object.length;
    return member(object, node.name.text);
  }
  if (ts.isElementAccessExpression(node)) {
    const key = constantOf(context, node.argumentExpression);
    if (typeof key !== 'string' && typeof key !== 'number') return undefined;
    return member(constantOf(context, node.expression), key);
  }
  if (ts.isObjectLiteralExpression(node)) return objectLiteral(context, node);
  if (ts.isArrayLiteralExpression(node)) return arrayLiteral(context, node);
  if (ts.isCallExpression(node)) return call(context, node);
  return undefined;
}

/** The value of a top-level `const`, or undefined where it is none or not constant. */
export function namedConstant(context: Context, declaration: ts.Node | undefined): ConstantValue | undefined {
  if (declaration === undefined || !isTopLevelConst(declaration) || declaration.initializer === undefined) return undefined;
  if (context.constants.has(declaration)) return context.constants.get(declaration);
  context.constants.set(declaration, undefined); // a constant defined by itself has no value
  const name = ts.isIdentifier(declaration.name) ? declaration.name.text : '';
  const given = context.options.constants?.[name];
  const own = constantOf(context, declaration.initializer);
  const value = given !== undefined && typeof own === 'number' ? given : own;
  context.constants.set(declaration, value);
  if (typeof value === 'number') context.namedConstants.set(name, value);
  return value;
}

export function isTopLevelConst(node: ts.Node): node is ts.VariableDeclaration {
  return (
    ts.isVariableDeclaration(node) &&
    ts.isVariableDeclarationList(node.parent) &&
    (node.parent.flags & ts.NodeFlags.Const) !== 0 &&
    ts.isVariableStatement(node.parent.parent) &&
    ts.isSourceFile(node.parent.parent.parent)
  );
}

export function isList(value: ConstantValue | undefined): value is readonly unknown[] {
  return Array.isArray(value);
}

export function isTable(value: ConstantValue | undefined): value is ReadonlyMap<string, unknown> {
  return value instanceof Map;
}

/** A member of a constant object or array. */
export function member(object: ConstantValue | undefined, key: string | number): ConstantValue | undefined {
  if (isTable(object)) return object.get(String(key)) as ConstantValue | undefined;
  if (isList(object) && typeof key === 'number') return object[key] as ConstantValue | undefined;
  return undefined;
}

function unary(context: Context, node: ts.PrefixUnaryExpression): ConstantValue | undefined {
  const value = constantOf(context, node.operand);
  if (node.operator === ts.SyntaxKind.MinusToken && typeof value === 'number') return -value;
  if (node.operator === ts.SyntaxKind.PlusToken && typeof value === 'number') return value;
  if (node.operator === ts.SyntaxKind.ExclamationToken && typeof value === 'boolean') return !value;
  return undefined;
}

function binary(context: Context, node: ts.BinaryExpression): ConstantValue | undefined {
  const left = constantOf(context, node.left);
  const right = constantOf(context, node.right);
  if (left === undefined || right === undefined) return undefined;
  if (node.operatorToken.kind === ts.SyntaxKind.EqualsEqualsEqualsToken) return left === right;
  if (node.operatorToken.kind === ts.SyntaxKind.ExclamationEqualsEqualsToken) return left !== right;
  if (typeof left === 'boolean' && typeof right === 'boolean') {
    if (node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken) return left && right;
    if (node.operatorToken.kind === ts.SyntaxKind.BarBarToken) return left || right;
  }
  if (typeof left !== 'number' || typeof right !== 'number') return undefined;
  switch (node.operatorToken.kind) {
    case ts.SyntaxKind.PlusToken:
      return left + right;
    case ts.SyntaxKind.MinusToken:
      return left - right;
    case ts.SyntaxKind.AsteriskToken:
      return left * right;
    case ts.SyntaxKind.SlashToken:
      return Number.isInteger(left / right) ? left / right : undefined;
    case ts.SyntaxKind.PercentToken:
      return left % right;
    case ts.SyntaxKind.AsteriskAsteriskToken:
      return left ** right;
    case ts.SyntaxKind.LessThanLessThanToken:
      return left << right;
    case ts.SyntaxKind.BarToken:
      return left | right;
    case ts.SyntaxKind.LessThanToken:
      return left < right;
    case ts.SyntaxKind.LessThanEqualsToken:
      return left <= right;
    case ts.SyntaxKind.GreaterThanToken:
      return left > right;
    case ts.SyntaxKind.GreaterThanEqualsToken:
      return left >= right;
    default:
      return undefined;
  }
}

function objectLiteral(context: Context, node: ts.ObjectLiteralExpression): ConstantValue | undefined {
  const table = new Map<string, unknown>();
  for (const property of node.properties) {
    if (ts.isSpreadAssignment(property)) {
      const spread = constantOf(context, property.expression);
      if (!isTable(spread)) return undefined;
      for (const [key, value] of spread) table.set(key, value);
      continue;
    }
    if (property.name === undefined || ts.isComputedPropertyName(property.name)) return undefined;
    const initializer = ts.isPropertyAssignment(property)
      ? property.initializer
      : ts.isShorthandPropertyAssignment(property)
        ? property.name
        : undefined;
    const value = initializer === undefined ? undefined : constantOf(context, initializer);
    if (value === undefined) return undefined;
    table.set(property.name.text, value);
  }
  return table;
}

function arrayLiteral(context: Context, node: ts.ArrayLiteralExpression): ConstantValue | undefined {
  const list: ConstantValue[] = [];
  for (const element of node.elements) {
    const value = constantOf(context, ts.isSpreadElement(element) ? element.expression : element);
    if (value === undefined) return undefined;
    if (!ts.isSpreadElement(element)) list.push(value);
    else if (isList(value)) list.push(...(value as ConstantValue[]));
    else return undefined;
  }
  return list;
}

function call(context: Context, node: ts.CallExpression): ConstantValue | undefined {
  const callee = node.expression;
  if (!ts.isPropertyAccessExpression(callee)) return undefined;
  const args = node.arguments.map((argument) => constantOf(context, argument));
  if (context.isGlobal(callee.expression, 'Object') && callee.name.text === 'freeze') return args[0];
  if (!context.isGlobal(callee.expression, 'Math') || !args.every((a) => typeof a === 'number')) return undefined;
  if (callee.name.text === 'min') return Math.min(...args);
  if (callee.name.text === 'max') return Math.max(...args);
  return undefined;
}
