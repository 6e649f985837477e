/**
 * *Types*, read from their syntax through aliases and interfaces: a bound such as the 3 of `Nat<3>` exists only there (for the
 * type checker `Nat<3>` is `number`).
 */
import { ts } from 'ts-morph';
import { namedConstant } from './frontend-constants.ts';
import type { Context } from './frontend-context.ts';
import type { Field, Scalar, Type } from './ir.ts';

const SYNTAX = ts.SyntaxKind;

/** The type that a type node denotes. */
export function typeOf(context: Context, node: ts.TypeNode, name = ''): Type {
  switch (node.kind) {
    case SYNTAX.BooleanKeyword:
      return { kind: 'bool' };
    case SYNTAX.NumberKeyword:
      return context.refuse(node, 'a number without bounds', 'write `Nat<MAX>`, or `Id<…>` for the index of a table');
    case SYNTAX.StringKeyword:
      return context.refuse(node, 'a string that is not one of a few literals', "write the union of its values: `'idle' | 'busy'`");
    case SYNTAX.AnyKeyword:
    case SYNTAX.UnknownKeyword:
    case SYNTAX.ObjectKeyword:
      return context.refuse(
        node,
        'a type without bounds',
        'write a bounded type: boolean, a union of literals, `Nat`, an id, a `Table`, a `Seq`, an interface',
      );
    default:
      break;
  }
  if (ts.isParenthesizedTypeNode(node)) return typeOf(context, node.type, name);
  if (ts.isLiteralTypeNode(node) || ts.isUnionTypeNode(node)) return unionOf(context, node, name);
  if (ts.isTypeReferenceNode(node)) return referenceOf(context, node);
  if (ts.isTypeLiteralNode(node)) return recordOf(context, node, name === '' ? 'record' : name);
  return context.refuse(
    node,
    'this kind of type',
    'write boolean, a union of literals, `Nat`, an id, `Id | null`, a `Table`, a `Seq` or an interface',
  );
}

/** A type that fits one number. */
export function scalarOf(context: Context, node: ts.TypeNode): Scalar {
  const type = typeOf(context, node);
  if (type.kind === 'record' || type.kind === 'table' || type.kind === 'seq') {
    return context.refuse(node, 'a record or a table where one value is needed', 'pass the id and look the record up where it is used');
  }
  return type;
}

function referenceOf(context: Context, node: ts.TypeReferenceNode): Type {
  const [first, second] = node.typeArguments ?? [];
  const word = context.word(node.typeName);
  if (word === 'Nat' && first !== undefined) return { kind: 'int', lo: 0, hi: boundOf(context, first) };
  if (word === 'Id' && first !== undefined && second !== undefined) {
    if (!ts.isLiteralTypeNode(first) || !ts.isStringLiteral(first.literal)) {
      return context.refuse(first, 'the kind of an id is not a literal', "write `Id<'socket', typeof SOCKETS>`");
    }
    const size = boundOf(context, second);
    // Whoever is to choose one, or to run an agent of them, would have nobody.
    if (size < 1)
      return context.refuse(
        second,
        'a kind of id of which there is none',
        'let there be one at least, and leave out the procedures that need it',
      );
    return { kind: 'id', of: first.literal.text, size, nullable: false };
  }
  if (word === 'Table' && first !== undefined && second !== undefined) {
    return { kind: 'table', element: typeOf(context, first), size: boundOf(context, second) };
  }
  if (word === 'Seq' && first !== undefined && second !== undefined) {
    return { kind: 'seq', element: scalarOf(context, first), capacity: boundOf(context, second) };
  }
  if (
    first !== undefined &&
    ts.isIdentifier(node.typeName) &&
    node.typeName.text === 'Readonly' &&
    context.isGlobal(node.typeName, 'Readonly')
  ) {
    return typeOf(context, first);
  }
  const declaration = context
    .symbol(node.typeName)
    ?.declarations?.find((d) => ts.isTypeAliasDeclaration(d) || ts.isInterfaceDeclaration(d));
  if (declaration === undefined || declaration.getSourceFile().isDeclarationFile) {
    return context.refuse(
      node,
      'a type from outside the model',
      'write boolean, a union of literals, `Nat`, an id, a `Table`, a `Seq` or an interface of your own',
    );
  }
  return declaredType(context, declaration);
}

/** The type that an alias or an interface declares. */
export function declaredType(context: Context, declaration: ts.Declaration): Type {
  const known = context.types.get(declaration);
  if (known !== undefined) return known;
  let type: Type;
  if (ts.isTypeAliasDeclaration(declaration)) {
    if (declaration.typeParameters !== undefined) context.refuse(declaration.name, 'a generic type', 'write one type for each use');
    type = typeOf(context, declaration.type, declaration.name.text);
  } else if (ts.isInterfaceDeclaration(declaration)) {
    if (declaration.typeParameters !== undefined) context.refuse(declaration.name, 'a generic type', 'write one type for each use');
    const base = baseOf(context, declaration);
    const own = recordOf(context, declaration, declaration.name.text);
    type = base.length > 0 && own.kind === 'record' ? { ...own, fields: [...base, ...own.fields] } : own;
  } else {
    return context.refuse(declaration, 'this kind of type', 'write an interface or a type alias');
  }
  context.types.set(declaration, type);
  return type;
}

/** The fields that the state has from the one that it extends, to which it may add history. Other interfaces extend nothing. */
function baseOf(context: Context, declaration: ts.InterfaceDeclaration): readonly Field[] {
  if (declaration.heritageClauses === undefined) return [];
  const [base, ...more] = basesOf(context, declaration);
  const type = declaration === context.stateDeclaration && base !== undefined && more.length === 0 ? declaredType(context, base) : null;
  if (type?.kind === 'record') return type.fields;
  return context.refuse(
    declaration.name,
    'an interface that extends another',
    'write all fields, or make the shared ones a field of their own',
  );
}

function basesOf(context: Context, declaration: ts.Node): readonly ts.Declaration[] {
  if (!ts.isInterfaceDeclaration(declaration)) return [];
  const named = (declaration.heritageClauses ?? []).flatMap(({ types }) => types.map(({ expression }) => context.symbol(expression)));
  return named.flatMap((symbol) => symbol?.declarations ?? []);
}

function recordOf(context: Context, node: ts.InterfaceDeclaration | ts.TypeLiteralNode, name: string): Type {
  const fields: Field[] = [];
  for (const memberNode of node.members) {
    context.attempt(() => {
      if (!ts.isPropertySignature(memberNode) || memberNode.type === undefined) {
        return context.refuse(memberNode, 'a member that is not a field with a type', 'write `name: type;`');
      }
      if (memberNode.questionToken !== undefined)
        return context.refuse(memberNode, 'an optional field', 'write `name: Id | null`, or give the union a literal for "none"');
      if (!ts.isIdentifier(memberNode.name) && !ts.isStringLiteral(memberNode.name))
        return context.refuse(memberNode, 'a computed field name', 'write a plain name');
      const fixed = memberNode.modifiers?.some((m) => m.kind === SYNTAX.ReadonlyKeyword) ?? false;
      fields.push({ name: memberNode.name.text, type: typeOf(context, memberNode.type), fixed });
    }, undefined);
  }
  return { kind: 'record', name, fields };
}

/** Unions: of string literals, of whole numbers, of an id and null. */
function unionOf(context: Context, node: ts.LiteralTypeNode | ts.UnionTypeNode, name: string): Type {
  const members = flatten(context, node);
  const isNull = (m: ts.TypeNode): boolean => ts.isLiteralTypeNode(m) && m.literal.kind === SYNTAX.NullKeyword;
  const rest = members.filter((m) => !isNull(m));
  const texts = rest.map((m) => (ts.isLiteralTypeNode(m) && ts.isStringLiteral(m.literal) ? m.literal.text : null));
  const values = texts.filter((t) => t !== null);
  if (rest.length < members.length) {
    const [only, ...others] = rest;
    const type = only !== undefined && others.length === 0 ? typeOf(context, only) : null;
    if (type?.kind === 'id') return { ...type, nullable: true };
    return context.refuse(node, 'null beside something that is not an id', "only ids can be null; give the union a literal such as 'none'");
  }
  if (values.length === rest.length && values.length > 0)
    return { kind: 'enum', name: name === '' ? values.join(' | ') : name, values: [...new Set(values)] };
  const numbers = rest.map((m) => (ts.isLiteralTypeNode(m) && ts.isNumericLiteral(m.literal) ? Number(m.literal.text) : Number.NaN));
  if (numbers.every((n) => Number.isInteger(n))) return { kind: 'int', lo: Math.min(...numbers), hi: Math.max(...numbers) };
  if (rest.every((m) => ts.isLiteralTypeNode(m) && (m.literal.kind === SYNTAX.TrueKeyword || m.literal.kind === SYNTAX.FalseKeyword)))
    return { kind: 'bool' };
  return context.refuse(node, 'a union of different kinds', 'write a union of string literals, or an id and null');
}

/** The members of a union, through aliases of unions. */
function flatten(context: Context, node: ts.TypeNode): readonly ts.TypeNode[] {
  if (ts.isUnionTypeNode(node)) return node.types.flatMap((t) => flatten(context, t));
  if (ts.isParenthesizedTypeNode(node)) return flatten(context, node.type);
  if (ts.isTypeReferenceNode(node) && context.word(node.typeName) === null) {
    const alias = context.symbol(node.typeName)?.declarations?.find(ts.isTypeAliasDeclaration);
    if (alias !== undefined && (ts.isUnionTypeNode(alias.type) || ts.isLiteralTypeNode(alias.type))) return flatten(context, alias.type);
  }
  return [node];
}

/** The number of `3`, of `typeof SOCKETS`, of an alias of these. */
function boundOf(context: Context, node: ts.TypeNode): number {
  let value: unknown;
  if (ts.isLiteralTypeNode(node) && ts.isNumericLiteral(node.literal)) value = Number(node.literal.text);
  if (ts.isTypeQueryNode(node)) {
    const symbol = context.symbol(node.exprName);
    value = namedConstant(context, symbol?.valueDeclaration);
  }
  if (ts.isTypeReferenceNode(node)) {
    const alias = context.symbol(node.typeName)?.declarations?.find(ts.isTypeAliasDeclaration);
    if (alias !== undefined) return boundOf(context, alias.type);
  }
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31) return value;
  return context.refuse(
    node,
    'a bound that is not a whole number known at compile time',
    'write a literal, or `typeof NAME` of a top-level `export const NAME = …`',
  );
}

/** Whether a parameter stands for the state, or for that part of it which it extends. */
export function isState(context: Context, node: ts.Node): boolean {
  const { stateDeclaration } = context;
  if (stateDeclaration === null) return false;
  const type = context.checker.getTypeAtLocation(node);
  const declarations = (type.aliasSymbol ?? type.getSymbol())?.declarations ?? [];
  return [stateDeclaration, ...basesOf(context, stateDeclaration)].some((each) => declarations.includes(each as ts.Declaration));
}
