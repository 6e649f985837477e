// Two servers and two clients, each a worker thread of its own, talk over TCP inside one SharedArrayBuffer. All calls block; one
// more worker carries the segments and runs the timers. Run it after a build:
//
//   node test/examples/tcp-transfer.mjs [megabytes per connection]
//
// Each client sends its bytes and ends its side; the server answers with the checksum of what it received, followed by the same
// number of bytes; the client compares both.

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { attach, createKernel } from 'sockref/impl';

const PORT = 80;
const TICK = 10; // milliseconds

/** FNV-1a over the bytes of a stream. */
function checksum(sum, bytes) {
  let hash = sum;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16777619);
  return hash >>> 0;
}

/** The next bytes of a stream that depends on its seed. */
function fill(chunk, from, seed) {
  for (let i = 0; i < chunk.length; i++) chunk[i] = Math.imul(from + i + seed, 2654435761) >>> 24;
}

/** Sends `total` bytes of the stream `seed` and returns their checksum. */
function send(sockets, fd, total, seed) {
  let sum = 2166136261;
  const chunk = new Uint8Array(50_000);
  for (let sent = 0; sent < total; ) {
    const piece = chunk.subarray(0, Math.min(chunk.length, total - sent));
    fill(piece, sent, seed);
    sockets.send(fd, piece);
    sum = checksum(sum, piece);
    sent += piece.length;
  }
  return sum;
}

/** Receives `total` bytes, or all there are, and returns their number and checksum. */
function receive(sockets, fd, total = Infinity) {
  let sum = 2166136261;
  let received = 0;
  const chunk = new Uint8Array(50_000);
  while (received < total) {
    const got = sockets.recv(fd, chunk.subarray(0, Math.min(chunk.length, total - received)));
    if (got === 0) break;
    sum = checksum(sum, chunk.subarray(0, got));
    received += got;
  }
  return { received, sum };
}

function serve(sockets, { listener }) {
  const { fd } = sockets.accept(listener);
  const { received, sum } = receive(sockets, fd);
  sockets.send(fd, new Uint8Array(Uint32Array.of(sum).buffer));
  send(sockets, fd, received, sum);
  sockets.close(fd);
  return { received };
}

function call(sockets, { bytes, seed }) {
  const fd = sockets.socket('inet', 'stream');
  sockets.connect(fd, { family: 'inet', host: 1, port: PORT });
  const sum = send(sockets, fd, bytes, seed);
  sockets.shutdown(fd, 'write');
  const answer = new Uint8Array(4);
  sockets.recv(fd, answer, { waitAll: true });
  const theirs = new Uint32Array(answer.buffer)[0];
  const back = receive(sockets, fd);
  sockets.close(fd);
  return { received: back.received, sum, theirs, back: back.sum, ok: theirs === sum && back.received === bytes };
}

const ROLES = { serve, call, wire: (sockets) => sockets.runWire() ?? {} };

if (isMainThread) {
  const bytes = Math.round(Number(process.argv[2] ?? 4) * 1_000_000);
  if (!(bytes > 0)) {
    console.error(`tcp-transfer: '${process.argv[2]}' is no size; give the megabytes to send on each connection, for example 4`);
    process.exit(2);
  }
  const kernel = createKernel();
  const sockets = attach(kernel, { blocking: false });
  const start = (role, job = {}) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { kernel, role, job } });
      worker.once('message', resolve);
      worker.once('error', reject);
    });

  const listener = sockets.socket('inet', 'stream');
  sockets.bind(listener, { family: 'inet', host: 0, port: PORT });
  sockets.listen(listener);
  const wire = start('wire');
  const clock = setInterval(() => sockets.announceTick(), TICK);

  const began = performance.now();
  const servers = [1, 2].map(() => start('serve', { listener }));
  const clients = [1, 2].map((seed) => start('call', { bytes, seed }));
  const results = await Promise.all(clients);
  await Promise.all(servers);
  const seconds = (performance.now() - began) / 1000;

  for (const [i, result] of results.entries()) {
    console.log(
      `client ${i + 1}: sent ${bytes} bytes (${result.sum}), the server saw ${result.theirs}, ${result.received} came back: ${result.ok ? 'ok' : 'WRONG'}`,
    );
  }
  console.log(`${((4 * bytes) / 1e6).toFixed(1)} MB in ${seconds.toFixed(2)} s, ${((4 * bytes) / 1e6 / seconds).toFixed(1)} MB/s`);
  clearInterval(clock);
  sockets.close(listener);
  sockets.stopWire();
  await wire;
  process.exitCode = results.every((result) => result.ok) ? 0 : 1;
} else {
  const { kernel, role, job } = workerData;
  const sockets = attach(kernel);
  const result = ROLES[role](sockets, job);
  sockets.detach();
  parentPort.postMessage(result);
}
