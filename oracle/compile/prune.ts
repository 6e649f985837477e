/**
 * *Pruning* leaves in a program what can be reached from its procedures and properties, and numbers functions, sites and rules
 * anew. What a constant ruled out (another design's branch) leaves no function, no site and no rule behind.
 */
import { unreachable } from './errors.ts';
import type { Expr, Fn, Place, Program, Stmt } from './ir.ts';
import { mapChildren, mapPlace } from './walk.ts';

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
    fn: (index) => fns.indexOf(index),
    site: (index) => siteOrder.indexOf(index),
    rule: (index) => ruleOrder.indexOf(index),
  };
  return {
    ...program,
    functions: fns.map((index): Fn => {
      const fn = program.functions[index];
      if (fn === undefined) throw new Error(`the program has no function ${index}`);
      return { ...fn, body: renumberBody(fn.body, by) };
    }),
    agents: program.agents.map((agent) => ({ ...agent, procedures: agent.procedures.map((p) => ({ ...p, fn: by.fn(p.fn) })) })),
    invariants: program.invariants.map((p) => ({ ...p, fn: by.fn(p.fn) })),
    lemmas: program.lemmas.map((p) => ({ ...p, fn: by.fn(p.fn) })),
    promises: program.promises.map((p) => ({ ...p, whenever: by.fn(p.whenever), eventually: by.fn(p.eventually) })),
    sites: program.sites.filter((_, index) => sites.has(index)),
    rules: program.rules.filter((_, index) => rules.has(index)),
  };
}

function renumberBody(body: readonly Stmt[], by: Renumber): readonly Stmt[] {
  return body.map((stmt) => renumberStmt(stmt, by));
}

function renumberStmt(stmt: Stmt, by: Renumber): Stmt {
  const expr = (e: Expr): Expr => renumberExpr(e, by);
  const place = (p: Place): Place => mapPlace(p, expr);
  switch (stmt.op) {
    case 'set':
      return { ...stmt, value: expr(stmt.value), site: by.site(stmt.site) };
    case 'write':
      return { ...stmt, place: place(stmt.place), value: expr(stmt.value), site: by.site(stmt.site) };
    case 'if':
      return { ...stmt, cond: expr(stmt.cond), then: renumberBody(stmt.then, by), else: renumberBody(stmt.else, by) };
    case 'for':
      return { ...stmt, body: renumberBody(stmt.body, by) };
    case 'while':
      return { ...stmt, cond: expr(stmt.cond), body: renumberBody(stmt.body, by) };
    case 'return':
      return { ...stmt, value: stmt.value === null ? null : expr(stmt.value) };
    case 'call':
    case 'delegate':
      return { ...stmt, fn: by.fn(stmt.fn), args: stmt.args.map(expr) };
    case 'pause':
      return { ...stmt, until: stmt.until === null ? null : expr(stmt.until) };
    case 'when':
      return { ...stmt, cond: expr(stmt.cond) };
    case 'rule':
      return { ...stmt, rule: by.rule(stmt.rule) };
    case 'break':
    case 'continue':
      return stmt;
    default:
      return unreachable(stmt);
  }
}

function renumberExpr(expr: Expr, by: Renumber): Expr {
  const mapped = mapChildren(expr, (child) => renumberExpr(child, by));
  if (mapped.op === 'unwrap') return { ...mapped, site: by.site(mapped.site) };
  if (mapped.op === 'call') return { ...mapped, fn: by.fn(mapped.fn) };
  return mapped;
}
