/**
 * A *flow* is a way that execution took: the branches it took (facts), the condition it runs under, and the cells and locals it
 * left behind. Where ways meet again their flows are merged: a cell that differs becomes an `ite` over the branch that
 * told the ways apart. Facts are kept in the order they were met, so ways that share a beginning share a prefix, and the merge
 * rebuilds the tree of branches; no condition is longer than the branch itself.
 */
import { iteValue, sameValue, type Value } from './symbolic-state.ts';
import { type Lit, type Terms, TRUE } from './term.ts';

export interface Flow {
  readonly facts: readonly Lit[];
  readonly path: Lit;
  readonly cells: readonly Value[];
  readonly locals: readonly Value[];
}

/** Merges flows of which exactly one is taken. `from` is how many leading facts all of them are known to share. */
export function mergeFlows(terms: Terms, flows: readonly Flow[], from = 0): Flow {
  const [first, ...rest] = flows;
  if (first === undefined) throw new Error('there is no flow to merge');
  if (rest.length === 0) return first;
  const fact = first.facts[from];
  if (fact !== undefined) {
    const same = flows.filter((flow) => flow.facts[from] === fact);
    const opposite = flows.filter((flow) => flow.facts[from] === (fact ^ 1));
    if (same.length === flows.length) return mergeFlows(terms, flows, from + 1);
    if (opposite.length > 0 && same.length + opposite.length === flows.length) {
      const [then, otherwise] = [mergeFlows(terms, same, from + 1), mergeFlows(terms, opposite, from + 1)];
      const left = terms.ite(fact, terms.all(then.facts.slice(from + 1)), terms.all(otherwise.facts.slice(from + 1)));
      return mergeTwo(terms, fact, withFact(first.facts.slice(0, from), left), then, otherwise);
    }
  }
  // Not told apart by one branch: by everything that leads to the first.
  const cond = terms.all(first.facts.slice(from));
  const other = mergeFlows(terms, rest, from);
  const left = terms.or(cond, terms.all(other.facts.slice(from)));
  return mergeTwo(terms, cond, withFact(first.facts.slice(0, from), left), first, other);
}

/** What the ways have in common, and that it was one of them: a merged flow that forgot this could not be told from others. */
function withFact(facts: readonly Lit[], fact: Lit): readonly Lit[] {
  return fact === TRUE ? facts : [...facts, fact];
}

function mergeTwo(terms: Terms, cond: Lit, facts: readonly Lit[], then: Flow, otherwise: Flow): Flow {
  return {
    facts,
    path: terms.or(then.path, otherwise.path),
    cells: mergeValues(terms, cond, then.cells, otherwise.cells),
    locals: mergeValues(terms, cond, then.locals, otherwise.locals),
  };
}

function mergeValues(terms: Terms, cond: Lit, then: readonly Value[], otherwise: readonly Value[]): readonly Value[] {
  if (then === otherwise) return then;
  return then.map((value, at) => {
    const other = otherwise[at] as Value;
    return sameValue(value, other) ? other : iteValue(terms, cond, value, other);
  });
}
