/** What only the UNIX domain looks at: control mbufs, flags of a unpcb, whose fields are in ../layout.ts, and words of the header, as there. */
import { m_host, MBUF_HEADER } from '../layout.ts';

/**
 * MT_CONTROL: how many rights; and the first word of its data, in which they are: files on the way, descriptors before and after. One without
 * rights says who the sender is: in its first word, his uid.
 */
export const m_nrights = m_host;
export const m_rights = MBUF_HEADER;
export const m_cred = MBUF_HEADER;

export const unp_defers_first = 308; // R  control mbufs whose rights nobody will receive, by m_nextpkt
export const unp_defers_last = 309; // R
export const unp_gc_found = 310; // R  unpcbs that wait to be swept, by unp_gcnext
export const unp_gc_asked = 311; // R  1: since the collector looked last a socket may have become one that nobody can reach. Its address is the channel
export const unp_gc_sleepers = 312; // R  how many sleep on it
export const unp_gc_stopped = 313; // R  1: who is in unp_gc_run is to end

/** unp_flags */
export const UNP_HAVEPC = 1;
export const UNP_HAVEPCCACHED = 2;
export const UNP_WANTCRED = 4; // the next message is to say who sends it; of a datagram socket, every one
export const UNP_CONNWAIT = 8;

/** unp_gcflag */
export const UNPGC_REF = 1; // somebody can reach it
export const UNPGC_SCANNED = 2; // and what it holds can be reached, too
export const UNPGC_FOUND = 4; // nobody can reach it: waits to be swept
export const UNPGC_SWEPT = 8; // its receive buffer was thrown away
