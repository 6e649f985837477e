/**
 * One end of a transfer, in a worker of its own: it sends or receives so many chunks over a socket or a channel. The receiver posts the
 * seconds from the moment its first chunk had come to the end, and an error ends the worker.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { attach, SocketError, type Sockets } from '../../impl/index.ts';

export type Errand = { readonly role: 'send' | 'receive'; readonly chunks: number; readonly bytes: number } & (
  | { readonly way: 'socket'; readonly kernel: SharedArrayBuffer }
  | { readonly way: 'channel'; readonly port: MessagePort }
);

const ADDRESS = { family: 'unix', name: 7 } as const;
/** Chunks on their way: a channel has no bound of its own, and its sender would fill the memory. */
const WINDOW = 16;

function overSocket(sockets: Sockets, { role, chunks, bytes }: Errand): void {
  const chunk = new Uint8Array(bytes);
  if (role === 'send') {
    const fd = connected(sockets);
    for (let i = 0; i < chunks; i++) sockets.send(fd, chunk);
    sockets.close(fd);
    return;
  }
  const listener = sockets.socket('unix', 'stream');
  sockets.bind(listener, ADDRESS);
  sockets.listen(listener, 1);
  const { fd } = sockets.accept(listener);
  let received = sockets.recv(fd, chunk, { waitAll: true });
  const began = performance.now();
  for (let count = received; count > 0; received += count) count = sockets.recv(fd, chunk);
  if (received !== chunks * bytes) throw new Error(`${received} bytes arrived of ${chunks * bytes}; the implementation is broken`);
  finished(began);
}

/** The receiver may not be listening yet. */
function connected(sockets: Sockets): number {
  for (;;) {
    const fd = sockets.socket('unix', 'stream');
    try {
      sockets.connect(fd, ADDRESS);
      return fd;
    } catch (error) {
      sockets.close(fd);
      if (!(error instanceof SocketError) || (error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED')) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** The receiver answers each chunk, and with an answer the sender may send another. */
function overChannel(port: MessagePort, { role, chunks, bytes }: Errand): void {
  let count = 0;
  if (role === 'send') {
    const chunk = new Uint8Array(bytes);
    const next = (): void => {
      if (count++ < chunks) port.postMessage(chunk);
    };
    port.on('message', next);
    for (let i = 0; i < WINDOW; i++) next();
    return;
  }
  let began = 0;
  port.on('message', () => {
    count++;
    if (count === 1) began = performance.now();
    if (count === chunks) finished(began);
    port.postMessage(0);
  });
}

function finished(began: number): void {
  parentPort?.postMessage((performance.now() - began) / 1000);
}

const errand = workerData as Errand;
switch (errand.way) {
  case 'socket':
    overSocket(attach(errand.kernel), errand);
    break;
  case 'channel':
    overChannel(errand.port, errand);
    break;
  default:
    throw new Error(`no errand like ${String(errand satisfies never)}`);
}
