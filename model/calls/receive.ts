/** receive (C.6 soreceive): what decides is, in this order: data, pending error, end-of-file, no connection, nothing asked for, would block. */
import { type Procedure, rule, until, when } from '../lang.ts';
import { pru_rcvd } from '../protocols/protosw.ts';
import type { Amount, Fd, SocketId, State, ThreadId } from '../state.ts';
import { cut, done, fail, held, hold, leave, mayCall, release, sleeps, wakes } from './file.ts';

export function* receive(s: State, t: ThreadId, fd: Fd, amount: Amount): Procedure {
  when(mayCall(s, t, fd));
  if (!hold(s, t, fd)) return;
  if (amount > 0 && mustWait(s, held(s, t))) {
    if (s.sockets[held(s, t)].nonBlocking && rule('receive_6', 'nothing there: EWOULDBLOCK [C.6 step 5]'))
      return leave(s, t, 'EWOULDBLOCK');
    sleeps(s, t);
    yield until(() => !mustWait(s, held(s, t)) || cut(s, t));
    const interrupted = cut(s, t) && mustWait(s, held(s, t));
    wakes(s, t);
    if (interrupted && rule('receive_7', 'interrupted: EINTR [C.6 step 5]')) return leave(s, t, 'EINTR');
  }
  deliver(s, t, held(s, t), amount);
  release(s, t);
}

/** Nothing to deliver and nothing to report. */
function mustWait(s: State, so: SocketId): boolean {
  const socket = s.sockets[so];
  if (socket.rcv.cc > 0 || socket.error !== 'none' || socket.rcv.cantMore) return false;
  return socket.protocol === 'udp' || socket.connected || socket.connecting;
}

/** One reader at a time: the buffer's sx lock is taken and given back within this step. */
function deliver(s: State, t: ThreadId, so: SocketId, amount: Amount): void {
  const socket = s.sockets[so];
  if (socket.rcv.cc > 0 && rule('receive_1', 'data comes before everything else [C.6 step 5]')) {
    const taken = socket.protocol === 'udp' ? 1 : Math.min(amount, socket.rcv.cc);
    socket.rcv.cc -= taken;
    pru_rcvd(s, so);
    done(s, t, socket.protocol === 'udp' ? Math.min(amount, 1) : taken);
  } else if (socket.error !== 'none') {
    rule('receive_2', 'a pending error is returned and cleared [C.6 step 5, T23]');
    fail(s, t, socket.error);
    socket.error = 'none';
  } else if (socket.rcv.cantMore && rule('receive_3', 'end-of-file [C.6 step 5, T15]')) {
    done(s, t, 0);
  } else if (socket.protocol !== 'udp' && !socket.connected && !socket.connecting) {
    rule('receive_4', 'no connection: ENOTCONN [C.6 step 5]');
    fail(s, t, 'ENOTCONN');
  } else {
    rule('receive_5', 'nothing was asked for [C.6 step 5]');
    done(s, t, 0);
  }
}
