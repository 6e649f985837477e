/** Panics of the implementation by name: `panic-sofree-comp`, and ids of their own for what WITNESS finds. */
import * as TCP from '../../impl/netinet/tcp_panic.ts';
import * as KERNEL from '../../impl/panic.ts';
import type { Violation } from './program.ts';

const NAMES: ReadonlyMap<number, string> = new Map(
  [...Object.entries(KERNEL), ...Object.entries(TCP)].map(([name, code]): [number, string] => [code, name]),
);

/** What WITNESS finds is a discipline broken, not an object. */
const OWN: Readonly<Record<string, string>> = { PANIC_LOCK_ORDER: 'lock-order', PANIC_SLEEP_WITH_LOCK: 'sleep-with-lock' };

/** "PANIC_SOFREE_COMP". */
export function panicName(code: number): string {
  return NAMES.get(code) ?? `PANIC_${code}`;
}

export function panicId(code: number): string {
  const name = panicName(code);
  return OWN[name] ?? name.toLowerCase().replaceAll('_', '-');
}

/** The ids of all panics there are. */
export function panicIds(): readonly string[] {
  return [...NAMES.keys()].map(panicId);
}

/** Under the name of its panic, if it is one. */
export function named(violation: Violation): Violation {
  const { code, id } = violation;
  return code === undefined || !id.startsWith('panic') ? violation : { ...violation, id: panicId(code) };
}
