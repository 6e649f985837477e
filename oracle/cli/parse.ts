/**
 * *Parsing* turns the words typed into a call of a verb, or into the text that was asked for (help, the version). What can't be
 * understood becomes a `UsageError` in our words: what is wrong, the nearest known name, all known names.
 */
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../root.ts';
import { quote, UsageError } from '../usage.ts';
import { unknownName } from './suggest.ts';
import { COMMON_OPTIONS, type Operand, type OptionDeclaration, VERBS, type Verb } from './verbs.ts';

/** A verb as it was called; its options are still as typed. */
export interface Call {
  readonly verb: Verb;
  readonly options: Readonly<Record<string, unknown>>;
  readonly operands: readonly string[];
}

export type Parsed = { readonly kind: 'call'; readonly call: Call } | { readonly kind: 'text'; readonly text: string };

export function parseWords(words: readonly string[]): Parsed {
  let call: Call | undefined;
  let text = '';
  const program = declareProgram((verb, options, operands) => {
    call = { verb, options, operands };
  });
  program.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    // The messages of the library are replaced by ours.
    writeErr: () => undefined,
  });
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    program.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'text', text };
    throw usageError(error, words, program);
  }
  if (call === undefined) throw new Error('the command line was parsed and no verb came out of it');
  return { kind: 'call', call };
}

/** The verb that these words call, if it is one; it stands first. */
export function verbOf(words: readonly string[]): Verb | undefined {
  return VERBS.find((verb) => verb.name === words[0]);
}

const STATUS_HELP = 'Exit status: 0 holds, 1 violated, 2 usage or bad input, 3 unknown.';

function declareProgram(onCall: (verb: Verb, options: Readonly<Record<string, unknown>>, operands: readonly string[]) => void): Command {
  const program = new Command('sockref')
    .description('Holds an executable specification of BSD socket lifetime against a real multi-threaded implementation.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .helpCommand('help [verb]', 'print the options of a verb')
    .addHelpText('after', `\n${STATUS_HELP}`)
    .usage('<verb> [options]')
    .exitOverride();
  for (const verb of VERBS) {
    const command = program.command(verb.name).description(verb.summary).helpOption('-h, --help', 'print this');
    command.addHelpText('after', `\n${verb.meaning}\n${STATUS_HELP}`);
    if (verb.operand !== undefined) command.argument(operandUsage(verb.operand), verb.operand.text);
    for (const option of [...verb.options, ...COMMON_OPTIONS]) declareOption(command, option);
    command.action(() => onCall(verb, command.opts(), command.args));
  }
  return program;
}

/** "<FILE>", or "[SCENARIO...]" where any number will do. */
function operandUsage({ name, many }: Operand): string {
  return many ? `[${name}...]` : `<${name}>`;
}

function declareOption(command: Command, { flags, text, fallback, repeats }: OptionDeclaration): void {
  if (repeats) command.option(flags, text, (value: string, before: string[] | undefined) => [...(before ?? []), value]);
  else if (fallback === undefined) command.option(flags, text);
  else command.option(flags, text, fallback);
}

/** What the library refused, in our words. Its codes are part of its interface, the quoted name in its messages has been for years. */
function usageError(error: CommanderError, words: readonly string[], program: Command): UsageError {
  const named = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  const verb = verbOf(words);
  const command = program.commands.find((candidate) => candidate.name() === verb?.name);
  switch (error.code) {
    case 'commander.help':
      return missingVerb(words);
    case 'commander.unknownCommand':
      return unknownName('verb', named, VERB_NAMES);
    case 'commander.unknownOption':
      return unknownOption(named.split('=')[0] ?? named, command, program, words);
    case 'commander.optionMissingArgument': {
      const field = /--[a-z-]+/.exec(named)?.[0] ?? named;
      return new UsageError(`${field} needs a value: ${named}`, { field, reason: 'has no value' });
    }
    case 'commander.missingArgument': {
      const usage = `sockref ${verb?.name} ${named}`;
      return new UsageError(`what is missing is ${named}, ${verb?.operand?.text}: ${usage}`, { field: named, reason: 'is missing' });
    }
    case 'commander.excessArguments': {
      const taken = verb?.operand === undefined ? 'options are' : `one ${verb.operand.name} is`;
      const message = `too many words: ${words.map((word) => quote(word)).join(' ')}; only ${taken} taken here`;
      return new UsageError(message, { field: 'arguments', reason: 'too many' });
    }
    default:
      return new UsageError(error.message.replace(/^error: /, ''));
  }
}

const VERB_NAMES: readonly string[] = VERBS.map((verb) => verb.name);

function missingVerb(words: readonly string[]): UsageError {
  const about = words[0] === 'help' ? words[1] : undefined;
  if (about !== undefined) return unknownName('verb', about, VERB_NAMES);
  const message = `what shall be done? Known verbs: ${VERB_NAMES.join(', ')}. See sockref --help.`;
  return new UsageError(message, { field: 'verb', reason: 'is missing', known: VERB_NAMES });
}

function unknownOption(name: string, command: Command | undefined, program: Command, words: readonly string[]): UsageError {
  // Before the verb only --help and --version are understood.
  const ofSomeVerb = program.commands.some((verb) => verb.options.some((option) => option.long === name));
  if (command === undefined && ofSomeVerb) {
    if (!words.some((word) => VERB_NAMES.includes(word))) return missingVerb(words);
    const message = `${name} goes after the verb: sockref <verb> ${name}. Known verbs: ${VERB_NAMES.join(', ')}`;
    return new UsageError(message, { field: 'option', reason: 'stands before the verb', known: VERB_NAMES });
  }
  const known = (command ?? program).options.flatMap((option) => option.long ?? []);
  return unknownName('option', name, [...known, '--help']);
}
