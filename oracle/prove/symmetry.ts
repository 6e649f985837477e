/**
 * *Interchangeable* members of an agent: if nothing in a model tells one thread from another, what is shown of the steps of one is
 * shown of all. The source decides, by the discipline of scalarsets: an id of the agent may be compared for equality with another,
 * index a table, be passed on and be stored; it may not be a literal, be ordered, counted with, be the first of those that …, or
 * be run through by a loop whose order can be seen. Then exchanging two members in a whole run gives a run again, and every predicate says
 * the same of both. What is not seen to follow the discipline counts as not interchangeable, which costs time and nothing else.
 *
 * Four more things could tell members apart without any of these, and are looked for:
 *   - the initial state. It is 0 everywhere, and 0 is "no member" only where that is a value (`WorkerId | null`); a field that
 *     always holds a member begins with the first of them.
 *   - the order in which `some` and `every` look at members, if one they look at early keeps them from one that breaks a bound.
 *   - a range, or a type, of some of them.
 *   - another agent whose members have the same ids: to exchange two of one is to exchange two of the other.
 */
import type { Program } from '../compile/ir.ts';
import { Discipline, isWhole, startsAlike } from '../compile/scalarset.ts';

/** What exchanging two members of an agent exchanges besides their frames. */
export interface Symmetry {
  /** The kind of their ids. */
  readonly kind: string;
  /** Paths of the tables that have an element for each member: `.threads`, `.sockets[].waiting`. */
  readonly tables: ReadonlySet<string>;
}

/** Whether the members of the agent can't be told from each other, and how they are exchanged; null: they may be told apart. */
export function symmetryOf(program: Program, agent: number): Symmetry | null {
  const kind = kindOf(program, agent);
  if (kind === null || program.agents.some((_, other) => other !== agent && kindsOf(program, other).has(kind))) return null;
  if (!startsAlike(program.state, kind, false)) return null;
  const discipline = new Discipline(program, kind);
  if (!program.functions.every((fn) => discipline.follows(fn)) || !discipline.tablesAreApart()) return null;
  if (!isWhole(program, kind, discipline.tables())) return null;
  return { kind, tables: discipline.tables() };
}

export function interchangeable(program: Program, agent: number): boolean {
  return symmetryOf(program, agent) !== null;
}

/** The kind of id that all procedures of the agent get as `who`, or null. */
function kindOf(program: Program, agent: number): string | null {
  const kinds = kindsOf(program, agent);
  const [kind] = kinds;
  return kinds.size === 1 && kind !== undefined && kind !== '' ? kind : null;
}

function kindsOf(program: Program, agent: number): ReadonlySet<string> {
  return new Set(
    (program.agents[agent]?.procedures ?? []).map(({ fn }) => {
      const type = program.functions[fn]?.locals[0]?.type;
      return type?.kind === 'id' ? type.of : '';
    }),
  );
}
