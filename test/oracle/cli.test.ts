/**
 * Without these promises a script can't rely on sockref: exit statuses, one JSON document, refusals that say what to do. The
 * built program is tried where loading matters; everything else runs the command line in this process with fake engines.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { VERBS } from '../../oracle/cli/verbs.ts';
import { CompileError } from '../../oracle/compile/errors.ts';
import { writeCounterexample } from '../../oracle/counterexample.ts';
import type { ExploreOptions, RunOptions } from '../../oracle/engine.ts';
import { packageRoot } from '../../oracle/root.ts';
import { EXIT, type Outcome, type Verdict, worst } from '../../oracle/verdict.ts';
import { proveExample } from './examples.ts';
import { type Ended, fakeEngines, outcome, row, sockref } from './fakes.ts';

const MAIN = join(packageRoot(), '.build/oracle/main.js');
const scratch = mkdtempSync(join(tmpdir(), 'sockref-cli-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function built(words: readonly string[], nodeOptions: readonly string[] = []): Ended {
  const ended = spawnSync(process.execPath, [...nodeOptions, MAIN, ...words], { cwd: scratch, encoding: 'utf8', timeout: 30_000 });
  return { status: ended.status ?? -1, stdout: ended.stdout, stderr: ended.stderr };
}

const VERDICTS: readonly Verdict[] = ['holds', 'violated', 'unknown'];

describe('the built program', () => {
  it('was built before this test', () => {
    expect(existsSync(MAIN), 'run tsc -b first; npm test does').toBe(true);
  });

  it('answers --help without loading a compiler, a solver, a schema library or a drawing library', () => {
    const hook = 'export async function load(url, context, next) { process._rawDebug("LOADED " + url); return next(url, context); }';
    const register = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});`;
    const ended = built(['--help'], ['--import', `data:text/javascript,${encodeURIComponent(register)}`]);
    expect(ended.status).toBe(0);
    for (const verb of VERBS) expect(ended.stdout).toContain(verb.name);
    const loaded = ended.stderr.split('\n').filter((text) => text.startsWith('LOADED'));
    expect(loaded.length).toBeGreaterThan(3);
    expect(
      loaded.filter((text) => /ts-morph|typescript|z3-solver|fast-check|\/zod\/|cli-progress|\/(model|impl|compile)\//.test(text)),
    ).toEqual([]);
  });

  it('prints its version', () => {
    expect(built(['--version'])).toMatchObject({ status: 0, stdout: '0.1.0\n' });
  });

  it.each([
    [['pruve'], 'prove'],
    [['run', '--rusn', '3'], '--runs'],
    [['verify', '--bugdet=3'], '--budget'],
  ])('refuses %j with status 2 and the nearest name', (words, suggestion) => {
    const ended = built(words);
    expect(ended).toMatchObject({ status: 2, stdout: '' });
    expect(ended.stderr).toContain(`Did you mean ${suggestion}?`);
    expect(ended.stderr).toMatch(/Known (verb|option)s: /);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  it('refuses a truncated counterexample with status 2, the field and the reason', () => {
    const path = join(scratch, 'truncated.json');
    writeFileSync(path, '{ "format": "sockref-counterexample/1", "engine": ');
    const ended = built(['replay', path, '--json']);
    expect(ended.status).toBe(2);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      tool: 'sockref',
      verb: 'replay',
      field: '(file)',
      reason: expect.stringContaining('cut off'),
    });
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });
});

describe('what was typed', () => {
  const engines = fakeEngines({});

  it.each([
    ['no verb', [], 'verb', 'is missing'],
    ['a word too many', ['run', 'extra'], 'arguments', 'too many'],
    ['replay without a file', ['replay'], 'FILE', 'is missing'],
    ['an option without its value', ['run', '--runs'], '--runs', 'has no value'],
    ['a value that is no number', ['run', '--runs', '1e3'], '--runs', 'expected a whole number'],
    ['a number out of range', ['prove', '--depth', '0'], '--depth', 'expected a whole number'],
    ['a negative number', ['run', '--max-calls=-1'], '--max-calls', 'expected a whole number'],
    ['no time at all', ['verify', '--budget', '0'], '--budget', 'seconds'],
    ['an option before the verb', ['--seed', 'run'], 'option', 'before the verb'],
    ['an unknown design', ['prove', '--design', 'p6'], 'design', 'unknown design'],
    ['answers that are kept of no proof', ['prove', '--cache', 'kept'], '--cache', 'goes with --all-traces'],
    ['an unknown invariant', ['prove', '--invariant', 'pcb-while-vaild'], 'invariant', 'unknown invariant'],
    ['one unknown invariant of two', ['prove', '--invariant', 'protoref-keeps', '--invariant', 'x'], 'invariant', 'unknown invariant'],
    ['a file that is not there', ['replay', 'no-such-file.json'], '(file)', 'does not exist'],
    ['a directory as a file', ['replay', '.'], '(file)', 'not a regular file'],
    ['an unknown scenario', ['explore', 'accept-close', 'acept-close'], 'scenario', 'unknown scenario'],
    ['an unknown scenario to stress', ['stress', 'x'], 'scenario', 'unknown scenario'],
    ['an unknown litmus program', ['explore', '--litmus', 'mutex'], 'litmus program', 'unknown litmus program'],
    ['an unknown entry of the museum', ['museum', 'G3'], 'entry', 'unknown entry'],
    ['an unknown strategy', ['explore', '--strategy', 'dfs'], '--strategy', 'expected states, dpor'],
    ['an unknown granularity', ['explore', '--granularity', 'word'], '--granularity', 'expected block, access'],
    ['sizes without a litmus program', ['explore', '--threads', '3'], '--litmus', 'is missing'],
    ['too many threads', ['explore', '--litmus', 'futex-mutex', '--threads', '16'], '--threads', 'from 1 to 15'],
    ['no memory', ['explore', '--memory', '0'], '--memory', 'expected a whole number'],
    ['the strategy replay without a file', ['explore', '--strategy', 'replay'], 'FILE', 'is missing'],
    ['one socket', ['prove', '--sockets', '1'], '--sockets', 'from 2 to 64'],
    ['one socket to check', ['check', '--sockets', '1'], '--sockets', 'from 2 to 16'],
    ['one socket to compare', ['compare', '--sockets', '1'], '--sockets', 'from 2 to 64'],
    ['one socket to export', ['export', '--format', 'promela', '--sockets', '1'], '--sockets', 'from 2 to 16'],
    ['no histories', ['stress', '--runs', '0'], '--runs', 'expected a whole number'],
  ])('is refused with field and reason: %s', async (_name, words, field, reason) => {
    const people = await sockref(words, engines);
    expect(people).toMatchObject({ status: EXIT.usage, stdout: '' });
    expect(people.stderr).toMatch(/^sockref/);
    const script = await sockref([...words.slice(0, 1), '--json', ...words.slice(1)], engines);
    expect(script.status).toBe(EXIT.usage);
    const document: unknown = JSON.parse(script.stdout);
    expect(document).toMatchObject({
      tool: 'sockref',
      version: '0.1.0',
      field,
      reason: expect.stringContaining(reason),
      error: expect.any(String),
    });
  });

  it.each([
    [['prove', '--design', 'p6'], 'p06'],
    [['prove', '--invariant', 'pcb-while-vaild'], 'pcb-while-valid'],
    [['prove', '--invariant', 'pcb'], 'pcb-while-valid'],
    [['rnu'], 'run'],
    [['help', 'rnu'], 'run'],
    [['replay', '--quite'], '--quiet'],
    [['explore', 'acept-close'], 'accept-close'],
    [['explore', '--litmus', 'futex'], 'futex-mutex'],
    [['stress', 'connect'], 'connect-reset'],
    [['museum', 'g49'], 'G49'],
  ])('%j suggests %s and lists what is known', async (words, suggestion) => {
    const ended = await sockref([...words, '--json'], engines);
    const document = JSON.parse(ended.stdout) as { suggestion: string; known: string[] };
    expect(document.suggestion).toBe(suggestion);
    expect(document.known).toContain(suggestion);
  });

  it('suggests nothing for a name that resembles no other', async () => {
    const ended = await sockref(['xylophone', '--json'], engines);
    expect(JSON.parse(ended.stdout)).not.toHaveProperty('suggestion');
  });

  it('sends nothing to the terminal that it would obey', async () => {
    const ended = await sockref(['run\u001b[2J\u009b31m\u202e'], engines);
    expect(ended.stderr).toContain('\\u{9b}');
    for (const character of ['\u001b', '\u009b', '\u202e']) expect(ended.stderr).not.toContain(character);
  });

  it('reaches the engine checked and typed', async () => {
    const seen: RunOptions[] = [];
    const run = async (options: RunOptions) => {
      seen.push(options);
      return outcome('holds');
    };
    await sockref(['run', '--runs', '5000', '--seed', '1', '--budget', '2.5', '--out', 'elsewhere'], fakeEngines({ run }));
    expect(seen[0]).toMatchObject({ runs: 5000, seed: 1, budgetSeconds: 2.5, out: 'elsewhere', maxCalls: 40 });
  });
});

describe('--list', () => {
  it.each([
    [['explore'], ['accept-close', 'connect-reset', 'futex-mutex', 'pair']],
    [['stress'], ['accept-close', 'connect-reset']],
    [['museum'], ['G30', 'G49']],
  ])('of %j names what there is and judges nothing', async (words, names) => {
    const people = await sockref([...words, '--list'], fakeEngines({}));
    expect(people.status).toBe(EXIT.holds);
    for (const name of names) expect(people.stdout).toContain(`  ${name} `);
    const script = await sockref([...words, '--list', '--json'], fakeEngines({}));
    const document = JSON.parse(script.stdout) as { list: { id: string; kind: string; text: string }[] };
    expect(document).toMatchObject({ tool: 'sockref', verb: words[0] });
    expect(document.list.map(({ id }) => id)).toEqual(names);
  });
});

describe('stress and museum', () => {
  it('reach their engines checked and typed', async () => {
    const seen: object[] = [];
    const note = async (options: object): Promise<Outcome> => {
      seen.push(options);
      return outcome('holds');
    };
    const engines = fakeEngines({ stress: note, museum: note });
    await sockref(['stress', 'accept-close', '--runs', '7', '--time', '3'], engines);
    await sockref(['museum', '--time', '4'], engines);
    expect(seen[0]).toMatchObject({ scenarios: ['accept-close'], runs: 7, timeSeconds: 3 });
    expect(seen[1]).toMatchObject({ entries: ['G30', 'G49'], timeSeconds: 4 });
  });

  it('say of each row whether the bug was found', async () => {
    const results = [row('G30', 'holds', { found: true }), row('G49', 'violated', { found: false })];
    const ended = await sockref(['museum', '--json'], fakeEngines({ museum: async () => outcome('violated', results) }));
    expect(JSON.parse(ended.stdout)).toMatchObject({ results: [{ found: true }, { found: false }] });
  });
});

describe('the verdict', () => {
  it('of several is the worst one, and of none unknown', () => {
    expect(worst(['holds', 'unknown', 'holds'])).toBe('unknown');
    expect(worst(['unknown', 'violated', 'holds'])).toBe('violated');
    expect(worst(['holds'])).toBe('holds');
    expect(worst([])).toBe('unknown');
  });

  it.each(VERDICTS)('%s is the exit status, for people and for scripts', async (verdict) => {
    const engines = fakeEngines({ run: async () => outcome(verdict) });
    const people = await sockref(['run'], engines);
    expect(people.status).toBe(EXIT[verdict]);
    expect(people.stdout).toContain(`sockref run: ${verdict} (bound of the fake)`);
    const script = await sockref(['run', '--json'], engines);
    expect(script.status).toBe(EXIT[verdict]);
    const document: unknown = JSON.parse(script.stdout);
    expect(document).toMatchObject({ tool: 'sockref', version: '0.1.0', verb: 'run', verdict, bound: 'bound of the fake' });
    expect(document).toHaveProperty('results.0', { id: 'one', verdict, bound: 'bound of the fake', seconds: 0.012, counterexample: null });
    expect(document).toHaveProperty('figures.runs', 7);
  });

  it('comes with the command that replays it, and with what was not exercised', async () => {
    const results = [row('protoref-keeps', 'violated', { counterexample: '.sockref/x.json', detail: 'first\nsecond' })];
    const vacuous = [{ kind: 'rule' as const, id: 'accept_4', reason: 'not reached by these runs' }];
    const ended = await sockref(['run'], fakeEngines({ run: async () => ({ ...outcome('violated', results), vacuous }) }));
    expect(ended.stdout).toContain('replay it: npx sockref replay .sockref/x.json');
    expect(ended.stdout).toContain('rule accept_4: not reached by these runs');
  });

  it('is coloured on a terminal, unless NO_COLOR says otherwise', async () => {
    const engines = fakeEngines({ run: async () => outcome('holds') });
    const sequence = '\u001b[';
    expect((await sockref(['run', '--quiet'], engines)).stdout).not.toContain(sequence);
    expect((await sockref(['run', '--quiet'], engines, { terminal: true })).stdout).toContain(sequence);
    expect((await sockref(['run', '--quiet'], engines, { terminal: true, environment: { NO_COLOR: '1' } })).stdout).not.toContain(sequence);
  });

  it('is bad input, with the place and what to write instead, when the compiler can not take the specification', async () => {
    const [file, problem, advice] = ['model/state.ts', 'a number without bounds', 'write `Nat<MAX>`'];
    const error = new CompileError([{ file, line: 130, column: 24, construct: 'number', problem, advice }]);
    const ended = await sockref(['run', '--json'], fakeEngines({ run: () => Promise.reject(error) }));
    expect(ended.status).toBe(EXIT.usage);
    expect(JSON.parse(ended.stdout)).toMatchObject({ field: 'model/state.ts:130:24', reason: problem, suggestion: advice });
    expect(ended.stderr).toContain('model/state.ts:130:24: `number`: a number without bounds. Write `Nat<MAX>`.');
    expect(ended.stderr).not.toContain('a fault of sockref');
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  it('is unknown, with a message and no trace, when sockref itself fails', async () => {
    const engines = fakeEngines({ run: () => Promise.reject(new Error('the roof fell in')) });
    const ended = await sockref(['run', '--json'], engines);
    expect(ended.status).toBe(EXIT.unknown);
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: 'the roof fell in' });
    expect(ended.stderr).toContain('a fault of sockref');
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });
});

describe('progress', () => {
  const busy = fakeEngines({
    run: async ({ progress }) => {
      for (let done = 0; done <= 1000; done++) progress(done, 1000, 'programs');
      return outcome('holds');
    },
  });

  it('is silent in short work off a terminal, and never on standard output', async () => {
    expect(await sockref(['run'], busy)).toMatchObject({ status: 0, stderr: '' });
  });

  it('draws on a terminal and not with --quiet', async () => {
    expect((await sockref(['run'], busy, { terminal: true })).stderr).not.toBe('');
    expect((await sockref(['run', '--quiet'], busy, { terminal: true })).stderr).toBe('');
  });
});

describe('an interrupt', () => {
  const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  it('lets the engine say what was covered, and never holds', async () => {
    const engines = fakeEngines({
      run: async ({ signal }) => {
        while (!signal.aborted) await wait(2);
        return { ...outcome('holds'), bound: '12 programs' };
      },
    });
    const ended = await sockref(['run', '--json'], engines, { interrupter: (interrupt) => setTimeout(interrupt, 20) });
    expect(ended.status).toBe(EXIT.unknown);
    expect(JSON.parse(ended.stdout)).toMatchObject({ verdict: 'unknown', bound: 'interrupted; 12 programs' });
  });

  it('keeps a violation that was already found', async () => {
    const engines = fakeEngines({
      run: async ({ signal }) => {
        while (!signal.aborted) await wait(2);
        return outcome('violated');
      },
    });
    expect((await sockref(['run'], engines, { interrupter: (interrupt) => setTimeout(interrupt, 20) })).status).toBe(EXIT.violated);
  });

  it('repeated, does not wait for an engine that is deaf', async () => {
    const engines = fakeEngines({
      run: ({ progress }) => {
        progress(41, 5000, 'programs');
        return new Promise(() => undefined);
      },
    });
    const interrupter = (interrupt: () => void): void => {
      setTimeout(interrupt, 20);
      setTimeout(interrupt, 40);
    };
    const ended = await sockref(['run', '--json'], engines, { interrupter });
    expect(ended.status).toBe(EXIT.unknown);
    expect(JSON.parse(ended.stdout)).toMatchObject({ verdict: 'unknown', bound: 'interrupted; covered 41 of 5000: programs' });
  });

  it('by a real signal ends the real process with status 3', async () => {
    const command = join(packageRoot(), '.build/oracle/cli/command.js');
    const program = `
      import { runCommandLine } from ${JSON.stringify(command)};
      const runPrograms = ({ progress, signal }) => new Promise((resolve) => {
        progress(3, 10, 'programs');
        setTimeout(() => undefined, 60_000);
        signal.addEventListener('abort', () => resolve({ verdict: 'unknown', bound: '3 programs', results: [], figures: {} }));
        process.stderr.write('ready');
      });
      process.exit(await runCommandLine(['run', '--json'], {
        stdout: process.stdout, stderr: process.stderr, environment: {}, engines: { run: async () => ({ runPrograms }) },
        onInterrupt: (listener) => { process.on('SIGINT', listener); return () => process.off('SIGINT', listener); },
      }));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
    let stdout = '';
    child.stdout.on('data', (part) => {
      stdout += String(part);
    });
    child.stderr.once('data', () => child.kill('SIGINT'));
    const status = await new Promise((resolve) => child.once('close', resolve));
    expect(status).toBe(EXIT.unknown);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'unknown', bound: 'interrupted; 3 programs' });
  });
});

describe('verify', () => {
  const panicFound = async () =>
    outcome('violated', [row('pcb-while-valid', 'violated', { counterexample: writeCounterexample(scratch, proveExample) })]);
  const proving = (design: string, other: Verdict) => (design === 'p06' ? panicFound() : Promise.resolve(outcome(other)));

  it('holds when the panic is found and replayed and all else holds, one row a part', async () => {
    const engines = fakeEngines({
      prove: ({ design }) => proving(design, 'holds'),
      run: async () => outcome('holds'),
      explore: async () => outcome('holds'),
      check: async () => outcome('holds'),
      replay: async () => outcome('violated'),
    });
    const ended = await sockref(['verify', '--json'], engines);
    expect(ended.status).toBe(EXIT.holds);
    const document = JSON.parse(ended.stdout) as {
      results: { id: string; verdict: string; bound: string; seconds: number }[];
      figures: object;
    };
    expect(document.results.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual([
      'panic-2006 holds',
      'run holds',
      'explore holds',
      'check holds',
      'prove holds',
    ]);
    expect(document.results[0]).toMatchObject({ found: true, counterexample: join(scratch, 'prove-p06-pcb-while-valid.json') });
    expect(document.figures).toMatchObject({ panicSteps: 1 });
  });

  it.each([
    ['the panic is not there', { prove: async () => outcome('holds'), replay: async () => outcome('violated') }, EXIT.violated],
    ['the panic is not found in time', { prove: async () => outcome('unknown'), replay: async () => outcome('violated') }, EXIT.unknown],
    ['the panic does not replay', { replay: async () => outcome('holds') }, EXIT.violated],
    ['the replay diverges', { replay: async () => outcome('unknown') }, EXIT.unknown],
    ['an invariant breaks', { prove: ({ design }: { design: string }) => proving(design, 'violated') }, EXIT.violated],
    ['an invariant stays open', { prove: ({ design }: { design: string }) => proving(design, 'unknown') }, EXIT.unknown],
    ['a program fails', { run: async () => outcome('violated') }, EXIT.violated],
    ['a schedule breaks a scenario', { explore: async () => outcome('violated') }, EXIT.violated],
    ['a state breaks an invariant', { check: async () => outcome('violated') }, EXIT.violated],
    ['a configuration has more states than time', { check: async () => outcome('unknown') }, EXIT.unknown],
    ['a scenario has more schedules than time', { explore: async () => outcome('unknown') }, EXIT.unknown],
  ])('does not hold when %s', async (_name, broken, status) => {
    const sound = {
      prove: ({ design }: { design: string }) => proving(design, 'holds'),
      run: async () => outcome('holds'),
      explore: async () => outcome('holds'),
      check: async () => outcome('holds'),
      replay: async () => outcome('violated'),
    };
    expect((await sockref(['verify'], fakeEngines({ ...sound, ...broken }))).status).toBe(status);
  });

  it('explores the quick scenarios, in its share of the budget', async () => {
    const asked: ExploreOptions[] = [];
    const engines = fakeEngines({
      prove: ({ design }) => proving(design, 'holds'),
      run: async () => outcome('holds'),
      explore: async (options) => {
        asked.push(options);
        return outcome('holds', undefined, { states: 7, steps: 9 });
      },
      check: async () => outcome('holds', undefined, { states: 5 }),
      replay: async () => outcome('violated'),
    });
    const ended = await sockref(['verify', '--budget', '30', '--json'], engines);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ targets: [{ kind: 'scenarios', ids: ['accept-close'] }], granularity: 'block' });
    expect(asked[0]?.budgetSeconds).toBeLessThanOrEqual(10);
    expect(JSON.parse(ended.stdout)).toMatchObject({ figures: { exploredStates: 7, exploredSteps: 9, checkedStates: 5 } });
  });

  it('asks for the default depth, in the time that the other parts have left', async () => {
    const asked: { depth: number; timeoutSeconds: number }[] = [];
    const engines = fakeEngines({
      prove: async (options) => {
        if (options.design === 'p06') return panicFound();
        asked.push(options);
        return outcome('holds');
      },
      run: async () => outcome('holds'),
      explore: async () => outcome('holds'),
      check: async () => outcome('holds'),
      replay: async () => outcome('violated'),
    });
    expect((await sockref(['verify', '--budget', '30', '--json'], engines)).status).toBe(EXIT.holds);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ depth: 12 });
    expect(asked[0]?.timeoutSeconds).toBeLessThanOrEqual(30);
  });
});

describe('prove --all-traces', () => {
  it('is asked for with the directory of its answers, and shows which rows are lemmas', async () => {
    const asked: unknown[] = [];
    const engines = fakeEngines({
      prove: async (options) => {
        asked.push(options);
        return outcome('holds', [row('pcb-while-valid', 'holds'), row('thread-records', 'holds', { kind: 'lemma', bound: 'all traces' })]);
      },
    });
    const people = await sockref(['prove', '--all-traces', '--cache', 'kept'], engines);
    expect(asked).toEqual([expect.objectContaining({ allTraces: true, cache: 'kept' })]);
    expect(people.stdout).toMatch(/thread-records +holds +lemma, all traces/);
    await sockref(['prove'], engines);
    expect(asked[1]).toMatchObject({ allTraces: false, cache: null });
  });
});
