/**
 * A worker that passes bytes on without copying them: it fills mbufs on loan and sends them, sends on those that it is lent, or reads them. Bytes
 * follow from their place in the stream, so that whoever reads them knows. It answers how many there were.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { attach, type Loan, type Sockets } from '../../../impl/index.ts';

export interface LoanJob {
  readonly kernel: SharedArrayBuffer;
  /** Where bytes come from; none: they are made here. */
  readonly from: number | null;
  /** Where they go; none: they are read here. */
  readonly to: number | null;
  /** How many are made. */
  readonly bytes: number;
  /** The most that one call moves: something else each time. */
  readonly most: number;
}

const byteAt = (place: number): number => Math.imul(place, 2654435761) >>> 24;

function fill(loan: Loan, place: number): void {
  let at = place;
  for (const part of loan.parts) for (let i = 0; i < part.length; i++) part[i] = byteAt(at++);
}

function read(loan: Loan, place: number): void {
  let at = place;
  for (const part of loan.parts)
    for (const byte of part) if (byte !== byteAt(at++)) throw new Error(`byte ${at - 1} is ${byte}, not ${byteAt(at - 1)}`);
}

function move(sockets: Sockets, { from, to, bytes, most }: LoanJob): number {
  let [moved, size] = [0, 1];
  for (;;) {
    size = (size * 7 + 3) % most;
    const left = from === null ? Math.min(size + 1, bytes - moved) : size + 1;
    if (left === 0) return moved;
    const loan = from === null ? sockets.newLoan(left) : sockets.recvLoan(from, left);
    if (loan.length === 0) return moved;
    if (from === null) fill(loan, moved);
    else read(loan, moved);
    moved += loan.length;
    if (to === null) sockets.returnLoan(loan);
    else sockets.sendLoan(to, loan);
  }
}

const job = workerData as LoanJob;
const sockets = attach(job.kernel);
parentPort?.postMessage({ thread: sockets.thread });
const answer = move(sockets, job);
if (job.to !== null) sockets.shutdown(job.to, 'write');
sockets.detach();
parentPort?.postMessage({ answer });
