/**
 * A subject whose locks are *primitives*: in its step machines the bodies of the lock functions are replaced by those of primitives.ts, and
 * `acquire` by one step. Everything else is the code that was compiled: callers, WITNESS, the words. What happens before the exploration
 * happens with the real locks, which nobody then waits for.
 */
import { emitImplementation } from '../../compile/impl-javascript.ts';
import { loadImplementation } from '../../compile/impl-machine.ts';
import type { ImplFn, ImplProgram } from '../../compile/ir-impl.ts';
import type { Subject } from './subject.ts';

/** The functions that are replaced; in primitives.ts each has `primitive_` before its name. */
export const REPLACED: readonly string[] = [
  'mtx_lock',
  'mtx_unlock',
  'mtx_assert',
  'rw_wlock',
  'rw_wunlock',
  'rw_rlock',
  'rw_runlock',
  'rw_assert_w',
];

export function withPrimitiveLocks(subject: Subject): Subject {
  return { ...subject, code: loadImplementation(emitImplementation(replaced(subject.code.artefact.program))) };
}

function replaced({ functions, names }: ImplProgram): ImplProgram {
  const at = (name: string): number => {
    const index = names[name];
    if (index === undefined) throw new RangeError(`there is no function ${name}: its lock can't be taken as a primitive`);
    return index;
  };
  const result = [...functions];
  for (const name of REPLACED) {
    const primitive = functions[at(`primitive_${name}`)] as ImplFn;
    if (primitive.params !== functions[at(name)]?.params)
      throw new RangeError(`${name} has other parameters than its primitive: its lock can't be taken as one`);
    result[at(name)] = { ...primitive, name };
  }
  const acquire = functions[at('acquire')] as ImplFn;
  result[at('acquire')] = oneStep(acquire);
  return { functions: result, names };
}

function oneStep(fn: ImplFn): ImplFn {
  const args = Array.from({ length: fn.params }, (_, local) => ({ op: 'local', local }) as const);
  return {
    ...fn,
    locals: fn.locals.slice(0, fn.params),
    blocks: [
      { body: [], end: { op: 'door', door: 'acquire', args, result: -1, next: 1, source: fn.source } },
      { body: [], end: { op: 'return', value: null } },
    ],
  };
}
