/**
 * *Objects* of user code: written out, or made by a class. They exist only while code is compiled: a field that never changes is
 * looked through, one that does is a variable of the function that made the object.
 */
import { ts } from 'ts-morph';
import { adviceForPlatform } from './atoms-advice.ts';
import { AtomsExpressions } from './atoms-expressions.ts';
import { constant } from './atoms-types.ts';
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
} from './atoms-values.ts';

const K = ts.SyntaxKind;

export abstract class AtomsObjects extends AtomsExpressions {
  /** Objects whose constructor is running. */
  private readonly unfinished = new Set<Map<string, Slot>>();

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

  private platformProperty({ path }: PlatformValue, name: string): Value {
    if (path === 'globalThis' || path === 'self' || path === 'window') return { is: 'platform', path: name };
    if (isElementType(path) && name === 'BYTES_PER_ELEMENT') return numberValue(ELEMENTS[path].bytes);
    const home: object | null = path === 'Math' ? Math : path === 'Number' ? Number : null;
    const value: unknown = home === null ? undefined : Reflect.get(home, name);
    return typeof value === 'number' ? numberValue(value) : { is: 'platform', path: `${path}.${name}` };
  }

  protected setProperty(object: Value, name: string, value: Value, node: ts.Node): void {
    if (object.is !== 'object') {
      this.refuse(node, `\`.${name}\` of ${describe(object)} is set`, 'set fields of objects, elements of arrays, and variables');
      return;
    }
    const slot = object.fields.get(name);
    if (slot?.is === 'variable') {
      this.write(slot.variable, value, node);
      return;
    }
    const setter = object.accessors?.get(name)?.set ?? this.setterOf(object, name);
    if (setter !== null) this.inline({ ...setter, self: object }, [value], node);
    else if (this.unfinished.has(object.fields)) this.setField(object, name, value, node);
    else if (this.isStatic() || slot === undefined || !isScalar(slot.value))
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
    const known = object.fields.get(name);
    const isScalarField = isScalar(value) && this.whole.isFieldMutable(name) && !this.isStatic();
    if (known?.is === 'variable') {
      this.write(known.variable, value, node);
    } else if (isScalarField && (known === undefined || (known.value.is === 'none' && isUnset(known.value)))) {
      const variable = this.newVariable(name, `${this.path}.${name}`);
      if (known !== undefined && !isSurelySet(node)) this.write(variable, known.value, node);
      this.write(variable, value, node);
      object.fields.set(name, { is: 'variable', variable });
    } else if (known === undefined || isUnset(known.value)) {
      if (!isSurelySet(node))
        this.refuse(node, `the field \`${name}\` is set in a branch`, 'set each field in a statement of the constructor itself');
      object.fields.set(name, { is: 'value', value: this.settleValue(value, name) });
    } else {
      this.refuse(node, `the field \`${name}\` is set twice`, 'set it once, in the constructor');
    }
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

  protected construct(node: ts.NewExpression): Value {
    const made = this.value(node.expression);
    const args = this.inOrder(this.spread(node.arguments ?? []));
    if (made.is === 'class') {
      const fields = new Map<string, Slot>();
      const object: ObjectValue = { is: 'object', name: made.name, members: made, fields };
      const { path } = this;
      this.path = `${path}/${this.whole.place(node)}`;
      this.unfinished.add(fields);
      this.initialise(object, made, args, node);
      this.unfinished.delete(fields);
      this.path = path;
      return object;
    }
    if (made.is !== 'platform') return this.refuse(node, `\`new\` with ${describe(made)}`, 'make objects with classes of the source');
    if (made.path === 'SharedArrayBuffer') return this.newBuffer(node, args);
    if (isElementType(made.path)) return this.newArray(node, made.path, args);
    const { problem, advice } = adviceForPlatform(made.path);
    return this.refuse(node, problem, advice);
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

  private newBuffer(node: ts.NewExpression, args: readonly Value[]): Value {
    const bytes = this.constantNumber(args[0] ?? UNDEFINED);
    if (!this.isStatic())
      return this.refuse(
        node,
        'shared memory made by a thread',
        'make it at the top level, or name it in `memory`, so that all threads share it',
      );
    if (bytes === undefined || !Number.isInteger(bytes) || bytes < 0)
      return this.refuse(node, 'shared memory of a size that is not known', 'write the number of bytes');
    return this.whole.newBuffer(node, bytes);
  }

  private newArray(node: ts.NewExpression, element: keyof typeof ELEMENTS, args: readonly Value[]): Value {
    const [buffer, offset, length] = args;
    const name = ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : element;
    if (buffer?.is !== 'buffer')
      return this.refuse(
        node,
        'an array that is not over shared memory',
        'keep what a thread has for itself in variables, and what it shares in a SharedArrayBuffer',
      );
    const { bytes } = ELEMENTS[element];
    const [from, count] = [this.given(offset, node), this.given(length, node)];
    const start = from ?? 0;
    const most = (buffer.bytes - start) / bytes;
    if (
      start % bytes !== 0 ||
      start < 0 ||
      most < 0 ||
      (count === null && !Number.isInteger(most)) ||
      (count !== null && (count < 0 || count > most))
    )
      return this.refuse(
        node,
        `an array that does not fit in the ${buffer.bytes} bytes of its buffer`,
        'give an offset and a length that do; the offset is in bytes',
      );
    return {
      is: 'array',
      name,
      element,
      buffer,
      start: constant(buffer.start + start),
      length: constant(count ?? most),
    } satisfies ArrayValue;
  }

  private given(value: Value | undefined, node: ts.Node): number | null {
    if (value === undefined || (value.is === 'none' && value.which === 'undefined')) return null;
    return (
      this.constantNumber(value) ??
      this.refuse(node, 'an array whose place is not known when the code is compiled', 'write numbers, or take a subarray')
    );
  }
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

function isScalar(value: Value): boolean {
  return value.is === 'scalar' || value.is === 'maybe' || value.is === 'none';
}

/** Whether a field is set in a statement of a body itself, which nothing can pass by. */
function isSurelySet(node: ts.Node): boolean {
  if (ts.isParameter(node) || ts.isPropertyDeclaration(node)) return true;
  const assignment = node.parent;
  const statement = assignment.parent;
  if (!ts.isBinaryExpression(assignment) || !ts.isExpressionStatement(statement)) return false;
  return ts.isBlock(statement.parent) && ts.isFunctionLike(statement.parent.parent);
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
