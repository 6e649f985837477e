/**
 * *claims*: what the mails of 2000 to 2008 say, each proposition decided on the specification. This is the face: it collects what is asked
 * of each setting (search.ts), asks a prover about what holds there (proofs.ts), and compares the answers with model/claims.ts.
 *
 * A row holds where its claim is true, is violated where it isn't, with the run that shows it (also where an assumption makes it true), and is
 * unknown where nobody can tell. The verdict of the whole is about something else: it holds when every answer is the one that is expected.
 */
import { claims as declared, mails } from '../../model/claims.ts';
import type { Answer, Claim, Question } from '../../model/claims/claim.ts';
import type { ClaimsOptions, Listed } from '../engine.ts';
import { SPECIFICATION } from '../specification.ts';
import { type Outcome, type Row, type Vacuous, worst } from '../verdict.ts';
import { claimArtefact, kindOf } from './program.ts';
import { type Proved, proveClaims } from './proofs.ts';
import { configurationOf, limitsOfSetting } from './settings.ts';
import { type Search, type Searched, type Seen, search } from './search.ts';
import { contradiction } from './sources.ts';

/** A question with its row's id. */
interface Asked {
  readonly id: string;
  readonly claim: Claim;
  readonly question: Question;
}

type StateQuestion = Extract<Question, { form: 'always' | 'sometimes' | 'never' }>;

const THREADS = 2;

export function listClaims(): readonly Listed[] {
  return declared.map(({ id, says }) => ({ id, text: says }));
}

export async function judgeClaims(options: ClaimsOptions): Promise<Outcome> {
  const began = performance.now();
  const deadline = Date.now() + options.timeSeconds * 1000;
  const chosen = declared.filter(({ id }) => options.claims.includes(id));
  const asked = chosen.flatMap(questionsOf);
  const searches = searchesFor(asked);
  const searched: Searched[] = [];
  for (const [at, each] of searches.entries()) {
    const progress = (text: string): void => options.progress(at, searches.length, `${each.design}: ${text}`);
    const caps = { memoryBytes: options.memoryMiB * 2 ** 20, states: null, deadline, signal: options.signal };
    searched.push(await search(each, { ...caps, seed: options.seed, out: options.out, progress }));
  }
  const proved = options.prove ? await proveClaims(provable(asked, searched), { ...options, deadline }) : new Map<string, Proved>();
  const rows: Row[] = [];
  for (const claim of chosen) {
    const questions = asked.filter((each) => each.claim === claim);
    if (questions.length === 0) rows.push(inexpressible(claim));
    for (const each of questions) rows.push(await rowOf(each, searched, proved));
  }
  const unexpected = rows.filter(({ expected }) => expected !== true);
  return {
    verdict: unexpected.length === 0 ? 'holds' : worst(unexpected.map(({ answer }) => (answer === undefined ? 'unknown' : 'violated'))),
    bound: `${chosen.length} propositions, ${rows.length} answers${unexpected.length === 0 ? ', all as expected' : `, ${unexpected.length} not as expected: ${unexpected.map(({ id }) => id).join(', ')}`}`,
    results: rows,
    figures: {
      ...Object.fromEntries(ANSWERS.map((answer) => [answer, rows.filter((row) => row.answer === answer).length])),
      settings: searched.length,
      states: searched.reduce((sum, { states }) => sum + states, 0),
      seconds: Number(((performance.now() - began) / 1000).toFixed(1)),
    },
    vacuous: vacuousOf(searched),
  };
}

const ANSWERS: readonly Answer[] = ['proved', 'refuted', 'assumption', 'inexpressible'];

/** The first question of a claim has its id, the others the design's name as well. */
export function questionsOf(claim: Claim): readonly Asked[] {
  if (typeof claim.asked === 'string') return [];
  return claim.asked.map((question, at) => ({ id: at === 0 ? claim.id : `${claim.id}@${question.design}`, claim, question }));
}

// --- what is searched ----------------------------------------------------------------------------------------------------------

/** All states of each setting are looked at once for all claims that ask for them. */
function searchesFor(asked: readonly Asked[]): readonly Search[] {
  const searches = new Map<string, Search & { readonly predicates: string[] }>();
  for (const { id, predicate, runs } of asked.flatMap(wantedOf)) {
    for (const run of runs) {
      const key = JSON.stringify(run);
      const known = searches.get(key) ?? { ...run, predicates: [] };
      searches.set(key, known);
      if (!known.predicates.includes(predicate)) known.predicates.push(predicate);
    }
    if (runs.length === 0) throw new Error(`${id} names no setting`);
  }
  return [...searches.values()];
}

type Run = Omit<Search, 'predicates'>;

function wantedOf({
  id,
  claim,
  question,
}: Asked): readonly { readonly id: string; readonly predicate: string; readonly runs: readonly Run[] }[] {
  if (isSource(question)) return [];
  return [{ id, predicate: predicateOf(claim, question), runs: [...runsOf(claim, question), ...assumedRunsOf(claim, question)] }];
}

function isSource(question: Question): question is Exclude<Question, StateQuestion> {
  return question.form === 'reads' || question.form === 'writes';
}

function predicateOf(claim: Claim, question: StateQuestion): string {
  return question.predicate ?? claim.id;
}

function runsOf(claim: Claim, question: StateQuestion): readonly Run[] {
  const kind = kindOf(predicateOf(claim, question));
  return question.settings.map((setting) => ({ kind, design: question.design, setting, threads: THREADS }));
}

function assumedRunsOf(claim: Claim, question: StateQuestion): readonly Run[] {
  const { assuming } = question;
  if (assuming === undefined) return [];
  const kind = kindOf(predicateOf(claim, question));
  const settings = assuming.settings ?? question.settings;
  return settings.map((setting) => ({ kind, design: question.design, setting, threads: assuming.threads ?? THREADS }));
}

/** What became of the claim in each of the runs. */
function seenIn(
  searched: readonly Searched[],
  runs: readonly Run[],
  predicate: string,
): readonly { readonly seen: Seen; readonly of: Searched }[] {
  return runs.flatMap((run) => {
    const of = searched.find(({ search: { predicates: _, ...each } }) => JSON.stringify(each) === JSON.stringify(run));
    const seen = of?.seen.get(predicate);
    return of === undefined || seen === undefined ? [] : [{ seen, of }];
  });
}

/** Claims about states of the specification that hold in all settings they are asked in. Other designs are not worth the minutes. */
function provable(asked: readonly Asked[], searched: readonly Searched[]): ReadonlyMap<string, readonly string[]> {
  const designs = new Map<string, string[]>();
  for (const { claim, question } of asked) {
    if (isSource(question) || question.form === 'sometimes' || question.design !== SPECIFICATION) continue;
    const predicate = predicateOf(claim, question);
    const kept = seenIn(searched, runsOf(claim, question), predicate).every(({ seen }) => seen.state === 'kept');
    if (!kept || kindOf(predicate) !== 'states') continue;
    const ids = designs.get(question.design) ?? [];
    designs.set(question.design, ids.includes(predicate) ? ids : [...ids, predicate]);
  }
  return designs;
}

// --- rows ----------------------------------------------------------------------------------------------------------------------

function head({ id, says }: Claim): string {
  const mail = mails[id.split('.')[0] ?? ''];
  return `“${says}” (${mail?.who}, ${mail?.when})`;
}

function inexpressible(claim: Claim): Row {
  const why = typeof claim.asked === 'string' ? claim.asked : '';
  const detail = `${head(claim)}\nnot expressible: ${why}`;
  const base = { id: claim.id, bound: 'nothing', seconds: 0, counterexample: null };
  return { ...base, verdict: 'unknown', method: 'none', answer: 'inexpressible', expected: true, detail };
}

async function rowOf(each: Asked, searched: readonly Searched[], proved: ReadonlyMap<string, Proved>): Promise<Row> {
  const { question } = each;
  const row = isSource(question) ? await sourceRow(each, question) : stateRow(each, question, searched, proved);
  return { ...row, expected: row.answer === question.expected };
}

async function sourceRow({ id, claim }: Asked, question: Exclude<Question, StateQuestion>): Promise<Row> {
  const began = performance.now();
  const { design, finding } = question;
  const { program } = await claimArtefact({ kind: 'states', design, limits: limitsOfSetting(configurationOf('tcp', THREADS, 'states')) });
  const otherwise = contradiction(program, question);
  const base = { id, bound: `the program of design ${design}`, method: `what it ${question.form}`, counterexample: null };
  const seconds = (performance.now() - began) / 1000;
  if (otherwise === null) return { ...base, seconds, verdict: 'holds', answer: 'proved', detail: `${head(claim)}\nproved: ${finding}` };
  return { ...base, seconds, verdict: 'violated', answer: 'refuted', detail: `${head(claim)}\nrefuted: ${otherwise}` };
}

function stateRow({ id, claim }: Asked, question: StateQuestion, searched: readonly Searched[], proved: ReadonlyMap<string, Proved>): Row {
  const { design, form, finding, assuming } = question;
  const predicate = predicateOf(claim, question);
  const looked = seenIn(searched, runsOf(claim, question), predicate);
  const seconds = looked.reduce((sum, { of }) => sum + of.seconds / Math.max(1, of.search.predicates.length), 0);
  const base = { id, seconds, counterexample: null };
  const shortest = looked
    .flatMap(({ seen, of }) => (seen.state === 'broken' ? [{ ...seen, of }] : []))
    .sort((a, b) => a.steps - b.steps)
    .at(0);
  const open = looked.flatMap(({ seen, of }) => (seen.state === 'open' ? [`${of.where}: ${seen.why}`] : []));
  if (shortest !== undefined) {
    const { steps, told, of } = shortest;
    const found = { ...base, method: 'all states', bound: `${steps} steps, and no fewer; ${of.where}; design ${design}` };
    const trace = `${told.text}`;
    if (form === 'sometimes') {
      return { ...found, verdict: 'holds', answer: 'proved', witness: told.file, detail: `${head(claim)}\nproved: ${finding}\n${trace}` };
    }
    const broken = { ...found, verdict: 'violated' as const, counterexample: told.file };
    const assumed = seenIn(searched, assumedRunsOf(claim, question), predicate);
    const undecided = assumed.find(({ seen }) => seen.state === 'open');
    if (undecided !== undefined)
      return { ...broken, detail: `${head(claim)}\nnot decided whether it holds if ${assuming?.that}: ${undecided.of.where}\n${trace}` };
    const holds = assuming !== undefined && assumed.length > 0 && assumed.every(({ seen }) => seen.state === 'kept');
    if (!holds) return { ...broken, answer: 'refuted', detail: `${head(claim)}\nrefuted: ${finding}\n${trace}` };
    const under = `holds in ${statesOf(assumed)}`;
    return {
      ...broken,
      answer: 'assumption',
      bound: `${found.bound}; if ${assuming.that}: ${under}`,
      detail: `${head(claim)}\ntrue only if ${assuming.that} (${under}): ${finding}\n${trace}`,
    };
  }
  const where = `${statesOf(looked)}; design ${design}`;
  if (open.length > 0) {
    return { ...base, verdict: 'unknown', method: 'all states', bound: where, detail: `${head(claim)}\nnot decided: ${open.join('; ')}` };
  }
  if (form === 'sometimes') {
    return {
      ...base,
      verdict: 'unknown',
      method: 'all states',
      bound: where,
      detail: `${head(claim)}\nnot decided: it does not happen there`,
    };
  }
  const proof = proved.get(`${predicate}@${design}`);
  if (proof?.verdict === 'violated') {
    const detail = `${head(claim)}\nrefuted, beyond the settings that were looked at whole\n${proof.detail}`;
    return {
      ...base,
      verdict: 'violated',
      method: proof.method,
      bound: proof.bound,
      answer: 'refuted',
      counterexample: proof.file,
      detail,
    };
  }
  const every = proof?.verdict === 'holds' ? `${proof.bound}; ` : '';
  const method = proof?.verdict === 'holds' ? `all states, ${proof.method}` : 'all states';
  return { ...base, verdict: 'holds', method, bound: `${every}${where}`, answer: 'proved', detail: `${head(claim)}\nproved: ${finding}` };
}

/** "all 1,234 states of tcp: 2 sockets, 2 threads, wire and timers, all 99 of udp: …" */
function statesOf(looked: readonly { readonly seen: Seen; readonly of: Searched }[]): string {
  return looked
    .map(({ seen, of }) =>
      seen.state === 'kept' ? `all ${seen.states.toLocaleString('en-US')} states of ${of.where}` : `some of ${of.where}`,
    )
    .join(', ');
}

/** Conditions of claims about states that no setting of a design ever met: what is claimed of them is claimed of nothing. */
function vacuousOf(searched: readonly Searched[]): readonly Vacuous[] {
  const designs = [...new Set(searched.map(({ search: { design } }) => design))];
  return designs.flatMap((design) => {
    const ofDesign = searched.filter(
      (each) => each.search.design === design && [...each.seen.values()].every(({ state }) => state !== 'open'),
    );
    const met = new Set(ofDesign.flatMap((each) => [...each.met]));
    const broken = new Set(ofDesign.flatMap(({ seen }) => [...seen].flatMap(([id, { state }]) => (state === 'broken' ? [id] : []))));
    const all = new Set(ofDesign.flatMap((each) => [...each.conditions]));
    return [...all]
      .filter((id) => !met.has(id) && !broken.has(id.split(' where ')[0] ?? ''))
      .map((id): Vacuous => ({ kind: 'invariant', id, reason: `never so in the settings of design ${design}` }));
  });
}
