/** *Toys*: small programs as targets, each with one thing wrong or nothing, for engines that take a target. */
import { emitImplementation } from '../../oracle/compile/impl-javascript.ts';
import { loadImplementation } from '../../oracle/compile/impl-machine.ts';
import { NO_NAMES } from '../../oracle/report/words.ts';
import type { Program } from '../../oracle/schedule/program.ts';
import type { Target } from '../../oracle/schedule/target.ts';
import { constant, equals, local, makeFunction, makeProgram, plus, threads } from './programs.ts';

/** The same program with its places where files of tests are. */
function atHome(program: Program): Program {
  const { program: code } = program.code.artefact;
  const at = (source: { readonly file: string; readonly line: number }) => ({ ...source, file: `test/toys/${source.file}` });
  const functions = code.functions.map((fn) => ({
    ...fn,
    source: at(fn.source),
    blocks: fn.blocks.map((block) => ('source' in block.end ? { ...block, end: { ...block.end, source: at(block.end.source) } } : block)),
  }));
  return { ...program, code: loadImplementation(emitImplementation({ ...code, functions })) };
}

export function toyTarget(id: string, toy: Program, more: Partial<Target> = {}): Target {
  const program = atHome(toy);
  return {
    id,
    subject: 'litmus',
    design: null,
    fault: null,
    configuration: { threads: program.agents.length },
    scenario: null,
    setting: `${program.agents.length} threads`,
    program,
    monitor: null,
    atEnd: (machine) => (machine.hasEnded() ? null : { id: 'deadlock', agent: -1, text: 'nobody can move' }),
    doubt: () => null,
    names: NO_NAMES,
    words: {},
    result: (_, result) => String(result),
    view: null,
    named: (violation) => violation,
    explain: ({ text }) => ({ seen: text, allowed: null }),
    suggested: { strategy: 'states', preemptions: null, executions: null },
    smaller: () => [],
    native: () => Promise.reject(new Error('a toy has no source')),
    ...more,
  };
}

/** Two threads add to one word in two steps: a sum is lost, which the second thread to look says is wrong. */
export function lossy(): Program {
  const lines = [
    { door: 'load', args: [constant(1)], result: 0 },
    { door: 'store', args: [constant(1), plus(local(0), constant(1))] },
    { door: 'add', args: [constant(2), constant(1)], result: 1 },
    { unless: equals(local(1), constant(1)), goTo: 7 },
    { door: 'load', args: [constant(1)], result: 0 },
    { unless: equals(local(0), constant(1)), goTo: 7 },
    { door: 'fail', args: [constant(1), constant(1)] },
    { give: local(0) },
  ] as const;
  return makeProgram([makeFunction('lossy', 0, 2, lines)], 4, threads(['lossy'], ['lossy']));
}

/** Two threads add to a plain word. */
export function racy(): Program {
  const lines = [
    { door: 'load', args: [constant(3)] },
    { door: 'get', args: [constant(1)], result: 0 },
    { door: 'put', args: [constant(1), plus(local(0), constant(1))] },
    { door: 'load', args: [constant(3)] },
  ] as const;
  return makeProgram([makeFunction('racy', 0, 1, lines)], 4, threads(['racy'], ['racy']));
}

/** A thread looks, and goes to sleep a moment later; the other tells it in between. */
export function sleepy(): Program {
  const functions = [
    makeFunction('sleeper', 0, 1, [
      { door: 'load', args: [constant(1)], result: 0 },
      { unless: equals(local(0), constant(0)), goTo: 3 },
      { door: 'wait', args: [constant(2), constant(0)] },
      { give: constant(0) },
    ]),
    makeFunction('teller', 0, 0, [
      { door: 'store', args: [constant(1), constant(1)] },
      { door: 'notify', args: [constant(2), constant(1)] },
    ]),
  ];
  return makeProgram(functions, 4, threads(['sleeper'], ['teller']));
}

/** Two threads add to one word, each in one step. */
export function sound(): Program {
  const lines = [{ door: 'add', args: [constant(1), constant(1)], result: 0 }, { give: local(0) }] as const;
  return makeProgram([makeFunction('sound', 0, 1, lines)], 4, threads(['sound'], ['sound']));
}
