/**
 * The front end for *anybody's code with Atomics*: functions of TypeScript or JavaScript over shared typed arrays become the same
 * step machines as the implementation. Compiled is what the threads call and what that calls, with the arrays they are given.
 */
import path from 'node:path';
import { ts } from 'ts-morph';
import { AtomsLowering } from './atoms-lower.ts';
import { Memory, type MemoryDeclaration, type Region } from './atoms-memory.ts';
import { holdsOf, Numbers, type Shape, shapeOf } from './atoms-shapes.ts';
import { Assigned, foreignImport, hoistedNames, isDeclaredAgain, runsByItself, openSource, type SourceOptions } from './atoms-source.ts';
import { type Holds, joinHolds, type Kind, NOTHING, sameHolds } from './atoms-types.ts';
import {
  booleanValue,
  type BufferValue,
  type ClassValue,
  type FunctionValue,
  numberValue,
  scalar,
  UNDEFINED,
  type Value,
} from './atoms-values.ts';
import { CompileError } from './errors.ts';
import { Context, Refusal } from './frontend-context.ts';
import type { ImplFn, ImplProgram, Int } from './ir-impl.ts';

/** An argument of a call: a number, a boolean, the name of shared memory, or what an earlier call of the same thread returned. */
export type Argument = number | boolean | string | { readonly resultOf: number };

/** A call that threads make. */
export interface EntryCall {
  readonly call: string;
  readonly args: readonly Argument[];
}

/** What an agent says when it fails. */
export interface Message {
  readonly id: string;
  readonly text: string;
}

export interface AtomsOptions extends SourceOptions {
  readonly memory: Readonly<Record<string, MemoryDeclaration>>;
  readonly entries: readonly EntryCall[];
}

/** An entry as a function of the program. */
export interface Entry {
  readonly fn: string;
  /** Which of its arguments are given at run time: results of earlier calls. */
  readonly args: readonly { readonly resultOf: number }[];
  /** What it returns, as far as a word can say it. */
  readonly result: Kind | null;
}

export interface AtomsProgram {
  readonly program: ImplProgram;
  /** In the order of the calls that were asked for. */
  readonly entries: readonly Entry[];
  readonly messages: readonly Message[];
  /** The strings that words stand for. */
  readonly texts: readonly string[];
  readonly regions: readonly Region[];
  readonly bytes: number;
}

/** Rounds until what variables hold is known; each adds something to one of them. */
const MOST_ROUNDS = 1000;
const MOST_FUNCTIONS = 2000;

export function compileAtoms(options: AtomsOptions): AtomsProgram {
  const program = openSource(options);
  const whole = new AtomsWhole(program, options);
  return whole.compile();
}

interface Called {
  readonly index: number;
  readonly leaves: readonly { readonly expr: Int; readonly kind: Kind }[];
  readonly result: Holds;
}

export class AtomsWhole {
  readonly context: Context;
  private readonly options: AtomsOptions;
  private readonly program: ts.Program;
  private readonly memory: Memory;
  private readonly assigned: Assigned;
  private readonly numbers = new Numbers();
  private readonly holdsAt = new Map<string, Holds>();
  private readonly inlined = new Set<ts.Node>();
  private readonly throwing = new Set<ts.Node>();
  private readonly buffers = new Map<ts.Node, BufferValue>();
  private readonly texts: string[] = ['ok', 'not-equal', 'timed-out'];
  private readonly fixedValues = new Map<ts.Node, Value | 'open'>();
  private readonly hoistedIn = new Map<ts.Block, readonly ts.Identifier[]>();
  private changed = false;

  // Of one round.
  private functions: (ImplFn | null)[] = [];
  private indices = new Map<string, number>();
  private messages: Message[] = [];
  private readonly codeAt = new Map<string, ts.Node>();
  private readonly entryPaths = new Set<string>();

  constructor(program: ts.Program, options: AtomsOptions) {
    this.program = program;
    this.options = options;
    this.context = new Context(program.getTypeChecker(), { root: path.resolve(options.root), entry: options.file });
    this.memory = new Memory(options.memory);
    this.assigned = new Assigned(program);
  }

  compile(): AtomsProgram {
    this.checkFiles();
    for (let round = 0; round < MOST_ROUNDS; round++) {
      this.changed = false;
      this.functions = [];
      this.indices = new Map();
      this.messages = [];
      this.context.diagnostics.length = 0;
      const entries = this.options.entries.map((entry) => this.context.attempt(() => this.entry(entry), null));
      if (this.changed) continue;
      if (this.context.diagnostics.length > 0) throw new CompileError(this.context.diagnostics);
      return {
        program: {
          functions: this.functions.map((fn) => fn ?? failed()),
          names: Object.fromEntries(entries.flatMap((entry) => (entry === null ? [] : [[entry.fn, this.indices.get(entry.fn) ?? 0]]))),
        },
        entries: entries.flatMap((entry) => entry ?? []),
        messages: this.messages,
        texts: this.texts,
        regions: this.memory.regions,
        bytes: this.memory.bytes,
      };
    }
    throw new Error('the types of the variables do not settle');
  }

  /** Syntax that is wrong, and code that would run by itself. */
  private checkFiles(): void {
    const file = this.sourceFile();
    if (file === undefined) {
      const at = { file: this.options.file, line: 1, column: 1, construct: '' };
      throw new CompileError([{ ...at, problem: 'there is no such file', advice: 'name the file whose functions the threads call' }]);
    }
    const wrong = this.program.getSyntacticDiagnostics().map((diagnostic) => {
      const { line, character } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start);
      const problem = ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ').replace(/\.$/, '');
      return {
        file: this.context.fileName(diagnostic.file),
        line: line + 1,
        column: character + 1,
        construct: '',
        problem,
        advice: 'correct the syntax',
      };
    });
    if (wrong.length > 0) throw new CompileError(wrong);
    for (const each of this.program.getSourceFiles())
      if (!each.isDeclarationFile && !this.program.isSourceFileFromExternalLibrary(each)) this.checkTopLevel(each);
    if (this.context.diagnostics.length > 0) throw new CompileError(this.context.diagnostics);
  }

  private sourceFile(): ts.SourceFile | undefined {
    return this.program.getSourceFile(path.resolve(this.options.root, this.options.file));
  }

  private checkTopLevel(file: ts.SourceFile): void {
    for (const statement of file.statements) {
      if (runsByItself(statement))
        this.context.report(
          statement,
          'code at the top level that runs by itself',
          'put it in a function, and let a thread call it: `threads: [{ call: … }]`',
        );
    }
  }

  // Entries

  private entry({ call, args }: EntryCall): Entry {
    const fn = this.entryFunction(call);
    const name = `${call}(${args.map((arg) => (typeof arg === 'object' ? `result ${arg.resultOf}` : String(arg))).join(', ')})`;
    const known = this.indices.get(name);
    const dynamic: { readonly resultOf: number }[] = [];
    const shapes = args.map((arg): Shape => {
      const value = this.argument(arg, fn.node);
      if (typeof arg !== 'object') return { key: '', leaves: [], rebuild: () => value };
      dynamic.push(arg);
      return {
        key: '',
        leaves: [{ expr: { op: 'const', value: 0 }, kind: 'int32' }],
        rebuild: ([leaf]) => scalar('int32', leaf ?? { op: 'const', value: 0 }),
      };
    });
    this.entryPaths.add(name);
    if (known === undefined) this.lower(name, fn, shapes, null);
    const index = this.indices.get(name) ?? 0;
    // A thread that touches nothing is still a thread.
    const compiled = this.functions[index];
    if (compiled?.pure === true) this.functions[index] = { ...compiled, pure: false };
    const result = this.holds(`${name}=`);
    return { fn: name, args: dynamic, result: result.undefined || result.null ? null : result.kind };
  }

  private entryFunction(call: string): FunctionValue {
    const file = this.sourceFile();
    const symbol = file === undefined ? undefined : this.context.checker.getSymbolAtLocation(file);
    const exported = symbol === undefined ? [] : this.context.checker.getExportsOfModule(symbol);
    const locals =
      file === undefined ? [] : this.context.checker.getSymbolsInScope(file, ts.SymbolFlags.Function | ts.SymbolFlags.Variable);
    const found =
      exported.find(({ name }) => name === call) ??
      locals.find((each) => each.name === call && each.declarations?.[0]?.getSourceFile() === file);
    const node = file ?? this.program.getSourceFiles()[0];
    if (node === undefined) throw new Refusal('no file');
    const value = found === undefined ? UNDEFINED : this.topLevel(found, node);
    if (value.is === 'function') return value;
    if (!this.context.diagnostics.some(({ construct }) => construct === call))
      this.context.diagnostics.push({
        file: this.options.file,
        line: 1,
        column: 1,
        construct: call,
        problem: 'the file has no such function',
        advice: `name one that it exports: ${exported.map(({ name }) => name).join(', ') || 'it exports none'}`,
      });
    throw new Refusal('no such function');
  }

  private argument(arg: Argument, node: ts.Node): Value {
    if (typeof arg === 'number') return numberValue(arg);
    if (typeof arg === 'boolean') return booleanValue(arg);
    if (typeof arg === 'object') return UNDEFINED;
    const value = this.memory.get(arg);
    if (value !== undefined) return value;
    return this.context.refuse(
      node,
      `no shared memory is called \`${arg}\``,
      `name it in \`memory\`; there is ${this.memory.names().join(', ') || 'none'}`,
    );
  }

  // Functions

  /** The function of the program that a call with such arguments is; null where it can't be one. */
  specialise(fn: FunctionValue, args: readonly Value[]): Called | null {
    const shapes = args.map((arg) => shapeOf(this.numbers, arg));
    const self = fn.self === null ? null : shapeOf(this.numbers, fn.self);
    if (fn.scope !== null || (fn.self !== null && self === null) || shapes.includes(null)) return null;
    const given = shapes.filter((shape): shape is Shape => shape !== null);
    const key = `${this.numbers.of(fn.node)}<${self?.key ?? ''}>(${given.map((shape) => shape.key).join('; ')})`;
    if (this.functions.length >= MOST_FUNCTIONS)
      return this.context.refuse(fn.node, 'a function that is compiled for ever new arguments', 'let recursion end in numbers');
    if (!this.indices.has(key)) this.lower(key, fn, given, self);
    if (this.isInlined(fn.node)) return null;
    return {
      index: this.indices.get(key) ?? 0,
      leaves: [...(self?.leaves ?? []), ...given.flatMap((shape) => shape.leaves)],
      result: this.holds(`${key}=`),
    };
  }

  private lower(key: string, fn: FunctionValue, shapes: readonly Shape[], self: Shape | null): void {
    const index = this.functions.length;
    this.indices.set(key, index);
    this.codeAt.set(key, fn.node);
    this.functions.push(null);
    const lowering = new AtomsLowering(this, key, false, fn.node);
    this.functions[index] = this.context.attempt(() => lowering.function(fn, shapes, self), null);
  }

  isPure(index: number): boolean {
    return this.functions[index]?.pure ?? false;
  }

  isInlined(node: ts.Node): boolean {
    return this.inlined.has(node);
  }

  /** What a function returns, and this as well; null where that is not one word: then it has to stand in place of its calls. */
  widenResult(key: string, value: Value): Holds | null {
    const more = holdsOf(value);
    const all = more === null ? undefined : joinHolds(this.holds(`${key}=`), more);
    // A fraction is handed on as it is only where the code stands in place of the call.
    const isOneWord = all !== undefined && !all.null && (all.kind === null || (!all.undefined && all.kind !== 'number'));
    if (isOneWord) {
      this.widen(`${key}=`, all);
      return all;
    }
    // Nobody in the source takes what a thread returns.
    if (this.entryPaths.has(key)) {
      this.widen(`${key}=`, { ...(all ?? this.holds(`${key}=`)), undefined: true });
      return NOTHING;
    }
    const code = this.codeAt.get(key);
    return code === undefined ? null : this.inlineInstead(code);
  }

  /** A function is to stand in place of its calls: seen in the next round. */
  inlineInstead(code: ts.Node): null {
    if (!this.inlined.has(code)) this.changed = true;
    this.inlined.add(code);
    return null;
  }

  /** A function throws something that it does not catch. */
  throws(code: ts.Node): void {
    if (!this.throwing.has(code)) this.changed = true;
    this.throwing.add(code);
  }

  mayThrow(code: ts.Node): boolean {
    return this.throwing.has(code);
  }

  // Variables

  holds(key: string): Holds {
    return this.holdsAt.get(key) ?? NOTHING;
  }

  widen(key: string, holds: Holds): void {
    if (sameHolds(this.holds(key), holds)) return;
    this.holdsAt.set(key, holds);
    this.changed = true;
  }

  /** The variable that a name declares; of a parameter that is a field as well, the parameter. */
  declared(name: ts.Identifier): ts.Symbol | undefined {
    const { checker } = this.context;
    const { parent } = name;
    if (ts.isParameter(parent) && ts.isParameterPropertyDeclaration(parent, parent.parent))
      return checker.getSymbolsOfParameterPropertyDeclaration(parent, name.text)[0];
    return checker.getSymbolAtLocation(name);
  }

  isReassigned(symbol: ts.Symbol): boolean {
    return this.assigned.hasVariable(symbol) || isDeclaredAgain(symbol);
  }

  /** Whether elements of the list that a name stands for are assigned. */
  hasChangingElements(symbol: ts.Symbol): boolean {
    return this.assigned.hasElements(symbol);
  }

  /** Names of `var` in a function that are seen where their declaration need not have come by. */
  hoisted(body: ts.Block): readonly ts.Identifier[] {
    const known = this.hoistedIn.get(body) ?? hoistedNames(body, (name) => this.declared(name) ?? this.context.symbol(name));
    this.hoistedIn.set(body, known);
    return known;
  }

  isFieldMutable(name: string): boolean {
    return this.assigned.hasField(name);
  }

  // Strings, messages, places

  text(text: string): number {
    const known = this.texts.indexOf(text);
    return known >= 0 ? known : this.texts.push(text) - 1;
  }

  textAt(index: number): string | undefined {
    return this.texts[index];
  }

  message(message: Message): number {
    const known = this.messages.findIndex(({ id, text }) => id === message.id && text === message.text);
    return known >= 0 ? known : this.messages.push(message) - 1;
  }

  place(node: ts.Node): string {
    return `${this.numbers.of(node.getSourceFile())}.${node.pos}`;
  }

  // The top level

  newBuffer(node: ts.Node, bytes: number): BufferValue {
    const known = this.buffers.get(node);
    if (known !== undefined) return known;
    const name = ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : `buffer ${this.buffers.size}`;
    const buffer = this.memory.newBuffer(name, bytes);
    this.buffers.set(node, buffer);
    return buffer;
  }

  foreignImport(node: ts.Identifier): string | null {
    return foreignImport(this.context, node);
  }

  /** What a name of the top level stands for. */
  topLevel(given: ts.Symbol, node: ts.Node): Value {
    const symbol = (given.flags & ts.SymbolFlags.Alias) !== 0 ? this.context.checker.getAliasedSymbol(given) : given;
    if ((symbol.flags & ts.SymbolFlags.Module) !== 0 && symbol.declarations?.some(ts.isSourceFile)) return { is: 'module', symbol };
    const declarations = symbol.declarations ?? [];
    const declaration =
      declarations.find((each) => ts.isFunctionDeclaration(each) && each.body !== undefined) ?? symbol.valueDeclaration ?? declarations[0];
    if (declaration === undefined) return this.context.refuse(node, 'a name that stands for nothing', 'declare it');
    if (ts.isFunctionDeclaration(declaration)) {
      if (!ts.isSourceFile(declaration.parent))
        return this.context.refuse(node, 'a function used where it is not there', 'call it in the block it stands in');
      return { is: 'function', name: declaration.name?.text ?? 'default', node: declaration, scope: null, self: null, home: null };
    }
    if (ts.isClassDeclaration(declaration) && ts.isSourceFile(declaration.parent)) return this.fixed(declaration, declaration, null);
    if (ts.isExportAssignment(declaration)) return this.fixed(declaration, declaration.expression, null);
    if (ts.isEnumDeclaration(declaration)) return this.enumObject(declaration);
    if (
      ts.isVariableDeclaration(declaration) &&
      ts.isVariableStatement(declaration.parent.parent) &&
      ts.isSourceFile(declaration.parent.parent.parent)
    )
      return this.variable(declaration, symbol, node);
    const list = ts.isBindingElement(declaration) ? ts.findAncestor(declaration, ts.isVariableDeclaration) : undefined;
    if (list?.initializer !== undefined && ts.isSourceFile(list.parent.parent.parent)) {
      if (this.isReassigned(symbol)) return this.refuseVariable(node);
      const value = this.fixed(list, list.initializer, null);
      return new AtomsLowering(this, `top ${this.place(list)}`, true, node).fixedPart(list.name, value, symbol);
    }
    return this.context.refuse(node, 'a name that is used before it has a value', 'declare it above, or at the top level with `const`');
  }

  private variable(declaration: ts.VariableDeclaration, symbol: ts.Symbol, node: ts.Node): Value {
    const name = declaration.name.getText();
    const given = declaration.getSourceFile() === this.sourceFile() ? this.memory.get(name) : undefined;
    if (given !== undefined) return given;
    if (this.isReassigned(symbol)) return this.refuseVariable(node);
    if (declaration.initializer === undefined) return UNDEFINED;
    return this.fixed(declaration, declaration.initializer, null);
  }

  private refuseVariable(node: ts.Node): never {
    return this.context.refuse(
      node,
      'a variable of the top level, of which each thread has one of its own',
      'keep it in shared memory, or in a variable of the function that the thread calls',
    );
  }

  staticField(initializer: ts.Expression, self: ClassValue): Value {
    return this.fixed(initializer, initializer, self);
  }

  /** A value that is there before any thread runs, evaluated once. */
  private fixed(key: ts.Node, node: ts.Expression | ts.ClassDeclaration, self: Value | null): Value {
    const known = this.fixedValues.get(key);
    if (known === 'open') return this.context.refuse(node, 'a value of the top level that needs itself', 'declare it after what it needs');
    if (known !== undefined) return known;
    this.fixedValues.set(key, 'open');
    try {
      const lowering = new AtomsLowering(this, `top ${this.place(key)}`, true, node);
      const value = ts.isClassDeclaration(node) ? lowering.classOf(node) : lowering.fixed(node, self);
      this.fixedValues.set(key, value);
      return value;
    } finally {
      if (this.fixedValues.get(key) === 'open') this.fixedValues.delete(key);
    }
  }

  private enumObject(declaration: ts.EnumDeclaration): Value {
    const fields = new Map(
      declaration.members.map((member) => {
        const value = this.context.checker.getConstantValue(member);
        const word = typeof value === 'string' ? scalar('string', { op: 'const', value: this.text(value) }) : numberValue(value ?? 0);
        return [member.name.getText(), { is: 'value' as const, value: word }] as const;
      }),
    );
    return { is: 'object', name: declaration.name.text, members: null, fields };
  }
}

/** In place of a function that was refused. */
function failed(): ImplFn {
  throw new Error('a function was not compiled and nothing was said of it');
}
