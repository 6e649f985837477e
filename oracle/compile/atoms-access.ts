/**
 * *Accesses* of user code: elements of arrays over shared memory, `Atomics`, and the methods of typed arrays that touch many
 * elements. Each is one access of the machine, at an address that is checked first: outside of the array a plain read gives
 * `undefined` and a plain write is lost, which nobody means, and `Atomics` throw.
 */
import type { ts } from 'ts-morph';
import { AtomsBase } from './atoms-base.ts';
import { binary, both, choose, constant, isWord, type Kind, kindOfNumber } from './atoms-types.ts';
import {
  type ArrayValue,
  type CellsValue,
  describe,
  ELEMENTS,
  type ElementType,
  numberValue,
  type Scalar,
  scalar,
  UNDEFINED,
  type Value,
} from './atoms-values.ts';
import type { Cell, Door, Int } from './ir-impl.ts';

const CELL: Readonly<Record<ElementType, Cell | null>> = {
  Int8Array: 'i8',
  Uint8Array: 'u8',
  Int16Array: 'i16',
  Uint16Array: 'u16',
  Int32Array: null,
  Uint32Array: null,
};

const KIND: Readonly<Record<ElementType, Kind>> = {
  Int8Array: 'int32',
  Uint8Array: 'nonneg',
  Int16Array: 'int32',
  Uint16Array: 'nonneg',
  Int32Array: 'int32',
  Uint32Array: 'uint32',
};

/** Read-modify-write operations of `Atomics`. */
const UPDATES = ['add', 'sub', 'and', 'or', 'xor', 'exchange'] as const;

/** Everybody who waits. */
const ALL = 0x7fffffff;

/** An element of an array, its index checked. */
export interface Element {
  readonly array: ArrayValue;
  readonly index: Int;
}

export abstract class AtomsAccess extends AtomsBase {
  /** An element for a plain access, where an index that is not whole names a property. */
  protected element(array: ArrayValue, index: Value, node: ts.Node): Element {
    const { kind, expr } = this.number(index, node);
    const at = this.settle(expr, 'index', kind);
    const inside = this.isBelow(at, kind, array.length);
    const text = `the index is outside of \`${array.name}\`${lengthText(array)}`;
    this.require(inside, 'out-of-bounds', text, node, isWord(kind) && kind !== 'uint32' ? at : this.word(at));
    return { array, index: at };
  }

  /** An element for an atomic access, which cuts off fractions. */
  private atomicElement(array: ArrayValue, index: Value, node: ts.Node): Element {
    const { kind, expr } = this.number(index, node);
    if (kind !== 'number') return this.element(array, scalar(kind, expr), node);
    const whole = expr.op === 'const' ? numberValue(Math.trunc(expr.value) || 0) : scalar('int32', this.word(expr));
    return this.element(array, whole, node);
  }

  protected isBelow(index: Int, kind: Kind, length: Int): Int {
    if (index.op === 'const' && length.op === 'const') {
      return constant(Number.isInteger(index.value) && index.value >= 0 && index.value < length.value ? 1 : 0);
    }
    if (kind === 'nonneg' || kind === 'uint32') return binary('<', index, length);
    const unsigned = binary('>>>', index, constant(0));
    const below = binary('<', unsigned, length);
    return kind === 'int32' ? below : both(binary('===', unsigned, index), below);
  }

  /** The first argument of the access: the index of a 32-bit word, the address of anything smaller. */
  private at({ array, index }: Element): Int {
    const { bytes } = ELEMENTS[array.element];
    if (bytes === 1) return sum(array.start, index);
    if (bytes === 2) return sum(array.start, times(index, 2));
    return sum(array.start.op === 'const' ? constant(array.start.value / 4) : binary('>>', array.start, constant(2)), index);
  }

  /** Makes an access; where a kind is given, its result is a value. */
  private access(door: Door, element: Element, args: readonly Int[], result: Kind | null, node: ts.Node): Scalar {
    const cell = CELL[element.array.element];
    const { local, value } = result === null ? { local: -1, value: numberValue(0) } : this.resultOf(result, door);
    const source = this.whole.context.source(node);
    const at = this.at(element);
    this.cut((next) => ({ op: 'door', door, ...(cell === null ? {} : { cell }), args: [at, ...args], result: local, next, source }));
    return value;
  }

  protected readElement(element: Element, node: ts.Node): Scalar {
    return this.access('get', element, [], KIND[element.array.element], node);
  }

  protected writeElement(element: Element, value: Value, node: ts.Node): void {
    this.access('put', element, [this.word(this.number(value, node).expr)], null, node);
  }

  /** A value as an element of the array holds it. */
  private asElement({ element }: ArrayValue, value: Int): Int {
    return this.asElementOf(element, value);
  }

  protected kindOf(element: ElementType): Kind {
    return KIND[element];
  }

  protected asElementOf(element: ElementType, value: Int): Int {
    const { bytes, signed } = ELEMENTS[element];
    if (bytes === 4) return this.word(value);
    if (value.op === 'const')
      return constant(signed ? (value.value << (32 - 8 * bytes)) >> (32 - 8 * bytes) : value.value & (2 ** (8 * bytes) - 1));
    if (!signed) return binary('&', value, constant(2 ** (8 * bytes) - 1));
    return binary('>>', binary('<<', value, constant(32 - 8 * bytes)), constant(32 - 8 * bytes));
  }

  /** A call of one of the `Atomics`. */
  protected atomic(name: string, args: readonly Value[], node: ts.CallExpression, dropped: boolean): Value {
    if (name === 'isLockFree') return this.isLockFree(args, node);
    if (name === 'pause') return UNDEFINED;
    const [array, index, ...rest] = args;
    if (array === undefined || array.is !== 'array')
      return this.refuse(
        node.arguments[0] ?? node,
        'an array that is not known when the code is compiled, or not shared',
        'give the shared arrays as arguments of the thread, or as constants at the top level',
      );
    const element = this.atomicElement(array, index ?? UNDEFINED, node.arguments[1] ?? node);
    const operand = (n: number): Int => this.number(rest[n] ?? UNDEFINED, node.arguments[n + 2] ?? node).expr;
    const kind = KIND[array.element];
    if (name === 'load') return this.access('load', element, [], dropped ? null : kind, node);
    if (name === 'store') {
      const stored = this.number(rest[0] ?? UNDEFINED, node.arguments[2] ?? node);
      const [value] = this.inOrder([() => stored, () => this.access('store', element, [this.word(stored.expr)], null, node)]);
      return value === undefined || (dropped && stored.kind === 'number') ? UNDEFINED : value;
    }
    if (name === 'compareExchange') {
      const [expected, replacement] = [this.asElement(array, operand(0)), this.word(operand(1))];
      return this.access('compareExchange', element, [expected, replacement], dropped ? null : kind, node);
    }
    const update = UPDATES.find((each) => each === name);
    if (update !== undefined) return this.access(update, element, [this.word(operand(0))], dropped ? null : kind, node);
    return this.futex(name, element, rest, node, dropped);
  }

  private isLockFree(args: readonly Value[], node: ts.CallExpression): Value {
    const bytes = this.constantNumber(args[0] ?? UNDEFINED);
    if (bytes === undefined) return this.refuse(node, 'a size that is not known when the code is compiled', 'write the number');
    return scalar('boolean', constant([1, 2, 4, 8].includes(bytes) ? 1 : 0));
  }

  private futex(name: string, element: Element, rest: readonly Value[], node: ts.CallExpression, dropped: boolean): Value {
    if (!['wait', 'waitAsync', 'notify'].includes(name))
      return this.refuse(node, `\`Atomics.${name}\``, 'the language has the operations of ECMA-262 on integers of 8, 16 and 32 bits');
    if (element.array.element !== 'Int32Array')
      return this.refuse(node, `\`Atomics.${name}\` on ${describe(element.array)}, which throws`, 'wait on an Int32Array');
    if (name === 'notify') {
      const woken = this.access('notify', element, [this.notified(rest[0] ?? UNDEFINED, node)], dropped ? null : 'nonneg', node);
      return woken;
    }
    const expected = this.word(this.number(rest[0] ?? UNDEFINED, node.arguments[2] ?? node).expr);
    const timed = this.isTimed(rest[1] ?? UNDEFINED, node);
    if (name === 'waitAsync' && timed && !((this.constantNumber(rest[1] ?? UNDEFINED) ?? 0) > 0))
      return this.refuse(node, 'an asynchronous wait that may time out at once', 'give a time-out that is a number above 0, or none');
    if (name === 'waitAsync') return this.waitAsync(element, expected, timed, node);
    // The texts `ok`, `not-equal` and `timed-out` are the strings 0, 1 and 2 of every program.
    return this.access(timed ? 'waitFor' : 'wait', element, [expected], dropped ? null : 'string', node);
  }

  private notified(count: Value, node: ts.CallExpression): Int {
    if (count.is === 'none' && count.which === 'undefined') return constant(ALL);
    const { kind, expr } = this.number(count, node.arguments[2] ?? node);
    if (expr.op === 'const') return constant(Math.min(ALL, Math.max(0, Math.trunc(expr.value) || 0)));
    if (kind === 'nonneg') return expr;
    return { op: 'math', name: 'min', args: [{ op: 'math', name: 'max', args: [expr, constant(0)] }, constant(ALL)] };
  }

  /** Whether a wait has an end of its own; how long it is makes no difference to what may happen. */
  private isTimed(timeout: Value, node: ts.CallExpression): boolean {
    if (timeout.is === 'none') return timeout.which === 'null';
    const time = this.number(timeout, node.arguments[3] ?? node);
    if (time.expr.op === 'const') return !Number.isNaN(time.expr.value) && time.expr.value !== Number.POSITIVE_INFINITY;
    if (time.kind === 'number')
      return this.refuse(node.arguments[3] ?? node, 'a time-out that may be a number of any kind', 'write a constant, or a whole number');
    return true;
  }

  /** `{ async, value }`; the value is a promise, or the reason why there is none. */
  private waitAsync(element: Element, expected: Int, timed: boolean, node: ts.CallExpression): Value {
    const ticket = this.access('waitAsync', element, [expected, constant(timed ? 1 : 0)], 'int32', node);
    const isAsync = this.boolean(binary('>=', ticket.expr, constant(0)));
    const notEqual = scalar('string', constant(this.whole.text('not-equal')));
    const fields = new Map([
      ['async', { is: 'value' as const, value: isAsync }],
      ['value', { is: 'value' as const, value: { is: 'promise' as const, of: notEqual, ticket: ticket.expr } }],
    ]);
    return { is: 'object', name: '', members: null, fields };
  }

  /** What a promise is settled with; that of `waitAsync` blocks the agent until then. */
  protected awaited(value: Value, node: ts.Node): Value {
    if (value.is !== 'promise') return value;
    const { ticket } = value;
    if (ticket === null) return value.of;
    const source = this.whole.context.source(node);
    return this.either(
      binary('>=', ticket, constant(0)),
      () => {
        const { local, value: outcome } = this.resultOf('string', 'settle');
        this.cut((next) => ({ op: 'door', door: 'settle', args: [ticket], result: local, next, source }));
        return outcome;
      },
      () => value.of,
      node,
    );
  }

  // Many elements at once

  /** A method of a typed array that touches its elements. */
  protected bulk(array: ArrayValue, name: string, args: readonly Value[], node: ts.CallExpression): Value {
    if (name === 'fill') {
      const [value, from, to] = args;
      const filled = this.settle(this.word(this.number(value ?? UNDEFINED, node).expr), 'filled');
      const [start, end] = this.range(array, from, to, node);
      this.upTo(start, end, node, (index) => this.writeElement({ array, index }, scalar('int32', filled), node));
      return array;
    }
    if (name === 'set') return this.setElements(array, args, node);
    if (name === 'copyWithin') {
      const [to] = this.range(array, args[0], undefined, node);
      const [from, end] = this.range(array, args[1], args[2], node);
      const most = difference(end, from);
      const room = difference(array.length, to);
      const count = this.settle(least(most, room), 'count');
      const isSome = this.compare('>', count, constant(0));
      const copied = (): Value => {
        this.copyBytes(array, to, array, from, count, node);
        return UNDEFINED;
      };
      this.either(isSome, copied, () => UNDEFINED, node);
      return array;
    }
    if (name === 'subarray') {
      const [start, end] = this.range(array, args[0], args[1], node);
      const { bytes } = ELEMENTS[array.element];
      const length = difference(end, start);
      const most: Int =
        length.op === 'const' ? constant(Math.max(0, length.value)) : { op: 'math', name: 'max', args: [length, constant(0)] };
      return { ...array, start: this.settle(sum(array.start, times(start, bytes)), 'start'), length: this.settle(most, 'length') };
    }
    if (name === 'at') {
      const { kind, expr } = this.number(args[0] ?? UNDEFINED, node);
      const at = this.settle(expr, 'at', kind);
      const index = choose(this.compare('<', at, constant(0)), sum(at, array.length), at);
      return this.readElement(this.element(array, scalar(index.op === 'const' ? kindOfNumber(index.value) : 'integer', index), node), node);
    }
    return this.refuse(
      node,
      `\`.${name}()\` of a shared array`,
      'write a loop over its elements; there are fill, set, copyWithin, subarray and at',
    );
  }

  /** `start` and `end` as methods of arrays take them: from the end if negative, cut off at both ends. */
  private range(array: ArrayValue, from: Value | undefined, to: Value | undefined, node: ts.Node): readonly [Int, Int] {
    const bound = (value: Value | undefined, otherwise: Int): Int => {
      if (value === undefined || value.is === 'none') return otherwise;
      const { expr } = this.number(value, node);
      const { length } = array;
      if (expr.op === 'const' && length.op === 'const') {
        const whole = Math.trunc(expr.value) || 0;
        return constant(whole < 0 ? Math.max(0, length.value + whole) : Math.min(whole, length.value));
      }
      const index = this.settle(this.word(expr), 'bound');
      const fromEnd: Int = { op: 'math', name: 'max', args: [sum(index, length), constant(0)] };
      return this.settle(choose(binary('<', index, constant(0)), fromEnd, { op: 'math', name: 'min', args: [index, length] }), 'bound');
    };
    return [bound(from, constant(0)), bound(to, array.length)];
  }

  /** The same for each index from one up to another. */
  private upTo(from: Int, to: Int, node: ts.Node, work: (index: Int) => void): void {
    const local = this.graph.newLocal('each');
    const index: Int = { op: 'local', local };
    this.graph.set(local, from);
    const [head, inside, after] = [this.graph.reserve(), this.graph.reserve(), this.graph.reserve()];
    this.graph.jump(head);
    this.graph.goTo(head);
    this.round(node);
    this.graph.finish({ op: 'branch', cond: binary('<', index, to), then: inside, else: after });
    this.graph.goTo(inside);
    work(index);
    this.graph.set(local, binary('+', index, constant(1)));
    this.graph.jump(head);
    this.graph.goTo(after);
  }

  private setElements(array: ArrayValue, args: readonly Value[], node: ts.CallExpression): Value {
    const [source, offset] = args;
    const { kind, expr } = this.number(offset ?? numberValue(0), node);
    const to = this.settle(kind === 'number' ? this.word(expr) : expr, 'offset', kind);
    const fits = (count: Int): void => {
      const room = difference(array.length, count);
      const text = `what is set does not fit in \`${array.name}\`${lengthText(array)}`;
      this.require(both(this.compare('>=', to, constant(0)), this.compare('<=', to, room)), 'out-of-bounds', text, node, this.word(to));
    };
    if (source?.is === 'list') {
      fits(constant(source.elements.length));
      for (const [index, element] of source.elements.entries())
        this.writeElement({ array, index: sum(to, constant(index)) }, element, node);
      return UNDEFINED;
    }
    if (source?.is === 'cells')
      return this.setElements(array, [{ is: 'list', elements: this.elementsNow(source) }, ...args.slice(1)], node);
    if (source?.is !== 'array') return this.refuse(node, '`.set()` from something that is not an array', 'write a loop');
    fits(source.length);
    if (source.element === array.element) {
      this.copyBytes(array, to, source, constant(0), source.length, node);
      return UNDEFINED;
    }
    if (source.buffer.start === array.buffer.start)
      return this.refuse(node, '`.set()` between arrays of different types over one buffer', 'write a loop');
    this.upTo(constant(0), source.length, node, (index) => {
      const value = this.readElement({ array: source, index }, node);
      this.writeElement({ array, index: sum(to, index) }, value, node);
    });
    return UNDEFINED;
  }

  /** Elements of an array of the thread itself, as they are now. */
  protected abstract elementsNow(cells: CellsValue): readonly Value[];

  /** Byte by byte, as ECMA-262 copies between arrays of one type. */
  private copyBytes(array: ArrayValue, to: Int, source: ArrayValue, from: Int, count: Int, node: ts.Node): void {
    const { bytes } = ELEMENTS[array.element];
    const args = [sum(array.start, times(to, bytes)), sum(source.start, times(from, bytes)), times(count, bytes)];
    const place = this.whole.context.source(node);
    this.cut((next) => ({ op: 'door', door: 'copy', args, result: -1, next, source: place }));
  }
}

function lengthText({ length }: ArrayValue): string {
  return length.op === 'const' ? `, which has ${length.value} ${length.value === 1 ? 'element' : 'elements'}` : '';
}

function sum(a: Int, b: Int): Int {
  if (a.op === 'const' && b.op === 'const') return constant(a.value + b.value);
  if (a.op === 'const' && a.value === 0) return b;
  return b.op === 'const' && b.value === 0 ? a : binary('+', a, b);
}

function difference(a: Int, b: Int): Int {
  return a.op === 'const' && b.op === 'const' ? constant(a.value - b.value) : binary('-', a, b);
}

function times(a: Int, factor: number): Int {
  if (factor === 1) return a;
  return a.op === 'const' ? constant(a.value * factor) : binary('*', a, constant(factor));
}

function least(a: Int, b: Int): Int {
  return a.op === 'const' && b.op === 'const' ? constant(Math.min(a.value, b.value)) : { op: 'math', name: 'min', args: [a, b] };
}
