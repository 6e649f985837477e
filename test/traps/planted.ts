/** *Planted faults*: small changes of the passes that programs go through, and of what judges them. Each makes some engine say what is not so. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: pieces of source have placeholders.

export interface Planted {
  /** In `oracle/`. */
  readonly file: string;
  readonly good: string;
  readonly bad: string;
}

const possible = (good: string, bad: string): Planted => ({ file: 'compile/possible.ts', good, bad });
const unread = (good: string, bad: string): Planted => ({ file: 'compile/unread.ts', good, bad });
const restrict = (good: string, bad: string): Planted => ({ file: 'compile/restrict.ts', good, bad });
const scalarset = (good: string, bad: string): Planted => ({ file: 'compile/scalarset.ts', good, bad });
const commute = (good: string, bad: string): Planted => ({ file: 'compile/commute.ts', good, bad });
const symmetric = (good: string, bad: string): Planted => ({ file: 'check/symmetric.ts', good, bad });
const orbit = (good: string, bad: string): Planted => ({ file: 'check/orbit-code.ts', good, bad });
const cells = (good: string, bad: string): Planted => ({ file: 'check/cells.ts', good, bad });
const successors = (good: string, bad: string): Planted => ({ file: 'compile/js-successors.ts', good, bad });
const symbolic = (good: string, bad: string): Planted => ({ file: 'compile/symbolic.ts', good, bad });
const terms = (good: string, bad: string): Planted => ({ file: 'compile/symbolic-expr.ts', good, bad });

export const PLANTED: Readonly<Record<string, Planted>> = {
  'possible: what a function returns is only 0': possible(
    'this.#grow(this.#returnsOf(this.#index), this.#values(stmt.value))',
    'this.#values(stmt.value)',
  ),
  'possible: parameters of procedures are 0': possible('rangeOf(locals[local]?.type ?? BOOL));', 'FALSE);'),
  'possible: `a && b` is what b is': possible('return union(left.has(0) ? FALSE : NONE, right);', 'return right;'),
  'possible: a loop has one round': possible(
    'this.#grow(this.#localOf(this.#index, stmt.local), upTo(stmt.size));',
    'this.#grow(this.#localOf(this.#index, stmt.local), upTo(1));',
  ),
  'possible: everything fits': possible('every((each) => each >= lo && each <= hi);', 'every(() => true);'),
  'possible: there always is a first': possible('return new Set([...upTo(expr.size), expr.size]);', 'return new Set([expr.size]);'),
  'possible: one round over all functions': possible('} while (this.#changed);', '} while (this.#changed && widest(program) < 0);'),
  'possible: nothing is after a pause': possible(
    'return stmt.until === null || this.#values(stmt.until).has(1) || mayFault(stmt.until);',
    'return false;',
  ),
  'unread: a bound is nobody to read for': unread(
    'if (stmt.site >= 0 || mayFault(stmt.value) || stmt.place',
    'if (mayFault(stmt.value) || stmt.place',
  ),
  'unread: an index is not read': unread(
    'if (this.#isRead(path)) for (const expr of expressionsOf(stmt)) this.#expression(fn, expr);',
    'if (this.#isRead(path)) this.#expression(fn, stmt.value);',
  ),
  'unread: what is passed on is not read': unread('if (this.#isRead(`${callee}:${index}`)) this.#expression(fn, arg);', ''),
  'unread: writing is no effect': unread("if (stmt.op === 'write' || stmt.op === 'rule'", "if (stmt.op === 'rule'"),
  'unread: what is returned is not read': unread(
    'if (stmt.result >= 0 && this.#isRead(`${fn}:${stmt.result}`)) this.#need(`${stmt.fn}:return`);',
    '',
  ),
  'restrict: the first value is the only one': restrict('const codes = allowed.map(', 'const codes = allowed.slice(0, 1).map('),
  'restrict: the wrong parameter': restrict('const argument = 1 + index;', 'const argument = params.length - index;'),
  'scalarset: members may be ordered': scalarset(
    'return !this.#isMember(expr.type) && [expr.left, expr.right].every((side) => !this.#isMember(side.type) && this.#expression(side));',
    'return [expr.left, expr.right].every((side) => this.#expression(side));',
  ),
  'scalarset: a literal is like any other': scalarset(
    "return !this.#isMember(expr.type) || (expr.type.kind === 'id' && expr.type.nullable && expr.value === 0);",
    'return true;',
  ),
  'scalarset: a loop over members': scalarset('(!this.#isMember(fn.locals[stmt.local]?.type) || commutes(this.#program, stmt)) &&', ''),
  'commute: what is read may be written': commute("if (each.op === 'read') this.#access(each.place, members).isRead = true;", ''),
  'commute: everything is its own': commute('((own.size > 0 || (', '((own.size >= 0 || ('),
  'scalarset: tables need not be apart': scalarset('every((kinds) => kinds.size === 1 || !kinds.has(this.#kind));', 'every(() => true);'),
  'scalarset: any start will do': scalarset('return type.of !== kind || (type.nullable && !fixed);', 'return true;'),
  'scalarset: some are all': scalarset('return sizes.size <= 1;', 'return true;'),
  'symmetric: properties may ask for the first': symmetric(
    'for (const { fn } of [...program.invariants, ...program.lemmas]) call(fn);',
    '',
  ),
  'symmetric: an agent may have two names': symmetric('return names.has(kind) && names.size > 1;', 'return false;'),
  'orbits: what a frame holds stays as it is': orbit(
    'return slot === null ? refers !== null : slot.refers.some((each) => each !== null);',
    'return slot === null && refers !== null;',
  ),
  'orbits: nobody is renumbered': orbit('` + (D[T[${reference.at}]] << ${reference.bit})`', '``'),
  'orbits: the end of a sequence is no end': orbit(
    '(${cell.item.place} < ${this.#valueCode(cell.item.length)} ?',
    '(${cell.item.place} < 99 ?',
  ),
  'orbits: tables inside of tables stay': cells('this.#tables.get(table)', 'this.#tables.get(path)'),
  'check: nobody looks after a pause': successors(
    "if (block.end.op === 'branch') {\n      visit(block.end.then);",
    "if (block.end.op === 'branch') {\n      visit(block.end.else);",
  ),
  'check: one choice fewer': successors('Array.from({ length: hi - lo + 1 }', 'Array.from({ length: Math.max(1, hi - lo) }'),
  'check: properties by what they read first': successors(
    '[...reads].some((path) => written.has(path))',
    '[...reads].slice(0, 1).some((path) => written.has(path))',
  ),
  'check: members after the first take the first test': successors(
    'else group.push({ ...step, tests });',
    'else if (tests.length > 0) group.push({ ...step, tests });',
  ),
  'check: what was brought lately, by one word of it': successors(
    "const other = ${each((k) => `lately[r + ${k}] ^ t[${k}]`, ' | ')};",
    "const other = ${each((k) => `lately[r + ${k}] ^ t[${k}]`, ' & ')};",
  ),
  'check: an empty place is the state of zeros': successors('lately.set(u, zeros * W);', ''),
  'prove: the else branch is the then branch': symbolic('[not(cond), stmt.else],', '[not(cond), stmt.then],'),
  'prove: a loop ends at its first round': symbolic(
    'value < stmt.size && alive; value++',
    'value < Math.min(1, stmt.size) && alive; value++',
  ),
  'prove: what follows a broken bound is a fault of its own': symbolic(
    'enabled = terms.and(enabled, terms.any([holds, ...this.faults.map(({ cond }) => cond)]));',
    'enabled = terms.and(enabled, holds);',
  ),
  'prove: a frame keeps nothing': symbolic(
    'store(cell, kept === undefined ? constant(0)',
    'store(cell, kept === undefined || slot >= 0 ? constant(0)',
  ),
  'prove: the first is the last': terms('found.reduceRight<Num>((rest, holds, index)', 'found.reduce<Num>((rest, holds, index)'),
  'prove: <= is <': terms('(x, y) => x <= y', '(x, y) => x < y'),
};
