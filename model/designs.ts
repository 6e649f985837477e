/**
 * A design is an era of the code: the answers to the questions that the 2006 change answered anew (reference 0.3).
 * Transitions ask these questions and never the name of a design.
 *
 * `p06`      March 2006, two weeks before: so_pcb is a hint that the socket layer reads, and NULL means "dropped".
 * `sockref`  July 2006, shipped in FreeBSD 7: so_pcb belongs to the protocol and is set from attach to detach (F93, the specification).
 */

export type DesignName = 'sockref' | 'p06';

export interface Design {
  /** TCP that drops a connection frees the pcb and sets so_pcb to NULL, instead of marking it INP_DROPPED. [0.3 rows 2-3, D.2 P06] */
  readonly dropFreesPcb: boolean;
  /** pru_detach runs in soclose before the reference is dropped, instead of in sofree after the last one. [0.3 row 7, C.3 soclose P06] */
  readonly detachInClose: boolean;
  /** sofree keeps a socket whose so_pcb is set: the protocol keeps a closed socket that way, instead of by SS_PROTOREF. [0.3 row 4] */
  readonly pcbKeepsSocket: boolean;
  /** soclose drains the queues first and leaves SO_ACCEPTCONN set, instead of closing the protocol first. [C.3 soclose P06, G30] */
  readonly drainFirst: boolean;
  /** sonewconn looks once more whether the head still listens before it queues the child. [C.1 sonewconn step 7] */
  readonly recheckListener: boolean;
  /** tcp_ctloutput looks at the pcb again after the unlocked copyin. [D.2 ctloutput, seed 004] */
  readonly recheckAfterCopyin: boolean;
}

// biome-ignore format: a table
export const designs: Readonly<Record<DesignName, Design>> = {
  sockref: {
    dropFreesPcb: false, detachInClose: false, pcbKeepsSocket: false, drainFirst: false, recheckListener: true, recheckAfterCopyin: true,
  },
  p06: {
    dropFreesPcb: true, detachInClose: true, pcbKeepsSocket: true, drainFirst: true, recheckListener: false, recheckAfterCopyin: false,
  },
};
