/** What the compiler can't take it refuses by name, place and advice, and everything at once. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CompileError, type Diagnostic } from '../../oracle/compile/errors.ts';
import { compileModel } from '../../oracle/compile/frontend.ts';
import { modelWith, type Refused, readRefusals } from './refusals.ts';

const root = path.resolve(import.meta.dirname, '../..');
const FILE = 'test/compile/refused.ts';

function diagnosticsOf(source: string): readonly Diagnostic[] {
  try {
    compileModel({ root, entry: FILE, sources: { [FILE]: source } });
  } catch (error) {
    if (error instanceof CompileError) return error.diagnostics;
    throw error;
  }
  return [];
}

/** Lines in the text of a message depend on what stands before; they are left open. */
function says(d: Diagnostic): string {
  return `\`${d.construct}\`: ${d.problem}. ${d.advice}.`.replace(/(refused\.ts):\d+/, '$1:N');
}

function nameOf({ type, body }: Refused): string {
  return type || body;
}

const REFUSED = readRefusals();

describe('everything outside the language is refused in one run', () => {
  const cases = REFUSED.filter((refused) => !refused.late);
  const { source, firstLine } = modelWith(cases);
  const all = diagnosticsOf(source);
  for (const [k, refused] of cases.entries()) {
    test(nameOf(refused), () => {
      expect(all.filter((d) => d.line === firstLine + k && d.file === FILE).map(says)).toEqual(refused.says);
    });
  }
  test('and nothing else is', () => {
    expect(all.filter((d) => d.line < firstLine || d.line >= firstLine + cases.length)).toEqual([]);
  });
});

/** `items` and `length` are what a sequence consists of: a field of that name is a field like any other. */
describe('so it is where fields are called `items` and `length`', () => {
  const renamed = (text: string): string =>
    text.replaceAll(/\bs\.things\b|\bthings(?=: Table)/g, (found) => found.replace('things', 'items')).replaceAll(/\bpart\b/g, 'length');
  const cases = REFUSED.filter(({ late, body }) => !late && /\bpart\b|takesThing|thing = s\.things/.test(body));
  const { source, firstLine } = modelWith(cases);
  const all = diagnosticsOf(renamed(source));
  for (const [k, refused] of cases.entries()) {
    test(renamed(nameOf(refused)), () => {
      expect(all.filter((d) => d.line === firstLine + k && d.file === FILE).map(says)).toEqual(refused.says.map(renamed));
    });
  }

  test('and what is done to one is not done to the other', () => {
    const body = `const one = s.box.length; s.box.items = freshPart(); one.n = 1;
      for (const id of s.items) { s.things[id].on = true; s.length.push(id); }`;
    const { source: fine } = modelWith([{ top: '', type: '', late: false, body, says: [] }]);
    const withBox = fine
      .replace('total: Nat<9>;', 'total: Nat<9>; box: Box; items: Seq<ThingId, 2>; length: Seq<ThingId, 2>;')
      .replace('export interface State', 'export interface Box { items: Part; length: Part }\nexport interface State');
    expect(diagnosticsOf(withBox).map(says)).toEqual([]);
  });
});

describe('what is seen only when steps are laid out is refused as well', () => {
  for (const refused of REFUSED.filter((each) => each.late)) {
    test(nameOf(refused), () => {
      const { source, firstLine } = modelWith([refused]);
      const all = diagnosticsOf(source);
      expect(all.map((d) => d.line)).toEqual(all.map(() => firstLine));
      expect(all.map(says)).toEqual(refused.says);
    });
  }
});

const BOUND =
  '`typeof N`: a bound that is not a whole number known at compile time. write a literal, or `typeof NAME` of a top-level `export const NAME = …`.';
const SIZE = '`things.length`: the number of agents is not a constant. write a number or the name of a constant.';

describe('the declaration of a model is checked', () => {
  const ok = modelWith([{ top: '', type: '', late: false, body: 's.total = 0;', says: [] }]).source;
  test('a model without faults is taken', () => expect(diagnosticsOf(ok)).toEqual([]));

  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'procedures: { run0 }',
      'procedures: { run0: isOn as never }',
      ['`isOn as never`: a procedure that is not a generator. write `function*`, even if it never yields.'],
    ],
    [
      'who: ThingId): Procedure {',
      "who: Id<'x', 2>): Procedure {",
      [
        "`who: Id<'x', 2>`: the second parameter of a procedure is the agent's own id, of 3. write `who: Id<'thread', typeof THREADS>` with the size of the agent.",
      ],
    ],
    [
      'invariants: {}',
      'invariants: { fine: (s) => bump(s, things[0]) }',
      ['`(s) => bump(s, things[0])`: `fine` changes the state. a predicate only reads.'],
    ],
    [
      'invariants: {}',
      'invariants: { fine: (s) => s.total }',
      ['`(s) => s.total`: `fine` is not a predicate of the state. write `(s: State) => boolean`.'],
    ],
    [
      'defineModel<State>',
      'range',
      [
        '`import { defineModel, first, type Id, type Nat, type Proc…`: no call of `defineModel`. declare the model here: `export const model = defineModel({ initial, agents, invariants, lemmas });`.',
      ],
    ],
    ['export const N = 3;', 'export const N = Math.floor(3);', [BOUND, BOUND, SIZE.replace('things.length', 'N')]],
    ['size: N', 'size: things.length', [SIZE]],
  ];
  for (const [old, text, expected] of cases) {
    test(text, () => expect(diagnosticsOf(ok.replace(old, text)).map(says)).toEqual(expected));
  }

  test('constants and configuration that do not exist are refused', () => {
    const compile = (): unknown =>
      compileModel({ root, entry: FILE, sources: { [FILE]: ok }, constants: { M: 4 }, configuration: { mood: 'x', mode: 'z' } });
    expect(compile).toThrow(CompileError);
    expect(compile).toThrow(/`M`: the model has no such constant[\s\S]*no configuration `mood`[\s\S]*this value is not/);
  });

  test('a missing file is refused', () => {
    expect(() => compileModel({ root, entry: 'test/compile/nowhere.ts' })).toThrow('test/compile/nowhere.ts:1:1: there is no such file');
  });
});

test('text that is not TypeScript is refused where it ceases to be, though the parser goes on behind it', () => {
  const { source } = modelWith([]);
  const [first, ...more] = diagnosticsOf(`${source}\n}\n`);
  expect(more).toEqual([]);
  expect(first).toMatchObject({ file: FILE, line: source.split('\n').length + 1, column: 1 });
  expect(first?.problem).toBe('this is not TypeScript: Declaration or statement expected');
});
