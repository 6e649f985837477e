/**
 * The peer of the benchmark *calls*: Node's `net` over a UNIX path, with a server that sends back what it receives in the same thread,
 * and never more than one message on its way.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rateOf } from './rate.ts';

/** Cycles and round trips a second. */
export async function overNode(bytes: number): Promise<{ readonly cycles: number; readonly trips: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'sockref-bench-'));
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\sockref-bench-${process.pid}` : join(directory, 's');
  const server = createServer((peer) => void peer.on('data', (data) => void peer.write(data)));
  const data = Buffer.alloc(bytes);
  try {
    await new Promise<void>((resolve, reject) => void server.once('error', reject).listen(path, resolve));
    const socket = await opened(path);
    const trips = await rateOf(2, () => exchanged(socket, data));
    await closed(socket);
    const cycles = await rateOf(2, async () => {
      const short = await opened(path);
      await exchanged(short, data);
      await closed(short);
      return 1;
    });
    return { cycles: cycles.perSecond, trips: trips.perSecond };
  } finally {
    server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function opened(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket)).once('error', reject);
  });
}

/** Sends, and resolves with 1 when as many bytes have come back. */
function exchanged(socket: Socket, data: Buffer): Promise<number> {
  return new Promise((resolve) => {
    let missing = data.length;
    const more = (part: Buffer): void => {
      missing -= part.length;
      if (missing > 0) return;
      socket.off('data', more);
      resolve(1);
    };
    socket.on('data', more);
    socket.write(data);
  });
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.end();
  });
}
