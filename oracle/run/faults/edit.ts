/**
 * *Edits*: how a planted fault finds its place in a source file and changes it there. A place is named by what the code does
 * ("the call of soref in soaccept_dequeue"), never by its text or its line, so that reformatting moves nothing; and it must be there
 * exactly once. A fault whose place is gone says so, or it would rot into one that changes nothing and is never missed.
 */
import { type CallExpression, type Expression, type IfStatement, Node, type SourceFile } from 'ts-morph';

/** A deliberate mistake in one file of the implementation. */
export interface Fault {
  readonly id: string;
  /** The file it changes, relative to the package root. */
  readonly file: string;
  /** What it breaks, in words. */
  readonly text: string;
  readonly change: (source: Source) => void;
}

/** The file that a fault changes. */
export class Source {
  private readonly file: SourceFile;
  private readonly fault: Fault;

  constructor(file: SourceFile, fault: Fault) {
    this.file = file;
    this.fault = fault;
  }

  /** A function of the file. */
  in(name: string): Place {
    return new Place(this.file.getFunction(name) ?? this.lost(`a function ${name}`), name, this);
  }

  lost(lookedFor: string): never {
    throw new Error(
      `the fault ${this.fault.id} no longer fits ${this.fault.file}: looked for ${lookedFor}; follow the change there in oracle/run/faults, or remove the fault`,
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

  /** The one call of `callee` that has all these arguments among its own. */
  call(callee: string, ...args: readonly string[]): CallExpression {
    const wanted = args.map(plain);
    const found = this.body
      .getDescendants()
      .filter(Node.isCallExpression)
      .filter((call) => {
        const given = call.getArguments().map((argument) => plain(argument.getText()));
        return call.getExpression().getText() === callee && wanted.every((argument) => given.includes(argument));
      });
    return this.only(found, `a call ${callee}(${args.length === 0 ? '…' : `… ${args.join(' … ')} …`})`);
  }

  /** The one `if` whose condition mentions all these names. */
  branch(...names: readonly string[]): IfStatement {
    const found = this.body
      .getDescendants()
      .filter(Node.isIfStatement)
      .filter((branch) => names.every((name) => mentions(branch.getExpression(), name)));
    return this.only(found, `an if about ${names.join(' and ')}`);
  }

  /** What is done if the condition that mentions all these names holds. */
  under(...names: readonly string[]): Place {
    return new Place(this.branch(...names).getThenStatement(), `${this.name} under the if about ${names.join(' and ')}`, this.source);
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
}

/** Takes the statement out that this is part of. */
export function remove(node: Node): void {
  node.getFirstAncestorOrThrow(Node.isExpressionStatement).replaceWithText('{}');
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

/** Adds a statement behind the one that this is part of. */
export function follow(node: Node, text: string): void {
  const statement = node.getFirstAncestorOrThrow(Node.isExpressionStatement);
  statement.replaceWithText(`{ ${statement.getText()} ${text} }`);
}

/** The condition of an `if` gets another. */
export function when(branch: IfStatement, condition: (was: string) => string): void {
  branch.getExpression().replaceWithText(condition(branch.getExpression().getText()));
}

function plain(text: string): string {
  return text.replaceAll(/\s+/g, '');
}

function mentions(expression: Expression, name: string): boolean {
  return [expression, ...expression.getDescendants()].some((node) => Node.isIdentifier(node) && node.getText() === name);
}
