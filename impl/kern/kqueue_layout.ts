/**
 * The memory map of kqueues and knotes, in the manner of ../layout.ts, whose margin says what the letters mean. K is the kqueue's mutex, B that of
 * the socket buffer that a knote watches.
 */

export const kq_mtx = 1; // mutex
export const kq_notes = 3; // K  its knotes (kn_next)
export const kq_first = 4; // K  its queue of those that have something to report; its address is the channel kevent sleeps on
export const kq_last = 5; // K
export const kq_queued = 6; // K  how many
export const kq_influx = 7; // K  how many are being looked at with the mutex given back
export const kq_sleepers = 8; // K  1: somebody may sleep on kq_first
export const KQUEUE_WORDS = 9;

export const kn_kq = 1; // c
export const kn_so = 2; // c
export const kn_fp = 3; // c  the file that its descriptor led to
export const kn_fd = 4; // c
export const kn_filter = 5; // c  EVFILT_*
export const kn_status = 6; // K  KN_*
export const kn_flags = 7; // c  EV_ONESHOT, EV_CLEAR
export const kn_sfflags = 8; // K and the mutex of the socket buffer, as the next  NOTE_LOWAT
export const kn_sdata = 9;
export const kn_udata = 10; // K  the user's own
export const kn_data = 11; // K, as the next two: what the filter has found
export const kn_rflags = 12; // EV_EOF
export const kn_rfflags = 13;
export const kn_next = 14; // K  list of the kqueue
export const kn_prev = 15;
export const kn_selnext = 16; // B and K  list of the socket buffer
export const kn_selprev = 17;
export const kn_tqe_next = 18; // K  queue
export const kn_tqe_prev = 19;
export const KNOTE_WORDS = 20;

export const KN_QUEUED = 0x02;
export const KN_DISABLED = 0x04;
export const KN_INFLUX = 0x10; // somebody looks at it with the kqueue's mutex given back, and will come back to it
