/**
 * A design is an era of the code: the answers to the questions that eras answered differently (reference 0.3). Transitions ask
 * these questions and never the name of a design.
 *
 * `p06`        March 2006, two weeks before: so_pcb is a hint that the socket layer reads, and NULL means "dropped".
 * `april2006`  April 2006, the first stage: so_pcb is the protocol's, but detach runs in soclose still and there is no pru_close.
 * `sockref`    July 2006, shipped in FreeBSD 7: so_pcb is set from attach to detach, and detach runs in sofree (F93, the specification).
 * `freebsd13`  2021: the accept mutex is gone; protocols keep a listener's soclose and sonewconn apart (F13).
 * `freebsd14`  2022: SS_PROTOREF and SS_NOFDREF are gone; queues and TIME_WAIT hold references like anybody else (F14+).
 * `dragonfly`  2013: so_pcb is set, or NULL for "dropped", and owns a reference while it is set (DF13).
 */

export type DesignName = 'sockref' | 'p06' | 'april2006' | 'freebsd13' | 'freebsd14' | 'dragonfly';

export interface Design {
  /** TCP that drops a connection frees the pcb, and the socket if nobody has it, instead of marking the pcb INP_DROPPED. [0.3 rows 2, 3, 6; D.2 P06] */
  readonly dropFreesPcb: boolean;
  /** pru_detach runs in soclose before the reference is dropped, instead of in sofree after the last one. [0.3 row 8, C.3 soclose P06] */
  readonly detachInClose: boolean;
  /** sofree keeps a socket whose so_pcb is set: the protocol keeps a closed socket that way, instead of by SS_PROTOREF. [0.3 row 4, E7.08] */
  readonly pcbKeepsSocket: boolean;
  /** soclose takes the children off the queues before it tells the protocol, instead of afterwards. [C.2 soclose P06, DF13; G30, G31] */
  readonly drainFirst: boolean;
  /** soclose clears SO_ACCEPTCONN before it empties the queues, and sonewconn looks once more before it queues a child. [C.1 sonewconn 7, C.2 soclose 4] */
  readonly recheckListener: boolean;
  /** Who closes a UNIX socket takes its name away, so that no connect finds a listener that is being closed; not only detach does. [D.1b close, G52] */
  readonly closeTakesName: boolean;
  /** tcp_ctloutput looks at the pcb after the unlocked copyin, once more or for the first time. [D.2 ctloutput, seed 004; A.7 so_pcb] */
  readonly recheckAfterCopyin: boolean;
  /** A dropped TCP pcb keeps its port until it is detached. [0.4 10702a2840, G22] */
  readonly dropKeepsPort: boolean;
  /** A queue holds a reference to each of its children, which accept takes over; it is not its place on the queue that keeps a child. [0.3 row 9, G3] */
  readonly queueHoldsReference: boolean;
  /** soclose holds a reference to a child between taking it off the queue and its abort. [0.4 D35679; G06, G07] */
  readonly drainHoldsReference: boolean;
  /** TCP keeps a closed socket to the end of TIME_WAIT, so that no pcb is without one, instead of letting it go when that begins. [0.4 f71cb9f748] */
  readonly timeWaitKeepsSocket: boolean;
}

/** Every question answered no. */
const no: Design = {
  dropFreesPcb: false,
  detachInClose: false,
  pcbKeepsSocket: false,
  drainFirst: false,
  recheckListener: false,
  closeTakesName: false,
  recheckAfterCopyin: false,
  dropKeepsPort: false,
  queueHoldsReference: false,
  drainHoldsReference: false,
  timeWaitKeepsSocket: false,
};

// biome-ignore format: a table
export const designs: Readonly<Record<DesignName, Design>> = {
  p06:       { ...no, dropFreesPcb: true, detachInClose: true, pcbKeepsSocket: true, drainFirst: true },
  april2006: { ...no, dropKeepsPort: true, detachInClose: true, drainFirst: true },
  sockref:   { ...no, recheckListener: true, recheckAfterCopyin: true },
  freebsd13: { ...no, closeTakesName: true, recheckAfterCopyin: true },
  freebsd14: { ...no, closeTakesName: true, recheckAfterCopyin: true, queueHoldsReference: true, drainHoldsReference: true, timeWaitKeepsSocket: true },
  dragonfly: { ...no, dropFreesPcb: true, detachInClose: true, pcbKeepsSocket: true, recheckAfterCopyin: true, drainHoldsReference: true },
};
