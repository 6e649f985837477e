/**
 * Arrays that a thread has *for itself*: typed arrays that are not over shared memory, and lists whose elements change. They are small and
 * of a length that is known: each element is a variable, and an index known only at run time picks one of them.
 */
import type { ts } from 'ts-morph';
import { AtomsAccess } from './atoms-access.ts';
import { mergeValues } from './atoms-shapes.ts';
import { binary, choose, constant, isWord } from './atoms-types.ts';
import { type CellsValue, type ElementType, numberValue, type Scalar, scalar, UNDEFINED, type Value } from './atoms-values.ts';
import type { Int } from './ir-impl.ts';

/** Elements at most: each takes a word of the frame. */
const MOST = 64;

export abstract class AtomsPrivate extends AtomsAccess {
  protected newCells(name: string, element: ElementType | null, values: readonly Value[], node: ts.Node): CellsValue {
    if (values.length > MOST)
      return this.refuse(
        node,
        `an array of ${values.length} elements that is not shared`,
        `keep it in shared memory; a thread has arrays of at most ${MOST}`,
      );
    const key = `${this.path}[${this.whole.place(node)}`;
    const variables = values.map((value, index) => {
      const variable = this.newVariable(`${name}[${index}]`, `${key}.${index}`);
      this.write(variable, this.cellValue(element, value, node), node);
      return variable;
    });
    return { is: 'cells', name, element, variables };
  }

  /** A value as the array holds it. */
  private cellValue(element: ElementType | null, value: Value, node: ts.Node): Value {
    return element === null ? value : this.elementValue(element, this.number(value, node));
  }

  /** Elements as they are now. */
  protected elementsNow({ name, variables }: CellsValue): readonly Value[] {
    return variables.map((variable) => this.settleValue(this.read(variable), name));
  }

  protected readCell(array: CellsValue, index: Value, node: ts.Node): Value {
    const at = this.cellIndex(array, index, node);
    if (at.op === 'const') {
      const variable = array.variables[at.value];
      return variable === undefined ? UNDEFINED : this.read(variable);
    }
    const values = array.variables.map((variable) => this.read(variable));
    const either = (from: number): Value | null => {
      const value = values[from];
      if (value === undefined || from === values.length - 1) return value ?? UNDEFINED;
      const rest = either(from + 1);
      return rest === null ? null : merged(binary('===', at, constant(from)), value, rest);
    };
    return either(0) ?? this.refuse(node, 'an array whose elements are of different types', 'use an array for each type');
  }

  protected writeCell(array: CellsValue, index: Value, value: Value, node: ts.Node): void {
    const at = this.cellIndex(array, index, node);
    const given = this.settleValue(this.cellValue(array.element, value, node), 'given');
    for (const [place, variable] of array.variables.entries()) {
      if (at.op === 'const' && at.value !== place) continue;
      const cond = this.compare('===', at, constant(place));
      const next = cond.op === 'const' ? given : merged(cond, given, this.read(variable));
      if (next === null) this.refuse(node, 'an array whose elements are of different types', 'use an array for each type');
      else this.write(variable, next, node);
    }
  }

  private cellIndex({ name, variables }: CellsValue, index: Value, node: ts.Node): Int {
    const { kind, expr } = this.number(index, node);
    const at = this.settle(expr, 'index', kind);
    const text = `the index is outside of \`${name}\`, which has ${variables.length} elements`;
    this.require(
      this.isBelow(at, kind, constant(variables.length)),
      'out-of-bounds',
      text,
      node,
      isWord(kind) && kind !== 'uint32' ? at : this.word(at),
    );
    return at;
  }

  /** Methods of arrays of a thread. Null: there is none of that name. */
  protected cellsCall(array: CellsValue, name: string, args: readonly Value[], node: ts.CallExpression): Value | null {
    const { length } = array.variables;
    const place = (value: Value | undefined, otherwise: number): number => {
      if (value === undefined || value.is === 'none') return otherwise;
      const known = this.constantNumber(value);
      if (known === undefined) return this.refuse(node, 'a part of an array that is not known when the code is compiled', 'write a loop');
      const whole = Math.trunc(known) || 0;
      return whole < 0 ? Math.max(0, length + whole) : Math.min(whole, length);
    };
    switch (name) {
      case 'fill':
        for (let index = place(args[1], 0); index < place(args[2], length); index++)
          this.writeCell(array, numberValue(index), args[0] ?? UNDEFINED, node);
        return array;
      case 'set': {
        if (array.element === null) return null;
        const values = this.elementsOf(args[0] ?? UNDEFINED, node);
        const offset = this.settleValue(this.number(args[1] ?? numberValue(0), node), 'offset');
        const known = this.constantNumber(offset);
        for (const [index, value] of values.entries()) {
          const at = known === undefined ? scalar('integer', binary('+', offset.expr, constant(index))) : numberValue(known + index);
          this.writeCell(array, at, value, node);
        }
        return UNDEFINED;
      }
      case 'slice': {
        const values = this.elementsNow(array).slice(place(args[0], 0), place(args[1], length));
        return array.element === null ? this.newListOf(values) : this.newCells(array.name, array.element, values, node);
      }
      case 'at': {
        const { kind, expr } = this.number(args[0] ?? UNDEFINED, node);
        if (expr.op === 'const') return this.readCell(array, numberValue(expr.value < 0 ? expr.value + length : expr.value), node);
        const at = this.settle(expr, 'at', kind);
        return this.readCell(array, scalar('integer', choose(binary('<', at, constant(0)), binary('+', at, constant(length)), at)), node);
      }
      default:
        return null;
    }
  }

  /** The elements of something that has them: read one by one if it is shared. */
  protected elementsOf(value: Value, node: ts.Node): readonly Value[] {
    if (value.is === 'list') return value.elements;
    if (value.is === 'cells') return this.elementsNow(value);
    if (value.is !== 'array' || value.length.op !== 'const' || value.length.value > MOST)
      return this.refuse(node, 'elements that are not known one by one', `take a list, or an array of at most ${MOST} elements`);
    return Array.from({ length: value.length.value }, (_, index) => this.readElement({ array: value, index: constant(index) }, node));
  }

  /** A number as an element of this type holds it. */
  private elementValue(element: ElementType, { expr }: Scalar): Scalar {
    const bits = this.asElementOf(element, expr);
    if (bits.op === 'const') return numberValue(element === 'Uint32Array' ? bits.value >>> 0 : bits.value);
    return scalar(this.kindOf(element), element === 'Uint32Array' ? binary('>>>', bits, constant(0)) : bits);
  }
}

/** One value or the other, as an expression. */
function merged(cond: Int, yes: Value, no: Value): Value | null {
  return mergeValues([yes, no], { word: ([a, b]) => choose(cond, a ?? constant(0), b ?? constant(0)) });
}
