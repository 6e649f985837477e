/**
 * Methods of *lists*: arrays whose elements are written out, or known one by one. They are taken apart when the code is compiled: a loop over
 * a list of locks becomes the code for each lock.
 */
import type { ts } from 'ts-morph';
import { AtomsPlatform } from './atoms-platform.ts';
import { choose, constant } from './atoms-types.ts';
import { type CellsValue, type ListValue, numberValue, scalar, UNDEFINED, type Value } from './atoms-values.ts';
import type { Int } from './ir-impl.ts';

export abstract class AtomsLists extends AtomsPlatform {
  /** Null: there is no such method. What a callback changes the next one sees. */
  protected listCall(list: ListValue | CellsValue, name: string, args: readonly Value[], node: ts.CallExpression): Value | null {
    const [fn, second] = args;
    const reads =
      list.is === 'list' ? list.elements.map((element) => () => element) : list.variables.map((variable) => () => this.read(variable));
    const call = (read: () => Value, index: number): Value =>
      this.apply(fn ?? UNDEFINED, [this.settleValue(read(), 'element'), numberValue(index)], node, false);
    switch (name) {
      case 'forEach':
        for (const [index, read] of reads.entries()) call(read, index);
        return UNDEFINED;
      case 'map': {
        const values = this.inOrder(reads.map((read, index) => () => call(read, index)));
        return list.is === 'cells' && list.element !== null ? this.newCells(list.name, list.element, values, node) : this.newListOf(values);
      }
      case 'some':
      case 'every':
        return this.quantified(name === 'some', reads, (read, index) => this.truth(call(read, index), node), node);
      case 'reduce': {
        const [first, ...rest] = reads;
        const [start, others, skipped] = second === undefined ? [first?.(), rest, 1] : [second, reads, 0];
        if (start === undefined) return null;
        return others.reduce<Value>(
          (sum, read, index) =>
            this.apply(
              fn ?? UNDEFINED,
              [this.settleValue(sum, 'sum'), this.settleValue(read(), 'element'), numberValue(index + skipped)],
              node,
              false,
            ),
          this.settleValue(start, 'sum'),
        );
      }
      default:
        return this.wholeCall(list, name, args, node);
    }
  }

  /** Methods without a callback. */
  private wholeCall(list: ListValue | CellsValue, name: string, args: readonly Value[], node: ts.CallExpression): Value | null {
    const [fn, second] = args;
    const elements = list.is === 'list' ? list.elements : this.elementsNow(list);
    switch (name) {
      case 'indexOf':
      case 'includes': {
        if (second !== undefined) return null;
        const places = elements.map((element) => this.same(element, fn ?? UNDEFINED, false, node));
        if (name === 'includes')
          return this.boolean(places.reduceRight<Int>((rest, place) => choose(place, constant(1), rest), constant(0)));
        const index = places.reduceRight<Int>((rest, place, at) => choose(place, constant(at), rest), constant(-1));
        return index.op === 'const' ? numberValue(index.value) : scalar('int32', index);
      }
      case 'at': {
        const index = this.constantNumber(fn ?? UNDEFINED);
        return index === undefined ? null : (elements.at(index) ?? UNDEFINED);
      }
      case 'slice': {
        const [from, to] = [fn, second].map((value) => (value === undefined ? undefined : this.constantNumber(value)));
        return (fn !== undefined && from === undefined) || (second !== undefined && to === undefined)
          ? null
          : this.newListOf(elements.slice(from, to));
      }
      case 'concat':
        if (list.is === 'cells' && list.element !== null) return null;
        return this.newListOf([...elements, ...args.flatMap((arg) => this.spreadable(arg) ?? [arg])]);
      case 'join': {
        const texts = elements.map((element) => this.known(element));
        const isKnown = texts.every((text) => text !== undefined);
        return isKnown ? this.string(texts.join(fn === undefined ? ',' : this.known(fn))) : { is: 'text' };
      }
      default:
        return null;
    }
  }

  /** Elements of what `concat` takes apart: of arrays, but not of typed ones. */
  private spreadable(value: Value): readonly Value[] | null {
    if (value.is === 'list') return value.elements;
    return value.is === 'cells' && value.element === null ? this.elementsNow(value) : null;
  }

  /** One after the other, until one decides. */
  private quantified(
    some: boolean,
    reads: readonly (() => Value)[],
    test: (read: () => Value, index: number) => Int,
    node: ts.Node,
  ): Value {
    const from = (index: number): Value => {
      const read = reads[index];
      if (read === undefined) return this.boolean(constant(some ? 0 : 1));
      const decided = (): Value => this.boolean(constant(some ? 1 : 0));
      const next = (): Value => from(index + 1);
      return some ? this.either(test(read, index), decided, next, node) : this.either(test(read, index), next, decided, node);
    };
    return from(0);
  }
}
