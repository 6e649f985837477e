/**
 * *Fakes* are engines that say what a test wants to hear, so that the command line can be tried without a compiler or a
 * solver; they exist in tests only. `sockref` runs the command line in this process with captured streams.
 */
import { Writable } from 'node:stream';
import { runCommandLine } from '../../oracle/cli/command.ts';
import type {
  CheckOptions,
  DecideOptions,
  Engines,
  ExploreOptions,
  Exported,
  ExportOptions,
  Listed,
  MuseumOptions,
  ProveOptions,
  ReplayOptions,
  RunOptions,
  StressOptions,
} from '../../oracle/engine.ts';
import type { Counterexample } from '../../oracle/counterexample.ts';
import type { Outcome, Row, Verdict } from '../../oracle/verdict.ts';

export const DESIGNS = ['p06', 'sockref'];
export const CONFIGURATIONS = [
  { id: 'tcp', text: 'TCP connections' },
  { id: 'unix', text: 'UNIX streams' },
];
const SCENARIOS: readonly Listed[] = [
  { id: 'accept-close', text: 'accept while the listener is closed', quick: true },
  { id: 'connect-reset', text: 'connect while a reset arrives' },
];
export const SITUATIONS = [{ id: 'pair', text: 'two connected sockets' }];
const LITMUS: readonly Listed[] = [{ id: 'futex-mutex', text: 'a mutex of one word' }];
export const ENTRIES: readonly Listed[] = [
  { id: 'G30', text: 'sonewconn after drain' },
  { id: 'G49', text: 'shutdown against accept' },
];
export const INVARIANTS = ['pcb-while-valid', 'protoref-keeps', 'queue-flags-agree'];

export function row(id: string, verdict: Verdict, more: Partial<Row> = {}): Row {
  return { id, verdict, bound: 'bound of the fake', seconds: 0.0123456, counterexample: null, ...more };
}

export function outcome(
  verdict: Verdict,
  results: readonly Row[] = [row('one', verdict)],
  figures: Record<string, number> = { runs: 7 },
): Outcome {
  return { verdict, bound: 'bound of the fake', results, figures };
}

export interface Fakes {
  readonly run?: (options: RunOptions) => Promise<Outcome>;
  readonly prove?: (options: ProveOptions) => Promise<Outcome>;
  readonly replay?: (counterexample: Counterexample, options: ReplayOptions) => Promise<Outcome>;
  readonly explore?: (options: ExploreOptions) => Promise<Outcome>;
  readonly check?: (options: CheckOptions) => Promise<Outcome>;
  readonly decide?: (options: DecideOptions) => Promise<readonly Row[]>;
  readonly stress?: (options: StressOptions) => Promise<Outcome>;
  readonly museum?: (options: MuseumOptions) => Promise<Outcome>;
  readonly exportModel?: (options: ExportOptions) => Promise<Exported>;
}

export function fakeEngines(fakes: Fakes): Engines {
  const unexpected = (name: string) => () => Promise.reject(new Error(`the engine ${name} was not expected to be called`));
  return {
    run: async () => ({ runPrograms: fakes.run ?? unexpected('run') }),
    prove: async () => ({ prove: fakes.prove ?? unexpected('prove'), listInvariants: () => INVARIANTS, listDesigns: () => DESIGNS }),
    replay: async () => ({ replay: fakes.replay ?? unexpected('replay') }),
    explore: async () => ({
      explore: fakes.explore ?? unexpected('explore'),
      listScenarios: () => SCENARIOS,
      listLitmus: () => LITMUS,
      listSituations: () => SITUATIONS,
    }),
    claims: unexpected('claims'),
    check: async () => ({
      check: fakes.check ?? unexpected('check'),
      decide: fakes.decide ?? (async () => []),
      listConfigurations: () => CONFIGURATIONS,
      listDesigns: () => DESIGNS,
    }),
    stress: async () => ({ stress: fakes.stress ?? unexpected('stress'), listScenarios: () => SCENARIOS }),
    museum: async () => ({ museum: fakes.museum ?? unexpected('museum'), listEntries: async () => ENTRIES }),
    export: async () => ({
      exportModel: fakes.exportModel ?? unexpected('export'),
      listConfigurations: () => CONFIGURATIONS,
      listInvariants: () => INVARIANTS,
      listDesigns: () => DESIGNS,
    }),
  };
}

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SockrefSettings {
  readonly environment?: Record<string, string>;
  readonly terminal?: boolean;
  /** Called with the function that interrupts, before the verb starts. */
  readonly interrupter?: (interrupt: () => void) => void;
}

export async function sockref(words: readonly string[], engines: Engines, settings: SockrefSettings = {}): Promise<Ended> {
  const stdout = capture(settings.terminal ?? false);
  const stderr = capture(settings.terminal ?? false);
  const status = await runCommandLine(words, {
    stdout,
    stderr,
    environment: settings.environment ?? {},
    engines,
    onInterrupt: (listener) => {
      settings.interrupter?.(listener);
      return () => undefined;
    },
  });
  return { status, stdout: stdout.text(), stderr: stderr.text() };
}

function capture(terminal: boolean): Writable & { readonly isTTY: boolean; text(): string } {
  const parts: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      parts.push(String(chunk));
      done();
    },
  });
  return Object.assign(stream, { isTTY: terminal, text: () => parts.join('') });
}
