/**
 * `switch`: a chain of `if`s over one value. Where the cases name every value of a union, the last one needs no test. A
 * `break` in the middle of a case becomes a `break` out of a loop with one round.
 */
import { ts } from 'ts-morph';
import { any, compare, intType } from './fold.ts';
import type { Context } from './frontend-context.ts';
import type { Draft } from './frontend-draft.ts';
import { scalar } from './frontend-draft.ts';
import { expression, scalarValue } from './frontend-expressions.ts';
import { isUnreachable, statements } from './frontend-statements.ts';
import { unify } from './frontend-convert.ts';
import type { Expr, Stmt } from './ir.ts';
import { encodedRange } from './liveness.ts';

interface Group {
  readonly labels: readonly ts.Expression[];
  readonly isDefault: boolean;
  readonly body: readonly ts.Statement[];
}

export function switchStatement(draft: Draft, node: ts.SwitchStatement, out: Stmt[]): void {
  const { context } = draft;
  const before = scalarValue(draft, node.expression);
  const value = draft.isStable(before) ? before : draft.capture(before, 'switched', out);
  const groups = groupsOf(draft, node);
  const arms: { cond: Expr; body: Stmt[] }[] = [];
  let otherwise: Stmt[] | null = null;
  const named = new Set<number>();
  let allConstant = true;
  for (const group of groups) {
    const conds = group.labels.map((label) => {
      const [a, b] = unify(
        draft,
        scalar(value),
        draft.within('in a case', () => expression(draft, label)),
        node.expression,
        label,
      );
      if (b.op === 'const') named.add(b.value);
      else allConstant = false;
      return compare('eq', a, b);
    });
    const body: Stmt[] = [];
    statements(draft, withoutLastBreak(group.body), body);
    if (group.isDefault) otherwise = isOnlyUnreachable(context, group.body) ? null : body;
    else arms.push({ cond: any(conds), body });
  }
  const { lo, hi } = encodedRange(value.type);
  const complete = allConstant && value.type.kind !== 'id' && named.size === hi - lo + 1;
  const last = complete && otherwise === null ? arms.pop()?.body : undefined;
  const chain = arms.reduceRight<Stmt[]>(
    (rest, arm) => {
      if (arm.cond.op === 'const') return arm.cond.value !== 0 ? arm.body : rest;
      return [{ op: 'if', cond: arm.cond, then: arm.body, else: rest }];
    },
    last ?? otherwise ?? [],
  );
  if (!breaksOut(chain)) {
    out.push(...chain);
    return;
  }
  if (continues(chain)) {
    context.refuse(
      node,
      'a `break` in the middle of a case together with `continue`',
      'move the switch to a function of its own, and return from it',
    );
    return;
  }
  const round = draft.newLocal('round', intType(0, 0), true);
  out.push({ op: 'for', local: round, size: 1, body: chain });
}

function groupsOf(draft: Draft, node: ts.SwitchStatement): readonly Group[] {
  const { context } = draft;
  const groups: Group[] = [];
  let labels: ts.Expression[] = [];
  let isDefault = false;
  const { clauses } = node.caseBlock;
  for (const [index, clause] of clauses.entries()) {
    if (ts.isCaseClause(clause)) labels.push(clause.expression);
    else isDefault = true;
    const last = index === clauses.length - 1;
    if (clause.statements.length === 0 && !last) continue;
    if (!last && !endsCase(context, clause.statements)) {
      context.report(clause, 'a case that falls through to the next', 'end it with `break` or `return`');
    }
    groups.push({ labels: isDefault ? [] : labels, isDefault, body: clause.statements });
    labels = [];
    isDefault = false;
  }
  return [...groups.filter((g) => !g.isDefault), ...groups.filter((g) => g.isDefault)];
}

function endsCase(context: Context, body: readonly ts.Statement[]): boolean {
  const last = body.at(-1);
  if (last === undefined) return false;
  if (ts.isBlock(last)) return endsCase(context, last.statements);
  if (ts.isIfStatement(last))
    return last.elseStatement !== undefined && endsCase(context, [last.thenStatement]) && endsCase(context, [last.elseStatement]);
  if (ts.isExpressionStatement(last)) return isUnreachable(context, last.expression);
  if (ts.isSwitchStatement(last))
    return last.caseBlock.clauses.every((c) => c.statements.length === 0 || c.statements.some(ts.isReturnStatement));
  return ts.isBreakStatement(last) || ts.isReturnStatement(last) || ts.isContinueStatement(last) || ts.isThrowStatement(last);
}

function withoutLastBreak(body: readonly ts.Statement[]): readonly ts.Statement[] {
  const last = body.at(-1);
  if (last === undefined) return body;
  if (ts.isBreakStatement(last) && last.label === undefined) return body.slice(0, -1);
  const [only] = body;
  if (body.length === 1 && only !== undefined && ts.isBlock(only)) return withoutLastBreak(only.statements);
  return body;
}

function isOnlyUnreachable(context: Context, body: readonly ts.Statement[]): boolean {
  return body.every((statement) => {
    if (ts.isBlock(statement)) return isOnlyUnreachable(context, statement.statements);
    if (ts.isExpressionStatement(statement)) return isUnreachable(context, statement.expression);
    return ts.isReturnStatement(statement) && statement.expression !== undefined && isUnreachable(context, statement.expression);
  });
}

/** Whether a `break` is left that means this switch: loops inside keep theirs. */
function breaksOut(body: readonly Stmt[]): boolean {
  return body.some((stmt) => stmt.op === 'break' || (stmt.op === 'if' && (breaksOut(stmt.then) || breaksOut(stmt.else))));
}

function continues(body: readonly Stmt[]): boolean {
  return body.some((stmt) => stmt.op === 'continue' || (stmt.op === 'if' && (continues(stmt.then) || continues(stmt.else))));
}
