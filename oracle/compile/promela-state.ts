/**
 * The state of a model as Promela variables. Each cell of the packed state is one variable, or one element of an array where the
 * cell lies in tables: `sockets[1].rcv.cc` is `s_sockets_rcv_cc[1]`, and an item of a sequence in a table of four is
 * `s_sockets_queue_items[so * 4 + place]`. A cell that has only one value takes no room here either. The frames of the agents are
 * `f_<agent>_pc` and `f_<agent>_<slot>`, the fault cell is `fault`; together they are all that tells two states apart.
 */
import type { Machine, Program, Scalar, Type } from './ir.ts';
import { frameType, isGiven, PC, sequenceRecord } from './layout.ts';
import { encodedRange } from './liveness.ts';

/** The cells of all elements at one path. */
export interface Cells {
  /** The variable; null where the cell has only one value, which is 0. */
  readonly variable: string | null;
  /** The sizes of the tables on the way, the outermost first. */
  readonly sizes: readonly number[];
}

export interface PromelaState {
  /** By path: the fields, joined by dots, without the indices. */
  readonly cells: ReadonlyMap<string, Cells>;
  readonly declarations: readonly string[];
  /** What SPIN's state vector takes for them at most, in bytes. */
  readonly bytes: number;
}

/** The path of a field of an agent's frame. */
export function framePath(agent: string, field: string): string {
  return `#frames.${agent}.${field}`;
}

/** Where the pc of an agent's frame lies. */
export function pcPath(agent: string): string {
  return framePath(agent, PC);
}

/** A name of its own for each thing, of letters, digits and `_`. */
export class Names {
  readonly #taken = new Set<string>();

  fresh(wanted: string): string {
    const name = wanted.replaceAll(/[^A-Za-z0-9]+/g, '_');
    let free = name;
    for (let more = 2; this.#taken.has(free); more++) free = `${name}_${more}`;
    this.#taken.add(free);
    return free;
  }
}

export function promelaState(program: Program, machines: readonly Machine[], names: Names): PromelaState {
  const cells = new Map<string, Cells>();
  const declarations: string[] = [];
  let bytes = 0;
  const declare = (path: string, wanted: string, type: Scalar, sizes: readonly number[]): void => {
    const count = sizes.reduce((product, size) => product * size, 1);
    const { lo, hi } = encodedRange(type);
    if (count === 0 || (lo === 0 && hi === 0)) {
      cells.set(path, { variable: null, sizes });
      return;
    }
    const variable = names.fresh(wanted);
    const stored = storage(lo, hi, count);
    declarations.push(`${stored.declare(variable)};${comment(type)}`);
    bytes += stored.bytes;
    cells.set(path, { variable, sizes });
  };
  const walk = (path: string, wanted: string, type: Type, sizes: readonly number[]): void => {
    switch (type.kind) {
      case 'record':
        for (const field of type.fields) walk(`${path}.${field.name}`, `${wanted}_${field.name}`, field.type, sizes);
        return;
      case 'seq':
        walk(path, wanted, sequenceRecord(type), sizes);
        return;
      case 'table':
        walk(path, wanted, type.element, [...sizes, type.size]);
        return;
      default:
        declare(path, wanted, type, sizes);
    }
  };
  for (const field of program.state.fields) if (!isGiven(program, field)) walk(field.name, `s_${field.name}`, field.type, []);
  for (const machine of machines) {
    for (const { name, type } of frameType(machine).fields) {
      walk(framePath(machine.agent, name), `f_${machine.agent}_${name.replace('#', '')}`, type, [machine.size]);
    }
  }
  return { cells, declarations, bytes };
}

/** A variable of numbers from `lo` to `hi`, or an array of so many of them. */
export function storage(lo: number, hi: number, count = 1): { readonly declare: (name: string) => string; readonly bytes: number } {
  const unsigned = lo >= 0;
  if (count === 1 && unsigned && hi < 2 ** 16) {
    const bits = 32 - Math.clz32(Math.max(hi, 1));
    return { declare: (name) => (bits === 1 ? `bit ${name}` : `unsigned ${name} : ${bits}`), bytes: Math.ceil(bits / 8) };
  }
  const [word, bytes] = unsigned && hi < 2 ** 8 ? ['byte', 1] : lo >= -(2 ** 15) && hi < 2 ** 15 ? ['short', 2] : ['int', 4];
  return { declare: (name) => (count === 1 ? `${word} ${name}` : `${word} ${name}[${count}]`), bytes: bytes * count };
}

/** What the numbers of a type mean. */
function comment(type: Scalar): string {
  switch (type.kind) {
    case 'enum':
      return ` /* ${type.values.map((value, index) => `${index} ${value}`).join(', ')} */`.replaceAll('*/ */', '* / */');
    case 'id':
      return type.nullable ? ` /* 0 null, otherwise 1 + a ${type.of} */` : ` /* a ${type.of} */`;
    default:
      return '';
  }
}
