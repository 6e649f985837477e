/** The model as a whole: who acts and how, and what must hold. Open `state.ts` first, then a call. */
import { accept } from './calls/accept.ts';
import { setfilter } from './calls/accept_filter.ts';
import { bind, listen, unlink } from './calls/bind.ts';
import { close, soclose } from './calls/close.ts';
import { gcmark, gcsweep, reap, undefer } from './calls/collector.ts';
import { connect, disconnect } from './calls/connect.ts';
import { dup, fgetsock, fputsock } from './calls/descriptor.ts';
import { kevent, knote } from './calls/kqueue.ts';
import { recvmsg, sendmsg } from './calls/message.ts';
import { poll } from './calls/poll.ts';
import { receive, receiveoob, sockatmark } from './calls/receive.ts';
import { broadcast, send } from './calls/send.ts';
import { shutdown } from './calls/shutdown.ts';
import { connect2, socket, socketpair } from './calls/socket.ts';
import {
  geterror,
  getpeername,
  getsockopt,
  setconnwait,
  setkeepalive,
  setlinger,
  setnbio,
  setreuse,
  setsockopt,
  setv6only,
} from './calls/sockopt.ts';
import { invariants } from './invariants.ts';
import { defineModel } from './lang.ts';
import { lemmas } from './lemmas.ts';
import { promises } from './promises.ts';
import { THREADS } from './limits.ts';
// biome-ignore format: a list of names
import { ack, data, datagram, fin, handshake, lingerTimeout, msl, rst, signal, syn, synack, timeout, toolong, unreachable, unroutable, urgent, urgentByte } from './protocols/wire.ts';
import { initial } from './state.ts';

// biome-ignore format: a list of names
export const calls = {
  socket, socketpair, bind, unlink, listen, accept, connect, connect2, disconnect, send, broadcast, receive, receiveoob, sockatmark, shutdown,
  setsockopt, getsockopt, setlinger, setkeepalive, setconnwait, setreuse, setv6only, geterror, getpeername, setnbio, setfilter, poll, knote, kevent, dup, close, soclose, fgetsock, fputsock,
  sendmsg, recvmsg, reap,
};

export const events = {
  handshake,
  syn,
  synack,
  rst,
  ack,
  data,
  urgent,
  urgentByte,
  fin,
  timeout,
  msl,
  datagram,
  unreachable,
  unroutable,
  toolong,
  signal,
  lingerTimeout,
};

export const pieces = { undefer, gcmark, gcsweep };

export const model = defineModel({
  initial,
  agents: {
    thread: { size: THREADS, procedures: calls },
    wire: { size: 1, procedures: events },
    collector: { size: 1, procedures: pieces },
  },
  invariants,
  lemmas,
  promises,
  // Who dropped the last descriptor can do nothing else before; and the collector has nothing else to do.
  owed: ['soclose', 'undefer', 'gcmark', 'gcsweep'],
  symmetric: ['socket', 'pcb', 'fd', 'handle', 'thread'],
});
