/**
 * The names of TCP: connection states, flags of the control block, flags of a segment, and the constants of the protocol.
 *
 *   from           to            when [function]
 *   CLOSED         LISTEN        listen [tcp_usr_listen]
 *   CLOSED         SYN_SENT      connect [tcp_usr_connect]
 *   (syncache)     ESTABLISHED   the third segment of a handshake [syncache_socket]
 *   SYN_SENT       ESTABLISHED   SYN|ACK [tcp_synsent_input]
 *   SYN_SENT       SYN_RECEIVED  SYN: the peer opens at the same time [tcp_synsent_input]
 *   SYN_RECEIVED   ESTABLISHED   our SYN is acknowledged [tcp_synreceived_input]; FIN_WAIT_1 with TF_NEEDFIN
 *   SYN_SENT       FIN_WAIT_1    SYN|ACK, and the user has shut down meanwhile (TF_NEEDFIN) [tcp_synsent_input]
 *   ESTABLISHED    FIN_WAIT_1    shutdown or close [tcp_usrclosed]
 *   ESTABLISHED    CLOSE_WAIT    FIN [tcp_fin_input]
 *   CLOSE_WAIT     LAST_ACK      shutdown or close [tcp_usrclosed]
 *   FIN_WAIT_1     FIN_WAIT_2    our FIN is acknowledged [tcp_ack_input]
 *   FIN_WAIT_1     CLOSING       FIN [tcp_fin_input]
 *   FIN_WAIT_2     TIME_WAIT     FIN [tcp_fin_input -> tcp_twstart]
 *   CLOSING        TIME_WAIT     our FIN is acknowledged [tcp_ack_input -> tcp_twstart]
 *   LAST_ACK       (dropped)     our FIN is acknowledged [tcp_ack_input -> tcp_close]
 *   any            (dropped)     reset, time-out, abort [tcp_close: INP_DROPPED; the state stays as it was, or CLOSED]
 *
 * TIME_WAIT is not a state of a tcpcb: the tcpcb is replaced by a small tcptw (INP_TIMEWAIT). SYN_RECEIVED is a tcpcb's only in a
 * simultaneous open; else it is the syncache's.
 */

export const TCPS_CLOSED = 0;
export const TCPS_LISTEN = 1;
export const TCPS_SYN_SENT = 2;
export const TCPS_SYN_RECEIVED = 3;
export const TCPS_ESTABLISHED = 4;
export const TCPS_CLOSE_WAIT = 5;
export const TCPS_FIN_WAIT_1 = 6;
export const TCPS_CLOSING = 7;
export const TCPS_LAST_ACK = 8;
export const TCPS_FIN_WAIT_2 = 9;
export const TCPS_TIME_WAIT = 10;

/** t_flags */
export const TF_ACKNOW = 0x01; // the peer is owed an acknowledgement at once
export const TF_NODELAY = 0x04; // TCP_NODELAY was set
export const TF_SENTFIN = 0x10; // a FIN has left
export const TF_FORCEDATA = 0x20; // tcp_output is to send even into a closed window (a window probe)
export const TF_NEEDURG = 0x200; // the peer has not been told of urgent data
export const TF_NEEDFIN = 0x800; // shut down before the handshake ended

/** Flags of a segment. */
export const TH_FIN = 0x01;
export const TH_SYN = 0x02;
export const TH_RST = 0x04;
export const TH_PUSH = 0x08;
export const TH_ACK = 0x10;
export const TH_URG = 0x20;
/** The upper half of ws_flags is the urgent pointer: how far behind ws_seq the byte behind the urgent one is. */
export const TH_URP_SHIFT = 16;
export const TH_MAXURP = 0xffff;

/** t_oobflags: the urgent byte has come, and waits; it has been taken. */
export const TCPOOB_HAVEDATA = 0x01;
export const TCPOOB_HADDATA = 0x02;

/** The connection is given up when a segment has been sent again this often without an answer. */
export const TCP_MAXRXTSHIFT = 12;
/** A peer that does not answer so many keepalive probes is gone. */
export const TCP_KEEPCNT = 8;
/** A SYN|ACK is sent again this often. */
export const SYNCACHE_MAXREXMTS = 3;
/** So many duplicate acknowledgements mean that a segment was lost. */
export const TCP_REXMTTHRESH = 3;
/** The largest window that a header can offer; window scaling is not in this system. */
export const TCP_MAXWIN = 65535;
/** Segments that a connection keeps for later because an earlier one is missing. */
export const TCP_MAXREASS = 48;
/** Distance between the initial sequence numbers of successive connections. */
export const TCP_ISSINCR = 64000;

/** The peer has been seen: it has sent a SYN that we accepted. */
export function TCPS_HAVERCVDSYN(state: number): boolean {
  return state >= TCPS_SYN_RECEIVED;
}

export function TCPS_HAVEESTABLISHED(state: number): boolean {
  return state >= TCPS_ESTABLISHED;
}

/** The peer has sent its FIN: nothing more can come. */
export function TCPS_HAVERCVDFIN(state: number): boolean {
  return state === TCPS_CLOSE_WAIT || state === TCPS_CLOSING || state === TCPS_LAST_ACK || state === TCPS_TIME_WAIT;
}

/** We are to send a FIN behind the last byte of so_snd, or have sent it. */
export function TCPS_FINDUE(state: number): boolean {
  return state === TCPS_FIN_WAIT_1 || state === TCPS_CLOSING || state === TCPS_LAST_ACK;
}
