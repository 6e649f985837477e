/**
 * *Flights*: the rights of a kernel between two calls, that is files in control mbufs: in receive buffers, and on the deferred list.
 */
import * as L from '../../impl/layout.ts';
import { fixed, get, type Kernel } from '../../impl/memory.ts';
import * as U from '../../impl/unix/layout.ts';
import { liveSockets } from './identities.ts';
import { walk } from './walk.ts';

export interface Flight {
  readonly file: number;
  /** The socket in whose receive buffer it lies; 0: it was given up. */
  readonly holder: number;
  /** Bytes of data in the buffer before it; where records are kept, how many of these. */
  readonly before: number;
  readonly inRecord: boolean;
}

export function flights(k: Kernel): readonly Flight[] {
  if (get(k, L.unp_rights) === 0) return [];
  const found: Flight[] = [];
  for (const so of liveSockets(k)) {
    const inRecord = fixed(k, so + L.so_type) !== L.SOCK_STREAM;
    let before = 0;
    for (const record of walk(k, get(k, so + L.so_rcv + L.sb_mb), L.m_nextpkt)) {
      for (const m of walk(k, record, L.m_next)) {
        if (get(k, m + L.m_type) === L.MT_CONTROL) found.push(...filesOf(k, m).map((file) => ({ file, holder: so, before, inRecord })));
        if (!inRecord) before += get(k, m + L.m_len);
      }
      if (inRecord) before++;
    }
  }
  for (const m of walk(k, get(k, U.unp_defers_first), L.m_nextpkt))
    found.push(...filesOf(k, m).map((file) => ({ file, holder: 0, before: 0, inRecord: false })));
  return found;
}

function filesOf(k: Kernel, control: number): readonly number[] {
  return Array.from({ length: get(k, control + U.m_nrights) }, (_, index) => get(k, control + U.m_rights + index));
}
