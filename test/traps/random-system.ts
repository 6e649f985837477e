/**
 * Random systems, as source text: a handful of fields of any shape that the language has, two kinds of agents, procedures with guards,
 * loops, pauses and calls, helper functions, invariants and a lemma. They mean nothing; that all engines say the same of them means a lot.
 *
 * They are kept small: most have fewer than a thousand states, and those that have more are left to others.
 */
import { dice } from '../compile/differential.ts';

interface Field {
  readonly name: string;
  readonly type: string;
  /** Expressions that read it, by the type of what comes out. */
  readonly numbers: readonly string[];
  readonly booleans: readonly string[];
  /** Ids of the first kind, or null. */
  readonly refs: readonly string[];
  /** Statements that write it. */
  readonly writes: readonly string[];
}

/** `I` stands for an id of the first kind, `J` for one of the second, `N` for a number, `B` for a condition, `R` for an id or null. */
const FIELDS: readonly Field[] = [
  {
    name: 'flag',
    type: 'boolean',
    numbers: ['(s.flag ? 1 : 0)'],
    booleans: ['s.flag', '!s.flag'],
    refs: [],
    writes: ['s.flag = B;', 's.flag = !s.flag;'],
  },
  {
    name: 'level',
    type: 'Nat<3>',
    numbers: ['s.level', '3 - s.level', 's.level * 2'],
    booleans: ['s.level < N', 's.level === N'],
    refs: [],
    writes: ['s.level = N;', 's.level++;', 's.level = Math.min(s.level + 1, 3);', 's.level = Math.max(s.level - 1, 0);', 's.level -= 1;'],
  },
  {
    name: 'mode',
    type: "'low' | 'mid' | 'high'",
    numbers: ["(s.mode === 'mid' ? 2 : 0)"],
    booleans: ["s.mode === 'low'", "s.mode !== 'high'"],
    refs: [],
    writes: [
      "s.mode = 'mid';",
      "s.mode = s.mode === 'mid' ? 'high' : 'low';",
      "switch (s.mode) { case 'low': s.mode = 'mid'; break; case 'mid': if (B) s.mode = 'high'; break; default: s.mode = 'low'; }",
    ],
  },
  {
    name: 'mark',
    type: 'Table<boolean, typeof ANTS>',
    numbers: ['count(ants, (x) => s.mark[x])'],
    booleans: ['s.mark[I]', 'ants.some((x) => s.mark[x])', 'ants.every((x) => s.mark[x] || x === I)', 's.mark.some((m) => !m)'],
    refs: ['first(ants, (x) => s.mark[x])', 'first(ants, (x) => !s.mark[x] && B)'],
    writes: ['s.mark[I] = B;', 's.mark[I] = !s.mark[I];', 'for (const x of ants) if (B) s.mark[x] = false;'],
  },
  {
    name: 'load',
    type: 'Table<Nat<2>, typeof ANTS>',
    numbers: ['s.load[I]', 'count(ants, (x) => s.load[x] > 0)'],
    booleans: ['s.load[I] < N', 'ants.every((x) => s.load[x] <= s.load[I])'],
    refs: ['first(ants, (x) => s.load[x] > N)'],
    writes: [
      's.load[I] = Math.min(N, 2);',
      's.load[I]++;',
      's.load[I] = 0;',
      'for (const x of ants) { if (s.load[x] > N) break; s.load[x] = 1; }',
    ],
  },
  {
    name: 'at',
    type: 'Table<AntId | null, typeof ANTS>',
    numbers: ['count(ants, (x) => s.at[x] === R)'],
    booleans: ['s.at[I] === R', 's.at[I] !== null', 'ants.some((x) => s.at[x] === I && x !== I)'],
    refs: ['s.at[I]', 's.at[I]'],
    writes: ['s.at[I] = R;', 's.at[I] = null;', 's.at[I] = I;'],
  },
  {
    name: 'queen',
    type: 'AntId | null',
    numbers: ['(s.queen === I ? 2 : 1)'],
    booleans: ['s.queen === R', 's.queen !== null', 's.queen !== I'],
    refs: ['s.queen'],
    writes: ['s.queen = R;', 's.queen = I;', 'if (s.queen === null) s.queen = I;', 's.queen = null;'],
  },
  {
    name: 'leader',
    type: 'AntId',
    numbers: ['(s.leader === I ? 1 : 0)'],
    booleans: ['s.leader === I'],
    refs: ['s.leader'],
    writes: ['s.leader = I;'],
  },
  {
    name: 'line',
    type: 'Seq<AntId, 2>',
    numbers: ['s.line.length'],
    booleans: ['s.line.includes(I)', 's.line.length > 0 && s.line[0] === I', 's.line.every((x) => x === I)', 's.line.length < 2'],
    refs: ['(s.line.length > 0 ? s.line[0] : null)', 'I'],
    writes: [
      'if (s.line.length < 2) s.line.push(I);',
      's.line.push(I);',
      's.line.shift();',
      'remove(s.line, I);',
      'if (B) s.line.length = 0;',
      's.line = [I];',
    ],
  },
  {
    name: 'cells',
    type: 'Table<Cell, typeof BEES>',
    numbers: ['s.cells[J].n', 'count(bees, (y) => s.cells[y].who !== null)'],
    booleans: [
      "s.cells[J].kind === 'wax'",
      's.cells[J].who === R',
      'bees.some((y) => s.cells[y].n > N)',
      's.cells.every((c) => c.who !== I)',
    ],
    refs: ['s.cells[J].who'],
    writes: [
      "s.cells[J].kind = 'wax';",
      's.cells[J].n = Math.min(N, 2);',
      's.cells[J].n++;',
      's.cells[J].who = R;',
      "s.cells[J] = { kind: 'none', n: 0, who: R };",
      "{ const c = s.cells[J]; if (c.kind === 'none') c.kind = 'wax'; else c.n = 0; }",
    ],
  },
  {
    name: 'rows',
    type: 'Table<Row, typeof BEES>',
    numbers: ['count(ants, (x) => s.rows[J].seen[x])'],
    booleans: ['s.rows[J].seen[I]', 'bees.every((y) => s.rows[y].seen[I])'],
    refs: ['first(ants, (x) => s.rows[J].seen[x])'],
    writes: ['s.rows[J].seen[I] = B;', 's.rows[J].seen[I] = true;'],
  },
  {
    name: 'bits',
    type: 'Table<Table<boolean, typeof BEES>, typeof ANTS>',
    numbers: ['count(bees, (y) => s.bits[I][y])'],
    booleans: ['s.bits[I][J]', 'ants.some((x) => s.bits[x][J])'],
    refs: ['first(ants, (x) => s.bits[x][J])'],
    writes: ['s.bits[I][J] = B;', 's.bits[I][J] = !s.bits[I][J];'],
  },
];

/** Many are false at first or say nothing: of these, whoever takes a system takes some. */
export const INVARIANTS = ['one', 'two', 'three', 'four', 'five'] as const;

export interface RandomSystem {
  readonly source: string;
  /** It says what the first of some ants is, which ants that are alike may differ about. */
  readonly usesFirst: boolean;
}

export function randomSystem(seed: number): RandomSystem {
  const roll = dice(seed * 7_919 + 13);
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
  const chance = (of: number): boolean => roll(of) === 0;

  const ants = chance(4) ? 3 : 2;
  const bees = 1 + roll(2);
  const fields: Field[] = [];
  // What may break the symmetry of ants, in some; the leader always does.
  while (fields.length < (ants === 3 ? 2 : 2 + roll(2))) {
    const field = pick(FIELDS);
    if (fields.includes(field) || (field.name === 'leader' && !chance(3))) continue;
    fields.push(field);
  }
  const biased = chance(6);
  /** What `who` and the parameters are called here, and what they are. */
  interface Scope {
    readonly ants: readonly string[];
    readonly bees: readonly string[];
    readonly numbers: readonly string[];
    readonly booleans: readonly string[];
    readonly refs: readonly string[];
  }

  /** Of the function that conditions call. */
  const inside: Scope = { ants: ['x'], bees: [], numbers: [], booleans: [], refs: [] };

  const ant = (scope: Scope): string => {
    if (biased && chance(8)) return '(0 as AntId)';
    const name = pick(scope.ants);
    return name;
  };
  const bee = (scope: Scope): string => (scope.bees.length === 0 ? '(0 as BeeId)' : pick(scope.bees));
  const fill = (text: string, scope: Scope, depth: number): string =>
    text.replaceAll(/\b[IJNBR]\b/g, (letter) => {
      switch (letter) {
        case 'I':
          return ant(scope);
        case 'J':
          return bee(scope);
        case 'N':
          return number(scope, depth - 1);
        case 'B':
          return condition(scope, depth - 1);
        default:
          return reference(scope, depth - 1);
      }
    });
  const number = (scope: Scope, depth: number): string => {
    const known = fields.flatMap(({ numbers }) => numbers);
    if (depth <= 0 || known.length === 0 || chance(3)) return pick(['0', '1', '2', ...scope.numbers, ...scope.numbers]);
    return fill(pick(known), scope, depth);
  };
  const reference = (scope: Scope, depth: number): string => {
    const known = fields.flatMap(({ refs }) => refs);
    if (depth <= 0 || known.length === 0 || chance(3)) return pick(['null', ...scope.ants, ...scope.refs]);
    return fill(pick(known), scope, depth);
  };
  const condition = (scope: Scope, depth: number): string => {
    const known = fields.flatMap(({ booleans }) => booleans);
    if (depth <= 0) return pick([...scope.booleans, 'true', fill(pick(known).includes('N') ? 'N < 2' : 'N === 1', scope, 0)]);
    switch (roll(8)) {
      case 0:
        return `(${condition(scope, depth - 1)} && ${condition(scope, depth - 1)})`;
      case 1:
        return `(${condition(scope, depth - 1)} || ${condition(scope, depth - 1)})`;
      case 2:
        return `!(${condition(scope, depth - 1)})`;
      case 3:
        return scope === inside ? 'false' : `looks(s, ${ant(scope)})`;
      default:
        return `(${fill(pick(known), scope, depth)})`;
    }
  };
  const simple = (scope: Scope): string => {
    const text = pick(fields.flatMap(({ writes }) => writes));
    return fill(text, scope, 2);
  };
  const statement = (scope: Scope, depth: number): string => {
    switch (depth <= 0 ? 0 : roll(9)) {
      case 1:
        return `if (${condition(scope, 2)}) { ${statement(scope, depth - 1)} } else { ${statement(scope, depth - 1)} }`;
      case 2:
        return `if (${condition(scope, 2)}) { ${statement(scope, depth - 1)} }`;
      case 3:
        return `change(s, ${ant(scope)}, ${pick(['0', '1', ...scope.numbers.filter((name) => name === 'n')])});`;
      case 4:
        return `for (let i = 0; i < 2; i++) { if (${condition({ ...scope, numbers: [...scope.numbers, 'i'] }, 1)}) ${pick(['continue', 'break'])}; ${simple(scope)} }`;
      case 5:
        return `if (${condition(scope, 1)}) return;`;
      default:
        return simple(scope);
    }
  };
  /** Also what may be null, and is taken for an ant. */
  const taken = (scope: Scope): string =>
    chance(3)
      ? `{ const x: AntId | null = ${reference(scope, 2)}; if (x !== null) { ${simple({ ...scope, ants: ['x'] })} } }`
      : statement(scope, 2);
  const careless = (scope: Scope): string => {
    const ref = fields.flatMap(({ refs }) => refs.filter((text) => text.startsWith('s.')));
    return ref.length > 0 && chance(5)
      ? `{ const x = ${fill(pick(ref), scope, 1)} as AntId; ${simple({ ...scope, ants: ['x'] })} }`
      : taken(scope);
  };
  const pause = (scope: Scope): string => (chance(3) ? `yield until(() => ${condition(scope, 2)});` : 'yield;');

  const parameters: readonly (readonly [string, keyof Scope, string])[] = [
    ['other', 'ants', 'AntId'],
    ['bee', 'bees', 'BeeId'],
    ['n', 'numbers', 'Nat<1>'],
    ['wish', 'booleans', 'boolean'],
    ['ref', 'refs', 'AntId | null'],
  ];
  const procedure = (name: string, who: 'AntId' | 'BeeId'): string => {
    const chosen = parameters.filter(() => chance(4)).slice(0, 2);
    // A bee needs an ant to do something to.
    if (who === 'BeeId' && !chosen.some(([, kind]) => kind === 'ants')) chosen.unshift(['other', 'ants', 'AntId']);
    const scope: Scope = {
      ants: [...(who === 'AntId' ? ['who', 'who'] : []), ...chosen.filter(([, kind]) => kind === 'ants').map(([each]) => each)],
      bees: [...(who === 'BeeId' ? ['who', 'who'] : []), ...chosen.filter(([, kind]) => kind === 'bees').map(([each]) => each)],
      numbers: chosen.filter(([, kind]) => kind === 'numbers').map(([each]) => each),
      booleans: chosen.filter(([, kind]) => kind === 'booleans').map(([each]) => each),
      refs: chosen.filter(([, kind]) => kind === 'refs').map(([each]) => each),
    };
    const list = chosen.map(([each, , type]) => `, ${each}: ${type}`).join('');
    const body = (): string => {
      switch (roll(7)) {
        case 0:
          return `${taken(scope)}\n  ${pause(scope)}\n  ${careless(scope)}`;
        case 1:
          return `${pause(scope)}\n  ${careless(scope)}\n  ${pause(scope)}\n  ${simple(scope)}`;
        case 2:
          return `while (${condition(scope, 2)}) {\n    ${simple(scope)}\n    ${pause(scope)}\n  }\n  ${simple(scope)}`;
        case 3:
          return `const kept: AntId | null = ${reference(scope, 2)};\n  ${pause(scope)}\n  if (kept !== null) { ${simple({ ...scope, ants: ['kept'] })} }`;
        case 4:
          return `const so: boolean = ${condition(scope, 2)};\n  yield* rest(s, ${ant(scope)});\n  if (so) { ${simple(scope)} }`;
        case 5:
          return `for (let i = 0; i < 2; i++) {\n    ${simple(scope)}\n    yield;\n    if (${condition(scope, 1)}) break;\n  }`;
        default:
          return `${careless(scope)}\n  ${statement(scope, 1)}`;
      }
    };
    return `
function* ${name}(s: State, who: ${who}${list}): Procedure {
  ${chance(2) ? '' : `when(${condition(scope, 2)}${chance(3) ? ' || true' : ''});`}
  ${body()}
}`;
  };

  const looking: Scope = { ants: ['x'], bees: bees > 0 ? ['(0 as BeeId)'] : [], numbers: [], booleans: [], refs: [] };
  const within: Scope = { ants: ['a'], bees: ['b'], numbers: [], booleans: [], refs: [] };
  const everywhere = (text: string): string => `(s: State) => ants.every((a) => bees.${pick(['every', 'some'])}((b) => ${text}))`;
  const seldomFirst = (make: () => string): string => {
    // What is the first is nobody's choice in a predicate: it is refused under symmetry, which would be too often.
    for (let tries = 0; tries < 20; tries++) {
      const text = make();
      if (!text.includes('first(') || chance(10)) return text;
    }
    return 'true';
  };
  const invariant = (): string => everywhere(seldomFirst(() => `${condition(within, 2)} || ${condition(within, 2)}`));
  const procedures = [procedure('dig', 'AntId'), procedure('carry', 'AntId'), ...(chance(2) ? [procedure('buzz', 'BeeId')] : [])];
  const names = procedures.map((text) => /function\* (\w+)/.exec(text)?.[1] ?? '');
  const symmetric = [...(chance(6) ? [] : ['ant']), ...(chance(2) ? ['bee'] : [])];
  const lemmas = chance(2) ? `'holds-or-not': ${invariant()}` : '';
  const source = `
import { count, defineModel, first, type Id, type Nat, type Procedure, range, remove, type Seq, type Table, until, when } from '../../../model/lang.ts';

export const ANTS = ${ants};
export const BEES = ${bees};
export type AntId = Id<'ant', typeof ANTS>;
export type BeeId = Id<'bee', typeof BEES>;
export interface Cell { kind: 'none' | 'wax'; n: Nat<2>; who: AntId | null }
export interface Row { seen: Table<boolean, typeof ANTS> }
export interface State {
${fields.map(({ name, type }) => `  ${name}: ${type};`).join('\n')}
}
export const ants = range<AntId>(ANTS);
export const bees = range<BeeId>(BEES);
declare function initial(_: Record<string, never>): State;

function looks(s: State, x: AntId): boolean {
  ${chance(2) ? `if (${condition(inside, 1)}) return true;` : ''}
  return ${condition(inside, 1)};
}

function change(s: State, x: AntId, n: Nat<1>): void {
  ${simple({ ...looking, numbers: ['n'] })}
}

function* rest(s: State, x: AntId): Procedure {
  ${simple(looking)}
  yield;
}
${procedures.join('\n')}

export const model = defineModel<State>({
  initial,
  agents: {
    ant: { size: ANTS, procedures: { ${names.filter((name) => name !== 'buzz').join(', ')} } },
    ${names.includes('buzz') ? 'bee: { size: BEES, procedures: { buzz } },' : ''}
  },
  invariants: { ${INVARIANTS.map((id) => `${id}: ${invariant()}`).join(', ')} },
  lemmas: { ${lemmas} },
  symmetric: [${symmetric.map((kind) => `'${kind}'`).join(', ')}],
});
`;
  return { source, usesFirst: source.replace(/import \{.*\n/, '').includes('first(ants') };
}
