/** A worker that makes a large kernel, opens every socket it has, and closes them again; it answers how many there were. */
import { parentPort, workerData } from 'node:worker_threads';
import { attach, createKernel, SocketError } from '../../../impl/index.ts';

const count = workerData as number;
const sockets = attach(createKernel({ sockets: count, mbufs: 1000, tcpReassembly: 100, tcpHalfOpen: 100 }), { blocking: false });
const fds: number[] = [];
let code = '';
while (code === '') {
  try {
    fds.push(fds.length % 3 === 0 ? sockets.socket('unix', 'stream') : sockets.socket('inet', fds.length % 3 === 1 ? 'stream' : 'dgram'));
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    code = error.code;
  }
}
const open = sockets.statistics().sockets;
for (const fd of fds) sockets.close(fd);
const left = sockets.statistics();
if (code !== 'EMFILE' || open !== fds.length || left.sockets + left.files + left.unixPcbs + left.inetPcbs !== 0) {
  throw new Error(`${fds.length} sockets opened until ${code}, ${open} counted, ${JSON.stringify(left)} left over`);
}
parentPort?.postMessage({ answer: fds.length });
