/**
 * The memory map of the Internet protocols: inpcb, tcpcb, tcptw, reassembly and syncache entries, callouts, the wire.
 * The key to the guards is in ../layout.ts; in addition: i  the inpcb's lock   p  the pcbinfo lock   h  the pcbinfo's hash lock
 * W  wire_mtx   C  callout_mtx   Y  syncache_mtx.
 */

// ---- globals in the kernel's header (136 and 160 .. 319) -----------------------------------------------------------------

export const wseg_zone = 136; // zone: segments of the wire

export const udbinfo = 160; // pcbinfo
export const tcbinfo = 176; // pcbinfo
export const callout_mtx = 192; // mutex
export const callout_tick = 194; // C  the tick whose callouts have been run, or are being run
export const callout_busy = 195; // C  1 while a thread is in softclock
export const h_callwheel = 196; // c  -> wheel: CALLWHEEL_WORDS words for each slot (C)
export const h_callwheel_mask = 197; // c  slots - 1, a power of two less 1
export const wire_mtx = 198; // mutex
export const h_wire_size = 200; // c  segments that either list below holds at most
export const wire_first = 201; // W  oldest segment to this host
export const wire_last = 202; // W
export const wire_count = 203; // W  its address is the channel of whoever carries the segments
export const wire_out_first = 204; // W  oldest segment to any other host: read by whoever plays it
export const wire_out_last = 205; // W
export const wire_out_count = 206; // W
export const wire_lost = 207; // W  segments dropped because there was no room
export const syncache_mtx = 208; // mutex
export const syncache_first = 210; // Y  oldest entry
export const syncache_last = 211; // Y
export const syncache_count = 212; // Y
export const tcp_iss = 213; // *  next initial send sequence number
export const wire_sleepers = 214; // W  threads in wire_wait
export const wire_due = 215; // W  ticks announced by the driver and not yet run
export const h_tcp_mss = 216; // c  bytes of data in a segment
export const h_tcp_msl = 217; // c  ticks
export const h_tcp_rtomin = 218; // c  ticks: first retransmission interval
export const h_tcp_rtomax = 219; // c  ticks: longest one
export const h_hash_mask = 220; // c  hash chains of a pcbinfo - 1
export const wire_stopped = 221; // W  1: wire_run shall end
export const ripcbinfo = 224; // pcbinfo: raw IP, whose inpcbs have no ports and are in no hash
export const h_tcp_keepidle = 222; // c  ticks of silence after which a peer is asked (SO_KEEPALIVE)
export const h_tcp_keepintvl = 223; // c  ticks from one such question to the next
// 240 .. 319 free

export const h_netisr = 316; // c  -> workstreams
export const h_nnetisr = 317; // c  how many
export const netisr_carrier = 318; // W  the thread that hands segments from the wire to the workstreams, 0 none

// ---- workstream of netisr (net/netisr.ts) ---------------------------------------------------------------------------------

export const nws_mtx = 0; // mutex
export const nws_first = 2; // its mutex  oldest segment
export const nws_last = 3; // its mutex
export const nws_count = 4; // its mutex*
export const nws_owner = 5; // *  the thread that processes them, changed by who carries; 0: whoever carries does
export const NWS_WORDS = 6;

// ---- inpcbinfo -----------------------------------------------------------------------------------------------------------

export const ipi_lock = 0; // rwlock
export const ipi_hash_lock = 3; // rwlock
export const ipi_list = 6; // p  head of the list of all inpcbs
export const ipi_count = 7; // p
export const ipi_hash = 8; // c  -> hash chains by addresses and ports (h)
export const ipi_porthash = 9; // c  -> hash chains by local port (h)
export const ipi_lastport = 10; // h  ephemeral port given last
export const ipi_gencnt = 11; // p
export const ipi_proto = 12; // c  PROTO_*
export const PCBINFO_WORDS = 16;

// ---- inpcb ---------------------------------------------------------------------------------------------------------------

export const inp_hash_next = 1; // h
export const inp_hash_prev = 2; // h
export const inp_list_next = 3; // p
export const inp_list_prev = 4; // p
export const inp_port_next = 5; // h
export const inp_port_prev = 6; // h
export const inp_ppcb = 7; // i  tcpcb, or tcptw with INP_TIMEWAIT; 0 for UDP and raw IP
export const inp_pcbinfo = 8; // c
export const inp_socket = 9; // i  0 after in_pcbdetach
export const inp_flags = 10; // i  INP_*
export const inp_flags2 = 11; // i
export const inp_refcount = 12; // *  memory references
export const inp_laddr = 13; // i, h  0 any
export const inp_lport = 14; // i, h  0 unbound
export const inp_faddr = 15; // i, h  0 any
export const inp_fport = 16; // i, h
export const inp_gencnt = 17; // p
export const inp_lock = 18; // rwlock
export const inp_ip_p = 21; // c  raw IP: the protocol it speaks, 0 any
export const inp_reuseport = 22; // h  1: SO_REUSEPORT, where who binds can see it
export const inp_vflag = 23; // i, h  INP_IPV4 ...: what it takes
export const INPCB_WORDS = 24;

export const INP_IPV4 = 1;
export const INP_IPV6 = 2;
export const INP_IPV6PROTO = 4; // of a socket of IPv6, for which addresses of IPv4 are v4-mapped

export const INP_INHASHLIST = 0x2000; // in the address hash (and, with a local port, in the port hash)
export const IN6P_IPV6_V6ONLY = 0x8000; // takes IPv6 alone; says no more once it is bound than inp_vflag
export const INP_TIMEWAIT = 0x01000000;
export const INP_DROPPED = 0x04000000;
export const INP_SOCKREF = 0x08000000;
export const INP_FREED = 0x10; // in inp_flags2

// ---- callout (kern/callout.ts) -------------------------------------------------------------------------------------------

export const c_next = 0; // C
export const c_prev = 1; // C
export const c_time = 2; // C  tick at which it fires
export const c_func = 3; // c  CALLOUT_*: which handler
export const c_arg = 4; // c  its argument
export const c_flags = 5; // C  CALLOUT_PENDING, CALLOUT_ACTIVE
export const CALLOUT_WORDS = 6;

export const CALLOUT_PENDING = 1; // on the wheel
export const CALLOUT_ACTIVE = 2; // set, and neither stopped nor handled since

export const CALLOUT_REXMT = 1; // arg: tcpcb
export const CALLOUT_PERSIST = 2; // arg: tcpcb
export const CALLOUT_2MSL = 3; // arg: tcpcb (in FIN_WAIT_2)
export const CALLOUT_TIMEWAIT = 4; // arg: tcptw
export const CALLOUT_KEEP = 6; // arg: tcpcb
export const CALLOUT_SYNCACHE = 5; // arg: syncache entry

/** A slot of the wheel: the list of the callouts whose time is the slot's number modulo the number of slots. */
export const cw_first = 0; // C
export const cw_last = 1; // C
export const CALLWHEEL_WORDS = 2;

// ---- tcpcb (netinet/tcp_subr.ts): guarded by i -----------------------------------------------------------------------------

export const t_inpcb = 1; // i, p (written with both, read with either): 0 after tcp_discardcb
export const t_state = 2; // TCPS_*
export const t_flags = 3; // TF_*
export const snd_una = 4; // oldest sequence number not acknowledged
export const snd_nxt = 5; // next one to send
export const snd_max = 6; // highest one ever sent
export const snd_wnd = 7; // what the peer lets us send beyond snd_una
export const snd_wl1 = 8; // sequence and acknowledgement numbers of the segment that said so
export const snd_wl2 = 9;
export const max_sndwnd = 10; // largest window the peer ever offered
export const iss = 11; // initial send sequence number
export const irs = 12; // the peer's
export const rcv_nxt = 13; // next one expected
export const rcv_adv = 14; // end of the window we have offered
export const t_maxseg = 15; // bytes of data in a segment
export const t_rxtshift = 16; // retransmissions (or window probes) in a row
export const t_probes = 17; // window probes since the peer was last heard
export const t_dupacks = 18; // duplicate acknowledgements in a row
export const t_softerror = 19; // what the net said about a connection that does not get through
export const t_segq = 20; // reassembly queue, sorted by sequence number
export const t_segqlen = 21;
export const t_rexmt = 22; // callout
export const t_persist = 28; // callout
export const t_2msl = 34; // callout
export const snd_up = 40; // behind the last urgent byte that the user has sent; nothing urgent at or before snd_una
export const rcv_up = 41; // behind the last urgent byte that the peer has announced
export const t_oobflags = 42; // TCPOOB_*
export const t_iobc = 43; // the urgent byte
export const t_keepcnt = 44; // keepalive probes since the peer was last heard
export const t_keep = 45; // callout
export const TCPCB_WORDS = 51;

// ---- tcptw (netinet/tcp_timewait.ts) -----------------------------------------------------------------------------------------

export const tw_inpcb = 1; // i, p
export const tw_snd_nxt = 2; // c
export const tw_rcv_nxt = 3; // c
export const tw_iss = 4; // c
export const tw_irs = 5; // c
export const tw_window = 6; // c  receive window when the connection ended
export const tw_2msl = 7; // callout
export const TCPTW_WORDS = 13;

// ---- reassembly queue entry --------------------------------------------------------------------------------------------------

export const tqe_next = 1; // i
export const tqe_seq = 2; // i
export const tqe_len = 3; // i
export const tqe_fin = 4; // i  1: a FIN follows the data
export const tqe_m = 5; // i  mbuf chain
export const TSEG_WORDS = 6;

// ---- syncache entry (netinet/tcp_syncache.ts) ----------------------------------------------------------------------------------

export const sc_next = 1; // Y
export const sc_prev = 2; // Y
export const sc_laddr = 3; // Y
export const sc_lport = 4; // Y
export const sc_faddr = 5; // Y
export const sc_fport = 6; // Y
export const sc_iss = 7; // Y
export const sc_irs = 8; // Y
export const sc_wnd = 9; // Y  window that the SYN|ACK offered
export const sc_rxmits = 10; // Y  SYN|ACKs sent again
export const sc_timer = 11; // callout
export const SYNCACHE_WORDS = 17;

// ---- segment on the wire (net/wire.ts) -----------------------------------------------------------------------------------------

export const ws_next = 1; // W while on a list; everything else belongs to whoever has the segment
export const ws_proto = 2; // IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP; any other is for raw sockets
export const ws_src = 3;
export const ws_sport = 4;
export const ws_dst = 5;
export const ws_dport = 6;
export const ws_seq = 7; // TCP
export const ws_ack = 8; // TCP
export const ws_flags = 9; // TCP: TH_*, and above TH_URP_SHIFT the urgent pointer; ICMP: the protocol it is about, 0 any
export const ws_window = 10; // TCP; ICMP: the error
export const ws_len = 11; // bytes of data
export const ws_m = 12; // mbuf chain, 0 none
export const SEGMENT_WORDS = 13;

/** ICMP: a segment that says "nobody is at my source address" to the endpoint its destination names. */
export const IPPROTO_ICMP = 1;
export const IPPROTO_ICMPV6 = 58;

/**
 * Hosts, as they are on the wire and in a pcb: addresses other than HOST_LOCAL and HOST6_LOCAL are played by whoever drives the wire. In a pcb 0
 * is any address, of whatever families inp_vflag says.
 */
export const HOST_LOCAL = 1;
export const HOST_REMOTE = 2;
/** Everybody, this host included: only a datagram can be for it. */
export const HOST_BROADCAST = 15;
/** IPv6: ::1, and the other host. */
export const HOST6_LOCAL = 13;
export const HOST6_REMOTE = 14;

/** What a call has besides for a socket of IPv6: "::", and what an address of IPv4 is more by if it is v4-mapped ("::ffff:0.0.0.0"). */
export const HOST6_ANY = 12;
export const HOST_MAPPED = 16;
