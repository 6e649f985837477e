/** What scenarios cover together: which rules of the specification none of them uses, and shares of the states in their scopes. */
import { compiledSpecification, SPECIFICATION } from '../specification.ts';
import type { Row, Vacuous } from '../verdict.ts';
import { TINY } from './kernel/scenario.ts';

export interface Together {
  readonly text: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly unused: readonly Vacuous[];
}

export async function coverageOf(rows: readonly Row[]): Promise<Together> {
  const covered = rows.filter(({ rules }) => rules !== undefined);
  const used = new Set(covered.flatMap(({ rules }) => rules ?? []));
  const { program } = await compiledSpecification(SPECIFICATION, { ...TINY, THREADS: 2 });
  const rules = [...new Set(program.rules.map(({ id }) => id))];
  const sum = (name: string): number => covered.reduce((total, { figures }) => total + (figures?.[name] ?? 0), 0);
  const [states, met, explained] = [sum('modelStates'), sum('metStates'), sum('explainedStates')];
  const share = (part: number): string => `${states === 0 ? 0 : Math.round((part / states) * 100)} %`;
  const where = covered.length === rows.length ? '' : ` (of ${covered.length} programs)`;
  return {
    text: `covered of the specification${where}: ${share(met)} of ${states.toLocaleString('en')} states met, ${share(explained)} on ways to them; ${used.size} of ${rules.length} rules`,
    figures: {
      coveredPrograms: covered.length,
      modelStates: states,
      metStates: met,
      explainedStates: explained,
      rulesUsed: used.size,
      rulesTotal: rules.length,
    },
    unused: rules
      .filter((id) => !used.has(id))
      .map((id): Vacuous => ({ kind: 'rule', id, reason: 'no schedule of these programs uses it' })),
  };
}
