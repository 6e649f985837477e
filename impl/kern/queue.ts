/**
 * Lists inside records, after BSD's <sys/queue.h>. A record carries two neighbouring words for each list it can be on:
 * `next` and, after it, `prev`. The caller holds the lock of the list.
 *
 * LIST: the head is one word (the first element); `prev` holds the address of the word that leads to this element, so that an
 * element can be removed without knowing its list. TAILQ: the head is two words, first and last; `prev` is the element before.
 */

import { get, type Kernel, put } from '../memory.ts';

/** Puts `element` first. `field` is the offset of its `next` word. */
export function LIST_INSERT_HEAD(k: Kernel, head: number, element: number, field: number): void {
  const first = get(k, head);
  put(k, element + field, first);
  put(k, element + field + 1, head);
  if (first !== 0) put(k, first + field + 1, element + field);
  put(k, head, element);
}

export function LIST_REMOVE(k: Kernel, element: number, field: number): void {
  const next = get(k, element + field);
  const leadsHere = get(k, element + field + 1);
  if (next !== 0) put(k, next + field + 1, leadsHere);
  put(k, leadsHere, next);
  put(k, element + field, 0);
  put(k, element + field + 1, 0);
}

export function TAILQ_INSERT_TAIL(k: Kernel, head: number, element: number, field: number): void {
  const last = get(k, head + 1);
  put(k, element + field, 0);
  put(k, element + field + 1, last);
  if (last === 0) put(k, head, element);
  else put(k, last + field, element);
  put(k, head + 1, element);
}

export function TAILQ_REMOVE(k: Kernel, head: number, element: number, field: number): void {
  const next = get(k, element + field);
  const prev = get(k, element + field + 1);
  if (next === 0) put(k, head + 1, prev);
  else put(k, next + field + 1, prev);
  if (prev === 0) put(k, head, next);
  else put(k, prev + field, next);
  put(k, element + field, 0);
  put(k, element + field + 1, 0);
}
