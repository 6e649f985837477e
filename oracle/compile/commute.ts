/**
 * A loop over members *commutes* when it does the same in whatever order they come: what it does for one neither sees nor undoes what it did
 * for another. It is read off the text; a loop of which it is not seen does not count as one. Every place that is written is either
 *
 *   its own     each access to it, of whoever reads or writes, is indexed with the member there: `s.pcbs[each].peer = null`
 *   the same    one constant is written to it, by whomever, and nobody reads it: `socketOf(s, s.pcbs[each]).error = 'ECONNRESET'`
 */
import type { Expr, Place, Program, Stmt } from './ir.ts';
import { expressionsOf, forEachExpr } from './walk.ts';

/** What the loop does with all places of one path, such as `.pcbs[].peer`. */
interface Accesses {
  /** Positions in the path at which every access so far is indexed with the member. */
  own: ReadonlySet<number>;
  isRead: boolean;
  /** Everything that is written, where it is a constant; null: something else is. */
  written: Set<number | null>;
}

export function commutes(program: Program, loop: Extract<Stmt, { op: 'for' }>): boolean {
  const look = new Look(program);
  if (!look.loopBody(loop.body, new Set([loop.local]))) return false;
  const places = [...look.places];
  return places.every(
    ([path, { own, isRead, written }]) =>
      written.size === 0 ||
      ((own.size > 0 || (!isRead && written.size === 1 && !written.has(null))) &&
        // A part of a place is another path of the same.
        places.every(([other]) => !isPart(other, path) && !isPart(path, other))),
  );
}

class Look {
  readonly #program: Program;
  readonly places = new Map<string, Accesses>();

  constructor(program: Program) {
    this.#program = program;
  }

  /** Of the loop itself: what a local keeps, and who leaves it early, would tell the next from the one before. */
  loopBody(body: readonly Stmt[], members: ReadonlySet<number>): boolean {
    return body.every((stmt) => {
      switch (stmt.op) {
        case 'if':
          this.#expressions(stmt, members);
          return this.loopBody(stmt.then, members) && this.loopBody(stmt.else, members);
        case 'call':
          return stmt.result < 0 && this.#statement(stmt, members);
        case 'write':
        case 'rule':
        case 'continue':
          return this.#statement(stmt, members);
        default:
          return false;
      }
    });
  }

  /** `members`: the locals that hold the member. False: it may wait, or go round for an unknown number of times. */
  #statement(stmt: Stmt, members: ReadonlySet<number>): boolean {
    this.#expressions(stmt, members);
    switch (stmt.op) {
      case 'write': {
        const { written } = this.#access(stmt.place, members);
        written.add(stmt.value.op === 'const' ? stmt.value.value : null);
        return true;
      }
      case 'if':
        return [...stmt.then, ...stmt.else].every((inner) => this.#statement(inner, members));
      case 'for':
        return stmt.body.every((inner) => this.#statement(inner, members));
      case 'call':
        return this.#function(stmt.fn, stmt.args, members);
      case 'set':
      case 'return':
      case 'rule':
      case 'break':
      case 'continue':
        return true;
      case 'while':
      case 'pause':
      case 'when':
      case 'delegate':
        return false;
    }
  }

  /** Its locals are its own, anew for each call. */
  #function(fn: number, args: readonly Expr[], members: ReadonlySet<number>): boolean {
    const { body = [] } = this.#program.functions[fn] ?? {};
    const kept = new Set(args.flatMap((arg, at) => (arg.op === 'local' && members.has(arg.local) && !isSet(body, at) ? [at] : [])));
    return body.every((stmt) => this.#statement(stmt, kept));
  }

  #expressions(stmt: Stmt, members: ReadonlySet<number>): void {
    for (const expr of expressionsOf(stmt)) this.#expression(expr, members);
  }

  #expression(expr: Expr, members: ReadonlySet<number>): void {
    forEachExpr(expr, (each) => {
      if (each.op === 'read') this.#access(each.place, members).isRead = true;
      // What only reads never waits.
      if (each.op === 'call') this.#function(each.fn, each.args, members);
    });
  }

  #access(place: Place, members: ReadonlySet<number>): Accesses {
    const path = place.steps.map((step) => ('field' in step ? `.${step.field}` : '[]')).join('');
    const at = place.steps.flatMap((step, position) =>
      'index' in step && step.index.op === 'local' && members.has(step.index.local) ? [position] : [],
    );
    const known = this.places.get(path);
    if (known === undefined) {
      const made: Accesses = { own: new Set(at), isRead: false, written: new Set() };
      this.places.set(path, made);
      return made;
    }
    known.own = new Set(at.filter((position) => known.own.has(position)));
    return known;
  }
}

function isPart(path: string, of: string): boolean {
  return path.startsWith(`${of}.`) || path.startsWith(`${of}[`);
}

function isSet(body: readonly Stmt[], local: number): boolean {
  return body.some((stmt) => {
    if (stmt.op === 'set' || stmt.op === 'for') return stmt.local === local || (stmt.op === 'for' && isSet(stmt.body, local));
    if (stmt.op === 'call' || stmt.op === 'delegate') return stmt.result === local;
    if (stmt.op === 'if') return isSet(stmt.then, local) || isSet(stmt.else, local);
    return stmt.op === 'while' && isSet(stmt.body, local);
  });
}
