/**
 * The memory map: every word of a kernel, declared once, in the manner of a C header. A pointer is a word index; a field
 * is an offset, so what C writes `so->so_count` is written `get(k, so + so_count)` here. The Internet protocols' records
 * are in netinet/layout.ts; kern/init_main.ts carves the tables out of the buffer and fills in the header.
 *
 * Guards, in the margin of each field:
 *   c  constant once the record (for the header: the kernel) is published        *  atomic: load/store only, at all times
 *   A  accept_mtx     S  SOCK_LOCK, which is the mutex of so_rcv                  B  the mutex of the socket buffer it is in
 *   G  so_global_mtx  F  filedesc_mtx   L  unp_link_rwlock   I  unp_list_lock     P  the lock of the protocol control block
 *   R  unp_rights_mtx; rights in a receive buffer move with it and B held
 *   Z  the zone's own mutex   Q  the mutex of the sleep-queue chain   T  only the thread itself   O  whoever owns the record
 * A field marked with a letter *and* `*` is written under the lock and may be looked at without it; whoever acts on an
 * unlocked look tests again under the lock.
 *
 * Lock order: a lock may be taken only while every lock held has a smaller rank (LC_*); equal ranks only where marked DUPOK.
 * sync/witness.ts checks it.
 */

// ---- lock ranks, which are also the locks' classes ---------------------------------------------------------------------

export const LC_GIANT = 1; // taken again after a sleep, when sx locks may be held
export const LC_SX = 5; // sblock: may be held asleep
export const LC_PCBINFO = 10; // tcbinfo, udbinfo: recursive
export const LC_UNP_LINK = 12; // unp_link_rwlock: recursive for its writer (F93's is not; see unix/unix.ts)
export const LC_UNP_RIGHTS = 16;
export const LC_UNP_LIST = 20;
export const LC_UNP = 30; // DUPOK
export const LC_INP = 31; // DUPOK, recursive
export const LC_SYNCACHE = 35;
export const LC_ACCEPT = 40;
export const LC_SND = 50;
export const LC_RCV = 60;
export const LC_KQ = 64;
export const LC_SELECT = 66; // the pool of locks of selinfo lists
export const LC_SELTD = 68;
export const LC_INP_HASH = 70;
export const LC_CALLOUT = 72;
export const LC_WIRE = 74;
export const LC_NETISR = 75;
export const LC_FILEDESC = 76;
export const LC_HANDLE = 78;
export const LC_GLOBAL = 80;
export const LC_ZONE = 90;
export const LC_SLEEPQ = 95;

// ---- locks (sync/) -----------------------------------------------------------------------------------------------------

/** Mutex and sx: two words. */
export const lk_word = 0; // *  0 free, else the owner thread, with LK_CONTESTED when somebody sleeps for it
export const lk_class = 1; // c  LC_*
export const MTX_WORDS = 2;
/** Reader-writer lock: three words. */
export const rw_recurse = 2; // the writer: how many times it holds the lock beyond the first
export const RW_WORDS = 3;
export const LK_CONTESTED = 0x40000000; // a sleeper exists, or may exist
export const RW_WRITER = 0x20000000; // the low bits are the writer thread; without this bit they count readers

// ---- header ------------------------------------------------------------------------------------------------------------

export const h_magic = 0; // c
export const h_version = 1; // c
export const h_panic = 2; // *  first panic's code, 0 while well (memory.ts knows this place)
export const h_panic_about = 3; // *  the object it is about
export const h_words = 4; // c  size of the kernel
export const h_flags = 5; // c  KF_*
export const h_spin = 6; // c  how often a thread looks at a held mutex before it sleeps
export const h_mlen = 7; // c  data bytes of an mbuf, a multiple of 4
export const h_sendspace = 8; // c  hiwat of a new so_snd, bytes
export const h_recvspace = 9; // c  hiwat of a new so_rcv, bytes
export const h_sb_unit = 10; // c  default send low-water mark (BSD's MCLBYTES)
export const h_salen = 11; // c  bytes that the sender's address counts in a receive buffer (BSD: sizeof sockaddr_in)
export const h_sb_efficiency = 12; // c  sb_mbmax = hiwat * this
export const h_somaxconn = 13; // c
export const h_sb_max = 14; // c  largest hiwat a buffer may reserve
export const h_nfiles = 16; // c  size of the descriptor table
export const h_fd_table = 17; // c  -> fd_table: h_nfiles words (*), file or 0
export const h_fd_map = 18; // c  -> bitmap of reserved descriptors (F)
export const h_fd_freefile = 19; // F  no descriptor below this one is free
export const filedesc_mtx = 20; // mutex
export const accept_mtx = 22; // mutex
export const so_global_mtx = 24; // mutex
export const numopensockets = 26; // G
export const so_gencnt_global = 27; // G
export const ticks = 28; // *  the clock
export const h_sleepq = 29; // c  -> chains
export const h_sleepq_mask = 30; // c  number of chains - 1, a power of two less 1
export const h_threads = 31; // c  -> thread records
export const h_nthreads = 32; // c
export const h_user = 33; // c  *byte* index of user address 0
export const h_user_size = 34; // c  bytes; user addresses are 0 .. size-1, one address space for all threads
export const h_user_slice = 35; // c  bytes of it that the face gives to each thread
export const h_handles = 36; // c  -> table of sockets held by fgetsock (H)
export const h_nhandles = 37; // c
export const handle_mtx = 38; // mutex
export const h_maxlent = 40; // c  most mbufs that one thread may have on loan
// 41 and 42 free
export const unp_list_lock = 43; // mutex
export const unp_head = 45; // I  list of all unpcbs
export const unp_count = 46; // I
export const unp_gencnt_global = 47; // I
export const h_unp_names = 48; // c  -> name table (L): for each name the bound socket (the vnode's v_socket), or 0
export const h_unp_nnames = 49; // c
export const h_fail = 50; // *  fault injection: the allocation that takes this from 1 to 0 fails; 0 is off
export const h_ipport_first = 51; // c  lowest ephemeral port
export const h_ipport_last = 52; // c  highest ephemeral port
export const h_maxsockets = 53; // c
export const h_selfds = 54; // c  -> what threads poll: 2 * h_npoll selfds for each
export const h_npoll = 55; // c  most descriptors of one poll
export const h_selpool = 56; // c  -> pool of mutexes for selinfo lists: as many as sleep-queue chains
export const mbuf_last = 57; // Z of mbuf_zone  last record of its free list, where bulk mbufs are queued (kern/mbuf.ts)
export const giant_mtx = 58; // mutex
export const h_stats = 60; // c  -> statistics: STAT_WORDS words for each thread (T*)
export const h_profile = 61; // c  -> profile of the locks: LP_ROWS rows for each thread (T*); none without KF_PROFILE
export const h_pad = 62; // c  -> words that nobody uses, up to the first mbuf
export const h_sleep_spin = 63; // c  how often a thread looks whether it has been woken before it sleeps in the futex; 0: not at all
export const socket_zone = 64;
export const file_zone = 72;
export const mbuf_zone = 80;
export const unp_zone = 88;
export const inp_zone = 96;
export const tcpcb_zone = 104;
export const tcptw_zone = 112;
export const tseg_zone = 120;
export const syncache_zone = 128;
export const kqueue_zone = 144;
export const knote_zone = 152;
// 136 and from 160 the Internet protocols' globals (netinet/layout.ts)
export const unp_link_rwlock = 320; // rwlock; every UNIX sender writes it, so nothing that they read is beside it
export const h_align = 324; // c  -> words that nobody uses, up to the first socket
export const HEADER_WORDS = 336;

// rights in flight (unix/uipc_rights.ts); 308 to 313 are their collector's (unix/layout.ts); all but the limit under unp_rights_mtx (R)
export const unp_rights_mtx = 304; // mutex
export const unp_rights = 306; // R  how many there are
export const h_unp_maxrights = 307; // c  and how many there may be

export const KERNEL_MAGIC = 0x42534453; // "SDSB"
export const KERNEL_VERSION = 1;

export const KF_INVARIANTS = 1; // check assertions (KASSERT)
export const KF_WITNESS = 2; // check lock order and sleeping with locks
export const KF_PROFILE = 16; // count how often and how long locks are held
export const KF_GIANT = 32; // one lock around the whole stack
export const KF_SEND_INFO = 64; // as in March 2006: TCP takes tcbinfo in every send
export const KF_V6ONLY = 256; // a socket of IPv6 takes IPv6 alone, unless it is told otherwise
export const KF_STATISTICS = 128; // count what happens
export const KF_ICMP = 4; // answer a datagram for a port that nobody has with "unreachable"

// ---- row of the profile (sync/profile.ts): T* unless said otherwise ---------------------------------------------------------

export const lp_acquired = 0;
export const lp_contended = 1;
export const lp_held = 2; // ticks
export const lp_depth = 3; // T  locks of this row that the thread holds
export const lp_since = 4; // T  when it took the first of them
export const LP_WORDS = 5;
export const LP_ROWS = HEADER_WORDS + 100; // locks of the header by address; then classes

// ---- statistics (kern/stat.ts): a word of each thread for every counter ---------------------------------------------------

export const STAT_SOCKETS = 0; // made
export const STAT_FREED = 1; // sockets freed
export const STAT_SENT = 2; // segments that left for the wire
export const STAT_RECEIVED = 3; // segments that were processed
export const STAT_LOST = 4; // segments for which there was no room
export const STAT_REXMT = 5; // retransmission timers that ran out
export const STAT_NORECORD = 6; // allocations that failed
export const STAT_GC = 7; // times that the collector has looked for what nobody can reach (unp_taskcount)
export const STAT_RECYCLED = 8; // sockets that it has found (unp_recycled)
export const STAT_WORDS = 16; // a cache line

// ---- zone: a fixed table of equal records with a free list (kern/uma.ts) ------------------------------------------------

export const uz_mtx = 0; // mutex
export const uz_free = 2; // Z  first free record; its z_link leads to the next
export const uz_inuse = 3; // Z
export const uz_base = 4; // c
export const uz_size = 5; // c  words of a record
export const uz_count = 6; // c  records
export const uz_peak = 7; // Z  most that ever were in use
export const ZONE_WORDS = 8;

/** First word of every record in a zone: the next free one while free, Z_ALLOCATED while in use. */
export const z_link = 0; // Z
export const Z_ALLOCATED = -1;

// ---- thread (kern/thread.ts, sync/sleepqueue.ts) -------------------------------------------------------------------------

export const td_flags = 0; // *  TDF_*
export const td_wait = 1; // *  futex and result of a sleep: SLEEPING until somebody stores how it ended
export const td_wchan = 2; // *  (written under Q) channel it sleeps on, 0 awake
export const td_slpq_next = 3; // Q
export const td_slpq_prev = 4; // Q
export const td_deadline = 5; // *  (written under Q) tick at which the sleep times out; meaningful while td_timed is 1
export const td_timed = 6; // *  (written under Q)
export const td_retval0 = 7; // T  results of a system call, as in BSD
export const td_retval1 = 8; // T
export const td_uio_base = 9; // T  user address of the next byte of the transfer under way
export const td_uio_resid = 10; // T  bytes of it still to go
export const td_from_host = 11; // T  an address: host and port; UNIX_HOST and a name; 0 and 0 for none
export const td_from_port = 12; // T
export const td_user = 13; // c  user address of the slice the face gave it
export const td_nlocks = 14; // T  WITNESS: locks held, in order of acquisition
export const td_locks = 15; // T  .. td_locks + TD_MAXLOCKS - 1
export const TD_MAXLOCKS = 24;
export const td_spin = 39; // T  sleeps for which it will not look first, since looking was in vain lately
export const td_selmtx = 40; // mutex
export const td_selpending = 42; // td_selmtx  something that this thread polls may have changed; its address is the channel poll sleeps on
export const td_selfds = 43; // c  -> its selfds
export const td_notify = 44; // T  whom it has woken and will notify later (sync/notify.ts)
export const td_msg_flags = 45; // T  what a receive says of what it got: MSG_EOR, MSG_TRUNC
export const td_stats = 46; // c  -> its statistics
export const td_profile = 47; // c  -> its rows of the profile
export const td_sigio = 48; // td_selmtx  SIGIO: how often something happened to its sockets since it asked; its address is the channel it sleeps on
export const td_control = 49; // T  a send: its control mbuf; a receive: whether it wants rights, then those it got; 0 none
export const td_doze = 50; // T  how many these were the last time
export const td_uid = 51; // T  whose thread it is: what LOCAL_PEERCRED tells the other end
export const td_lend = 52; // T  1: a receive that is to lend mbufs rather than copy (C's mp0 is not NULL), a send of td_top
export const td_top = 53; // T  a receive that lends: first mbuf of what it has taken (C's *mp0), 0 nothing yet; a send: of what is left of a loan (C's top)
export const td_toplast = 54; // T  such a receive: the last one; means nothing while td_top is 0
export const td_lent = 55; // T  first mbufs of the chains that the thread has on loan, by m_nextpkt
export const td_nlent = 56; // T  mbufs on loan, those of td_top included
export const td_cred = 57; // T  sendmsg: 1 if the message is to say who sends it; recvmsg: uid + 1 of who sent what was received, if that says it
export const td_collects = 58; // T  1: it works as the collector, and waits for no close
export const td_promoted = 59; // T  1: it made a UNIX socket acceptable that a filter had kept back, and is to ask the collector
export const THREAD_WORDS = 64; // whole cache lines, as of all that many threads write: what one has would be taken from the others with it

export const TDF_INUSE = 1;
export const TDF_CANSLEEP = 2; // may wait in a futex; without it msleep is interrupted at once and locks are spun for
export const TDF_SINTR = 8; // (written under Q) the sleep under way is interruptible
export const TDF_UNPRIV = 16; // may do nothing that asks for privilege: no raw sockets
export const TDF_INTR = 4; // a signal is pending: the next or present interruptible sleep ends with EINTR

// How a sleep ended, in td_wait.
export const SLEEPING = 1;
export const WOKEN = 2;
export const INTERRUPTED = 3;
export const TIMED_OUT = 4;
export const SPINNING = 5; // not ended: as SLEEPING, but the thread still looks, and need not be notified

// ---- sleep-queue chain -------------------------------------------------------------------------------------------------

export const slpq_mtx = 0; // mutex
export const slpq_first = 2; // Q  thread
export const slpq_last = 3; // Q
export const SLEEPQ_WORDS = 16; // a cache line

// ---- file --------------------------------------------------------------------------------------------------------------

export const f_count = 1; // *  references: descriptors, calls in progress, rights; F_FLYING; and F_LOOKUP for everybody who keeps just the record
export const f_data = 2; // c  socket or kqueue, set by finit; 0 before that and after soo_close
export const f_watched = 3; // *  1: somebody polls it, or did; who closes a descriptor of it tells him
export const f_type = 4; // c  DTYPE_*, set by finit
export const FILE_WORDS = 5;

export const DTYPE_SOCKET = 0;
export const DTYPE_KQUEUE = 1;

export const F_FLYING = 0x200000; // in f_count: a right to it lies in a buffer; changes with unp_msgcount, under unp_rights_mtx
export const F_LOOKUP = 0x400000; // in f_count: a lookup that does not know yet whether it has found an open file, or a close under way
export const F_REFERENCES = F_FLYING - 1; // the bits that count references

// ---- selfd: one list on which a thread that polls is entered (kern/select.ts) ---------------------------------------------

export const sf_next = 0; // the pool mutex of the list; so are prev, and sf_si when it is written
export const sf_prev = 1;
export const sf_si = 2; // *  the list (selinfo) it is on, 0: none, or whoever changed something has taken it off
export const sf_mtx = 3; // T  the pool mutex of that list, 0 when the thread has not entered it
export const sf_td = 4; // c
export const SELFD_WORDS = 5;

// ---- socket buffer -----------------------------------------------------------------------------------------------------

export const sb_mtx = 0; // mutex
export const sb_sx = 2; // sx: one reader (or writer) at a time, held across sleeps and copies
export const sb_state = 4; // B*  SBS_*; survives sorflush
export const sb_mb = 5; // B  first mbuf of the first record
export const sb_mbtail = 6; // B  last mbuf of the last record
export const sb_lastrecord = 7; // B  first mbuf of the last record
export const sb_cc = 8; // B  bytes present, addresses included; its address is the channel sbwait sleeps on
export const sb_ctl = 9; // B  bytes of sb_cc that are addresses
export const sb_mbcnt = 10; // B  bytes of mbuf storage
export const sb_hiwat = 11; // B
export const sb_mbmax = 12; // B
export const sb_lowat = 13; // B
export const sb_timeo = 14; // B  ticks, 0 for ever
export const sb_flags = 15; // B  SB_*
export const sb_sndptr = 16; // B  TCP output: mbuf that holds the byte at sb_sndptroff, 0 unknown
export const sb_sndptroff = 17; // B
export const sb_sel = 18; // selinfo: first selfd of who polls the buffer (its pool mutex; entered with B held too)
export const sb_note = 19; // B  knotes on the buffer
export const sb_reserved = 20; // B  the limit that was asked for; of a UNIX sender sb_hiwat is less, by what its peer has not read
export const sb_upcall = 21; // B  ACCF_*: what is asked when the buffer changes; 0 none
export const SOCKBUF_WORDS = 22;

export const SB_WAIT = 0x04; // somebody sleeps on sb_cc
export const SB_SEL = 0x08; // somebody may be on sb_sel
export const SB_UPCALL = 0x20; // sb_upcall is set
export const SB_ASYNC = 0x10; // so_sigio is told
export const SB_KNOTE = 0x100; // sb_note is not empty
export const SBS_CANTSENDMORE = 0x10;
export const SBS_CANTRCVMORE = 0x20;
export const SBS_FLUSH = 0x40; // whoever takes the transfer lock or gives it back throws away what is there
export const SBS_RCVATMARK = 0x80; // the reader is at the place of the urgent byte
export const SBL_WAIT = 1; // sblock: wait for it
export const SBL_NOINTR = 2; // sblock: not interruptible

// ---- socket ------------------------------------------------------------------------------------------------------------

export const so_count = 1; // S  consumer references
export const so_type = 2; // c  SOCK_*
export const so_options = 3; // S*  SO_ACCEPTCONN (cleared under A), SO_LINGER
export const so_linger = 4; // S*  ticks
export const so_state = 5; // S*  SS_*
export const so_qstate = 6; // A  SQ_*
export const so_pcb = 7; // c  from attach to detach: protocol control block, never 0
export const so_proto = 8; // c  PROTO_*
export const so_head = 9; // A  listener in whose queue this socket is, else 0
export const so_incomp_first = 10; // A
export const so_incomp_last = 11; // A
export const so_comp_first = 12; // A
export const so_comp_last = 13; // A
export const so_list_next = 14; // A  linkage in one of the head's queues
export const so_list_prev = 15; // A
export const so_qlen = 16; // A*
export const so_incqlen = 17; // A
export const so_qlimit = 18; // S*  (read under A)
export const so_timeo = 19; // channel for connect, accept, linger and shutdown; never given a value
export const so_error = 20; // *  pending error; taken with exchange, so it is reported once
export const so_gencnt = 21; // G
export const so_rcv = 22; // sockbuf; so_rcv + sb_mtx is SOCK_LOCK
export const so_snd = 44; // sockbuf
export const so_oobmark = 66; // B of so_rcv  bytes from the front of so_rcv to the place of the urgent byte, 0 none
export const so_sigio = 67; // *  the thread to be told of input and room, 0 none
export const so_accf = 68; // A  ACCF_*: the filter of a listener
export const SOCKET_WORDS = 69;

export const ACCF_DATAREADY = 1; // a connection is complete when there is something to read
export const ACCF_HTTPREADY = 2; // when there is a request, or what can be none
export const SU_OK = 0; // an upcall has nothing to say
export const SU_ISCONNECTED = 1; // the child is complete

export const SS_NOFDREF = 0x0001;
export const SS_ISCONNECTED = 0x0002;
export const SS_ISCONNECTING = 0x0004;
export const SS_ISDISCONNECTING = 0x0008;
export const SS_NBIO = 0x0100;
export const SS_ISCONFIRMING = 0x0400; // nobody sets it; tested where F93 tests it
export const SS_ISDISCONNECTED = 0x2000;
export const SS_PROTOREF = 0x4000;
export const SQ_INCOMP = 0x0800;
export const SQ_COMP = 0x1000;
export const SO_ACCEPTCONN = 0x0002;
export const SO_REUSEADDR = 0x0004; // a port may be bound to that only connections have
export const SO_KEEPALIVE = 0x0008; // TCP asks a silent peer for a sign of life
export const SO_BROADCAST = 0x0020; // UDP may send to everybody
export const SO_LINGER = 0x0080;
export const SO_ACCEPTFILTER = 0x1000; // of a listener: a filter is set; of a child: it has yet to go through it
export const SO_OOBINLINE = 0x0100; // the urgent byte stays among the others
export const SO_REUSEPORT = 0x0200; // a port may be bound to that others have who set this, too; inp_reuseport follows

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_SEQPACKET = 5;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 28;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_IPV6 = 41;

/** so_proto: which entry of the protocol switch (kern/protosw.ts). */
export const PROTO_UNIX = 1;
export const PROTO_UDP = 2;
export const PROTO_TCP = 3;
export const PROTO_UNIX_DGRAM = 4;
export const PROTO_UNIX_SEQPACKET = 5;
export const PROTO_RAW = 6;
export const PROTO_TCP6 = 7;
export const PROTO_UDP6 = 8;
export const PROTO_RAW6 = 9;

export const PR_ATOMIC = 0x01;
export const PR_ADDR = 0x02;
export const PR_CONNREQUIRED = 0x04;
export const PR_WANTRCVD = 0x08;
export const PR_RIGHTS = 0x10;
export const PR_IMPLOPCL = 0x20;

export const PRUS_OOB = 0x1;
export const PRUS_EOF = 0x2;
export const PRUS_MORETOCOME = 0x4;

/** The host of a send without an address. */
export const NO_ADDRESS = -1;
/** The host of a UNIX name, in td_from_host. */
export const UNIX_HOST = -2;

// ---- mbuf: MBUF_HEADER words, then h_mlen bytes of data ------------------------------------------------------------------

export const m_next = 1; // O  next mbuf of the record
export const m_nextpkt = 2; // O  first mbuf of the next record
export const m_len = 3; // O  bytes of data
export const m_off = 4; // O  byte offset of the first one in the data area
export const m_type = 5; // O  MT_*
export const m_host = 6; // O  MT_SONAME: the sender
export const m_port = 7; // O
export const m_flags = 8; // O  M_*
export const MBUF_HEADER = 10; // even: data begin at a multiple of 8 bytes

export const M_EOR = 0x08; // the last mbuf of a record that its sender ended with MSG_EOR

export const MT_DATA = 1;
export const MT_SONAME = 8;
export const MT_CONTROL = 14;

// ---- unpcb (unix/) -----------------------------------------------------------------------------------------------------

export const unp_socket = 1; // c  from attach to detach
export const unp_conn = 2; // L  (changed with L for writing and both pcb mutexes) the peer; of a datagram socket, whom it sends to
export const unp_vnode = 3; // L, P  name + 1 when bound, UNP_UNLINKED when that name is gone, else 0
export const unp_addr = 4; // L, P  name + 1 of the local address: own name, or the listener's for an accepted socket; else 0
export const unp_cc = 5; // P  what the sender was last told of our so_rcv.sb_cc
export const unp_mbcnt = 6; // P  ... and of sb_mbcnt
export const unp_flags = 7; // P  UNP_* (unix/layout.ts)
export const unp_refcount = 8; // P
export const unp_gencnt = 9; // I
export const unp_mtx = 10; // mutex (DUPOK)
export const unp_link_next = 12; // I  list of all unpcbs
export const unp_link_prev = 13; // I
export const unp_refs = 14; // L  datagrams: list of the unpcbs whose unp_conn is this one
export const unp_reflink_next = 15; // L  linkage in the unp_refs of unp_conn
export const unp_reflink_prev = 16; // L
export const unp_peercred = 17; // L  uid + 1 of who connected, or listened, at the other end; of a listener, its own; else 0
export const unp_file = 20; // R  the file of our socket, while it is in a buffer
export const unp_msgcount = 21; // R  how many times it is
export const unp_gcflag = 22; // R  UNPGC_*
export const unp_gcfile = 23; // R  while UNPGC_FOUND: the file, of which the collector has a reference
export const unp_gcnext = 24; // R  linkage in unp_gc_found
export const UNPCB_WORDS = 25;

export const UNP_UNLINKED = -1; // in unp_vnode: a vnode without a name

// ---- arguments of system calls -------------------------------------------------------------------------------------------

export const SOL_SOCKET = 0xffff;
export const SO_OPT_LINGER = 0x0080; // setsockopt: value -1 off, else ticks; getsockopt likewise
export const SO_OPT_ACCEPTCONN = 0x0002;
export const SO_OPT_SNDBUF = 0x1001;
export const SO_OPT_RCVBUF = 0x1002;
export const SO_OPT_SNDLOWAT = 0x1003;
export const SO_OPT_RCVLOWAT = 0x1004;
export const SO_OPT_SNDTIMEO = 0x1005; // ticks, 0 for ever
export const SO_OPT_RCVTIMEO = 0x1006;
export const SO_OPT_ERROR = 0x1007;
export const SO_OPT_TYPE = 0x1008;
export const SO_OPT_ACCEPTFILTER = 0x1000; // value ACCF_*, 0 none
export const SO_OPT_LISTENQLIMIT = 0x1011; // these three can only be read
export const SO_OPT_LISTENQLEN = 0x1012;
export const SO_OPT_LISTENINCQLEN = 0x1013;
export const SOL_LOCAL = 0; // the level of UNIX sockets
export const LOCAL_PEERCRED = 1;
export const LOCAL_CREDS = 2; // 1: what is received next says who sent it; on a datagram socket, all that is
export const LOCAL_CONNWAIT = 4; // 1: a connect waits until the other end was accepted
export const IPV6_V6ONLY = 27;
export const TCP_NODELAY = 1;
export const MSG_OOB = 0x01; // the urgent byte (TCP)
export const MSG_PEEK = 0x02; // look without taking
export const MSG_EOR = 0x08; // the record ends here; EINVAL on a stream
export const MSG_TRUNC = 0x10; // received: there was more of the record than was asked for, and it is lost
export const MSG_WAITALL = 0x40; // receive: all that was asked for, unless the stream ends
export const MSG_DONTWAIT = 0x80; // as if the socket were non-blocking
export const MSG_CTRUNC = 0x20; // received: there was control data that did not fit into the control buffer, and is gone
export const MSG_EOF = 0x100; // send: these are the last bytes (TCP)
/** pollfd: three words of user memory. */
export const POLLFD_BYTES = 12;
export const POLLIN = 0x01;
export const POLLPRI = 0x02; // there is a mark of urgent data ahead, or the reader is at it
export const POLLOUT = 0x04;
export const POLLERR = 0x08; // no socket ever says it: a pending error shows as POLLIN and POLLOUT
export const POLLHUP = 0x10;
export const POLLNVAL = 0x20;
export const INFTIM = -1;
/** kevent: six words of user memory: descriptor, filter, flags, fflags, data, udata. */
export const KEVENT_BYTES = 24;
export const EVFILT_READ = -1;
export const EVFILT_WRITE = -2;
export const EV_ADD = 0x0001;
export const EV_DELETE = 0x0002;
export const EV_ENABLE = 0x0004;
export const EV_DISABLE = 0x0008;
export const EV_ONESHOT = 0x0010; // reported once, and then gone
export const EV_CLEAR = 0x0020; // reported, and then not again before something has changed
export const EV_ERROR = 0x4000; // a change that failed: data is the errno
export const EV_EOF = 0x8000; // no more: fflags is the pending error
export const NOTE_LOWAT = 0x0001; // data, not the buffer's own low-water mark, is how much there must be
export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;
