/**
 * One end of an errand (ends.ts), in a worker of its own. A server says that it listens before its client is started; who knows when all
 * is done says how long it took. An error ends the worker, and with it the benchmark.
 */
import { connect, createServer, type Socket } from 'node:net';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { attach, type Sockets } from '../../impl/index.ts';
import { Checksum } from './checksum.ts';

export type Job =
  /** The client sends so many chunks, which the server sums up; the clock starts when the first `warm` of them have come. */
  | { readonly job: 'stream'; readonly chunks: number; readonly warm: number; readonly bytes: number }
  /** The client sends a message and waits until it has come back: `warm` times, and then for so many seconds. What it says is seconds for one. */
  | { readonly job: 'trips'; readonly warm: number; readonly seconds: number; readonly bytes: number }
  /** The client connects, and is done when the server has closed. */
  | { readonly job: 'connections'; readonly connections: number };

export type Errand =
  | ({
      readonly way: 'socket';
      readonly role: Role;
      readonly family: 'unix' | 'tcp';
      readonly lent: boolean;
      readonly kernel: SharedArrayBuffer;
    } & Job)
  | ({ readonly way: 'net'; readonly role: Role; readonly where: string | number } & Job)
  | ({ readonly way: 'channel'; readonly role: Role; readonly port: MessagePort } & Job)
  /** Both ends of a connection of its own: messages there, one after the other. */
  | { readonly way: 'own'; readonly kernel: SharedArrayBuffer; readonly messages: number; readonly bytes: number }
  | { readonly way: 'wire'; readonly kernel: SharedArrayBuffer };

export type Said = { readonly what: 'listening'; readonly port: number } | { readonly what: 'done'; readonly seconds: number };

type Role = 'client' | 'server';
type Of<J extends Job['job']> = Extract<Job, { job: J }>;

function say(said: Said): void {
  parentPort?.postMessage(said);
}

function done(began: number): void {
  say({ what: 'done', seconds: (performance.now() - began) / 1000 });
}

/** Counts round trips: first those in which the engine compiles what is hot, then those of so many seconds, and says how long one took. */
class Trips {
  readonly #job: Of<'trips'>;
  #count = 0;
  #began = 0;

  constructor(job: Of<'trips'>) {
    this.#job = job;
  }

  /** Before each trip; false when it was the last. */
  another(): boolean {
    const { warm, seconds } = this.#job;
    const counted = this.#count++ - warm;
    if (counted < 0) return true;
    const now = performance.now();
    if (counted === 0) this.#began = now;
    const spent = (now - this.#began) / 1000;
    if (spent < seconds) return true;
    say({ what: 'done', seconds: spent / counted });
    return false;
  }
}

function isWarm(sum: Checksum, { warm, bytes }: Of<'stream'>): boolean {
  return sum.bytes >= warm * bytes;
}

/** What is sent: a chunk of words of which no two are alike, the first of which is its number. */
function patterned(bytes: number): Int32Array {
  const words = new Int32Array(bytes >> 2);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + 1, 0x9e3779b1);
  return words;
}

function compare(seen: Checksum, { chunks, bytes }: Of<'stream'>): void {
  const sent = new Checksum();
  sent.addStamped(patterned(bytes), chunks);
  if (seen.bytes !== sent.bytes || seen.value !== sent.value)
    throw new Error(`${sent.bytes} bytes with the sum ${sent.value} were sent, ${seen.bytes} with ${seen.value} arrived`);
}

// ---- sockets of the implementation -------------------------------------------------------------------------------------------------

const UNIX = { family: 'unix', name: 7 } as const;
const TCP = { family: 'inet', host: 1, port: 7 } as const;

function overSocket(sockets: Sockets, errand: Extract<Errand, { way: 'socket' }>): void {
  const { role, family } = errand;
  const address = family === 'unix' ? UNIX : TCP;
  const open = (): number => sockets.socket(family === 'unix' ? 'unix' : 'inet', 'stream');
  if (role === 'client') {
    const connected = (): number => {
      const fd = open();
      sockets.connect(fd, address);
      return fd;
    };
    socketClient(sockets, connected, errand);
    return;
  }
  const listener = open();
  sockets.bind(listener, address);
  sockets.listen(listener, 16);
  say({ what: 'listening', port: 0 });
  socketServer(sockets, () => sockets.accept(listener).fd, errand, errand.lent);
}

function socketClient(sockets: Sockets, connected: () => number, job: Job): void {
  switch (job.job) {
    case 'stream': {
      const fd = connected();
      // In the kernel's own memory, as a program would prepare what it sends often.
      const chunk = sockets.memory.subarray(0, job.bytes);
      const words = new Int32Array(chunk.buffer, chunk.byteOffset, job.bytes >> 2);
      words.set(patterned(job.bytes));
      for (let number = 0; number < job.chunks; number++) {
        words[0] = number;
        sockets.send(fd, chunk);
      }
      sockets.close(fd);
      return;
    }
    case 'trips': {
      const fd = connected();
      const message = new Uint8Array(job.bytes);
      const trips = new Trips(job);
      for (let trip = 0; trips.another(); trip++) {
        message[0] = trip;
        sockets.send(fd, message);
        sockets.recv(fd, message, { waitAll: true });
        if (message[0] !== (trip & 255)) throw new Error(`message ${trip} came back as another`);
      }
      sockets.close(fd);
      return;
    }
    case 'connections': {
      const byte = new Uint8Array(1);
      const began = performance.now();
      for (let i = 0; i < job.connections; i++) {
        const fd = connected();
        if (sockets.recv(fd, byte) !== 0) throw new Error('a byte came from a server that sends none');
        sockets.close(fd);
      }
      done(began);
    }
  }
}

function socketServer(sockets: Sockets, accepted: () => number, job: Job, lent: boolean): void {
  switch (job.job) {
    case 'stream': {
      const fd = accepted();
      const sum = new Checksum();
      const take = lent ? () => sumLent(sockets, fd, sum) : () => sumCopied(sockets, fd, sum);
      let began = 0;
      while (take() > 0) if (began === 0 && isWarm(sum, job)) began = performance.now();
      done(began);
      compare(sum, job);
      return;
    }
    case 'trips': {
      const fd = accepted();
      const message = new Uint8Array(job.bytes);
      while (sockets.recv(fd, message, { waitAll: true }) > 0) sockets.send(fd, message);
      return;
    }
    case 'connections':
      for (let i = 0; i < job.connections; i++) sockets.close(accepted());
  }
}

/** Sums up what has come, where it was copied to. */
function sumCopied(sockets: Sockets, fd: number, sum: Checksum): number {
  const chunk = sockets.memory;
  const count = sockets.recv(fd, chunk);
  sum.add(chunk.subarray(0, count));
  return count;
}

/** The same where it lies, in the buffers that the kernel lends. */
function sumLent(sockets: Sockets, fd: number, sum: Checksum): number {
  const loan = sockets.recvLoan(fd);
  for (const part of loan.parts) sum.add(part);
  sockets.returnLoan(loan);
  return loan.length;
}

function ownConnection(sockets: Sockets, messages: number, bytes: number): void {
  const [here, there] = sockets.socketpair();
  const message = sockets.memory.subarray(0, bytes);
  const pass = (count: number): void => {
    for (let i = 0; i < count; i++) {
      sockets.send(here, message);
      if (sockets.recv(there, message) !== bytes) throw new Error('a message did not arrive as a whole');
    }
  };
  pass(messages >> 3);
  const began = performance.now();
  pass(messages);
  done(began);
}

// ---- Node's net ----------------------------------------------------------------------------------------------------------------------

/** Writes on their way at a time, so that the peer never waits for an event between two. */
const WRITES = 8;

function netServer(where: string | number, job: Job): void {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    if (job.job === 'stream') netStream(socket, job);
    else if (job.job === 'trips') socket.on('data', (data) => void socket.write(data));
    else socket.end();
  });
  server.listen(where, () => {
    const address = server.address();
    say({ what: 'listening', port: address !== null && typeof address === 'object' ? address.port : 0 });
  });
}

function netStream(socket: Socket, job: Of<'stream'>): void {
  const sum = new Checksum();
  let began = 0;
  socket.on('data', (data) => {
    sum.add(data);
    if (began === 0 && isWarm(sum, job)) began = performance.now();
  });
  socket.on('end', () => {
    done(began);
    compare(sum, job);
  });
}

function netClient(where: string | number, job: Job): void {
  const opened = (then: (socket: Socket) => void): void => {
    const socket = connect(typeof where === 'number' ? { port: where } : { path: where }, () => then(socket));
    socket.setNoDelay(true);
  };
  switch (job.job) {
    case 'stream':
      opened((socket) => netSend(socket, job));
      return;
    case 'trips':
      opened((socket) => netTrips(socket, job));
      return;
    case 'connections': {
      let left = job.connections;
      const began = performance.now();
      const next = (): void => {
        if (left-- === 0) done(began);
        else opened((socket) => void socket.resume().once('close', next));
      };
      next();
    }
  }
}

/** A buffer is written again only when it has left. */
function netSend(socket: Socket, { chunks, bytes }: Of<'stream'>): void {
  let number = 0;
  for (let i = 0; i < WRITES; i++) {
    const words = patterned(bytes);
    const chunk = new Uint8Array(words.buffer);
    const next = (): void => {
      if (number >= chunks) {
        if (number++ === chunks) socket.end();
        return;
      }
      words[0] = number++;
      socket.write(chunk, next);
    };
    next();
  }
}

function netTrips(socket: Socket, job: Of<'trips'>): void {
  const { bytes } = job;
  const message = Buffer.alloc(bytes);
  let missing = 0;
  const trips = new Trips(job);
  const next = (): void => {
    if (!trips.another()) return;
    missing = bytes;
    socket.write(message);
  };
  socket.on('data', (data) => {
    missing -= data.length;
    if (missing === 0) next();
  });
  next();
}

// ---- a channel -----------------------------------------------------------------------------------------------------------------------

/** Chunks on their way: a channel has no bound of its own, and its sender would fill the memory. */
const WINDOW = 16;

function overChannel(port: MessagePort, role: Role, job: Job): void {
  if (role === 'server') say({ what: 'listening', port: 0 });
  switch (job.job) {
    case 'stream':
      if (role === 'client') channelSend(port, job);
      else channelReceive(port, job);
      return;
    case 'trips':
      if (role === 'client') channelTrips(port, job);
      else port.on('message', (message) => void port.postMessage(message));
      return;
    case 'connections':
      throw new Error('a channel has no connections');
  }
}

function channelSend(port: MessagePort, { chunks, bytes }: Of<'stream'>): void {
  const words = patterned(bytes);
  const chunk = new Uint8Array(words.buffer);
  let number = 0;
  const next = (): void => {
    if (number >= chunks) return;
    words[0] = number++;
    port.postMessage(chunk);
  };
  port.on('message', next);
  for (let i = 0; i < WINDOW; i++) next();
}

function channelReceive(port: MessagePort, job: Of<'stream'>): void {
  const sum = new Checksum();
  let began = 0;
  let count = 0;
  port.on('message', (chunk: Uint8Array) => {
    count++;
    sum.add(chunk);
    if (began === 0 && isWarm(sum, job)) began = performance.now();
    port.postMessage(0);
    if (count < job.chunks) return;
    done(began);
    compare(sum, job);
  });
}

function channelTrips(port: MessagePort, job: Of<'trips'>): void {
  const message = new Uint8Array(job.bytes);
  const trips = new Trips(job);
  const next = (): void => {
    if (trips.another()) port.postMessage(message);
  };
  port.on('message', next);
  next();
}

// ---- who is asked --------------------------------------------------------------------------------------------------------------------

const errand = workerData as Errand;
switch (errand.way) {
  case 'socket':
    overSocket(attach(errand.kernel), errand);
    break;
  case 'own':
    ownConnection(attach(errand.kernel), errand.messages, errand.bytes);
    break;
  case 'net':
    if (errand.role === 'server') netServer(errand.where, errand);
    else netClient(errand.where, errand);
    break;
  case 'channel':
    overChannel(errand.port, errand.role, errand);
    break;
  case 'wire':
    // The timer is the parent's: this thread is inside runWire from now on.
    attach(errand.kernel).runWire();
    break;
  default:
    throw new Error(`no errand like ${String(errand satisfies never)}`);
}
