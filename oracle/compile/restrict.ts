/**
 * A program *restricted* to some of its procedures, each to some of the arguments it may be started with. What is left out is never
 * started; everything else is as it was, so that each run of the restricted program is a run of the whole one. The arguments stand as a
 * guard at the head of the procedure, which every back end understands, and one that has a single value left is that constant.
 */
import { all, compare, constant, local, or, refold } from './fold.ts';
import type { AgentDef, Expr, Fn, Local, ProcedureDef, Program, Stmt } from './ir.ts';
import { prune } from './prune.ts';
import { encodeScalar, type Plain } from './values.ts';
import { forEachStmt, mapStmts, substitute } from './walk.ts';

/** By procedure: for each parameter after `who` the values that it may have, in source terms; null where it may have any. */
export type Calls = Readonly<Record<string, readonly (readonly Plain[] | null)[]>>;

/** Throws a RangeError that names a procedure or a value that isn't there. */
export function restrict(program: Program, calls: Calls): Program {
  const known = new Set(program.agents.flatMap(({ procedures }) => procedures.map(({ name }) => name)));
  const unknown = Object.keys(calls).find((name) => !known.has(name));
  if (unknown !== undefined) throw new RangeError(`the model has no procedure \`${unknown}\``);
  const functions = [...program.functions];
  const agents = program.agents.map(
    (agent): AgentDef => ({
      ...agent,
      procedures: agent.procedures.flatMap((procedure) => {
        const values = calls[procedure.name];
        if (values === undefined) return [];
        // Others may still call the procedure with whatever they like: the restricted one is a copy.
        functions.push(withArguments(functionOf(program, procedure), procedure, values));
        return [{ ...procedure, fn: functions.length - 1 }];
      }),
    }),
  );
  return prune({ ...program, functions, agents });
}

function functionOf(program: Program, { fn, name }: ProcedureDef): Fn {
  const found = program.functions[fn];
  if (found === undefined) throw new Error(`the procedure ${name} has no function`);
  return found;
}

function withArguments(fn: Fn, { name, params }: ProcedureDef, values: Calls[string] = []): Fn {
  const guards: Expr[] = [];
  const single = new Map<number, Expr>();
  for (const [index, param] of params.entries()) {
    const allowed = values[index] ?? null;
    if (allowed === null) continue;
    const codes = allowed.map((value) => code(param, value, name));
    const argument = 1 + index; // after `who`
    const tests = codes.map((value) => compare('eq', local(argument, param.type), constant(value, param.type)));
    guards.push(tests.reduce(or, { op: 'const', type: { kind: 'bool' }, value: 0 }));
    const [only] = codes;
    if (codes.length === 1 && only !== undefined && !isSet(fn.body, argument)) single.set(argument, constant(only, param.type));
  }
  if (guards.length === 0) return fn;
  const body = single.size === 0 ? fn.body : mapStmts(fn.body, (expr) => refold(substitute(expr, (index) => single.get(index))));
  const guard: Stmt = { op: 'when', cond: all(guards) };
  return { ...fn, body: [guard, ...body] };
}

function isSet(body: readonly Stmt[], index: number): boolean {
  let found = false;
  forEachStmt(body, (stmt) => {
    if ((stmt.op === 'set' || stmt.op === 'for') && stmt.local === index) found = true;
    if ((stmt.op === 'call' || stmt.op === 'delegate') && stmt.result === index) found = true;
  });
  return found;
}

function code({ type, name }: Local, value: Plain, procedure: string): number {
  try {
    return encodeScalar(type, value, name);
  } catch {
    throw new RangeError(`\`${procedure}\` can't be started with ${name} = ${JSON.stringify(value)}`);
  }
}
