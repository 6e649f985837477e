/** Calls that several configurations have, with the arguments they have there. */
import type { Calls } from '../compile/restrict.ts';

/** Calls that every configuration has: descriptors are closed, and sleeps interrupted. */
export const CLOSE: Calls = { close: [], soclose: [], signal: [] };
/** A unit at a time: more would only take more steps to the same states. */
export const DATA: Calls = { send: [null, [1], [false]], receive: [null, [1]], shutdown: [] };
