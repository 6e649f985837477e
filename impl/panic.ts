/**
 * Panic codes: which invariant of the implementation broke. Each is used at one place. The E-numbers are the assertions of
 * the BSD sources that the code re-states. TCP's codes (500 and up) are in netinet/tcp_panic.ts.
 */

// Locks and sleeping
export const PANIC_MTX_RECURSED = 1; // a thread locks a mutex it holds
export const PANIC_MTX_NOT_OWNED = 2; // mtx_unlock or mtx_assert by a thread that does not hold it
export const PANIC_SPIN_TOO_LONG = 3; // a thread that can't sleep spun for a lock that nobody gives back
export const PANIC_RW_NOT_OWNED = 4;
export const PANIC_RW_READER_WRITES = 5; // the writer asks for the lock again as a reader
export const PANIC_SX_RECURSED = 6;
export const PANIC_SX_NOT_OWNED = 7;
export const PANIC_LOCK_ORDER = 8; // WITNESS: lock order reversal, or two locks of a class that allows one
export const PANIC_SLEEP_WITH_LOCK = 9; // WITNESS: sleeping with a lock held that is not the interlock
export const PANIC_LOCK_LEAKED = 10; // WITNESS: a system call returns with a lock held
export const PANIC_TOO_MANY_LOCKS = 11; // WITNESS: TD_MAXLOCKS
export const PANIC_NOT_HELD = 12; // WITNESS: unlock of a lock that this thread is not known to hold

// Zones and mbufs
export const PANIC_DOUBLE_FREE = 20;
export const PANIC_FREE_FOREIGN = 21; // a pointer that is no record of the zone
export const PANIC_M_OVERRUN = 22; // m_copydata or m_copym past the end of the chain
export const PANIC_M_TOO_LARGE = 23;

// Socket buffers (E1.36 - E1.40, E3)
export const PANIC_SBDROP = 30; // E3.08 more than is present
export const PANIC_SBFLUSH = 31; // E3.07 something is left after dropping all
export const PANIC_SBAPPENDSTREAM = 32; // E3.03 a stream buffer holds more than one record
export const PANIC_SBLOCK_FLAGS = 33; // E1.40
export const PANIC_SBCHECK_CC = 34; // E3.04
export const PANIC_SBCHECK_TAIL = 35; // E3.01, E3.02

// Sockets (E1.01 - E1.35)
export const PANIC_SODEALLOC_COUNT = 101; // E1.01
export const PANIC_SODEALLOC_PCB = 102; // E1.02
export const PANIC_SOCREATE_COUNT = 103; // E1.03
export const PANIC_SOFREE_HEAD = 104; // E1.04 so_head set but on no queue
export const PANIC_SOFREE_BOTH = 105; // E1.05
export const PANIC_SOFREE_QUEUED = 106; // E1.06
export const PANIC_SOFREE_COMP = 107; // E1.07
export const PANIC_SOFREE_INCOMP = 108; // E1.08
export const PANIC_SOCLOSE_ENTER = 109; // E1.09
export const PANIC_SOCLOSE_COMP = 110; // E1.10
export const PANIC_SOCLOSE_INCOMP = 111; // E1.11
export const PANIC_SOCLOSE_NOFDREF = 112; // E1.12
export const PANIC_SOABORT_COUNT = 113; // E1.13
export const PANIC_SOABORT_PROTOREF = 114; // E1.14
export const PANIC_SOABORT_NOFDREF = 115; // E1.15
export const PANIC_SOABORT_QUEUED = 116; // E1.16, testing so_qstate as was meant
export const PANIC_SOACCEPT_NOFDREF = 117; // E1.17
export const PANIC_ACCEPT_INCOMP = 118; // E1.18
export const PANIC_ACCEPT_COMP = 119; // E1.19
export const PANIC_SORELE = 120; // E1.22
export const PANIC_SOREF_DEAD = 121; // soref of a socket that nobody holds
export const PANIC_ATTACH_PCB = 122; // E4.01, E5.20: so_pcb not 0 at attach, or 0 after it succeeded
export const PANIC_SODEALLOC_CHANNEL = 123;

// Send and receive (E2)
export const PANIC_SOSEND_DGRAM = 140; // E2.01
export const PANIC_SORECEIVE_CC = 141; // E2.02
export const PANIC_SORECEIVE_M = 142; // E2.03
export const PANIC_SORECEIVE_ADDR = 143; // E2.04
export const PANIC_SORECEIVE_NEXT = 144; // E2.05, E2.06
export const PANIC_SORECEIVE_DATA = 145; // E2.07
export const PANIC_SORECEIVE_DGRAM = 146; // E2.09
export const PANIC_DGRAM_CC = 147; // E2.10

// Protocols (E4, E5)
export const PANIC_PCB_NULL = 200; // E4.02, E5.20: so_pcb is 0 in a user request
export const PANIC_UNP_PEER = 201; // E4.07
export const PANIC_UNP_REFCOUNT = 202;
export const PANIC_UNP_DETACH_NAME = 203; // E4.10
export const PANIC_UNP_RCVD = 204; // E4.03
export const PANIC_NO_REQUEST = 205; // a user request that this protocol never gets
export const PANIC_UNP_CREDENTIALS = 206; // E4.06
export const PANIC_UNP_RIGHTS = 207; // more rights given back than there were
export const PANIC_UNP_MSGCOUNT = 208;
export const PANIC_UNP_GC = 209; // E4.08 what the collector found has no file
export const PANIC_INP_DETACH = 220; // E5.01
export const PANIC_INP_FREE_SOCKET = 221; // E5.02
export const PANIC_INP_REFCOUNT = 222; // E5.03
export const PANIC_INP_HASHED = 223; // E5.06
export const PANIC_UDP_DETACH = 224; // E5.21
export const PANIC_RIP_DETACH = 225; // E5.22

// Files
export const PANIC_FILE_COUNT = 240;
export const PANIC_FD_NOT_RESERVED = 241;
