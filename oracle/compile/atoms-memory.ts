/**
 * The *memory* that user code shares: arrays and buffers that the caller names, and SharedArrayBuffers that the code makes at its
 * top level, all of them parts of one memory. Arrays that are given one offset overlap.
 */
import { constant } from './atoms-types.ts';
import { type ArrayValue, type BufferValue, ELEMENTS, type ElementType } from './atoms-values.ts';

/** Shared memory by its name: so many elements of a type, or bytes of a buffer. */
export interface MemoryDeclaration {
  readonly type: ElementType | 'SharedArrayBuffer';
  readonly length: number;
  /** First byte of the shared memory. Default: behind what was named before. */
  readonly offset?: number;
}

/** A part of the shared memory. */
export interface Region {
  readonly name: string;
  readonly type: ElementType | 'SharedArrayBuffer';
  readonly start: number;
  readonly length: number;
}

const ALIGNMENT = 8;
const MOST_BYTES = 1 << 24;

export class Memory {
  readonly regions: Region[] = [];
  private end = 0;
  private readonly named = new Map<string, ArrayValue | BufferValue>();

  constructor(declarations: Readonly<Record<string, MemoryDeclaration>>) {
    for (const [name, declaration] of Object.entries(declarations)) this.declare(name, declaration);
  }

  /** Bytes of all of it. */
  get bytes(): number {
    return Math.max(ALIGNMENT, Math.ceil(this.end / ALIGNMENT) * ALIGNMENT);
  }

  get(name: string): ArrayValue | BufferValue | undefined {
    return this.named.get(name);
  }

  names(): readonly string[] {
    return [...this.named.keys()];
  }

  /** A buffer made by the code itself. */
  newBuffer(name: string, bytes: number): BufferValue {
    const start = this.place(name, bytes);
    this.regions.push({ name, type: 'SharedArrayBuffer', start, length: bytes });
    return { is: 'buffer', name, start, bytes };
  }

  private declare(name: string, { type, length, offset }: MemoryDeclaration): void {
    const size = type === 'SharedArrayBuffer' ? 1 : ELEMENTS[type].bytes;
    if (!Number.isInteger(length) || length < 0) throw new RangeError(`memory ${name}: the length ${length} is not a whole number`);
    if (offset !== undefined && (!Number.isInteger(offset) || offset < 0 || offset % size !== 0))
      throw new RangeError(`memory ${name}: the offset ${offset} is not a multiple of ${size}, the bytes of an element`);
    const start = this.place(name, length * size, offset);
    this.regions.push({ name, type, start, length });
    const buffer: BufferValue = { is: 'buffer', name, start, bytes: length * size };
    this.named.set(
      name,
      type === 'SharedArrayBuffer'
        ? buffer
        : { is: 'array', name, element: type, buffer, start: constant(start), length: constant(length) },
    );
  }

  private place(name: string, bytes: number, offset?: number): number {
    const start = offset ?? this.bytesSoFar();
    this.end = Math.max(this.end, start + bytes);
    if (this.end > MOST_BYTES) throw new RangeError(`memory ${name}: more than ${MOST_BYTES} bytes in all`);
    return start;
  }

  private bytesSoFar(): number {
    return Math.ceil(this.end / ALIGNMENT) * ALIGNMENT;
  }
}
