/**
 * *Expressions* of user code, evaluated as far as they can be: what is known now is followed, what exists only at run time
 * becomes an expression of the IR, and every access is taken out of it in the order of the source.
 */
import { ts } from 'ts-morph';
import { adviceForAtoms, adviceForPlatform } from './atoms-advice.ts';
import { foldBinary, kindOfBinary, OPERATORS } from './atoms-arithmetic.ts';
import { AtomsPrivate } from './atoms-private.ts';
import { binary, choose, constant, isNumber, type Kind, kindOfNumber } from './atoms-types.ts';
import { type ChoiceValue, describe, isInstanceOf, numberValue, type Scalar, scalar, UNDEFINED, type Value } from './atoms-values.ts';
import { isAssignment, isStep } from './frontend-draft.ts';
import type { BinaryOperator, Int } from './ir-impl.ts';

const K = ts.SyntaxKind;

const LOGIC = [K.AmpersandAmpersandToken, K.BarBarToken, K.QuestionQuestionToken] as const;
type Logic = (typeof LOGIC)[number];

const LOGICAL_ASSIGNMENTS: ReadonlyMap<ts.SyntaxKind, Logic> = new Map([
  [K.AmpersandAmpersandEqualsToken, K.AmpersandAmpersandToken],
  [K.BarBarEqualsToken, K.BarBarToken],
  [K.QuestionQuestionEqualsToken, K.QuestionQuestionToken],
]);

/** Something that can be assigned to. */
export interface Target {
  readonly read: () => Value;
  readonly write: (value: Value) => void;
}

export abstract class AtomsExpressions extends AtomsPrivate {
  protected abstract name(node: ts.Identifier): Value;
  protected abstract call(node: ts.CallExpression, dropped: boolean): Value;
  protected abstract construct(node: ts.NewExpression): Value;
  protected abstract closure(node: ts.ArrowFunction | ts.FunctionExpression): Value;
  protected abstract classValue(node: ts.ClassLikeDeclaration): Value;
  protected abstract objectLiteral(node: ts.ObjectLiteralExpression): Value;
  protected abstract property(object: Value, name: string, node: ts.Node): Value;
  protected abstract setProperty(object: Value, name: string, value: Value, node: ts.Node): void;
  protected abstract assignName(node: ts.Identifier, value: Value): void;

  protected value(node: ts.Expression): Value {
    if (!this.graph.isOpen()) return UNDEFINED;
    if (
      ts.isParenthesizedExpression(node) ||
      ts.isAsExpression(node) ||
      ts.isSatisfiesExpression(node) ||
      ts.isNonNullExpression(node) ||
      ts.isTypeAssertionExpression(node)
    )
      return this.value(node.expression);
    if (ts.isNumericLiteral(node)) return numberValue(Number(node.text.replaceAll('_', '')));
    if (ts.isStringLiteralLike(node)) return this.string(node.text);
    if (node.kind === K.TrueKeyword || node.kind === K.FalseKeyword) return this.boolean(constant(node.kind === K.TrueKeyword ? 1 : 0));
    if (node.kind === K.NullKeyword) return { is: 'none', which: 'null' };
    if (node.kind === K.ThisKeyword)
      return this.self ?? this.refuse(node, '`this` outside of a method', 'use it in methods of classes and objects');
    if (ts.isIdentifier(node)) return this.name(node);
    if (ts.isPrefixUnaryExpression(node)) return this.prefix(node);
    if (ts.isPostfixUnaryExpression(node)) return this.step(node);
    if (ts.isBinaryExpression(node)) return this.binary(node);
    if (ts.isConditionalExpression(node)) return this.conditional(node);
    if (ts.isCallExpression(node)) return this.call(node, false);
    if (ts.isNewExpression(node)) return this.construct(node);
    if (ts.isPropertyAccessExpression(node)) return this.propertyAccess(node);
    if (ts.isElementAccessExpression(node)) return this.elementAccess(node);
    if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return this.closure(node);
    if (ts.isClassExpression(node)) return this.classValue(node);
    if (ts.isObjectLiteralExpression(node)) return this.objectLiteral(node);
    if (ts.isArrayLiteralExpression(node)) return this.newListOf(this.allInOrder(this.spread(node.elements)));
    if (ts.isAwaitExpression(node)) return this.awaited(this.value(node.expression), node);
    if (ts.isVoidExpression(node)) {
      this.effects(node.expression);
      return UNDEFINED;
    }
    if (ts.isTemplateExpression(node)) return this.template(node);
    if (ts.isTypeOfExpression(node)) return this.typeOf(this.value(node.expression), node);
    const { problem, advice } = adviceForAtoms(node.kind);
    return this.refuse(node, problem, advice);
  }

  /** Expressions of a list or of arguments, with lists among them taken apart. */
  protected spread(nodes: readonly ts.Expression[]): readonly (() => readonly Value[])[] {
    return nodes.map((node) => () => {
      if (!ts.isSpreadElement(node)) return [this.value(node)];
      const list = this.value(node.expression);
      if (list.is !== 'list' && list.is !== 'cells') return this.refuse(node, `${describe(list)} taken apart`, 'write the elements');
      return this.elementsOf(list, node);
    });
  }

  protected string(text: string): Scalar {
    return scalar('string', constant(this.whole.text(text)));
  }

  /** A string with values in it: known if they are, and for messages only if not. */
  private template(node: ts.TemplateExpression): Value {
    const values = this.inOrder(
      node.templateSpans.map(
        ({ expression }) =>
          () =>
            this.value(expression),
      ),
    );
    const texts = node.templateSpans.map(({ literal }, index) => {
      const known = this.known(values[index] ?? UNDEFINED);
      return known === undefined ? undefined : known + literal.text;
    });
    return texts.includes(undefined) ? { is: 'text' } : this.string(node.head.text + texts.join(''));
  }

  /** The text of a string that is known. */
  protected textOf(value: Value): string | undefined {
    if (value.is !== 'scalar' || value.kind !== 'string' || value.expr.op !== 'const') return undefined;
    return this.whole.textAt(value.expr.value);
  }

  private typeOf(value: Value, node: ts.Node): Value {
    const nameOf = ({ kind }: Scalar): Scalar => this.string(isNumber(kind) ? 'number' : kind);
    switch (value.is) {
      case 'scalar':
        return nameOf(value);
      case 'none':
        return this.string(value.which === 'null' ? 'object' : 'undefined');
      case 'maybe': {
        const there = nameOf(value.value).expr;
        const missing = choose(this.isNone(value, 'null'), this.string('object').expr, this.string('undefined').expr);
        return scalar('string', choose(this.isNone(value, 'either'), missing, there));
      }
      case 'function':
      case 'class':
      case 'method':
        return this.string('function');
      case 'text':
        return this.string('string');
      case 'error':
        return this.refuse(node, `the type of ${describe(value)}`, 'return a number that says what went wrong');
      case 'platform':
        return this.string(typeof this.ofPlatform(value, node));
      default:
        return this.string('object');
    }
  }

  // Operators

  private prefix(node: ts.PrefixUnaryExpression): Value {
    if (isStep(node.operator)) return this.step(node);
    const value = this.value(node.operand);
    if (node.operator === K.ExclamationToken) return this.negated(this.truth(value, node.operand));
    const { kind, expr } = this.number(value, node.operand);
    if (node.operator === K.PlusToken) return scalar(kind, expr);
    if (expr.op === 'const') return numberValue(node.operator === K.MinusToken ? -expr.value : ~expr.value);
    if (node.operator === K.MinusToken)
      return scalar(kind === 'nonneg' ? 'int32' : kind === 'number' ? kind : 'integer', { op: 'unary', operator: '-', arg: expr });
    return scalar('int32', { op: 'unary', operator: '~', arg: expr });
  }

  private binary(node: ts.BinaryExpression): Value {
    const kind = node.operatorToken.kind;
    if (isAssignment(kind)) return this.assign(node);
    const logic = LOGIC.find((each) => each === kind);
    if (logic !== undefined) return this.logic(logic, this.value(node.left), () => this.value(node.right), node);
    if (kind === K.CommaToken) {
      this.effects(node.left);
      return this.value(node.right);
    }
    const [left, right] = this.inOrder([() => this.value(node.left), () => this.value(node.right)]);
    if (left === undefined || right === undefined) throw new Error('two operands');
    if (kind === K.EqualsEqualsEqualsToken || kind === K.ExclamationEqualsEqualsToken) {
      const same = this.same(left, right, false, node);
      return kind === K.EqualsEqualsEqualsToken ? this.boolean(same) : this.negated(same);
    }
    if (kind === K.EqualsEqualsToken || kind === K.ExclamationEqualsToken) {
      const same = this.same(left, right, true, node);
      return kind === K.EqualsEqualsToken ? this.boolean(same) : this.negated(same);
    }
    if (kind === K.InstanceOfKeyword) {
      const is = isInstanceOf(left, right);
      if (is !== undefined) return this.boolean(constant(is ? 1 : 0));
      return this.refuse(node, `\`instanceof\` of ${describe(left)} and ${describe(right)}`, 'compare a field with a literal');
    }
    const operator = OPERATORS.get(kind);
    if (operator === undefined) {
      const { problem, advice } = adviceForAtoms(kind);
      return this.refuse(node, problem, advice);
    }
    return this.arithmetic(operator, left, right, node);
  }

  protected arithmetic(operator: BinaryOperator, left: Value, right: Value, node: ts.BinaryExpression): Value {
    if (operator === '+' && [left, right].some((side) => side.is === 'text' || (side.is === 'scalar' && side.kind === 'string'))) {
      const [a, b] = [this.known(left), this.known(right)];
      return a !== undefined && b !== undefined ? this.string(a + b) : { is: 'text' };
    }
    const [a, b] = [this.number(left, node.left), this.number(right, node.right)];
    const folded = a.expr.op === 'const' && b.expr.op === 'const' ? foldBinary(operator, a.expr.value, b.expr.value) : undefined;
    if (folded !== undefined) return typeof folded === 'number' ? numberValue(folded) : this.boolean(constant(folded ? 1 : 0));
    return scalar(kindOfBinary(operator, a, b), binary(operator, a.expr, b.expr));
  }

  /** The text of a string or number that is known. */
  protected known(value: Value): string | undefined {
    const number = this.constantNumber(value);
    return number === undefined ? this.textOf(value) : String(number);
  }

  /** `===`, or `==` of values of one type and of what may be missing. */
  protected same(left: Value, right: Value, loose: boolean, node: ts.Node): Int {
    const unknown = [left, right].find(({ is }) => is === 'text' || is === 'error');
    if (unknown !== undefined) return this.refuse(node, `a comparison with ${describe(unknown)}`, 'compare numbers');
    for (const [one, other] of [
      [left, right],
      [right, left],
    ] as const)
      if (one.is === 'platform' && other.is === 'none')
        return constant(this.ofPlatform(one, node) === undefined && (loose || other.which === 'undefined') ? 1 : 0);
    if (left.is === 'none') return this.isNone(right, loose ? 'either' : left.which);
    if (right.is === 'none') return this.isNone(left, loose ? 'either' : right.which);
    if (left.is === 'promise' && right.is === 'scalar') return this.same(right, left, loose, node);
    if (right.is === 'promise' && right.ticket !== null && left.is === 'scalar')
      return this.both(binary('<', right.ticket, constant(0)), () => this.same(left, right.of, loose, node));
    if (left.is === 'maybe' && right.is === 'maybe') {
      const tags = this.compare('===', left.tag, right.tag);
      const [a, b] = [left.value, right.value];
      const either: Int = { op: 'or', left: binary('!==', left.tag, constant(0)), right: this.same(a, b, loose, node) };
      return this.both(tags, () => either);
    }
    if (left.is === 'maybe') return this.both(this.compare('===', left.tag, constant(0)), () => this.same(left.value, right, loose, node));
    if (right.is === 'maybe') return this.same(right, left, loose, node);
    if (left.is === 'scalar' && right.is === 'scalar') {
      const type = ({ kind }: Scalar): string => (isNumber(kind) ? 'number' : kind);
      if (type(left) !== type(right)) {
        if (loose) return this.refuse(node, '`==` of values of different types', 'write `===`');
        return constant(0);
      }
      return this.compare('===', left.expr, right.expr);
    }
    if (left.is === 'scalar' || right.is === 'scalar') return constant(0);
    if (left === right) return constant(1);
    if (left.is === 'object' && right.is === 'object' && left.fields === right.fields) return constant(1);
    if (left.is === 'cells' && right.is === 'cells') return constant(left.variables === right.variables ? 1 : 0);
    return this.refuse(node, `a comparison of ${describe(left)} with ${describe(right)}`, 'compare a number that tells them apart');
  }

  private both(cond: Int, also: () => Int): Int {
    if (cond.op === 'const') return cond.value !== 0 ? also() : cond;
    return { op: 'and', left: cond, right: also() };
  }

  private logic(kind: Logic, left: Value, right: () => Value, node: ts.Node): Value {
    if (kind === K.QuestionQuestionToken) {
      if (left.is === 'none') return right();
      if (left.is !== 'maybe') return left;
      const kept = this.settleValue(left, 'left');
      return this.either(this.isNone(kept, 'either'), right, () => kept.value, node);
    }
    const isAnd = kind === K.AmpersandAmpersandToken;
    if (this.isConstant(left) || left.is !== 'scalar') {
      const truth = this.truth(left, node);
      if (truth.op === 'const') return (truth.value !== 0) === isAnd ? right() : left;
    }
    const kept = this.settleValue(left, 'left');
    const truth = this.truth(kept, node);
    // Where the left one decides, its value is what it was found to be.
    const decided = kept.is === 'scalar' && kept.kind === 'boolean' ? this.boolean(constant(isAnd ? 0 : 1)) : kept;
    return isAnd ? this.either(truth, right, () => decided, node) : this.either(truth, () => decided, right, node);
  }

  private conditional(node: ts.ConditionalExpression): Value {
    return this.either(
      this.truth(this.value(node.condition), node.condition),
      () => this.value(node.whenTrue),
      () => this.value(node.whenFalse),
      node,
    );
  }

  protected override effects(node: ts.Expression): void {
    if (this.graph.isOpen()) this.sheltered(() => super.effects(node));
  }

  protected condition(node: ts.Expression, yes: number, no: number): void {
    if (ts.isParenthesizedExpression(node)) {
      this.condition(node.expression, yes, no);
      return;
    }
    if (ts.isPrefixUnaryExpression(node) && node.operator === K.ExclamationToken) {
      this.condition(node.operand, no, yes);
      return;
    }
    if (ts.isBinaryExpression(node)) {
      const isAnd = node.operatorToken.kind === K.AmpersandAmpersandToken;
      if (isAnd || node.operatorToken.kind === K.BarBarToken) {
        const middle = this.graph.reserve();
        this.condition(node.left, isAnd ? middle : yes, isAnd ? no : middle);
        this.graph.goTo(middle);
        this.condition(node.right, yes, no);
        return;
      }
    }
    this.sheltered(() => {
      const cond = this.truth(this.value(node), node);
      if (cond.op === 'const') this.graph.jump(cond.value !== 0 ? yes : no);
      else this.graph.finish({ op: 'branch', cond, then: yes, else: no });
    });
  }

  // Members

  private propertyAccess(node: ts.PropertyAccessExpression): Value {
    const constantOfEnum = this.enumMember(node);
    if (constantOfEnum !== undefined) return constantOfEnum;
    const object = this.value(node.expression);
    if (node.questionDotToken !== undefined && object.is === 'none') return UNDEFINED;
    return this.member(object, node.name.text, node);
  }

  private enumMember(node: ts.PropertyAccessExpression | ts.ElementAccessExpression): Value | undefined {
    const value = this.whole.context.checker.getConstantValue(node);
    return typeof value === 'number' ? numberValue(value) : value === undefined ? undefined : this.string(value);
  }

  /** A member by its name; of one of several objects, that of the one. */
  protected member(object: Value, name: string, node: ts.Node): Value {
    if (object.is === 'choice') return this.chosen(object, (option) => this.property(option, name, node), node);
    return this.property(object, name, node);
  }

  /** Does something with the one of several values that is meant. */
  protected chosen({ index, options }: ChoiceValue, work: (option: Value) => Value, node: ts.Node): Value {
    const from = (place: number): Value => {
      const option = options[place];
      if (option === undefined) throw new Error('a choice of nothing');
      if (place === options.length - 1) return work(option);
      return this.either(
        this.compare('===', index, constant(place)),
        () => work(option),
        () => from(place + 1),
        node,
      );
    };
    return from(0);
  }

  private elementAccess(node: ts.ElementAccessExpression): Value {
    const constantOfEnum = this.enumMember(node);
    if (constantOfEnum !== undefined) return constantOfEnum;
    const [object, index] = this.inOrder([() => this.value(node.expression), () => this.value(node.argumentExpression)]);
    if (object === undefined || index === undefined) throw new Error('an array and an index');
    return this.elementOf(object, index, node);
  }

  private elementOf(object: Value, index: Value, node: ts.ElementAccessExpression): Value {
    if (object.is === 'array') return this.readElement(this.element(object, index, node), node);
    if (object.is === 'cells') return this.readCell(object, index, node);
    if (object.is === 'choice') return this.chosen(object, (option) => this.elementOf(option, index, node), node);
    if (object.is === 'platform') {
      const { problem, advice } = adviceForPlatform(object.path);
      return this.refuse(node, problem, advice);
    }
    const name = this.textOf(index);
    if (name !== undefined) return this.member(object, name, node);
    if (object.is !== 'list')
      return this.refuse(node, `an element of ${describe(object)}`, 'index arrays over shared memory, and lists that are written out');
    const { kind, expr } = this.number(index, node.argumentExpression);
    if (expr.op === 'const') return object.elements[expr.value] ?? UNDEFINED;
    const at = this.settle(expr, 'index', kind);
    const { length } = object.elements;
    const unsigned = kind === 'nonneg' || kind === 'uint32' ? at : binary('>>>', at, constant(0));
    const inside: Int =
      unsigned === at
        ? binary('<', at, constant(length))
        : { op: 'and', left: binary('===', unsigned, at), right: binary('<', unsigned, constant(length)) };
    this.require(inside, 'out-of-bounds', `the index is outside of a list of ${length}`, node, this.word(at));
    const choice: ChoiceValue = { is: 'choice', index: at, options: object.elements };
    const simple = object.elements.every((element) => element.is === 'scalar' || element.is === 'array');
    return simple && length > 0 ? this.chosen(choice, (option) => option, node) : choice;
  }

  // Assignments

  protected target(node: ts.Expression): Target {
    if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node) || ts.isAsExpression(node)) return this.target(node.expression);
    if (ts.isIdentifier(node)) return { read: () => this.name(node), write: (value) => this.assignName(node, value) };
    if (ts.isPropertyAccessExpression(node)) {
      const object = this.settleValue(this.value(node.expression), 'object');
      return {
        read: () => this.member(object, node.name.text, node),
        write: (value) => this.setMember(object, node.name.text, value, node),
      };
    }
    if (ts.isElementAccessExpression(node)) {
      const [object, index] = this.inOrder([() => this.value(node.expression), () => this.value(node.argumentExpression)]);
      if (object === undefined || index === undefined) throw new Error('an array and an index');
      const [kept, at] = [this.settleValue(object, 'array'), this.settleValue(index, 'index')];
      return { read: () => this.elementOf(kept, at, node), write: (value) => this.setElement(kept, at, value, node) };
    }
    return this.refuse(node, 'a value taken apart by an assignment', 'write one assignment for each variable');
  }

  private setMember(object: Value, name: string, value: Value, node: ts.Node): void {
    if (object.is !== 'choice') {
      this.setProperty(object, name, value, node);
      return;
    }
    const set = (option: Value): Value => {
      this.setProperty(option, name, value, node);
      return UNDEFINED;
    };
    this.chosen(object, set, node);
  }

  private setElement(object: Value, index: Value, value: Value, node: ts.ElementAccessExpression): void {
    if (object.is === 'array') {
      this.writeElement(this.element(object, index, node), value, node);
      return;
    }
    if (object.is === 'cells') {
      this.writeCell(object, index, value, node);
      return;
    }
    const name = this.textOf(index);
    if (name === undefined)
      this.refuse(
        node,
        `an element of ${describe(object)} that changes`,
        'change a list by the name it was given where it was made, or keep what changes in a typed array',
      );
    else this.setMember(object, name, value, node);
  }

  protected assign(node: ts.BinaryExpression): Value {
    const { kind } = node.operatorToken;
    if (kind === K.EqualsToken && ts.isArrayLiteralExpression(node.left)) return this.assignEach(node.left, this.value(node.right));
    const target = this.target(node.left);
    if (kind === K.EqualsToken) {
      const value = this.settleValue(this.value(node.right), 'value');
      target.write(value);
      return value;
    }
    const logic = LOGICAL_ASSIGNMENTS.get(kind);
    if (logic !== undefined) {
      const assigned = (): Value => {
        const value = this.settleValue(this.value(node.right), 'value');
        target.write(value);
        return value;
      };
      return this.logic(logic, target.read(), assigned, node);
    }
    const operator = OPERATORS.get(kind);
    if (operator === undefined) {
      const { problem, advice } = adviceForAtoms(kind);
      return this.refuse(node, problem, advice);
    }
    const [old, right] = this.inOrder([() => target.read(), () => this.value(node.right)]);
    if (old === undefined || right === undefined) throw new Error('two operands');
    const value = this.settleValue(this.arithmetic(operator, old, right, node), 'value');
    target.write(value);
    return value;
  }

  /** `[a, b] = [b, a]`: every value is there before the first is assigned. */
  private assignEach(targets: ts.ArrayLiteralExpression, given: Value): Value {
    if (given.is !== 'list' && given.is !== 'cells')
      return this.refuse(targets, `${describe(given)} taken apart`, 'read the elements one by one');
    const values = this.settleValue({ is: 'list', elements: this.elementsOf(given, targets) }, 'given').elements;
    for (const [index, target] of targets.elements.entries()) {
      if (ts.isOmittedExpression(target)) continue;
      if (ts.isSpreadElement(target) || ts.isBinaryExpression(target))
        return this.refuse(target, 'a value taken apart by an assignment', 'write one assignment for each variable');
      this.target(target).write(values[index] ?? UNDEFINED);
    }
    return given;
  }

  protected step(node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression): Value {
    const target = this.target(node.operand);
    const old = this.settleValue(this.number(target.read(), node.operand), 'old');
    const operator = node.operator === K.PlusPlusToken ? '+' : '-';
    const one = numberValue(1);
    const kind: Kind = kindOfBinary(operator, old, one);
    const stepped = old.expr.op === 'const' ? old.expr.value + (operator === '+' ? 1 : -1) : null;
    const value = stepped === null ? scalar(kind, binary(operator, old.expr, one.expr)) : scalar(kindOfNumber(stepped), constant(stepped));
    target.write(value);
    return ts.isPostfixUnaryExpression(node) ? old : this.settleValue(value, 'new');
  }

  protected switched(node: ts.Expression): (label: ts.Expression) => Int {
    const value = this.settleValue(this.value(node), 'switched');
    return (label) => {
      let same = constant(0);
      this.sheltered(() => {
        same = this.same(value, this.value(label), false, label);
      });
      return same;
    };
  }
}
