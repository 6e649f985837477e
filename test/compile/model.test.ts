/** A compiled model as data: what goes in comes out, configuration folds away, faults are found and named. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { compileModel } from '../../oracle/compile/frontend.ts';
import { emitJavaScript } from '../../oracle/compile/javascript.ts';
import { type CompiledModel, loadModel, valuesOf } from '../../oracle/compile/model.ts';
import { decodeState, encodeState, OutOfBounds } from '../../oracle/compile/values.ts';
import { compile, dice } from './differential.ts';

const root = path.resolve(import.meta.dirname, '../..');
const MODELS = 'test/compile/models';

/** Random states that a model can reach. */
function* reached(model: CompiledModel, count: number): Generator<Int32Array> {
  const roll = dice(7);
  const w = model.initial();
  for (let n = 0; n < count; n++) {
    const agent = roll(model.agents.length);
    const def = model.agents[agent];
    if (def === undefined) throw new Error('no agent');
    const who = roll(def.size);
    const procedure = roll(def.procedures.length);
    const args = def.procedures[procedure]?.params.map((p) => roll(valuesOf(p.type))) ?? [];
    if (model.pc(w, agent, who) === 0) model.start(w, agent, who, procedure, args);
    else model.resume(w, agent, who);
    if (model.fault(w) !== null || n % 50 === 0) w.fill(0);
    yield w;
  }
}

describe('a state', () => {
  for (const [entry, configuration] of [
    [`${MODELS}/queue.ts`, { policy: 'patient', eager: true }],
    [`${MODELS}/refcount.ts`, {}],
    ['model/index.ts', { design: 'p06' }],
  ] as const) {
    test(`of ${entry} decodes and encodes to itself, written out or by the layout`, () => {
      const model = compile({ root, entry, configuration });
      const { program, layout } = emitJavaScript(compileModel({ root, entry, configuration }));
      for (const w of reached(model, 2000)) {
        const { state } = model.decode(w);
        expect(state).toEqual(decodeState(program, layout, w));
        const frames = Object.fromEntries(
          model.agents.map((agent, index) => [agent.name, Array.from({ length: agent.size }, (_, who) => model.rawFrame(w, index, who))]),
        );
        expect(model.encode(state, frames)).toEqual(w);
      }
    });
  }

  test('survives being written to JSON with its program', () => {
    const artefact = emitJavaScript(compileModel({ root, entry: `${MODELS}/lock.ts`, configuration: { locking: 'always' } }));
    const model = loadModel(JSON.parse(JSON.stringify(artefact)));
    const w = model.initial();
    expect(model.start(w, 0, 1, 0, [])).toBe(true);
    expect(model.describe(w, 0, 1)).toEqual({ file: `${MODELS}/lock.ts`, line: 30 });
    expect(model.decode(w).frames).toMatchObject({ worker: [{ pc: 0 }, { pc: 1, procedure: 'increment' }, { pc: 0 }] });
    expect(model.readCell(w, ['workers', 1, 'inside'])).toBe(false);
    expect(model.resume(w, 0, 1)).toBe(true);
    expect(model.readCell(w, ['workers', 1, 'inside'])).toBe(true);
    expect(model.readCell(w, ['holder'])).toBe(1);
    expect(model.resume(w, 0, 0)).toBe(false);
    expect(model.start(w, 0, 0, 0, [])).toBe(true);
    expect(model.resume(w, 0, 0), 'the lock is held').toBe(false);
  });

  test('outside its type is refused with the path', () => {
    const { program, layout } = emitJavaScript(compileModel({ root, entry: `${MODELS}/lock.ts` }));
    const bad = { locking: 'always', holder: null, register: 7, workers: [] };
    expect(() => encodeState(program, layout, bad)).toThrow(new OutOfBounds('register', 7, 'a whole number from 0 to 6').message);
    expect(() => encodeState(program, layout, { ...bad, register: 1 })).toThrow('workers is [], expected 3 elements');
  });
});

describe('a program', () => {
  test('takes constants and configuration from outside', () => {
    const small = compileModel({
      root,
      entry: `${MODELS}/lock.ts`,
      constants: { WORKERS: 2, ROUNDS: 1 },
      configuration: { locking: 'never' },
    });
    expect(small.constants).toEqual({ LIMIT: 2, ROUNDS: 1, WORKERS: 2 });
    expect(small.agents.map((agent) => agent.size)).toEqual([2]);
    expect(
      small.rules.map((rule) => rule.id),
      'no lock is taken',
    ).toEqual(['increment_1']);
    expect(small.configuration).toEqual({ locking: 1 });
  });

  test('keeps configuration that is not given as cells of the state', () => {
    const model = compile({ root, entry: `${MODELS}/lock.ts` });
    const { state } = model.decode(model.initial());
    const started = (w: Int32Array): number => {
      model.start(w, 0, 0, 0, []);
      return model.pc(w, 0, 0);
    };
    const pcs = [started(model.initial()), started(model.encode({ ...state, locking: 'never' }))];
    expect(new Set(pcs).size, 'with a lock the first pause is another').toBe(2);
  });

  test('names its properties, rules and places with the words of the source', () => {
    const program = compileModel({ root, entry: `${MODELS}/lock.ts`, configuration: { locking: 'always' } });
    expect(program.invariants.map(({ id, text }) => ({ id, text }))).toEqual([
      { id: 'exclusive', text: 'At most one worker is inside.' },
      { id: 'sum-is-register', text: 'No increment is lost.' },
    ]);
    expect(program.rules[0]).toMatchObject({ id: 'lock_1', text: 'the lock is free: take it', file: `${MODELS}/lock.ts` });
  });

  test('compiles to the same text twice', () => {
    const emit = (): string => emitJavaScript(compileModel({ root, entry: 'model/index.ts', configuration: { design: 'sockref' } })).source;
    expect(emit()).toBe(emit());
  });
});

describe('a broken bound', () => {
  const overflow = `
    import { defineModel, type Id, type Nat, type Procedure, range, type Seq, type Table } from '../../model/lang.ts';
    export type CellId = Id<'cell', 2>;
    export interface State { n: Nat<3>; list: Seq<CellId, 2>; next: Table<CellId | null, 2>; kind: Nat<1> }
    export const cells = range<CellId>(2);
    declare function initial(configuration: object): State;
    function* add(s: State, who: CellId, by: Nat<2>): Procedure { s.n += by; s.kind = 1; }
    function* less(s: State, who: CellId): Procedure { s.n--; }
    function* local(s: State, who: CellId): Procedure { let sum: Nat<4> = 3; sum += s.n; s.n = sum > 3 ? 1 : 0; }
    function* push(s: State, who: CellId): Procedure { s.list.push(who); }
    function* head(s: State, who: CellId): Procedure { s.next[who] = s.list[0]; }
    function* follow(s: State, who: CellId): Procedure { s.next[s.next[who] as CellId] = null; }
    export const toy = defineModel<State>({ initial, agents: { a: { size: 2, procedures: { add, less, local, push, head, follow } } }, invariants: { small: (s) => s.next[s.next[0] as CellId] === null }, lemmas: {} });
  `;
  const file = 'test/compile/overflow.ts';
  const model = compile({ root, entry: file, sources: { [file]: overflow } });
  const run = (...moves: readonly (readonly [procedure: number, ...args: number[]])[]): Int32Array => {
    const w = model.initial();
    for (const [procedure, ...args] of moves) expect(model.start(w, 0, 1, procedure, args)).toBe(true);
    return w;
  };

  test('is recorded once, the write does not happen and the step goes on', () => {
    const w = run([0, 2], [0, 1], [0, 2]);
    expect(model.fault(w)).toEqual({ file, line: 7, fault: 'overflow', text: 's.n += by: `n` is a number from 0 to 3' });
    expect(model.decode(w).state).toMatchObject({ n: 3, kind: 1 });
    model.start(w, 0, 0, 1, []);
    model.start(w, 0, 0, 3, []);
    expect(model.fault(w)?.line).toBe(7);
  });

  test('is found below zero, in a variable, in a sequence, at a null', () => {
    expect(model.fault(run([1]))).toMatchObject({ fault: 'overflow', line: 8 });
    expect(model.fault(run([2]))).toBeNull();
    expect(model.fault(run([0, 2], [2]))).toMatchObject({ fault: 'overflow', text: 'sum += s.n: `sum` is a number from 0 to 4' });
    expect(model.fault(run([3], [3]))).toBeNull();
    expect(model.fault(run([3], [3], [3]))).toMatchObject({ fault: 'overflow', text: 's.list.push(who): the sequence holds at most 2' });
    expect(model.fault(run([4]))).toMatchObject({ fault: 'index', text: 's.list[0]: the sequence has no such item' });
    expect(model.fault(run([3], [4]))).toBeNull();
    expect(model.fault(run([5]))).toMatchObject({ fault: 'null', text: 's.next[who] is null' });
  });

  test('inside a predicate means that it does not hold, and leaves no trace', () => {
    const w = model.initial();
    expect(model.invariants[0]?.holds(w)).toBe(false);
    expect(model.fault(w)).toBeNull();
    expect(model.invariants[0]?.holds(model.encode({ n: 0, list: [], next: [1, null], kind: 0 }))).toBe(true);
  });
});
