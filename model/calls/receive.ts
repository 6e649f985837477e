/** receive (C.6 soreceive): what decides is, in this order: data, pending error, end-of-file, no connection, nothing asked for, would block. */
import { type Procedure, rule, until, when } from '../lang.ts';
import { uipc_rcvd } from '../protocols/unix.ts';
import { type Amount, type Fd, isDatagram, isInetDatagram, keepsRecords, pairs, type Socket, type State, type ThreadId } from '../state.ts';
import { cut, done, fail, held, hold, leave, mayCall, release, sleeps, takeError, wakes } from './file.ts';

export function* receive(s: State, t: ThreadId, fd: Fd, amount: Amount): Procedure {
  when(mayCall(s, t, fd));
  if (!hold(s, t, fd)) return;
  if (amount > 0 && mustWait(held(s, t))) {
    if (held(s, t).nonBlocking) return leave(s, t, rule('receive_6', 'nothing there: EWOULDBLOCK [C.6 step 5]', 'EWOULDBLOCK'));
    sleeps(s, t);
    yield until(() => !mustWait(held(s, t)) || cut(s, t));
    if (wakes(s, t) && mustWait(held(s, t))) return leave(s, t, rule('receive_7', 'interrupted: EINTR [C.6 step 5]', 'EINTR'));
  }
  deliver(s, t, held(s, t), amount);
  release(s, t);
}

/** Nothing to deliver and nothing to report. */
function mustWait(socket: Socket): boolean {
  if (socket.rcv.cc > 0 || socket.error !== 'none' || socket.rcv.cantMore) return false;
  return isDatagram(socket.protocol) || socket.connected || socket.connecting;
}

/** One reader at a time: the buffer's sx lock is taken and given back within this step. */
function deliver(s: State, t: ThreadId, socket: Socket, amount: Amount): void {
  if (socket.rcv.cc > 0 && rule('receive_1', 'data comes before everything else [C.6 step 5]')) {
    const taken = first(socket, amount);
    socket.rcv.cc -= taken;
    socket.records.shift();
    if (pairs(socket.protocol)) uipc_rcvd(s, socket);
    done(s, t, Math.min(amount, taken));
  } else if (socket.error !== 'none' && rule('receive_2', 'a pending error is returned and cleared [C.6 step 5, T23]')) {
    fail(s, t, takeError(socket));
  } else if (socket.rcv.cantMore && rule('receive_3', 'end-of-file [C.6 step 5, T15]')) {
    done(s, t, 0);
  } else if (!isDatagram(socket.protocol) && !socket.connected && !socket.connecting) {
    fail(s, t, rule('receive_4', 'no connection: ENOTCONN [C.6 step 5]', 'ENOTCONN'));
  } else {
    rule('receive_5', 'nothing was asked for [C.6 step 5]');
    done(s, t, 0);
  }
}

/** How much goes out of the buffer: of a record all, however little of it is wanted. [C.6 step 8, C.9 sbdroprecord] */
function first(socket: Socket, amount: Amount): Amount {
  if (isInetDatagram(socket.protocol)) return 1;
  return keepsRecords(socket.protocol) ? (socket.records[0] as Amount) : Math.min(amount, socket.rcv.cc);
}
