/**
 * A *claim* is a proposition of one of the mails, and what the specification is asked about it: a question for each design that it is asked of.
 * A question names a predicate, `states.ts` or `steps.ts` has it, or what of the program is looked at.
 */
import type { DesignName } from '../designs.ts';

/** `proved`; `refuted`; true only under an `assumption`; or nothing that this specification can speak of. */
export type Answer = 'proved' | 'refuted' | 'assumption' | 'inexpressible';

/** Parts of the specification in which a claim is looked at; the engine knows what calls they have. */
// biome-ignore format: a list of names
export type Setting =
  | 'tcp' | 'tcp-data' | 'tcp-options' | 'unix' | 'unix-data' | 'udp' | 'soref' | 'events' | 'calls' | 'shutdown' | 'locked' | 'full-buffer';

/** What is asked of one design. The first of a claim is the one that it was made about, or the nearest. */
export type Question =
  | {
      readonly design: DesignName;
      /** Of the predicate: true in every state, in some state, in none. */
      readonly form: 'always' | 'sometimes' | 'never';
      /** By its id, if it is another claim's. */
      readonly predicate?: string;
      readonly settings: readonly Setting[];
      /** What makes it true where it is refuted: fewer threads, or settings in which something doesn't happen. */
      readonly assuming?: { readonly that: string; readonly threads?: 1; readonly settings?: readonly Setting[] };
      readonly expected: Answer;
      readonly finding: string;
    }
  | {
      readonly design: DesignName;
      /** Of the state flags of sockets these procedures and functions read no others than these. */
      readonly form: 'reads';
      readonly by: readonly string[];
      readonly flags: readonly string[];
      readonly expected: Answer;
      readonly finding: string;
    }
  | {
      readonly design: DesignName;
      /** The cell is written by these functions, each of them and no other. */
      readonly form: 'writes';
      readonly by: readonly string[];
      readonly cell: string;
      readonly expected: Answer;
      readonly finding: string;
    };

export interface Claim {
  readonly id: string;
  /** The proposition, as the mail has it. */
  readonly says: string;
  /** Or why nobody can ask here. */
  readonly asked: readonly Question[] | string;
}

export const STREAMS: readonly Setting[] = ['tcp', 'unix'];
export const ALL: readonly Setting[] = ['tcp', 'unix', 'udp'];
export const NOT_HERE = 'is not in this specification';
export const BELOW = 'which mutex a step holds lies below its steps: `sockref explore` looks for races and deadlocks in the implementation';
