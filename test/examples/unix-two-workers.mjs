/**
 * Two worker threads talk over a UNIX stream socket with blocking calls: one sends megabytes, the other adds up what arrives and
 * answers with the checksum. Run it with `node test/examples/unix-two-workers.mjs [megabytes]` after `npm ci`.
 */
import { createHash } from 'node:crypto';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { attach, createKernel } from 'sockref/impl';

const ADDRESS = { family: 'unix', name: 7 };

/** Listens, reads one connection to its end, and answers with the SHA-256 of all it read. */
function serve(sockets) {
  const listener = sockets.socket('unix', 'stream');
  sockets.bind(listener, ADDRESS);
  sockets.listen(listener, 5);
  const { fd } = sockets.accept(listener);
  const hash = createHash('sha256');
  const buffer = new Uint8Array(65536);
  for (let count = sockets.recv(fd, buffer); count > 0; count = sockets.recv(fd, buffer)) hash.update(buffer.subarray(0, count));
  sockets.send(fd, hash.digest());
  sockets.close(fd);
  sockets.close(listener);
}

/** Connects, sends the bytes, says that this was all, and compares the answer with its own checksum. */
function call(sockets, megabytes) {
  const fd = connect(sockets);
  const hash = createHash('sha256');
  const block = new Uint8Array(1 << 20);
  for (let i = 0; i < megabytes; i++) {
    for (let at = 0; at < block.length; at++) block[at] = (at * 31 + i * 17 + (at >> 9)) & 255;
    hash.update(block);
    sockets.send(fd, block);
  }
  sockets.shutdown(fd, 'write');
  const answer = new Uint8Array(32);
  sockets.recv(fd, answer, { waitAll: true });
  sockets.close(fd);
  const same = Buffer.from(answer).equals(hash.digest());
  console.log(
    `${megabytes} MiB sent, ${same ? 'and every byte arrived in its place' : 'but the checksums differ'}: ${Buffer.from(answer).toString('hex')}`,
  );
  if (!same) process.exitCode = 1;
}

/** The server may not be listening yet: nobody has the name, or who has it does not accept. */
function connect(sockets) {
  for (;;) {
    const fd = sockets.socket('unix', 'stream');
    try {
      sockets.connect(fd, ADDRESS);
      return fd;
    } catch (error) {
      sockets.close(fd);
      if (error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

if (isMainThread) {
  const kernel = createKernel({ sockets: 16, mbufs: 1024 });
  const megabytes = Number(process.argv[2] ?? 16);
  const roles = ['serve', 'call'].map((role) => new Worker(new URL(import.meta.url), { workerData: { kernel, role, megabytes } }));
  const codes = await Promise.all(roles.map((worker) => new Promise((resolve) => worker.on('exit', resolve))));
  const left = attach(kernel).statistics();
  console.log(`left over: ${left.sockets} sockets, ${left.files} files, ${left.mbufs} mbufs`);
  process.exitCode = Math.max(...codes, left.sockets + left.files + left.mbufs === 0 ? 0 : 1);
} else {
  const { kernel, role, megabytes } = workerData;
  const sockets = attach(kernel);
  if (role === 'serve') serve(sockets);
  else call(sockets, megabytes);
  sockets.detach();
}
