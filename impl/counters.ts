/** What is in use in a kernel, and what has happened in it, at the face: the sums of what all threads have counted. */
import type { Statistics } from './face.ts';
import { stat_sum } from './kern/stat.ts';
import { uma_inuse } from './kern/uma.ts';
import {
  file_zone,
  inp_zone,
  mbuf_zone,
  socket_zone,
  ticks,
  unp_zone,
  STAT_FREED,
  STAT_GC,
  STAT_LOST,
  STAT_NORECORD,
  STAT_RECEIVED,
  STAT_RECYCLED,
  STAT_REXMT,
  STAT_SENT,
  STAT_SOCKETS,
} from './layout.ts';
import { type Kernel, load } from './memory.ts';
import { unp_inflight } from './unix/uipc_rights.ts';

/** Each a whole number of 32 bits that begins again after the last. */
export interface Counters {
  readonly socketsMade: number;
  readonly socketsFreed: number;
  /** Segments that were put on the wire, to whatever host, and those of them that were processed here. */
  readonly segmentsSent: number;
  readonly segmentsReceived: number;
  /** Segments for which there was no room. */
  readonly segmentsLost: number;
  /** Retransmission timers that ran out. */
  readonly retransmissions: number;
  readonly failedAllocations: number;
  /** How often the collector has looked for sockets that nobody can reach, and how many it has found. */
  readonly collections: number;
  readonly socketsCollected: number;
}

export function countersOf(k: Kernel): Counters {
  const sum = (counter: number): number => stat_sum(k, counter) >>> 0;
  return {
    socketsMade: sum(STAT_SOCKETS),
    socketsFreed: sum(STAT_FREED),
    segmentsSent: sum(STAT_SENT),
    segmentsReceived: sum(STAT_RECEIVED),
    segmentsLost: sum(STAT_LOST),
    retransmissions: sum(STAT_REXMT),
    failedAllocations: sum(STAT_NORECORD),
    collections: sum(STAT_GC),
    socketsCollected: sum(STAT_RECYCLED),
  };
}

export function statisticsOf(k: Kernel, td: number): Statistics {
  const inUse = (zone: number): number => uma_inuse(k, td, zone);
  return {
    sockets: inUse(socket_zone),
    files: inUse(file_zone),
    mbufs: inUse(mbuf_zone),
    unixPcbs: inUse(unp_zone),
    inetPcbs: inUse(inp_zone),
    rights: unp_inflight(k, td),
    ticks: load(k, ticks),
  };
}
