/**
 * *Pruning* leaves in a program what can be reached from its procedures and properties, and numbers functions, sites and rules
 * anew. What a constant ruled out (another design's branch) leaves no function, no site and no rule behind.
 */
import { unreachable } from './errors.ts';
import type { Expr, Fn, Place, Program, Stmt } from './ir.ts';
import { mapChildren, mapPlace, mapped, rebuilt } from './walk.ts';

interface Renumber {
  readonly fn: (index: number) => number;
  readonly site: (index: number) => number;
  readonly rule: (index: number) => number;
}

export function prune(program: Program): Program {
  const fns: number[] = [];
  const sites = new Set<number>();
  const rules = new Set<number>();
  const seen = new Set<number>();
  const reach = (index: number): number => {
    if (seen.has(index)) return index;
    seen.add(index);
    const fn = program.functions[index];
    if (fn === undefined) throw new Error(`the program has no function ${index}`);
    const noteSite = (site: number): number => {
      sites.add(site);
      return site;
    };
    const noteRule = (rule: number): number => {
      rules.add(rule);
      return rule;
    };
    renumberBody(fn.body, { fn: reach, site: noteSite, rule: noteRule });
    fns.push(index);
    return index;
  };
  for (const agent of program.agents) for (const procedure of agent.procedures) reach(procedure.fn);
  for (const property of [...program.invariants, ...program.lemmas]) reach(property.fn);
  for (const { whenever, eventually } of program.promises) for (const fn of [whenever, eventually]) reach(fn);
  const siteOrder = [...sites].filter((s) => s >= 0).sort((a, b) => a - b);
  const ruleOrder = [...rules].sort((a, b) => a - b);
  const by: Renumber = {
    fn: numbering(fns),
    site: numbering(siteOrder),
    rule: numbering(ruleOrder),
  };
  return {
    ...program,
    functions: fns.map((index): Fn => {
      const fn = program.functions[index];
      if (fn === undefined) throw new Error(`the program has no function ${index}`);
      return rebuilt(fn, { body: renumberBody(fn.body, by) });
    }),
    agents: program.agents.map((agent) => ({ ...agent, procedures: agent.procedures.map((p) => ({ ...p, fn: by.fn(p.fn) })) })),
    invariants: program.invariants.map((p) => ({ ...p, fn: by.fn(p.fn) })),
    lemmas: program.lemmas.map((p) => ({ ...p, fn: by.fn(p.fn) })),
    promises: program.promises.map((p) => ({ ...p, whenever: by.fn(p.whenever), eventually: by.fn(p.eventually) })),
    sites: program.sites.filter((_, index) => sites.has(index)),
    rules: program.rules.filter((_, index) => rules.has(index)),
  };
}

/** The place of each number in a list; -1: it stands nowhere. */
function numbering(numbers: readonly number[]): (number: number) => number {
  const places = new Map(numbers.map((number, place) => [number, place] as const));
  return (number) => places.get(number) ?? -1;
}

function renumberBody(body: readonly Stmt[], by: Renumber): readonly Stmt[] {
  return mapped(body, (stmt) => renumberStmt(stmt, by));
}

function renumberStmt(stmt: Stmt, by: Renumber): Stmt {
  const expr = (e: Expr): Expr => renumberExpr(e, by);
  const place = (p: Place): Place => mapPlace(p, expr);
  switch (stmt.op) {
    case 'set':
      return rebuilt(stmt, { value: expr(stmt.value), site: by.site(stmt.site) });
    case 'write':
      return rebuilt(stmt, { place: place(stmt.place), value: expr(stmt.value), site: by.site(stmt.site) });
    case 'if':
      return rebuilt(stmt, { cond: expr(stmt.cond), then: renumberBody(stmt.then, by), else: renumberBody(stmt.else, by) });
    case 'for':
      return rebuilt(stmt, { body: renumberBody(stmt.body, by) });
    case 'while':
      return rebuilt(stmt, { cond: expr(stmt.cond), body: renumberBody(stmt.body, by) });
    case 'return':
      return rebuilt(stmt, { value: stmt.value === null ? null : expr(stmt.value) });
    case 'call':
    case 'delegate':
      return rebuilt(stmt, { fn: by.fn(stmt.fn), args: mapped(stmt.args, expr) });
    case 'pause':
      return rebuilt(stmt, { until: stmt.until === null ? null : expr(stmt.until) });
    case 'when':
      return rebuilt(stmt, { cond: expr(stmt.cond) });
    case 'rule':
      return rebuilt(stmt, { rule: by.rule(stmt.rule) });
    case 'break':
    case 'continue':
      return stmt;
    default:
      return unreachable(stmt);
  }
}

function renumberExpr(expr: Expr, by: Renumber): Expr {
  const whole = mapChildren(expr, (child) => renumberExpr(child, by));
  if (whole.op === 'unwrap') return rebuilt(whole, { site: by.site(whole.site) });
  if (whole.op === 'call') return rebuilt(whole, { fn: by.fn(whole.fn) });
  return whole;
}
