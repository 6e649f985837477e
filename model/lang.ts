/**
 * The words of the modelling language, all of them plain TypeScript: a model written with them runs as it stands, and the
 * same source is compiled to packed JavaScript and to SMT-LIB (`oracle/compile`).
 *
 * A *state* is a record of bounded fields: `boolean`, unions of string literals, `Nat`, ids, `Table`s and `Seq`s of these.
 * The initial state has every field at its zero: `false`, the first literal of a union, 0, `null`, the empty sequence.
 * A field marked `readonly` is configuration: it is given when the model is set up and no step may write it.
 *
 * A *procedure* is a generator function; what it does between two `yield`s is one atomic step. `yield;` lets others run,
 * `yield until(() => condition)` sleeps: the step after it happens only in a state where the condition is true.
 * `yield*` calls another procedure. A plain function called by a procedure belongs to the step that calls it; it takes values,
 * and records of tables that are the only ones of their kind.
 */

/** A whole number from 0 to `_Max`. Leaving the range is the violation `overflow`, never a wrap-around. */
export type Nat<_Max extends number> = number;

/** The index of one element of a table, 0 up to (not including) `_Size`; ids of different kinds do not mix. */
export type Id<Kind extends string, _Size extends number> = number & { readonly __id: Kind };

/** A fixed-size table, indexed by an id. */
export type Table<Element, _Size extends number> = Element[];

/** A sequence of at most `_Capacity` elements. It has `push`, `shift`, `includes`, `length`, `[0]`; a push on a full one is the violation `overflow`. */
export type Seq<Element, _Capacity extends number> = Element[];

/** What a procedure is: a generator that yields nothing, or the condition it waits for. */
export type Procedure<Result = void> = Generator<(() => boolean) | undefined, Result, undefined>;

/** Predicates of a state, by id. */
export type Predicates<S> = Readonly<Record<string, (s: S) => boolean>>;

/**
 * A *promise*: whenever the one, then at once or later the other, for every choice of the ids that both take after the state. It is kept
 * where nobody who must go on is put off for ever: an agent that can go on with what it began, a procedure that is *owed*, and one that the
 * promise takes as *given* (a timer, say). Beginning anything else is a choice. A predicate that breaks a bound counts against the promise.
 */
export interface LeadsTo<S> {
  readonly whenever: (s: S, ...ids: never[]) => boolean;
  readonly eventually: (s: S, ...ids: never[]) => boolean;
  /** Procedures that begin if they can for ever, as far as this promise goes. */
  readonly given?: readonly string[];
}

/** Promises, by id. */
export type Promises<S> = Readonly<Record<string, LeadsTo<S>>>;

/** Every id of a table, in order: `for (const so of sockets)`, `sockets.some(so => …)`, `sockets.every(…)`. */
export function range<I extends number>(size: number): readonly I[] {
  return Array.from({ length: size }, (_, index) => index as I);
}

/** The first id that satisfies the predicate, or null. */
export function first<I extends number>(ids: readonly I[], predicate: (id: I) => boolean): I | null {
  return ids.find(predicate) ?? null;
}

/** How many elements satisfy the predicate. */
export function count<Element>(elements: readonly Element[], predicate: (element: Element) => boolean): number {
  return elements.filter(predicate).length;
}

/** Takes the first occurrence of an element out of a sequence; nothing happens when it is not there. */
export function remove<Element>(sequence: Element[], element: Element): void {
  const place = sequence.indexOf(element);
  if (place >= 0) sequence.splice(place, 1);
}

/** Gives every field of a record the value it has in another, in place: what else refers to the record sees the change. */
export function reset<Record extends object>(record: Record, values: Record): void {
  for (const key of Object.keys(record) as (keyof Record & string)[]) {
    const [old, value] = [record[key], values[key]];
    if (Array.isArray(old) && Array.isArray(value)) old.splice(0, old.length, ...value);
    else if (typeof old === 'object' && old !== null && typeof value === 'object' && value !== null) reset(old, value);
    else record[key] = value;
  }
}

/** Sleep: the procedure goes on only in a state in which the condition holds. */
export function until(condition: () => boolean): () => boolean {
  return condition;
}

/** Thrown by `when`; whoever drives a model as plain TypeScript takes it to mean "this step is not possible here". */
export class NotEnabled extends Error {}

/** The guard of an event: if the condition is false the event cannot happen in this state. Only at the head of a procedure, before any write. */
export function when(condition: boolean): void {
  if (!condition) throw new NotEnabled();
}

let onRule: ((id: string) => void) | undefined;

/** Who wants to hear of every rule that decides, when the model runs as plain TypeScript. */
export function observeRules(observer: ((id: string) => void) | undefined): void {
  onRule = observer;
}

/**
 * Says that the rule with this id decided what happens; the text says what it is and cites its source. Ids are unique in a model.
 * Its value is true, so that it can end a condition (`if (idle && rule('a_1', 'nothing to do [C.3]')) return;`), or what a third
 * argument says: the answer that the rule gives (`return rule('send_2', 'the send side is shut: EPIPE [C.5]', 'EPIPE')`).
 */
export function rule<const Answer = true>(id: string, _text: string, answer: Answer = true as Answer): Answer {
  onRule?.(id);
  return answer;
}

type Procedures<S> = Readonly<Record<string, (s: S, who: never, ...parameters: never[]) => Procedure>>;

/** The parts of a model, gathered in `model/index.ts`; the compiler reads that declaration. */
export interface ModelParts<S> {
  /** Makes the zero state for the given configuration (the `readonly` fields). */
  readonly initial: (configuration: never) => S;
  /** Those who act, by name. Agents run at most one procedure at a time; `size` of them share the same procedures. */
  readonly agents: Readonly<Record<string, { readonly size: number; readonly procedures: Procedures<S> }>>;
  /** What must hold in every reachable state. */
  readonly invariants: Predicates<S>;
  /** What holds as well and helps a prover; each is proved itself. */
  readonly lemmas: Predicates<S>;
  /** What must come about in the end. */
  readonly promises?: Promises<S>;
  /** Procedures that nobody chooses to begin: who can begin one for ever does, whatever is promised. */
  readonly owed?: readonly string[];
  /** Kinds of ids of which no member differs from another but in its number. */
  readonly symmetric?: readonly string[];
}

/** Declares a model. */
export function defineModel<S>(parts: ModelParts<S>): ModelParts<S> {
  return parts;
}
