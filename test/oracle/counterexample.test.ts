/**
 * Counterexample files come from strangers. Without these promises a broken or hostile one could crash the program, drift
 * silently, or write to a terminal: whatever the bytes are, they are refused with field and reason, or they are a valid file.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type Counterexample, parseCounterexample, readCounterexample, writeCounterexample } from '../../oracle/counterexample.ts';
import { isPrintable, UsageError } from '../../oracle/usage.ts';
import { exploreExample, litmusExample, proveExample, runExample, stressExample } from './examples.ts';

const scratch = mkdtempSync(join(tmpdir(), 'sockref-file-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const EXAMPLES: readonly Counterexample[] = [runExample, proveExample, exploreExample, litmusExample, stressExample];
const { program } = exploreExample;
const TEXTS = EXAMPLES.map((example) => JSON.stringify(example, null, 2));

function bytesOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Parses, and checks what must be true of every refusal. Returns the refusal, or null when the file was accepted. */
function refusalOf(bytes: Uint8Array): UsageError | null {
  try {
    const accepted = parseCounterexample(bytes, 'file.json');
    // Accepted means valid: written out again it is accepted again, and is the same.
    expect(parseCounterexample(bytesOf(accepted), 'again.json')).toEqual(accepted);
    return null;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    expect(error.details.field).toEqual(expect.stringMatching(/./));
    expect(error.details.reason).toEqual(expect.stringMatching(/./));
    expect(error.message).toMatch(/^file\.json was refused: /);
    expect(error.message.length).toBeLessThan(500);
    expect(isPrintable(error.message)).toBe(true);
    return error;
  }
}

function refused(value: unknown): string {
  const refusal = refusalOf(bytesOf(value));
  return refusal === null ? 'accepted' : `${refusal.details.field}: ${refusal.details.reason}`;
}

describe('a file that is one', () => {
  it.each(EXAMPLES)('comes back as it was written: $engine', async (example) => {
    const path = writeCounterexample(join(scratch, 'out'), example);
    expect(await readCounterexample(path)).toEqual(example);
  });

  it('has the same name in every run, and leaves nothing half-written beside it', () => {
    const directory = join(scratch, 'stable');
    const first = writeCounterexample(directory, proveExample);
    expect(writeCounterexample(directory, { ...proveExample, seed: 2 })).toBe(first);
    expect(readdirSync(directory).sort()).toEqual(['.gitignore', 'prove-p06-pcb-while-valid.json']);
    expect(writeCounterexample(directory, runExample)).toBe(join(directory, 'run-sockref-returned-value-dropped-soref.json'));
    expect(writeCounterexample(directory, exploreExample)).toBe(join(directory, 'explore-shutdown-accept-lost-wakeup-G49.json'));
    expect(writeCounterexample(directory, litmusExample)).toBe(join(directory, 'explore-futex-mutex-assertion.json'));
    expect(writeCounterexample(directory, stressExample)).toBe(join(directory, 'stress-two-closes-history.json'));
  });

  it('is never written when replay would refuse it', () => {
    const directory = join(scratch, 'never');
    expect(() => writeCounterexample(directory, { ...proveExample, breaks: '' })).toThrow(/breaks/);
    expect(existsSync(directory)).toBe(false);
  });

  it('that has no place to go is the user’s to mend', () => {
    const file = join(scratch, 'a-file');
    writeFileSync(file, '');
    expect(() => writeCounterexample(join(file, 'below'), proveExample)).toThrow(UsageError);
  });
});

describe('a file that is none', () => {
  const step = proveExample.steps[0];
  it.each<[string, unknown, string]>([
    ['nothing', '', '(file): is empty'],
    ['other JSON', [1, 2], '(file): holds a list of 2'],
    ['null', null, '(file): holds null'],
    [
      'a package.json',
      { name: 'x', version: '1.0.0' },
      'format: expected "sockref-counterexample/1", saw nothing; it isn\'t a sockref counterexample',
    ],
    [
      'a later version',
      { ...proveExample, format: 'sockref-counterexample/2' },
      'format: expected "sockref-counterexample/1", saw "sockref-counterexample/2"; it was written by another version',
    ],
    ['an unknown engine', { ...proveExample, engine: 'guess' }, 'engine: expected "run", "explore", "stress" or "prove", saw "guess"'],
    ['no engine', { ...proveExample, engine: undefined }, 'engine: expected "run", "explore", "stress" or "prove", saw nothing'],
    ['a field too many', { ...proveExample, command: 'rm' }, 'command: is not a field'],
    ['a field too few', { ...proveExample, design: undefined }, 'design: is missing; expected string'],
    ['the wrong subject', { ...proveExample, subject: 'impl' }, 'subject: expected "model", saw "impl"'],
    ['a broken number', { ...proveExample, seed: 1.5 }, 'seed: expected int, saw 1.5'],
    ['a huge number', { ...proveExample, configuration: { sockets: 2 ** 60 } }, 'configuration.sockets: '],
    ['a strange name', { ...proveExample, configuration: { 'a b': 1 } }, 'configuration["a b"]: as a name, expected a name'],
    [
      'a source elsewhere',
      { ...proveExample, steps: [{ ...step, source: '../../etc/x.ts:1' }] },
      'steps[0].source: expected a place in the source',
    ],
    [
      'an argument that is an object',
      { ...proveExample, steps: [{ ...step, arguments: { fd: {} } }] },
      'steps[0].arguments.fd: expected a whole number',
    ],
    [
      'a fingerprint in capitals',
      { ...proveExample, steps: [step, { ...step, fingerprint: 'A1' }] },
      'steps[1].fingerprint: expected a fingerprint',
    ],
    ['no steps at all', { ...runExample, steps: [] }, 'steps: is too small: at least 1'],
    [
      'a history with an argument of its own',
      { ...stressExample, steps: [{ ...stressExample.steps[0], arguments: { call: 0, fd: 3 } }] },
      'steps[0].arguments.fd: is not a field',
    ],
    ['a history without its program', { ...stressExample, program: null }, 'program: expected object, saw null'],
    ['a thread without calls', { ...exploreExample, program: { ...program, threads: [[]] } }, 'program.threads[0]: is too small'],
    ['an actor of no kind', { ...exploreExample, program: { ...program, actors: [{ kind: 'god' }] } }, 'program.actors[0].kind: '],
    [
      'a call with code in it',
      { ...exploreExample, program: { ...program, threads: [[{ name: 'accept', args: { fd: { run: 'rm' } } }]] } },
      'program.threads[0][0].args.fd: expected a value',
    ],
    ['a field of a scenario too many', { ...exploreExample, program: { ...program, file: 'x.js' } }, 'program.file: is not a field'],
    ['a granularity that is none', { ...exploreExample, granularity: 'line' }, 'granularity: expected "block" or "access"'],
    [
      'a control sequence',
      { ...proveExample, scenario: '\u001b[2J' },
      'scenario: expected text without control characters, saw "\\u001b[2J"',
    ],
    ['a prototype', TEXTS[0]?.replace('"seed"', '"__proto__"'), '__proto__: is a name that no counterexample has'],
    ['a cut-off file', TEXTS[0]?.slice(0, 200), '(file): is not JSON: it ends too early'],
    ['a typing mistake', '{\n  "format": oops\n}', '(file): is not JSON: unexpected "o"'],
    ['a forgotten comma', '{\n  "format": "x" "engine": 1\n}', '(file): is not JSON: unexpected "\\"" at line 2, column 17'],
    ['endless nesting', '['.repeat(200_000), '(file): '],
    [
      'closed endless nesting',
      `{"format":"sockref-counterexample/1","engine":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      '(file): is nested deeper',
    ],
  ])('is refused with field and reason: %s', (_name, value, message) => {
    expect(refused(value)).toContain(message);
  });

  it('is refused when it is too large, or not text', () => {
    expect(refusalOf(new Uint8Array(8 * 1024 * 1024 + 1).fill(32))?.details.reason).toContain('larger than 8 MiB');
    expect(refusalOf(Uint8Array.of(0xff, 0xfe, 0x7b))?.details.reason).toBe('is not UTF-8 text');
  });

  it('is refused when it is a pipe or a device', async () => {
    await expect(readCounterexample('/dev/null')).rejects.toThrow(/not a regular file/);
  });
});

describe('whatever the bytes are', () => {
  it('every truncation is refused', () => {
    for (const text of TEXTS) {
      const bytes = bytesOf(text);
      for (let length = 0; length < bytes.length; length++) expect(refusalOf(bytes.subarray(0, length))).not.toBeNull();
    }
  });

  it('2000 files with bytes changed, removed or doubled are refused or valid', () => {
    const edit = fc.record({
      at: fc.nat(),
      length: fc.nat(12),
      insert: fc.oneof(fc.uint8Array({ maxLength: 6 }), fc.string().map(bytesOf)),
    });
    let refusals = 0;
    fc.assert(
      fc.property(fc.constantFrom(...TEXTS), fc.array(edit, { minLength: 1, maxLength: 3 }), (text, edits) => {
        let bytes = bytesOf(text);
        for (const { at, length, insert } of edits) {
          const place = at % bytes.length;
          bytes = Uint8Array.from([...bytes.subarray(0, place), ...insert, ...bytes.subarray(place + length)]);
          if (bytes.length === 0) break;
        }
        if (refusalOf(bytes) !== null) refusals++;
      }),
      { numRuns: 2000, seed: 1 },
    );
    expect(refusals).toBeGreaterThan(1000);
  });

  it('2000 files with a value replaced, a field removed or a field added are refused or valid', () => {
    let refusals = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...EXAMPLES),
        fc.nat(),
        fc.constantFrom('replace', 'remove', 'add'),
        fc.string(),
        fc.jsonValue(),
        (example, pick, how, name, value) => {
          const document: unknown = JSON.parse(JSON.stringify(example));
          const places = placesOf(document);
          const place = places[pick % places.length];
          if (place === undefined) return;
          if (how === 'replace') place.holder[place.member] = value;
          else if (how === 'remove') delete place.holder[place.member];
          else place.holder[name] = value;
          if (refusalOf(bytesOf(document)) !== null) refusals++;
        },
      ),
      { numRuns: 2000, seed: 1 },
    );
    expect(refusals).toBeGreaterThan(1000);
  });

  it('1000 foreign files are refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(refusalOf(bytesOf(text))).not.toBeNull();
      }),
      { numRuns: 1000, seed: 1 },
    );
    for (const file of ['package.json', 'tsconfig.json', 'package-lock.json']) {
      expect(refusalOf(readFileSync(new URL(`../../${file}`, import.meta.url)))).not.toBeNull();
    }
  });
});

interface Place {
  readonly holder: Record<string, unknown>;
  readonly member: string;
}

/** Every member of every object and list in a document. */
function placesOf(value: unknown): readonly Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((member) => [{ holder, member }, ...placesOf(holder[member])]);
}
