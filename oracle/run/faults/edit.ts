/**
 * *Edits*: how a planted fault finds its place in a source file and changes it there. A place is named by what the code does
 * ("the call of soref in soaccept_dequeue"), never by its text or its line, so that reformatting moves nothing; and it must be there
 * exactly once. A fault whose place is gone says so, or it would rot into one that changes nothing and is never missed.
 */
import {
  type CallExpression,
  type Expression,
  type IfStatement,
  type IterationStatement,
  Node,
  type ReturnStatement,
  type SourceFile,
  type Statement,
  type VariableStatement,
} from 'ts-morph';

/** A deliberate mistake in one file of the implementation. */
export interface Fault {
  readonly id: string;
  /** The file it changes, relative to the package root. */
  readonly file: string;
  /** What it breaks, in words. */
  readonly text: string;
  /** It shows only where the whole stack runs under Giant. */
  readonly giant?: true;
  readonly change: (source: Source) => void;
}

/** The file that a fault changes. */
export class Source {
  private readonly file: SourceFile;
  private readonly fault: Pick<Fault, 'id' | 'file'>;

  constructor(file: SourceFile, fault: Pick<Fault, 'id' | 'file'>) {
    this.file = file;
    this.fault = fault;
  }

  /** A function of the file. */
  in(name: string): Place {
    return new Place(this.file.getFunction(name) ?? this.lost(`a function ${name}`), name, this);
  }

  /** Makes names of another module known in this one. */
  needs(module: string, ...names: readonly string[]): void {
    const known = this.file.getImportDeclaration(module);
    const has = known?.getNamedImports().map((each) => each.getName()) ?? [];
    const missing = names.filter((name) => !has.includes(name));
    if (known === undefined) this.file.addImportDeclaration({ moduleSpecifier: module, namedImports: missing });
    else known.addNamedImports(missing);
  }

  /** Puts a function at the end of the file. */
  gains(text: string): void {
    this.file.addStatements(text);
  }

  lost(lookedFor: string): never {
    throw new Error(
      `the fault ${this.fault.id} no longer fits ${this.fault.file}: looked for ${lookedFor}; follow the change there where the fault is defined, or remove the fault`,
    );
  }
}

/** A function, or the part of it under an `if`, in which a fault looks for something. */
export class Place {
  private readonly body: Node;
  private readonly name: string;
  private readonly source: Source;

  constructor(body: Node, name: string, source: Source) {
    this.body = body;
    this.name = name;
    this.source = source;
  }

  /** The function gives back something, at its end this. */
  returns(type: string, atEnd: string): void {
    if (!Node.isFunctionDeclaration(this.body)) this.source.lost(`a function, not ${this.name}`);
    this.body.setReturnType(type);
    this.body.addStatements(`return ${atEnd};`);
  }

  /** The one call of `callee` that has all these arguments among its own. */
  call(callee: string, ...args: readonly string[]): CallExpression {
    return this.only(this.every(callee, args), described(callee, args));
  }

  /** All such calls, of which there must be `count`, in the order of the text. */
  calls(count: number, callee: string, ...args: readonly string[]): readonly CallExpression[] {
    return this.exactly(count, this.every(callee, args), described(callee, args));
  }

  private every(callee: string, args: readonly string[]): readonly CallExpression[] {
    const wanted = args.map(plain);
    return this.body
      .getDescendants()
      .filter(Node.isCallExpression)
      .filter((call) => {
        const given = call.getArguments().map((argument) => plain(argument.getText()));
        return call.getExpression().getText() === callee && wanted.every((argument) => given.includes(argument));
      });
  }

  /** The one `if` whose condition mentions all these names. */
  branch(...names: readonly string[]): IfStatement {
    return this.only(this.everyBranch(names), `an if about ${names.join(' and ')}`);
  }

  /** All such, of which there must be `count`, in the order of the text. */
  branches(count: number, ...names: readonly string[]): readonly IfStatement[] {
    return this.exactly(count, this.everyBranch(names), `an if about ${names.join(' and ')}`);
  }

  private everyBranch(names: readonly string[]): readonly IfStatement[] {
    return this.body
      .getDescendants()
      .filter(Node.isIfStatement)
      .filter((branch) => names.every((name) => mentions(branch.getExpression(), name)));
  }

  /** What is done if the condition that mentions all these names holds. */
  under(...names: readonly string[]): Place {
    return new Place(this.branch(...names).getThenStatement(), `${this.name} under the if about ${names.join(' and ')}`, this.source);
  }

  /** The one loop whose condition mentions all these names; without any, the only one without a condition. */
  loop(...names: readonly string[]): IterationStatement {
    const found = this.body
      .getDescendants()
      .filter(Node.isIterationStatement)
      .filter((loop) => {
        const condition = Node.isWhileStatement(loop) ? loop.getExpression() : Node.isForStatement(loop) ? loop.getCondition() : undefined;
        return condition === undefined ? names.length === 0 : names.every((name) => mentions(condition, name));
      });
    return this.only(found, `a loop${names.length === 0 ? '' : ` about ${names.join(' and ')}`}`);
  }

  /** The one statement that declares this variable. */
  declaration(name: string): VariableStatement {
    const found = this.body
      .getDescendants()
      .filter(Node.isVariableStatement)
      .filter((statement) => statement.getDeclarations().some((each) => each.getName() === name));
    return this.only(found, `a declaration of ${name}`);
  }

  /** The one return whose value mentions all these names; without any, the only return there is. */
  answer(...names: readonly string[]): ReturnStatement {
    const found = this.body
      .getDescendants()
      .filter(Node.isReturnStatement)
      .filter((statement) => {
        const value = statement.getExpression();
        return value === undefined ? names.length === 0 : names.every((name) => mentions(value, name));
      });
    return this.only(found, `a return${names.length === 0 ? '' : ` of ${names.join(' and ')}`}`);
  }

  /** The one mention of a name as a value: an errno that is returned, a flag that is tested. */
  mention(name: string): Node {
    return this.only(
      this.body.getDescendants().filter((node) => Node.isIdentifier(node) && node.getText() === name),
      `a mention of ${name}`,
    );
  }

  /** The comparison in the one place where these two are compared. */
  comparison(left: string, right: string): Node {
    const found = this.body
      .getDescendants()
      .filter(Node.isBinaryExpression)
      .filter((node) => mentions(node.getLeft(), left) && mentions(node.getRight(), right));
    return this.only(found, `a comparison of ${left} with ${right}`).getOperatorToken();
  }

  private only<T>(found: readonly T[], what: string): T {
    const [first] = found;
    if (first !== undefined && found.length === 1) return first;
    return this.source.lost(`${what} in ${this.name}, found ${found.length === 0 ? 'none' : `${found.length}`}`);
  }

  private exactly<T>(count: number, found: readonly T[], what: string): readonly T[] {
    return found.length === count ? found : this.source.lost(`${count} times ${what} in ${this.name}, found ${found.length}`);
  }
}

/** Takes the statement out that this is, or is part of. */
export function remove(node: Node): void {
  instead(node, '{}');
}

/** Another statement in place of the one that this is, or is part of. */
export function instead(node: Node, text: string): void {
  statementOf(node).replaceWithText(text);
}

export function replace(node: Node, text: string): void {
  node.replaceWithText(text);
}

/** Replaces an argument of a call. */
export function argument(call: CallExpression, index: number, text: string): void {
  const given = call.getArguments()[index];
  if (given === undefined) throw new Error(`${call.getText()} has no argument number ${index}`);
  given.replaceWithText(text);
}

/** The statement is only executed under a condition. */
export function guard(node: Node, condition: string): void {
  const statement = statementOf(node);
  statement.replaceWithText(`if (${condition}) ${statement.getText()}`);
}

/** Adds statements behind the one that this is, or is part of. */
export function follow(node: Node, text: string): void {
  insert(statementOf(node), 1, text);
}

/** Adds statements before the one that this is, or is part of. */
export function precede(node: Node, text: string): void {
  insert(statementOf(node), 0, text);
}

/** Takes the statement that the first is part of to the place before that of the second. */
export function moveBefore(node: Node, place: Node): void {
  const text = statementOf(node).getText();
  remove(node);
  precede(place, text);
}

/** Takes the statement that the first is part of to the place behind that of the second. */
export function moveBehind(node: Node, place: Node): void {
  const text = statementOf(node).getText();
  remove(node);
  follow(place, text);
}

function statementOf(node: Node): Statement {
  return Node.isStatement(node) ? node : node.getFirstAncestorOrThrow(Node.isStatement);
}

function insert(statement: Statement, behind: 0 | 1, text: string): void {
  const parent = statement.getParent();
  if (Node.isStatemented(parent)) parent.insertStatements(statement.getChildIndex() + behind, text);
  else statement.replaceWithText(behind === 1 ? `{ ${statement.getText()} ${text} }` : `{ ${text} ${statement.getText()} }`);
}

/** The condition of an `if` gets another. */
export function when(branch: IfStatement, condition: (was: string) => string): void {
  branch.getExpression().replaceWithText(condition(branch.getExpression().getText()));
}

function described(callee: string, args: readonly string[]): string {
  return `a call ${callee}(${args.length === 0 ? '…' : `… ${args.join(' … ')} …`})`;
}

function plain(text: string): string {
  return text.replaceAll(/\s+/g, '');
}

function mentions(expression: Expression, name: string): boolean {
  return [expression, ...expression.getDescendants()].some((node) => Node.isIdentifier(node) && node.getText() === name);
}
