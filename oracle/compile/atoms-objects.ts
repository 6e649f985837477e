/**
 * *Objects* of user code: written out, or made by a class. They exist only while code is compiled: a field that never changes is
 * looked through, one that does is a variable of the function that made the object.
 */
import { ts } from 'ts-morph';
import { isAssignment } from './frontend-draft.ts';
import { AtomsExpressions } from './atoms-expressions.ts';
import {
  type ArrayValue,
  type ClassValue,
  type Code,
  describe,
  ELEMENTS,
  type FunctionValue,
  isElementType,
  numberValue,
  type ObjectValue,
  type PlatformValue,
  type Slot,
  scalar,
  UNDEFINED,
  type Value,
  type Variable,
} from './atoms-values.ts';

const K = ts.SyntaxKind;

export abstract class AtomsObjects extends AtomsExpressions {
  /** Objects whose constructor is running, and what was uncertain when it began. */
  private readonly unfinished = new Map<Map<string, Slot>, { readonly uncertain: number; readonly exits: number }>();
  /** Variables of fields that have not been set on any way. */
  private readonly early = new Set<Variable>();

  protected abstract inline(fn: FunctionValue, args: readonly Value[], node: ts.Node, before?: () => void): Value;
  protected abstract topLevel(symbol: ts.Symbol, node: ts.Node): Value;
  protected abstract isStatic(): boolean;

  protected functionValue(node: Code, name: string, self: Value | null, home: ClassValue | null, scope = this.scope): FunctionValue {
    return { is: 'function', name, node, scope, self, home };
  }

  protected slotValue(slot: Slot): Value {
    return slot.is === 'value' ? slot.value : this.read(slot.variable);
  }

  // Properties

  protected property(object: Value, name: string, node: ts.Node): Value {
    switch (object.is) {
      case 'array':
        return this.arrayProperty(object, name, node);
      case 'buffer':
        if (name === 'byteLength') return numberValue(object.bytes);
        break;
      case 'object':
        return this.objectProperty(object, name, node);
      case 'list': {
        if (name === 'length') return numberValue(object.elements.length);
        break;
      }
      case 'cells':
        if (name === 'length') return numberValue(object.variables.length);
        if (name === 'BYTES_PER_ELEMENT' && object.element !== null) return numberValue(ELEMENTS[object.element].bytes);
        break;
      case 'class':
        return this.staticProperty(object, name, node);
      case 'module': {
        const symbol = this.whole.context.checker.getExportsOfModule(object.symbol).find((each) => each.name === name);
        if (symbol !== undefined) return this.topLevel(symbol, node);
        break;
      }
      case 'platform':
        return this.platformProperty(object, name);
      case 'maybe':
        return this.property(this.present(object, node), name, node);
      case 'error':
        if (name === 'message' || name === 'name' || name === 'stack') return { is: 'text' };
        return this.refuse(node, `\`.${name}\` of ${describe(object)}`, 'return a number that says what went wrong');
      case 'scalar': {
        const text = this.textOf(object);
        if (text !== undefined && name === 'length') return numberValue(text.length);
        break;
      }
      default:
        break;
    }
    return this.refuse(
      node,
      `\`.${name}\` of ${describe(object)}`,
      'the explorer knows the fields and methods of objects that are written in the source',
    );
  }

  private arrayProperty(array: ArrayValue, name: string, node: ts.Node): Value {
    const { bytes } = ELEMENTS[array.element];
    if (name === 'length') return scalar(array.length.op === 'const' ? 'nonneg' : 'int32', array.length);
    if (name === 'BYTES_PER_ELEMENT') return numberValue(bytes);
    if (name === 'buffer') return array.buffer;
    if (name === 'byteOffset' && array.start.op === 'const') return numberValue(array.start.value - array.buffer.start);
    if (name === 'byteLength' && array.length.op === 'const') return numberValue(array.length.value * bytes);
    if (METHODS.has(name)) return { is: 'method', of: array, name };
    return this.refuse(node, `\`.${name}\` of ${describe(array)}`, 'use its elements, its methods, and `length`');
  }

  private objectProperty(object: ObjectValue, name: string, node: ts.Node): Value {
    const slot = object.fields.get(name);
    if (slot !== undefined) {
      const value = this.slotValue(slot);
      const isMethod = value.is === 'function' && value.self === null && !ts.isArrowFunction(value.node);
      return isMethod ? { ...value, self: object } : value;
    }
    const getter = object.accessors?.get(name)?.get;
    if (getter !== undefined) return this.inline({ ...getter, self: object }, [], node);
    const found = object.members === null ? null : this.memberOf(object.members, name);
    if (found === null) return UNDEFINED;
    const { member, home } = found;
    if (ts.isMethodDeclaration(member)) return this.functionValue(member, `${home.name}.${name}`, object, home, home.scope);
    if (ts.isGetAccessorDeclaration(member))
      return this.inline(this.functionValue(member, `${home.name}.${name}`, object, home, home.scope), [], node);
    return UNDEFINED;
  }

  /** A member of a class or of one it extends, that objects of it have. */
  protected memberOf(members: ClassValue, name: string): { readonly member: ts.ClassElement; readonly home: ClassValue } | null {
    for (let home: ClassValue | null = members; home !== null; home = home.parent) {
      const all = home.node.members.filter((each) => !isStaticMember(each) && nameOfMember(each) === name);
      const member = all.find((each) => ts.isGetAccessorDeclaration(each)) ?? all.find((each) => 'body' in each && each.body !== undefined);
      if (member !== undefined) return { member, home };
    }
    return null;
  }

  private staticProperty(members: ClassValue, name: string, node: ts.Node): Value {
    for (let home: ClassValue | null = members; home !== null; home = home.parent) {
      const member = home.node.members.find(
        (each) => isStaticMember(each) && nameOfMember(each) === name && !(ts.isMethodDeclaration(each) && each.body === undefined),
      );
      if (member === undefined) continue;
      if (ts.isMethodDeclaration(member)) return this.functionValue(member, `${home.name}.${name}`, members, home, home.scope);
      if (ts.isPropertyDeclaration(member) && member.initializer !== undefined && !this.whole.isFieldMutable(name))
        return this.whole.staticField(member.initializer, members);
      return this.refuse(node, 'a static field that changes', 'each thread would have one of its own: keep it in shared memory');
    }
    return UNDEFINED;
  }

  private platformProperty({ path, imported }: PlatformValue, name: string): Value {
    if (path === 'globalThis' || path === 'self' || path === 'window') return { is: 'platform', path: name, imported: false };
    if (isElementType(path) && name === 'BYTES_PER_ELEMENT') return numberValue(ELEMENTS[path].bytes);
    const home: object | null = path === 'Math' ? Math : path === 'Number' ? Number : null;
    const value: unknown = home === null ? undefined : Reflect.get(home, name);
    return typeof value === 'number' ? numberValue(value) : { is: 'platform', path: `${path}.${name}`, imported };
  }

  protected setProperty(object: Value, name: string, value: Value, node: ts.Node): void {
    if (object.is !== 'object') {
      this.refuse(node, `\`.${name}\` of ${describe(object)} is set`, 'set fields of objects, elements of arrays, and variables');
      return;
    }
    const slot = object.fields.get(name);
    const isBeingMade = this.unfinished.has(object.fields);
    if (slot?.is === 'variable' && !(isBeingMade && this.early.has(slot.variable))) {
      this.write(slot.variable, value, node);
      return;
    }
    const setter = object.accessors?.get(name)?.set ?? this.setterOf(object, name);
    if (setter !== null) this.inline({ ...setter, self: object }, [value], node);
    else if (isBeingMade) this.setField(object, name, value, node);
    else if (this.isStatic() || slot === undefined || slot.is !== 'value' || !isScalar(slot.value))
      this.refuse(node, `the field \`${name}\` is replaced`, 'let arrays and objects stay in the fields that the constructor put them in');
    else
      this.refuse(
        node,
        `the field \`${name}\` of an object from the top level changes`,
        'each thread would have one of its own: keep it in shared memory, or make the object in a function',
      );
  }

  private setterOf({ members }: ObjectValue, name: string): FunctionValue | null {
    for (let home = members; home !== null; home = home.parent) {
      const member = home.node.members.find((each) => ts.isSetAccessorDeclaration(each) && nameOfMember(each) === name);
      if (member !== undefined && ts.isSetAccessorDeclaration(member))
        return this.functionValue(member, `${home.name}.${name}`, null, home, home.scope);
    }
    return null;
  }

  /** A field of an object that is being made. */
  private setField(object: ObjectValue, name: string, value: Value, node: ts.Node): void {
    if (!this.graph.isOpen()) return;
    const found = object.fields.get(name);
    const isEarly = found?.is === 'variable' && this.early.delete(found.variable) && !isScalar(value);
    const known = isEarly ? undefined : found;
    const isScalarField = isScalar(value) && this.whole.isFieldMutable(name) && !this.isStatic();
    if (known?.is === 'variable') {
      this.write(known.variable, value, node);
    } else if (isScalarField && this.isSure(object) && (known === undefined || (known.value.is === 'none' && isUnset(known.value)))) {
      const variable = this.newVariable(name, `${this.path}.${name}`);
      this.write(variable, value, node);
      object.fields.set(name, { is: 'variable', variable });
    } else if (known === undefined || isUnset(known.value)) {
      if (!this.isSure(object))
        this.refuse(node, `the field \`${name}\` is set in a branch`, 'set each field in a statement of the constructor itself');
      object.fields.set(name, { is: 'value', value: this.settleValue(value, name) });
    } else {
      this.refuse(node, `the field \`${name}\` is set twice`, 'set it once, in the constructor');
    }
  }

  /** Whether what happens here is sure to happen to an object that is being made. */
  private isSure({ fields }: ObjectValue): boolean {
    const began = this.unfinished.get(fields);
    return began !== undefined && began.uncertain === this.uncertain && began.exits === this.exits;
  }

  // Objects that are written out

  protected objectLiteral(node: ts.ObjectLiteralExpression): Value {
    const fields = new Map<string, Slot>();
    const accessors = new Map<string, { get?: FunctionValue; set?: FunctionValue }>();
    const object: ObjectValue = { is: 'object', name: '', members: null, fields, accessors };
    const put = (name: string, value: Value, at: ts.Node): void => {
      if (isScalar(value) && this.whole.isFieldMutable(name) && !this.isStatic()) {
        const variable = this.newVariable(name, `${this.path}{${this.whole.place(node)}.${name}`);
        this.write(variable, value, at);
        fields.set(name, { is: 'variable', variable });
      } else fields.set(name, { is: 'value', value: this.settleValue(value, name) });
    };
    for (const member of node.properties) {
      if (ts.isSpreadAssignment(member)) {
        const from = this.value(member.expression);
        if (from.is !== 'object') return this.refuse(member, `${describe(from)} taken apart`, 'write the fields');
        for (const [name, slot] of from.fields) put(name, this.slotValue(slot), member);
        continue;
      }
      const name = nameOfMember(member);
      if (name === undefined) return this.refuse(member.name, 'a field whose name is computed', 'write the name');
      if (ts.isShorthandPropertyAssignment(member)) put(name, this.name(member.name), member);
      else if (ts.isPropertyAssignment(member)) put(name, this.value(member.initializer), member);
      else if (ts.isMethodDeclaration(member)) fields.set(name, { is: 'value', value: this.functionValue(member, name, null, null) });
      else {
        const kind = ts.isGetAccessorDeclaration(member) ? 'get' : 'set';
        accessors.set(name, { ...accessors.get(name), [kind]: this.functionValue(member, name, null, null) });
      }
    }
    return object;
  }

  // Classes

  protected classValue(node: ts.ClassLikeDeclaration): Value {
    const block = node.members.find((member) => ts.isClassStaticBlockDeclaration(member) && member.body.statements.length > 0);
    if (block !== undefined)
      return this.refuse(block, 'code at the top level that runs by itself', 'put it in a function, and let a thread call it');
    const heritage = node.heritageClauses?.find((clause) => clause.token === K.ExtendsKeyword)?.types[0];
    const parent = heritage === undefined ? null : this.value(heritage.expression);
    if (parent !== null && parent.is !== 'class')
      return this.refuse(
        heritage ?? node,
        'a class that extends something that is not a class of the source',
        'write the class without it',
      );
    return { is: 'class', name: node.name?.text ?? '', node, scope: this.scope, parent };
  }

  /** An object of a class of the source. */
  protected newObject(made: ClassValue, args: readonly Value[], node: ts.NewExpression): ObjectValue {
    const fields = new Map<string, Slot>();
    const object: ObjectValue = { is: 'object', name: made.name, members: made, fields };
    const { path } = this;
    this.path = `${path}/${this.whole.place(node)}`;
    this.unfinished.set(fields, { uncertain: this.uncertain, exits: this.exits });
    try {
      this.earlyFields(object);
      this.initialise(object, made, args, node);
    } finally {
      this.unfinished.delete(fields);
      this.path = path;
    }
    return object;
  }

  /** Fields that a constructor sets in a branch are there from the beginning. */
  private earlyFields({ fields, members }: ObjectValue): void {
    if (this.isStatic()) return;
    for (let home = members; home !== null; home = home.parent)
      for (const name of branchFields(home.node)) {
        if (fields.has(name) || !this.whole.isFieldMutable(name)) continue;
        const variable = this.newVariable(name, `${this.path}.${name}`);
        this.write(variable, UNDEFINED, home.node);
        fields.set(name, { is: 'variable', variable });
        this.early.add(variable);
      }
  }

  /** What a constructor does to an object that is there already. */
  protected initialise(object: ObjectValue, members: ClassValue, args: readonly Value[], node: ts.Node): void {
    const code = members.node.members.find(
      (member): member is ts.ConstructorDeclaration => ts.isConstructorDeclaration(member) && member.body !== undefined,
    );
    if (code === undefined) {
      if (members.parent !== null) this.initialise(object, members.parent, args, node);
      this.within(object, members, () => this.initialFields(object, members));
      return;
    }
    const own = this.functionValue(code, `new ${members.name}`, object, members, members.scope);
    const first = (): void => {
      if (members.parent === null) this.ownFields(object, members, code);
    };
    this.inline(own, args, node, first);
  }

  /** Fields that the parameters of a constructor declare, and those with a value at their declaration. */
  protected ownFields(object: ObjectValue, members: ClassValue, code: ts.ConstructorDeclaration): void {
    for (const parameter of code.parameters) {
      const isField = ts
        .getModifiers(parameter)
        ?.some((m) => [K.PublicKeyword, K.PrivateKeyword, K.ProtectedKeyword, K.ReadonlyKeyword].includes(m.kind));
      if (isField === true && ts.isIdentifier(parameter.name))
        this.setField(object, parameter.name.text, this.name(parameter.name), parameter);
    }
    this.initialFields(object, members);
  }

  private initialFields(object: ObjectValue, members: ClassValue): void {
    for (const member of members.node.members) {
      if (!ts.isPropertyDeclaration(member) || isStaticMember(member)) continue;
      const name = nameOfMember(member);
      if (name === undefined) this.refuse(member.name, 'a field whose name is computed', 'write the name');
      else if (member.initializer !== undefined) this.setField(object, name, this.value(member.initializer), member);
      else if (!object.fields.has(name)) object.fields.set(name, { is: 'value', value: UNSET });
    }
  }

  /** Does something with the names of a class around it and an object of it as `this`. */
  protected abstract within(self: Value, home: ClassValue, work: () => void): void;
}

/** Methods of typed arrays. */
const METHODS: ReadonlySet<string> = new Set(
  Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(Int32Array.prototype) as object)).flatMap(([name, { value }]) =>
    typeof value === 'function' ? [name] : [],
  ),
);

/** Of a field that is declared and not set yet. */
const UNSET: Value = { is: 'none', which: 'undefined' };

function isUnset(value: Value): boolean {
  return value === UNSET;
}

/** Fields that a constructor sets elsewhere than in statements of its body itself. */
function branchFields({ members }: ts.ClassLikeDeclaration): ReadonlySet<string> {
  const names = new Set<string>();
  const look = (node: ts.Node): void => {
    if (ts.isClassLike(node)) return;
    const isSet = ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind) && ts.isPropertyAccessExpression(node.left);
    if (isSet && node.left.expression.kind === K.ThisKeyword && !ts.isConstructorDeclaration(node.parent.parent.parent))
      names.add(node.left.name.text);
    ts.forEachChild(node, look);
  };
  for (const member of members) if (ts.isConstructorDeclaration(member)) look(member);
  return names;
}

function isScalar(value: Value): boolean {
  return value.is === 'scalar' || value.is === 'maybe' || value.is === 'none';
}

export function isStaticMember(member: ts.ClassElement): boolean {
  return ts.canHaveModifiers(member) && (ts.getModifiers(member)?.some((m) => m.kind === K.StaticKeyword) ?? false);
}

export function nameOfMember(member: ts.ClassElement | ts.ObjectLiteralElementLike): string | undefined {
  const { name } = member;
  if (name === undefined) return undefined;
  if (ts.isIdentifier(name) || ts.isPrivateIdentifier(name) || ts.isStringLiteral(name) || ts.isNumericLiteral(name)) return name.text;
  return undefined;
}
