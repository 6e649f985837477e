/** The model as a whole: who acts and how, and what must hold. Open `state.ts` first, then a call. */
import { accept } from './calls/accept.ts';
import { bind, listen } from './calls/bind.ts';
import { close, soclose } from './calls/close.ts';
import { connect, disconnect } from './calls/connect.ts';
import { fgetsock, fputsock } from './calls/consumer.ts';
import { dup, setnbio } from './calls/file.ts';
import { receive } from './calls/receive.ts';
import { send } from './calls/send.ts';
import { shutdown } from './calls/shutdown.ts';
import { connect2, socket, socketpair } from './calls/socket.ts';
import { geterror, getsockopt, setlinger, setsockopt } from './calls/sockopt.ts';
import * as invariant from './invariants.ts';
import { defineModel } from './lang.ts';
import { THREADS } from './limits.ts';
import { ack, data, datagram, fin, handshake, lingerTimeout, msl, rst, signal, synack, timeout, unreachable } from './protocols/wire.ts';
import { initial } from './state.ts';

export const model = defineModel({
  initial,
  agents: {
    thread: {
      size: THREADS,
      procedures: {
        socket,
        socketpair,
        bind,
        listen,
        accept,
        connect,
        connect2,
        disconnect,
        send,
        receive,
        shutdown,
        setsockopt,
        getsockopt,
        setlinger,
        geterror,
        setnbio,
        dup,
        close,
        soclose,
        fgetsock,
        fputsock,
      },
    },
    wire: {
      size: 1,
      procedures: { handshake, synack, rst, ack, data, fin, timeout, msl, datagram, unreachable, signal, lingerTimeout },
    },
  },
  invariants: {
    'pcb-while-valid': invariant.pcbWhileValid,
    'pcb-points-back': invariant.pcbPointsBack,
    'no-panic': invariant.noPanic,
    'file-count': invariant.fileCount,
    'socket-count': invariant.socketCount,
    'no-dangling-reference': invariant.noDanglingReference,
    'nothing-leaks': invariant.nothingLeaks,
    'queue-membership': invariant.queueMembership,
    'queued-unreferenced': invariant.queuedUnreferenced,
    'only-listeners-have-children': invariant.onlyListenersHaveChildren,
    'queue-lengths': invariant.queueLengths,
    'connection-states': invariant.connectionStates,
    'disconnected-is-shut': invariant.disconnectedIsShut,
    'cant-more-monotone': invariant.cantMoreMonotone,
    'protoref-is-sockref': invariant.protorefIsSockref,
    'protoref-keeps-closed': invariant.protorefKeepsClosed,
    'peers-symmetric': invariant.peersSymmetric,
    'connected-has-peer': invariant.connectedHasPeer,
    'dropped-is-over': invariant.droppedIsOver,
    'names-unique': invariant.namesUnique,
    'locks-conserved': invariant.locksConserved,
    'free-is-zero': invariant.freeIsZero,
  },
  lemmas: {},
});
