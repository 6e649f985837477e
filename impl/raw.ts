/**
 * The other face, for engines and test oracles: numbers in, numbers out, and the kernel's memory laid open.
 *
 * Calls: the sys_* functions, `(k, td, …numbers) → result or -errno`; second results are words of the thread record (td_retval1,
 * td_from_host, td_from_port). Data passes through user memory: user address 0 is byte `fixed(k, h_user)` of the kernel. The wire and the
 * clock are driven with wire_*, sys_tick and the callout_* functions.
 *
 * State: a record's field is the word `record + field` with the names of layout.ts and netinet/layout.ts, read by `word`. Only when no
 * call is in progress do the words of several records fit together. Where to begin:
 *   sockets            records(k, socket_zone)          every socket that is not freed, by address
 *   a socket's queues  queue(k, so + so_comp_first), queue(k, so + so_incomp_first)
 *   descriptors        descriptor(k, fd)                the file, or 0; its socket is word(k, file + f_data), its count f_count & F_REFERENCES
 *   control blocks     word(k, so + so_pcb)             unpcb, or inpcb; a tcpcb or tcptw behind inp_ppcb
 *   names              name(k, n)                       the socket bound to a UNIX name, or 0
 *   handles            handle(k, n)                     the socket held by fgetsock, or 0
 *   what is left over  inUse(k, zone)                   records not given back
 */

import { boot } from './boot.ts';
import type { KernelOptions } from './config.ts';
import { thread_attach } from './kern/thread.ts';
import { h_fd_table, h_handles, h_unp_names, so_list_next, uz_base, uz_count, uz_inuse, uz_size, Z_ALLOCATED, z_link } from './layout.ts';
import { fixed, type Kernel, load } from './memory.ts';

export * from './errno.ts';
export { callout_advance, callout_fire, callout_next_expiry, callout_peek, callout_pending } from './kern/callout.ts';
export * from './kern/syscalls.ts';
export * from './kern/kqueue_layout.ts';
export { thread_attach, thread_detach } from './kern/thread.ts';
export * from './kern/msghdr.ts';
export * from './layout.ts';
export { bufferOf, copyBytesIn, copyBytesOut, fixed, type Kernel, KernelPanic, load, store, viewKernel } from './memory.ts';
export { netisr_carry, netisr_claim, netisr_poll, netisr_release, netisr_select, netisr_stream, netisr_wait } from './net/netisr.ts';
export { wire_copyout, wire_defer, wire_deliver, wire_drop, wire_duplicate, wire_inject, wire_length, wire_peek } from './net/wire.ts';
export * from './netinet/layout.ts';
export * from './unix/layout.ts';
export * from './netinet/tcp_fsm.ts';
export * from './netinet/tcp_probe.ts';

/** A kernel of its own with one thread that can't sleep: a call that would have to is interrupted at once. */
export function rawKernel(options?: KernelOptions): { readonly k: Kernel; readonly td: number } {
  const k = boot(options);
  return { k, td: thread_attach(k, 0) };
}

/** A word of shared memory as it is now. */
export function word(k: Kernel, at: number): number {
  return load(k, at);
}

/** The records of a zone that are in use, by address. */
export function records(k: Kernel, zone: number): number[] {
  const found: number[] = [];
  const size = fixed(k, zone + uz_size);
  const end = fixed(k, zone + uz_base) + fixed(k, zone + uz_count) * size;
  for (let record = fixed(k, zone + uz_base); record < end; record += size)
    if (word(k, record + z_link) === Z_ALLOCATED) found.push(record);
  return found;
}

/** How many records of a zone are in use. */
export function inUse(k: Kernel, zone: number): number {
  return word(k, zone + uz_inuse);
}

/** The sockets in a listener's queue, first come first. `head` is the address of so_comp_first or so_incomp_first. */
export function queue(k: Kernel, head: number): number[] {
  const found: number[] = [];
  for (let so = word(k, head); so !== 0; so = word(k, so + so_list_next)) found.push(so);
  return found;
}

/** The file of a descriptor, 0 if it is closed. */
export function descriptor(k: Kernel, fd: number): number {
  return word(k, fixed(k, h_fd_table) + fd);
}

export function name(k: Kernel, n: number): number {
  return word(k, fixed(k, h_unp_names) + n);
}

export function handle(k: Kernel, n: number): number {
  return word(k, fixed(k, h_handles) + n);
}
