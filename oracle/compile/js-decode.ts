/**
 * Decoding as JavaScript: one function without loops that builds a state in source terms from its words. Lockstep runs decode
 * after every call, so this is written out where `values.ts` interprets the layout.
 */
import type { Program, Scalar, Type } from './ir.ts';
import { type Address, elementAddress, fieldAddress, readCode } from './js-expressions.ts';
import { isGiven, type Layout } from './layout.ts';
import { decodeScalar } from './values.ts';

/** Beyond this capacity a sequence is sliced, not written out for each length. */
const WRITTEN_OUT = 4;

/** `D(w)`: the state without its frames. */
export function decoderCode(program: Program, layout: Layout): string {
  const unions = new Map<string, number>();
  const root: Address = { word: 0, shift: 0, node: layout.root };
  const fields = program.state.fields.map((field) => {
    const { type } = field;
    const isScalar = type.kind !== 'record' && type.kind !== 'table' && type.kind !== 'seq';
    const given = isGiven(program, field) && isScalar;
    const value = given
      ? JSON.stringify(decodeScalar(type, program.configuration[field.name] ?? 0))
      : valueCode(fieldAddress(root, field.name), type, unions);
    return `${JSON.stringify(field.name)}: ${value}`;
  });
  return [
    ...[...unions].map(([values, index]) => `const E${index} = ${values};`),
    'function N(value) { return value === 0 ? null : value - 1; }',
    `function D(w) { return { ${fields.join(', ')} }; }`,
  ].join('\n');
}

function valueCode(at: Address, type: Type, unions: Map<string, number>): string {
  switch (type.kind) {
    case 'record':
      return `{ ${type.fields.map((f) => `${JSON.stringify(f.name)}: ${valueCode(fieldAddress(at, f.name), f.type, unions)}`).join(', ')} }`;
    case 'table':
      return `[${Array.from({ length: type.size }, (_, index) => valueCode(elementAddress(at, index), type.element, unions)).join(', ')}]`;
    case 'seq': {
      const length = readCode(fieldAddress(at, 'length'));
      const items = fieldAddress(at, 'items');
      const parts = Array.from({ length: type.capacity }, (_, index) => valueCode(elementAddress(items, index), type.element, unions));
      if (type.capacity > WRITTEN_OUT) return `[${parts.join(', ')}].slice(0, ${length})`;
      const byLength = parts.map((_, n) => `(${length}) === ${n} ? [${parts.slice(0, n).join(', ')}] : `);
      return `(${byLength.join('')}[${parts.join(', ')}])`;
    }
    default:
      return scalarCode(readCode(at), type, unions);
  }
}

function scalarCode(read: string, type: Scalar, unions: Map<string, number>): string {
  switch (type.kind) {
    case 'bool':
      return `(${read}) !== 0`;
    case 'int':
      return read;
    case 'enum': {
      const values = JSON.stringify(type.values);
      const index = unions.get(values) ?? unions.size;
      unions.set(values, index);
      return `E${index}[${read}]`;
    }
    case 'id':
      return type.nullable ? `N(${read})` : read;
  }
}
