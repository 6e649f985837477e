/**
 * The pieces of source in `refusals.txt`, and a model around them: one a line, so that the line of a diagnostic names the piece.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Refused {
  readonly top: string;
  readonly body: string;
  /** An interface that is used in the state; then there is no body. */
  readonly type: string;
  /** Refused only when the steps of the procedure are laid out. */
  readonly late: boolean;
  /** `construct`: problem. Advice. One for each diagnostic. */
  readonly says: readonly string[];
}

export function readRefusals(): readonly Refused[] {
  const text = readFileSync(path.join(import.meta.dirname, 'refusals.txt'), 'utf8');
  const [, table = ''] = text.split('\n----\n');
  return table
    .trim()
    .split(/\n\n+/)
    .map((paragraph) => {
      const parts = paragraph.split('\n').map((line) => ({ key: line.trim().slice(0, 4).trim(), value: line.trim().slice(4).trim() }));
      const of = (key: string): string => parts.find((part) => part.key === key)?.value ?? '';
      return {
        top: of('top'),
        body: of('body') || of('late'),
        type: of('type'),
        late: of('late') !== '',
        says: parts.flatMap(({ key, value }) => (key === 'says' ? [value] : [])),
      };
    });
}

export function modelWith(cases: readonly Refused[]): { readonly source: string; readonly firstLine: number } {
  const badFields = cases.map((c, k) => (c.type === '' ? '' : `bad${k}: Bad${k};`)).join(' ');
  const head = [
    "import { defineModel, first, type Id, type Nat, type Procedure, range, remove, reset, rule, type Seq, type Table, until, when } from '../../model/lang.ts';",
    'export const N = 3;',
    "export type ThingId = Id<'thing', typeof N>;",
    "export type Kind = 'a' | 'b' | 'c';",
    'export interface Part { n: Nat<3>; kind: Kind }',
    'export interface Thing { n: Nat<3>; on: boolean; kind: Kind; next: ThingId | null; queue: Seq<ThingId, 2>; part: Part }',
    `export interface State { readonly mode: 'x' | 'y'; things: Table<Thing, typeof N>; total: Nat<9>; ${badFields} }`,
    'export const things = range<ThingId>(N);',
    'const table = { a: 1, b: 2, c: 3 } as const;',
    "declare function initial(configuration: { mode: 'x' | 'y' }): State;",
    'function bump(s: State, id: ThingId): boolean { s.total += 1; return s.things[id].on; }',
    'function isOn(s: State, id: ThingId): boolean { return s.things[id].on; }',
    "function freshPart(): Part { return { n: 0, kind: 'a' }; }",
    'function* other(s: State, who: ThingId): Procedure<boolean> { yield; return s.things[who].on; }',
  ];
  const lines = cases.map((c, k) => {
    if (c.type !== '') return c.type.replace('Bad', `Bad${k}`);
    return `${c.top} function* run${k}(s: State, who: ThingId): Procedure { ${c.body} }`;
  });
  const procedures = cases.flatMap((c, k) => (c.type === '' ? [`run${k}`] : [])).join(', ');
  const tail = `export const toy = defineModel<State>({ initial, agents: { runner: { size: N, procedures: { ${procedures} } } }, invariants: {}, lemmas: {} });`;
  return { source: [...head, ...lines, tail, ''].join('\n'), firstLine: head.length + 1 };
}
