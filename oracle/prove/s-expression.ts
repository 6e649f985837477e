/**
 * What solvers print, as *s-expressions*, and boolean ones of them as terms: what a solver says is read here, word by word, and never handed
 * on to be executed. Anything else than the words of propositional logic is a `SolverFailure` with them.
 */
import { type Lit, not, type Terms, TRUE, FALSE } from '../compile/term.ts';
import { SolverFailure } from './solver.ts';

export type Sexp = string | readonly Sexp[];

/** All expressions of a text. */
export function readSexps(text: string): readonly Sexp[] {
  const open: Sexp[][] = [[]];
  for (const [token] of text.matchAll(/;[^\n]*|\|[^|]*\||"[^"]*"|[()]|[^\s()|";]+/g)) {
    const top = open.at(-1) as Sexp[];
    if (token.startsWith(';')) continue;
    if (token === '(') open.push([]);
    else if (token === ')') {
      const done = open.pop() as Sexp[];
      const above = open.at(-1);
      if (above === undefined) throw new SolverFailure('the solver closed more parentheses than it opened');
      above.push(done);
    } else top.push(token);
  }
  if (open.length !== 1) throw new SolverFailure('the solver opened more parentheses than it closed');
  return open[0] as Sexp[];
}

/** A boolean expression over these names. */
export function termOf(terms: Terms, expression: Sexp, names: ReadonlyMap<string, Lit>): Lit {
  if (typeof expression === 'string') {
    if (expression === 'true') return TRUE;
    if (expression === 'false') return FALSE;
    const known = names.get(expression);
    if (known === undefined) throw new SolverFailure(`the solver speaks of ${JSON.stringify(expression)}, which nobody told it of`);
    return known;
  }
  const [head, ...rest] = expression;
  if (head === 'let') return letOf(terms, rest, names);
  const args = rest.map((inner) => termOf(terms, inner, names));
  const pair = (): readonly [Lit, Lit] => {
    const [left, right] = args;
    if (left === undefined || right === undefined || args.length !== 2)
      throw new SolverFailure(`the solver gave ${String(head)} ${args.length} operands`);
    return [left, right];
  };
  switch (head) {
    case 'and':
      return terms.all(args);
    case 'or':
      return terms.any(args);
    case 'not':
      if (args.length !== 1) break;
      return not(args[0] as Lit);
    case '=>':
      return terms.or(not(pair()[0]), pair()[1]);
    case '=':
      return terms.iff(...pair());
    case 'xor':
    case 'distinct':
      return not(terms.iff(...pair()));
    case 'ite': {
      const [cond, then, otherwise] = args;
      if (cond === undefined || then === undefined || otherwise === undefined || args.length !== 3) break;
      return terms.ite(cond, then, otherwise);
    }
    default:
  }
  throw new SolverFailure(`the solver uses ${JSON.stringify(head)}, which is no word of propositional logic`);
}

function letOf(terms: Terms, [bindings, body, ...more]: readonly Sexp[], names: ReadonlyMap<string, Lit>): Lit {
  if (typeof bindings === 'string' || bindings === undefined || body === undefined || more.length > 0)
    throw new SolverFailure('the solver gave a let without a body');
  const inner = new Map(names);
  for (const binding of bindings) {
    const [name, value] = binding;
    if (typeof binding === 'string' || typeof name !== 'string' || value === undefined || binding.length !== 2)
      throw new SolverFailure('the solver gave a let that binds nothing');
    inner.set(name, termOf(terms, value, names));
  }
  return termOf(terms, body, inner);
}
