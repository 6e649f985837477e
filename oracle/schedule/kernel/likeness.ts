/**
 * The *likeness* of a kernel to a state of the specification: the kernel's memory, seen through the abstraction, is written over a copy of
 * that state under every pairing of their objects; where one changes nothing the two are the same.
 */
import * as L from '../../../impl/layout.ts';
import { get, type Kernel } from '../../../impl/memory.ts';
import { Abstraction } from '../../run/abstraction.ts';
import { type Cell, codeOf, write } from '../../run/cells.ts';
import { type Difference, differ } from '../../run/difference.ts';
import { inOrder, type Objects, Pairings } from './pairings.ts';
import type { Stage } from './stage.ts';

export class Likeness {
  private readonly stage: Stage;
  private readonly abstraction: Abstraction;
  private readonly pairings: Pairings;
  private readonly copy: Int32Array;
  private readonly sockets: readonly Cell[];
  private readonly pcbs: readonly Cell[];

  constructor(stage: Stage) {
    const { cells, sizes, model } = stage;
    this.stage = stage;
    this.abstraction = new Abstraction(cells, sizes);
    this.pairings = new Pairings(cells, sizes);
    this.copy = model.initial();
    this.sockets = Array.from({ length: sizes.SOCKETS }, (_, id) => cells.at('sockets', id, 'protocol'));
    this.pcbs = Array.from({ length: sizes.PCBS }, (_, id) => cells.at('pcbs', id, 'protocol'));
  }

  /** How many sockets a state has. */
  socketsOf(words: Int32Array): number {
    return this.pairings.count(words);
  }

  /** Two kernels with the same key are like the same states. */
  keyOf(k: Kernel, objects: Objects): string {
    const { copy } = this;
    const codes = (at: number): number =>
      codeOf(this.sockets[0] as Cell, ['', 'unix', 'udp', 'tcp', 'dgram', 'seqpacket', 'raw', 'tcp', 'udp', 'raw'][at] ?? '');
    copy.fill(0);
    for (const [index, so] of objects.sockets.entries()) {
      const protocol = codes(get(k, so + L.so_proto));
      const [cell, pcb] = [this.sockets[index], this.pcbs[index]];
      if (cell !== undefined) write(copy, cell, protocol);
      if (pcb !== undefined) write(copy, pcb, protocol);
    }
    for (let index = objects.sockets.length; index < objects.pcbs; index++) {
      const pcb = this.pcbs[index];
      if (pcb !== undefined) write(copy, pcb, codes(L.PROTO_TCP));
    }
    this.abstraction.write(k, inOrder(k, objects), copy);
    const misfits = this.abstraction.misfits.map(({ path, seen }) => `${path} ${seen}`);
    return `${copy.join()};${misfits.join()}`;
  }

  /** How the kernel differs from a state of the specification under the pairing that suits best; null: not at all. */
  differences(k: Kernel, objects: Objects, words: Int32Array): readonly string[] | null {
    let best: readonly string[] = [`${objects.sockets.length} sockets and ${objects.pcbs} pcbs, the specification has others`];
    let first = true;
    for (const pairing of this.pairings.of(k, objects, words)) {
      this.copy.set(words);
      this.abstraction.write(k, pairing, this.copy);
      const { misfits } = this.abstraction;
      if (misfits.length === 0 && this.copy.every((word, index) => word === words[index])) return null;
      const found = [...misfits.map(({ path, seen }) => `${path} is ${seen}`), ...this.compare(words)];
      if (first || found.length < best.length) best = found;
      first = false;
    }
    return best;
  }

  private compare(words: Int32Array): readonly string[] {
    const found: Difference[] = [];
    differ('', this.stage.model.decodeState(this.copy), this.stage.model.decodeState(words), found);
    return found.map(({ path, seen, allowed }) => `${path} is ${JSON.stringify(seen)}, in the specification ${JSON.stringify(allowed)}`);
  }
}
