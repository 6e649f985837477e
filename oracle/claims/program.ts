/**
 * The *programs* of claims: the specification with claims about states for invariants beside its own, and the specification with history and
 * claims about steps. They are compiled apart from the specification itself, which knows nothing of them.
 *
 * An event that a mail says happens is judged by its negation, so that "broken" is a run to it; the file that is written says so too.
 */
import { claims as declared } from '../../model/claims.ts';
import { cachedLater } from '../cache.ts';
import { BOOL, not } from '../compile/fold.ts';
import type { Fn, Program, Property } from '../compile/ir.ts';
import type { Artefact } from '../compile/javascript.ts';
import { packageRoot } from '../root.ts';
import { claimSources, compilerVersion, type Limits } from '../specification.ts';

export type Kind = 'states' | 'steps';

/** Predicates that stand for events: they are asked about as "sometimes" or "never". */
const EVENTS: ReadonlySet<string> = new Set(
  declared.flatMap(({ id, asked }) =>
    typeof asked === 'string'
      ? []
      : asked.flatMap((question) => (question.form === 'sometimes' || question.form === 'never' ? [question.predicate ?? id] : [])),
  ),
);

const DECLARED = /^F\d{3}\.\d+[a-z]?$/;

/** Whether this is the id of a claim, not of an invariant. */
export function isClaim(id: string): boolean {
  return DECLARED.test(id);
}

/** Ids of the predicates, from the sources, without compiling. */
export function predicatesOf(kind: Kind): readonly string[] {
  return [...(claimSources()[entryOf(kind)] ?? '').matchAll(/^ {2}'(F\d{3}\.\d+[a-z]?)': \(s\) =>/gm)].map(([, id]) => id as string);
}

/** Which program has the predicate. */
export function kindOf(id: string): Kind {
  return predicatesOf('steps').includes(id) ? 'steps' : 'states';
}

function entryOf(kind: Kind): string {
  return `model/claims/${kind}.ts`;
}

export interface Wanted {
  readonly kind: Kind;
  readonly design: string;
  readonly limits: Limits;
  /** Other sources than those on disk, in a test. */
  readonly sources?: Readonly<Record<string, string>>;
}

export async function claimArtefact({ kind, design, limits, sources = claimSources() }: Wanted): Promise<Artefact> {
  const options = { design, ...limits, events: [...EVENTS].sort().join() };
  const text = await cachedLater({ kind: `claims-${kind}`, sources, compiler: compilerVersion(), options }, async () => {
    const [{ compileModel }, { emitJavaScript }] = await Promise.all([
      import('../compile/frontend.ts'),
      import('../compile/javascript.ts'),
    ]);
    const program = compileModel({ root: packageRoot(), entry: entryOf(kind), constants: limits, configuration: { design }, sources });
    return JSON.stringify(emitJavaScript(withNegations(program)));
  });
  return JSON.parse(text) as Artefact;
}

/** Events become what is never so. */
function withNegations(program: Program): Program {
  const functions: Fn[] = [...program.functions];
  const invariants = program.invariants.map((property): Property => {
    const fn = functions[property.fn];
    if (fn === undefined || !EVENTS.has(property.id)) return property;
    const value = not({ op: 'call', type: BOOL, fn: property.fn, args: [] });
    functions.push({ ...fn, name: `never ${fn.name}`, locals: [], params: 0, body: [{ op: 'return', value }] });
    return { ...property, fn: functions.length - 1, text: `This never is so: ${property.text}` };
  });
  return { ...program, functions, invariants };
}

/** The program with these predicates for invariants and no other. */
export function withOnly(program: Program, ids: readonly string[]): Program {
  return { ...program, invariants: program.invariants.filter(({ id }) => ids.includes(id)), lemmas: [] };
}
