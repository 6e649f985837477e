/**
 * *Candidates* for a lemma that is missing: of a few forms, those that exclude a given state and are true of all states that were looked at.
 * Whether they are true of the others is for a proof to say.
 *
 *   never a                                 of the fields beside the tables, or of an element of a table, whichever it is
 *   never a and b                           both of the same element; or one of them of the fields beside the tables
 *   never a, where the element it names is b
 *
 * a and b are what a field of the given state is: true, false, one of a union, null or not, a number, 0 or not. Program counters are left out:
 * a lemma can't name them, and facts about them are found elsewhere (frames.ts).
 */
import type { Scalar } from '../compile/ir.ts';
import type { TransitionSystem } from '../compile/smt.ts';
import { type Area, asNumber, type State, type Value } from '../compile/symbolic-state.ts';
import { type Lit, not } from '../compile/term.ts';
import { anyValue } from '../compile/term-number.ts';
import { decodeScalar } from '../compile/values.ts';
import type { Goal } from './goals.ts';

export interface Candidate extends Goal {
  /** As one would write it into the lemmas of a model. */
  readonly text: string;
  /** What is never true together; and of what: of lemmas of the same the one with fewer parts says more. */
  readonly parts: readonly string[];
  readonly of: string;
  isTrueOf(cells: readonly number[]): boolean;
}

/** What a field is. */
interface Atom {
  readonly field: string;
  /** Over a place such as `s.sockets[0]`, by its text. */
  readonly text: (place: string) => string;
  readonly test: (value: number) => boolean;
}

/** Fields by name, with their cells. */
type Fields = ReadonlyMap<string, number>;

interface Table {
  readonly name: string;
  readonly elements: readonly Fields[];
}

/** Atoms that are never true together. */
interface Form {
  readonly beside: readonly Atom[];
  /** Of each element of the table. */
  readonly table: Table | null;
  readonly own: readonly Atom[];
  /** Of the element that a field of it names. */
  readonly link: { readonly field: string; readonly table: Table; readonly nullable: boolean; readonly own: readonly Atom[] } | null;
}

export function candidatesAgainst(system: TransitionSystem, cells: readonly number[]): readonly Candidate[] {
  const { root, cells: types } = system.layout;
  if (root.kind !== 'record') return [];
  const typeOf = (cell: number): Scalar => types[cell]?.type as Scalar;
  const beside = new Map<string, number>();
  const tables: Table[] = [];
  // Items of a sequence may not be there: only its length is spoken of.
  const items = new Set(system.layout.sequences.flatMap((each) => each.items));
  const fieldsOf = (name: string, area: Area): Fields => new Map([...flatten(name, area)].filter(([, cell]) => !items.has(cell)));
  for (const [name, area] of root.fields) {
    if (area.kind === 'table') tables.push({ name, elements: area.elements.map((element) => fieldsOf('', element)) });
    else for (const [field, cell] of fieldsOf(name, area)) if (types[cell]?.fixed === null) beside.set(field, cell);
  }
  const atoms = (fields: Fields): readonly Atom[] => [...fields].flatMap(([field, cell]) => atomsOf(field, typeOf(cell), cells[cell] ?? 0));
  const global = atoms(beside);
  const forms: Form[] = conjunctions(global).map((some) => ({ beside: some, table: null, own: [], link: null }));
  for (const table of tables) {
    for (const element of table.elements) {
      const own = atoms(element);
      for (const some of conjunctions(own)) forms.push({ beside: [], table, own: some, link: null });
      for (const one of own) for (const other of global) forms.push({ beside: [other], table, own: [one], link: null });
      for (const [field, cell] of element) {
        const type = typeOf(cell);
        const target = type.kind === 'id' ? tables.find(({ name }) => name === `${type.of}s`) : undefined;
        if (type.kind !== 'id' || target === undefined) continue;
        const named = target.elements[(cells[cell] ?? 0) - (type.nullable ? 1 : 0)];
        if (named === undefined) continue;
        const link = (other: Atom) => ({ field, table: target, nullable: type.nullable, own: [other] });
        for (const other of atoms(named)) {
          for (const some of [[], ...own.filter((atom) => atom.field !== field).map((atom) => [atom])])
            forms.push({ beside: [], table, own: some, link: link(other) });
        }
      }
    }
  }
  const made = new Map<string, Candidate>();
  for (const form of forms) {
    const words = wordsOf(form);
    if (!made.has(words.text)) made.set(words.text, candidateOf(system, beside, form, words));
  }
  return [...made.values()].sort((a, b) => a.parts.length - b.parts.length);
}

function atomsOf(field: string, type: Scalar, value: number): readonly Atom[] {
  const at = (place: string): string => (field === '' || field.startsWith('[') ? `${place}${field}` : `${place}.${field}`);
  const equals = (each: number): boolean => each === value;
  const shown = decodeScalar(type, value);
  switch (type.kind) {
    case 'bool':
      return [{ field, text: (place) => `${value === 0 ? '!' : ''}${at(place)}`, test: equals }];
    case 'enum':
      return [{ field, text: (place) => `${at(place)} === '${String(shown)}'`, test: equals }];
    case 'int': {
      const exactly: Atom = { field, text: (place) => `${at(place)} === ${value}`, test: equals };
      return value === 0 ? [exactly] : [{ field, text: (place) => `${at(place)} > 0`, test: (each) => each > 0 }, exactly];
    }
    case 'id':
      // Which one it is makes no lemma.
      if (!type.nullable) return [];
      return [
        { field, text: (place) => `${at(place)} ${value === 0 ? '===' : '!=='} null`, test: (each) => (each === 0) === (value === 0) },
      ];
  }
}

function conjunctions(atoms: readonly Atom[]): readonly (readonly Atom[])[] {
  const pairs = atoms.flatMap((one, at) => atoms.slice(at + 1).flatMap((other) => (one.field === other.field ? [] : [[one, other]])));
  return [...atoms.map((atom) => [atom]), ...pairs];
}

function wordsOf({ beside, table, own, link }: Form): Pick<Candidate, 'text' | 'parts' | 'of'> {
  const global = beside.map((atom) => atom.text('s'));
  if (table === null) return { text: `(s) => !(${global.join(' && ')})`, parts: global, of: '' };
  const plural = table.name.endsWith('s') ? table.name.slice(0, -1) : 'each';
  const linked = link === null ? [] : link.own.map((atom) => atom.text(`s.${link.table.name}[${plural}.${link.field}]`));
  const isThere = link?.nullable === true ? [`${plural}.${link.field} !== null`] : [];
  const parts = [...global, ...own.map((atom) => atom.text(plural)), ...isThere, ...linked];
  return { text: `(s) => s.${table.name}.every((${plural}) => !(${parts.join(' && ')}))`, parts, of: table.name };
}

function candidateOf(system: TransitionSystem, global: Fields, form: Form, words: Pick<Candidate, 'text' | 'parts' | 'of'>): Candidate {
  const { beside, table, own, link } = form;
  const places = table === null ? [new Map<string, number>()] : table.elements;
  const indices = link === null ? [] : [...link.table.elements.keys()].map((index) => index + (link.nullable ? 1 : 0));
  const isSaid = (cells: readonly number[], atoms: readonly Atom[], fields: Fields): boolean =>
    atoms.every(({ field, test }) => test(cells[fields.get(field) ?? -1] ?? 0));
  const said = (state: State, atoms: readonly Atom[], fields: Fields): Lit =>
    system.terms.all(atoms.map(({ field, test }) => anyValue(system.terms, asNumber(state[fields.get(field) ?? -1] as Value), test)));
  return {
    ...words,
    id: words.text,
    kind: 'lemma',
    found: true,
    isTrueOf: (cells) =>
      !isSaid(cells, beside, global) ||
      places.every((fields) => {
        if (!isSaid(cells, own, fields)) return true;
        if (link === null) return false;
        const named = link.table.elements[indices.indexOf(cells[fields.get(link.field) ?? -1] ?? 0)];
        return named === undefined || !isSaid(cells, link.own, named);
      }),
    holds: (state) => {
      const { terms } = system;
      const broken = places.map((fields) => {
        const here = said(state, own, fields);
        if (link === null) return here;
        const id = asNumber(state[fields.get(link.field) ?? -1] as Value);
        const named = link.table.elements.map((element, index) =>
          terms.and(
            anyValue(terms, id, (value) => value === indices[index]),
            said(state, link.own, element),
          ),
        );
        return terms.and(here, terms.any(named));
      });
      return not(terms.and(said(state, beside, global), terms.any(broken)));
    },
  };
}

/** The cells of an area by name. */
function flatten(name: string, area: Area): Map<string, number> {
  switch (area.kind) {
    case 'cell':
      return new Map([[name, area.cell]]);
    case 'record':
      return new Map([...area.fields].flatMap(([field, inner]) => [...flatten(inside(name, field), inner)]));
    case 'table':
      return new Map(area.elements.flatMap((inner, index) => [...flatten(`${name}[${index}]`, inner)]));
  }
}

function inside(name: string, field: string): string {
  return name === '' ? field : `${name}.${field}`;
}
