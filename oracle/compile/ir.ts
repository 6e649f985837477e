/**
 * The intermediate representation (IR): what the front end makes of TypeScript and what every back end reads.
 *
 * Everything at run time is a whole number. How a source value becomes one:
 *   boolean       0 or 1
 *   literal union the position of the literal in the union's declaration
 *   Nat<Max>      itself
 *   id            itself; a nullable id (`SocketId | null`) is 0 for null and index + 1 otherwise
 *   int32         itself (implementation code)
 * so the zero state of the language is the state whose every cell is 0.
 *
 * A sequence of capacity C is the record { length: 0..C, items: table of C }; unused items are 0.
 */

/** A value that fits one number. */
export type Scalar =
  | { readonly kind: 'bool' }
  | { readonly kind: 'int'; readonly lo: number; readonly hi: number }
  | { readonly kind: 'enum'; readonly name: string; readonly values: readonly string[] }
  | { readonly kind: 'id'; readonly of: string; readonly size: number; readonly nullable: boolean };

export type Type =
  | Scalar
  | { readonly kind: 'record'; readonly name: string; readonly fields: readonly Field[] }
  | { readonly kind: 'table'; readonly element: Type; readonly size: number }
  | { readonly kind: 'seq'; readonly element: Scalar; readonly capacity: number };

export type RecordType = Extract<Type, { kind: 'record' }>;

export interface Field {
  readonly name: string;
  readonly type: Type;
  /** True for configuration: constant in every run. */
  readonly fixed: boolean;
}

/** Where in the source something comes from. `file` is relative to the package root. */
export interface Source {
  readonly file: string;
  readonly line: number;
}

/**
 * A path into the state. Of a sequence the steps are the pseudo-fields `length` and `items`. An index is the *table index*
 * (0-based): where the source indexes with a nullable id the front end has put `unwrap` around it.
 */
export interface Place {
  readonly steps: readonly PlaceStep[];
  /** Type of what the path leads to. */
  readonly type: Type;
}
/** `sequence`: not a field of the source, but the length or the items of a sequence (frontend-sequences.ts). */
export type PlaceStep = { readonly field: string; readonly sequence?: true } | { readonly index: Expr };

export type BinaryOp =
  | 'and'
  | 'or' // booleans; no side effects anywhere in an Expr, so order does not matter, but `and`/`or` still guard an index on their right
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'add'
  | 'sub'
  | 'mul' // exact whole numbers
  | 'min'
  | 'max';

/** An expression: no side effects. `type` is the type of the value with its exact bounds where known. */
export type Expr =
  | { readonly op: 'const'; readonly type: Scalar; readonly value: number }
  | { readonly op: 'local'; readonly type: Scalar; readonly local: number }
  | { readonly op: 'read'; readonly type: Scalar; readonly place: Place }
  | { readonly op: 'not'; readonly type: Scalar; readonly arg: Expr }
  | { readonly op: BinaryOp; readonly type: Scalar; readonly left: Expr; readonly right: Expr }
  | { readonly op: 'ite'; readonly type: Scalar; readonly cond: Expr; readonly then: Expr; readonly else: Expr }
  /** Nullable id to id. Evaluating it on null is the fault `null` of `site` (-1: it can't be null here); its value is then 0. */
  | { readonly op: 'unwrap'; readonly type: Scalar; readonly arg: Expr; readonly site: number }
  /** Id to nullable id. */
  | { readonly op: 'wrap'; readonly type: Scalar; readonly arg: Expr }
  /**
   * Quantifier over `local` = 0 … size-1. `some`, `every`: boolean; `count`: how many; `first`: the first id as a nullable id.
   */
  | {
      readonly op: 'some' | 'every' | 'count' | 'first';
      readonly type: Scalar;
      readonly local: number;
      readonly size: number;
      readonly body: Expr;
    }
  /** Call of a function that only reads (`mutates` is false). */
  | { readonly op: 'call'; readonly type: Scalar; readonly fn: number; readonly args: readonly Expr[] };

/** A statement. `pause` and `delegate` occur only in procedures (generator functions). */
export type Stmt =
  /** If the value lies outside the local's type: the fault of `site` (-1: the front end has seen that it can't), and the local keeps its value. */
  | { readonly op: 'set'; readonly local: number; readonly value: Expr; readonly site: number }
  /**
   * If the value lies outside the place's type: the fault of `site` (-1: it can't), and nothing is written. `padding`: the zero beyond the
   * end of a sequence, which is no value of the element's type.
   */
  | { readonly op: 'write'; readonly place: Place; readonly value: Expr; readonly site: number; readonly padding?: true }
  | { readonly op: 'if'; readonly cond: Expr; readonly then: readonly Stmt[]; readonly else: readonly Stmt[] }
  /** `local` = 0 … size-1. */
  | { readonly op: 'for'; readonly local: number; readonly size: number; readonly body: readonly Stmt[] }
  /** Only in procedures, and every way round the loop must pass a pause. */
  | { readonly op: 'while'; readonly cond: Expr; readonly body: readonly Stmt[]; readonly source?: Source }
  | { readonly op: 'break' }
  | { readonly op: 'continue' }
  | { readonly op: 'return'; readonly value: Expr | null }
  /** Call of a function for its effect; `result` is a local or -1. */
  | { readonly op: 'call'; readonly fn: number; readonly args: readonly Expr[]; readonly result: number }
  | { readonly op: 'pause'; readonly until: Expr | null; readonly source: Source }
  | { readonly op: 'delegate'; readonly fn: number; readonly args: readonly Expr[]; readonly result: number }
  /** A rule decided (index into `Program.rules`). */
  | { readonly op: 'rule'; readonly rule: number }
  /** Guard at the head of a procedure. */
  | { readonly op: 'when'; readonly cond: Expr; readonly source?: Source };

export interface Local {
  readonly name: string;
  readonly type: Scalar;
}

export interface Fn {
  readonly name: string;
  readonly source: Source;
  /** The first `params` locals are the parameters (the state itself is not one of them). */
  readonly params: number;
  readonly locals: readonly Local[];
  readonly returns: Scalar | null;
  /** Generator function? Then it may pause and is only called by `delegate` or as an entry. */
  readonly generator: boolean;
  /** Writes the state, directly or through what it calls (generators always). */
  readonly mutates: boolean;
  readonly body: readonly Stmt[];
}

/** One source place at which a bound can be broken. */
export interface Site extends Source {
  readonly fault: 'overflow' | 'null' | 'index';
  /** In words: what was about to happen, e.g. "so_count = 4, its type ends at 3". */
  readonly text: string;
}

export interface Rule extends Source {
  readonly id: string;
  /** What it says and where it is from. */
  readonly text: string;
}

export interface ProcedureDef {
  readonly name: string;
  readonly fn: number;
  /** The parameters after `who`, in order: all choices that starting it involves. (fn's local 0 is `who`.) */
  readonly params: readonly Local[];
}

export interface AgentDef {
  readonly name: string;
  readonly size: number;
  readonly procedures: readonly ProcedureDef[];
}

export interface Property extends Source {
  readonly id: string;
  readonly fn: number;
  /** The documentation comment above the predicate. */
  readonly text: string;
}

/** "Whenever A then B, at once or later", for every choice of the parameters. */
export interface PromiseDef extends Source {
  readonly id: string;
  /** The documentation comment above it. */
  readonly text: string;
  /** Ids, the same for both predicates. */
  readonly params: readonly Local[];
  readonly whenever: number;
  readonly eventually: number;
  /** Procedures that can't be put off for ever, as far as this promise goes. */
  readonly given: readonly string[];
}

export interface Program {
  readonly name: string;
  readonly state: RecordType;
  /** Values of the `readonly` fields of the state, by field name, encoded. */
  readonly configuration: Readonly<Record<string, number>>;
  readonly constants: Readonly<Record<string, number>>;
  readonly functions: readonly Fn[];
  readonly agents: readonly AgentDef[];
  readonly invariants: readonly Property[];
  readonly lemmas: readonly Property[];
  readonly promises: readonly PromiseDef[];
  /** Procedures that can't be put off for ever: who can begin one does. */
  readonly owed: readonly string[];
  /** Kinds of ids whose members the model declares to be interchangeable; whoever relies on it checks it (scalarset.ts). */
  readonly symmetric: readonly string[];
  readonly rules: readonly Rule[];
  readonly sites: readonly Site[];
}

// ---------------------------------------------------------------------------------------------------------------------
// Step machines: what `lower.ts` makes of the procedures of one agent. A frame is a program counter and the locals that
// are alive across a pause; pc 0 is idle. Delegated procedures are inlined; plain calls are kept as calls.

/** A run of statements without `pause`, `delegate`, `while`, `return`, `when` (an `if` or `for` inside may hold calls, never those). */
export interface Block {
  readonly body: readonly Stmt[];
  readonly end:
    | { readonly op: 'jump'; readonly to: number }
    | { readonly op: 'branch'; readonly cond: Expr; readonly then: number; readonly else: number }
    /** The step ends; the frame continues at this pc. `save` lists the locals alive there. */
    | { readonly op: 'pause'; readonly pc: number }
    /** The procedure ends; the agent is idle and every slot of its frame is 0. */
    | { readonly op: 'done' };
}

/** A place where a step can begin. */
export interface Entry {
  /** 0 for the start of a procedure, otherwise the pc at which a frame waits. */
  readonly pc: number;
  readonly procedure: number;
  readonly block: number;
  /** The step is possible only where this holds: the `when` of a start, the `until` of a pause. Reads locals and state. */
  readonly guard: Expr | null;
  /** Locals read from the frame when the step begins (and stored when a step ends at this pc): local → slot. */
  readonly live: readonly { readonly local: number; readonly slot: number }[];
  readonly source: Source;
}

export interface Machine {
  readonly agent: string;
  readonly size: number;
  /** Types of the frame's slots; the pc is kept beside them, 0 … pcs. Slots not alive at a pc are 0. */
  readonly slots: readonly Scalar[];
  readonly pcs: number;
  /** Locals of all procedures of the machine in one numbering; the parameters of procedure p start at `procedures[p].firstLocal`, `who` first. */
  readonly locals: readonly Local[];
  readonly procedures: readonly { readonly name: string; readonly firstLocal: number; readonly params: readonly Local[] }[];
  readonly blocks: readonly Block[];
  readonly entries: readonly Entry[];
}
