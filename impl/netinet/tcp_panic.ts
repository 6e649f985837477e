/** TCP's panic codes, 500 and up; see ../panic.ts. The E-numbers are the assertions of the BSD sources that the code re-states. */

export const PANIC_TCP_ATTACH_PCB = 500; // E5.09 attach finds so_pcb set
export const PANIC_TCP_DETACH_PCB = 501; // E5.10 so_pcb and inp_socket do not point at each other
export const PANIC_TCP_DETACH_PPCB = 502; // E5.11 TIMEWAIT and DROPPED, but a tcptw is still there
export const PANIC_TCP_USR_PCB = 503; // E5.12 an entry point finds so_pcb 0
export const PANIC_TCP_USR_SOCKET = 504; // E5.12 detach, abort, close find inp_socket 0
export const PANIC_TCP_CTLOUTPUT_PCB = 505; // E5.13
export const PANIC_TCP_DISCONNECT_GONE = 506; // E5.14 tcp_close freed what the user still owns
export const PANIC_TCP_CLOSE_SOCKET = 507; // E5.15 tcp_close finds inp_socket 0
export const PANIC_TCP_CLOSE_SOCKREF = 508; // E5.15 INP_SOCKREF without SS_PROTOREF
export const PANIC_TCP_TWSTART_SOCKREF = 509; // E5.16
export const PANIC_TCP_TWCLOSE_FLAG = 510; // E5.17 no INP_TIMEWAIT
export const PANIC_TCP_TWCLOSE_PPCB = 511; // E5.17 inp_ppcb is not this tcptw
export const PANIC_TCP_TWCLOSE_SOCKREF = 512; // E5.17
export const PANIC_TCP_DISCARD = 514; // tcp_discardcb: inp_ppcb is not this tcpcb
export const PANIC_TCP_USRCLOSED_GONE = 515; // E5.14 tcp_usrclosed freed what the user still owns
export const PANIC_TCP_PERSIST_REXMT = 516; // the persist timer is started while the retransmission timer runs
export const PANIC_TCP_OUTPUT_STATE = 517; // tcp_output finds more in so_snd than it may
export const PANIC_TCP_ACK_STATE = 518; // something is acknowledged that can't have been sent
export const PANIC_CALLOUT_FUNC = 520; // a callout with no handler
