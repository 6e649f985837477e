/**
 * The *tap*: sees every segment that this host puts on the wire, and nothing that others do. Segments to other hosts are taken
 * off, since nobody else reads them; of the list to this host the tap knows how many it has seen before.
 */
import { get, type Kernel } from '../../impl/memory.ts';
import { wire_first, wire_out_first, ws_next } from '../../impl/netinet/layout.ts';
import { readSegment, type Segment } from './segment.ts';
import { walk } from './walk.ts';

const NONE: readonly Segment[] = [];

export class Tap {
  private readonly kernel: Kernel;
  private known = 0;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  reset(): void {
    this.known = 0;
  }

  /** The oldest segment to this host is about to be taken off its list. */
  removes(): void {
    if (this.known > 0) this.known--;
  }

  /** What is on the list to this host now did not come from this host, or was seen before. */
  skip(): void {
    this.known = walk(this.kernel, get(this.kernel, wire_first), ws_next).length;
  }

  /** The segments that were put on either list since somebody last asked; `discard` takes those to other hosts off. */
  take(discard: () => void): readonly Segment[] {
    const { kernel: k } = this;
    const out = get(k, wire_out_first);
    const here = walk(k, get(k, wire_first), ws_next);
    if (out === 0 && here.length === this.known) return NONE;
    const taken = [...here.slice(this.known), ...walk(k, out, ws_next)].map((th) => readSegment(k, th));
    this.known = here.length;
    if (out !== 0) discard();
    return taken;
  }
}
