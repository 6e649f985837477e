/**
 * What the mails claim: nothing is left out, what is refuted replays, what is proved is refuted as soon as the specification has the fault that
 * it speaks of, and the page says what the verb says. The verb as a whole takes minutes; here are the parts that take seconds.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { claims } from '../../model/claims.ts';
import type { Setting } from '../../model/claims/claim.ts';
import { judgeClaims, listClaims } from '../../oracle/claims/index.ts';
import { PAGE, pageWith } from '../../oracle/claims/page.ts';
import { examine, partOf } from '../../oracle/check/examine.ts';
import { configurationOf, limitsOfSetting } from '../../oracle/claims/settings.ts';
import { claimArtefact, type Kind, predicatesOf, withOnly } from '../../oracle/claims/program.ts';
import { type Seen, search } from '../../oracle/claims/search.ts';
import { readCounterexample } from '../../oracle/counterexample.ts';
import { replay } from '../../oracle/replay/index.ts';
import { packageRoot } from '../../oracle/root.ts';
import { claimSources, specificationSources } from '../../oracle/specification.ts';
import { DESIGNS } from '../../oracle/specification.ts';

const out = mkdtempSync(join(tmpdir(), 'sockref-claims-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

const work = { seed: 1, out, signal: new AbortController().signal, progress: () => undefined };
const caps = { memoryBytes: 128 * 2 ** 20, states: null, deadline: Number.POSITIVE_INFINITY };
const questions = claims.flatMap(({ id, asked }) => (typeof asked === 'string' ? [] : asked.map((question) => ({ id, question }))));

describe('the list', () => {
  test('has every proposition that the reference numbers', () => {
    const numbered = { F000: 14, F001: 26, F002: 3, F003: 7, F004: 5 };
    const known = new Set(claims.map(({ id }) => id.replace(/[a-z]$/, '')));
    for (const [mail, count] of Object.entries(numbered)) {
      for (let number = 1; number <= count; number++) expect(known).toContain(`${mail}.${number}`);
    }
    expect(new Set(claims.map(({ id }) => id)).size).toBe(claims.length);
  });

  test('asks about every predicate, and about none that there is not', () => {
    const asked = questions.flatMap(({ id, question }) => ('settings' in question ? [question.predicate ?? id] : []));
    const known = [...predicatesOf('states'), ...predicatesOf('steps')];
    expect([...new Set(asked)].sort()).toEqual([...known].sort());
    for (const { question } of questions) expect(DESIGNS).toContain(question.design);
  });

  test('is what the page shows', () => {
    const page = readFileSync(join(packageRoot(), PAGE), 'utf8');
    expect(page).toBe(pageWith(page));
  });

  test('is no part of the specification', () => {
    expect(Object.keys(specificationSources()).filter((name) => name.includes('claims'))).toEqual([]);
  });
});

/** What becomes of claims in one setting, on sources with these changes. */
async function seenIn(
  kind: Kind,
  design: string,
  setting: Setting,
  predicates: readonly string[],
  changes: readonly Change[] = [],
): Promise<ReadonlyMap<string, Seen>> {
  const sources = { ...claimSources() };
  for (const [file, from, to] of changes) {
    expect(sources[file], `${file}: ${from}`).toContain(from);
    sources[file] = (sources[file] ?? '').replace(from, to);
  }
  const { seen } = await search({ kind, design, setting, threads: 2, predicates, sources }, { ...work, ...caps });
  return seen;
}

type Change = readonly [file: string, from: string, to: string];

async function replays(file: string): Promise<string> {
  return (await replay(await readCounterexample(file), work)).verdict;
}

test('what is watched does what it does without', async () => {
  const { program } = await claimArtefact({
    kind: 'steps',
    design: 'sockref',
    limits: limitsOfSetting(configurationOf('events', 2, 'steps')),
  });
  const states = async (kind: Kind): Promise<number> => {
    // The claim says nothing of what was watched, so that history is not told apart.
    const part = partOf(withOnly(program, ['F002.3']), configurationOf('events', 2, kind));
    const { explorer, cut } = await examine(part, { ...caps, signal: work.signal }, () => undefined);
    expect([cut, explorer.broken()]).toEqual([null, []]);
    return explorer.states;
  };
  expect(await states('steps')).toBe(await states('states'));
});

describe('what is refuted', () => {
  test.each<[Kind, string, Setting]>([
    ['states', 'p06', 'tcp'],
    ['steps', 'dragonfly', 'udp'],
  ])('in claims about %s of %s, setting %s, replays', async (kind, design, setting) => {
    const predicates = questions.flatMap(({ id, question }) => {
      if (!('settings' in question) || question.design !== design || !question.settings.includes(setting)) return [];
      const predicate = question.predicate ?? id;
      const isOtherwise = question.form === 'sometimes' || question.expected !== 'proved';
      return isOtherwise && predicatesOf(kind).includes(predicate) ? [predicate] : [];
    });
    expect(predicates.length).toBeGreaterThan(1);
    for (const [id, seen] of await seenIn(kind, design, setting, [...new Set(predicates)])) {
      expect(seen.state, id).toBe('broken');
      if (seen.state === 'broken') expect(await replays(seen.told.file), id).toBe('violated');
    }
  });
});

const TCP = 'model/protocols/tcp.ts';
const SOCKET = 'model/socket.ts';
const WIRE = 'model/protocols/wire.ts';

interface Lot {
  readonly kind: Kind;
  readonly changes: readonly Change[];
  /** By setting. What the one lot of a kind refutes the other does not. */
  readonly refuted: Readonly<Partial<Record<Setting, readonly string[]>>>;
}

/** Faults of the specification, in lots, and the claims that they refute. */
const LOTS: readonly Lot[] = [
  {
    kind: 'states',
    changes: [
      [TCP, '  inp.dropped = true;\n  inp.state', '  inp.state'],
      [SOCKET, '  child.noFdRef = true;\n', ''],
    ],
    refuted: { tcp: ['F000.3', 'F001.20'] },
  },
  {
    kind: 'states',
    changes: [
      [TCP, '  socket.protoRef = true;\n  sotopcb(s, socket).sockRef = true;', '  sotopcb(s, socket).sockRef = true;'],
      ['model/calls/close.ts', '  s.fds[fd] = null;\n', ''],
    ],
    refuted: { tcp: ['F000.4', 'F000.6', 'F001.17a', 'F001.19'] },
  },
  {
    kind: 'steps',
    changes: [[SOCKET, '  socantrcvmore(socket);\n  socantsendmore(socket);\n  socket.snd.cc = 0;', '  socket.snd.cc = 0;']],
    refuted: { calls: ['F001.6b'], shutdown: [] },
  },
  {
    kind: 'steps',
    changes: [
      [SOCKET, '  socket.connecting = false;\n  socket.connected = false;\n', '  socket.connected = false;\n'],
      [WIRE, "socket.rcv.cantMore && rule('data_3'", "socket.protoRef && rule('data_3'"],
    ],
    refuted: { calls: ['F001.12'], shutdown: ['F001.13a'] },
  },
];

describe('what is proved', () => {
  test.each(LOTS)('of $kind is refuted by the faults it speaks of, and by no others: $refuted', async ({ kind, changes, refuted }) => {
    for (const [setting, own] of Object.entries(refuted) as [Setting, readonly string[]][]) {
      const all = LOTS.flatMap((lot) => (lot.kind === kind ? (lot.refuted[setting] ?? []) : []));
      const seen = await seenIn(kind, 'sockref', setting, all, changes);
      for (const id of all) expect(seen.get(id)?.state === 'broken', id).toBe(own.includes(id));
    }
  });
});

describe('the verb', () => {
  const options = { ...work, memoryMiB: 512, timeSeconds: 250, prove: false };

  test('has a row for each answer, and holds where they are what is expected', async () => {
    const outcome = await judgeClaims({ ...options, claims: ['F000.12', 'F002.2a', 'F002.3'] });
    expect(outcome.verdict).toBe('holds');
    expect(outcome.results.map(({ id, verdict, answer }) => [id, verdict, answer])).toEqual([
      ['F000.12', 'unknown', 'inexpressible'],
      ['F002.2a', 'holds', 'proved'],
      ['F002.3', 'holds', 'proved'],
    ]);
    const blocked = outcome.results[2];
    expect(blocked?.detail).toContain('Perlstein, 11 September 2000');
    expect(await replays(blocked?.witness ?? '')).toBe('violated');
  });

  test('is unknown where it found no time', async () => {
    const outcome = await judgeClaims({ ...options, claims: ['F002.3'], timeSeconds: 0.001 });
    expect(outcome.verdict).toBe('unknown');
  });

  test('lists every proposition', () => {
    expect(listClaims().length).toBe(claims.length);
  });
});
