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
import {
  cantMoreMonotone,
  connectedHasPeer,
  connectionStates,
  disconnectedIsShut,
  droppedIsOver,
  fileCount,
  freeIsZero,
  listenerFreedEmpty,
  locksConserved,
  namesUnique,
  noDanglingReference,
  noPanic,
  nothingLeaks,
  onlyListenersHaveChildren,
  pcbPointsBack,
  pcbWhileUsed,
  pcbWhileValid,
  peersSymmetric,
  protorefIsSockref,
  protorefKeepsClosed,
  queueLengths,
  queueMembership,
  queuedUnreferenced,
  socketCount,
} from './invariants.ts';
import { defineModel } from './lang.ts';
import {
  acceptedWasOver,
  childrenAreConnected,
  childrenHaveProtocol,
  chunkFits,
  closedHasNoChildren,
  closedIsOver,
  closingIsExclusive,
  connectIsUnix,
  drainedListensNoMore,
  handsAreExclusive,
  listenersListen,
  openHasFile,
  pcbFlagsFit,
  reservedIsFree,
  tcpFlagsFit,
  threadRecords,
  toldIsOver,
  transfersAddUp,
  udpConnectedIsForeign,
  unixBuffers,
} from './lemmas.ts';
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
    'pcb-while-valid': pcbWhileValid,
    'pcb-points-back': pcbPointsBack,
    'pcb-while-used': pcbWhileUsed,
    'listener-freed-empty': listenerFreedEmpty,
    'no-panic': noPanic,
    'file-count': fileCount,
    'socket-count': socketCount,
    'no-dangling-reference': noDanglingReference,
    'nothing-leaks': nothingLeaks,
    'queue-membership': queueMembership,
    'queued-unreferenced': queuedUnreferenced,
    'only-listeners-have-children': onlyListenersHaveChildren,
    'queue-lengths': queueLengths,
    'connection-states': connectionStates,
    'disconnected-is-shut': disconnectedIsShut,
    'cant-more-monotone': cantMoreMonotone,
    'protoref-is-sockref': protorefIsSockref,
    'protoref-keeps-closed': protorefKeepsClosed,
    'peers-symmetric': peersSymmetric,
    'connected-has-peer': connectedHasPeer,
    'dropped-is-over': droppedIsOver,
    'names-unique': namesUnique,
    'locks-conserved': locksConserved,
    'free-is-zero': freeIsZero,
  },
  lemmas: {
    'thread-records': threadRecords,
    'accepted-was-over': acceptedWasOver,
    'transfers-add-up': transfersAddUp,
    'chunk-fits': chunkFits,
    'closing-is-exclusive': closingIsExclusive,
    'open-has-file': openHasFile,
    'told-is-over': toldIsOver,
    'closed-is-over': closedIsOver,
    'closed-has-no-children': closedHasNoChildren,
    'hands-are-exclusive': handsAreExclusive,
    'connect-is-unix': connectIsUnix,
    'children-are-connected': childrenAreConnected,
    'listeners-listen': listenersListen,
    'tcp-flags-fit': tcpFlagsFit,
    'pcb-flags-fit': pcbFlagsFit,
    'udp-connected-is-foreign': udpConnectedIsForeign,
    'unix-buffers': unixBuffers,
    'children-have-protocol': childrenHaveProtocol,
    'drained-listens-no-more': drainedListensNoMore,
    'reserved-is-free': reservedIsFree,
  },
});
