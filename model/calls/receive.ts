/** receive (C.6 soreceive): what decides is, in this order: data, pending error, end-of-file, no connection, nothing asked for, would block. */
import { type Procedure, rule, until, when } from '../lang.ts';
import { headRight, readable, taken, unp_discard } from '../protocols/rights.ts';
import { tcp_gone, tcp_gone_errno } from '../protocols/tcp.ts';
import { uipc_rcvd } from '../protocols/unix.ts';
import {
  type Amount,
  type Fd,
  isDatagram,
  isInetDatagram,
  keepsRecords,
  pairs,
  type Socket,
  type SocketId,
  type State,
  sotopcb,
  type ThreadId,
} from '../state.ts';
import { cut, done, fail, getsock, held, hold, idle, leave, mayCall, release, sleeps, takeError, wakes } from './file.ts';

export function* receive(s: State, t: ThreadId, fd: Fd, amount: Amount): Procedure {
  when(mayCall(s, t, fd));
  if (!hold(s, t, fd)) return;
  if (held(s, t).receiving) {
    sleeps(s, t);
    yield until(() => !held(s, t).receiving || cut(s, t));
    if (wakes(s, t) && held(s, t).receiving)
      return leave(s, t, rule('receive_10', 'interrupted while another receives: EINTR [C.6 step 3]', 'EINTR'));
  }
  if (amount > 0 && mustWait(held(s, t))) {
    if (held(s, t).nonBlocking) return leave(s, t, rule('receive_6', 'nothing there: EWOULDBLOCK [C.6 step 5]', 'EWOULDBLOCK'));
    sleeps(s, t);
    yield until(() => (!mustWait(held(s, t)) && !held(s, t).receiving) || cut(s, t));
    if (wakes(s, t) && (mustWait(held(s, t)) || held(s, t).receiving))
      return leave(s, t, rule('receive_7', 'interrupted: EINTR [C.6 step 5]', 'EINTR'));
  }
  const right = headRight(s, s.threads[t].file as SocketId);
  if (right !== null && rule('receive_11', 'nobody asked for the right that comes with the data: it is given up [C.6 step 6, D.1 discard]'))
    unp_discard(s, right);
  deliver(s, t, s.threads[t].file as SocketId, amount);
  release(s, t);
}

/** How much of it lies before the mark, where a reader stops; the mark is so much nearer then. [C.6 step 8] */
function toMark(socket: Socket, amount: Amount): Amount {
  if (amount === 0) return 0;
  socket.atMark = false;
  if (socket.mark === 0) return amount;
  const taken = Math.min(amount, socket.mark);
  socket.mark -= taken;
  if (socket.mark === 0 && rule('receive_8', 'stops at the mark [C.6 step 8]')) socket.atMark = true;
  return taken;
}

/** receive with MSG_OOB: the urgent byte, which is not with the others. [C.6 soreceive_rcvoob, D.2 rcvoob] */
export function* receiveoob(s: State, t: ThreadId, fd: Fd): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  const socket = s.sockets[so];
  if (socket.protocol !== 'tcp')
    return fail(s, t, rule('receiveoob_1', 'the protocol has no urgent data: EOPNOTSUPP [C.11]', 'EOPNOTSUPP'));
  if (tcp_gone(s, socket) && rule('receiveoob_2', 'dropped or in TIME_WAIT: ECONNRESET [D.2 rcvoob]'))
    return fail(s, t, tcp_gone_errno(s, 'ECONNRESET'));
  const inp = sotopcb(s, socket);
  if ((socket.mark === 0 && !socket.atMark) || inp.oob === 'taken')
    return fail(s, t, rule('receiveoob_3', 'none is announced, or it was taken: EINVAL [D.2 rcvoob, H.6 msg_oob]', 'EINVAL'));
  if (inp.oob === 'none') return fail(s, t, rule('receiveoob_4', 'announced, and not here yet: EWOULDBLOCK [D.2 rcvoob]', 'EWOULDBLOCK'));
  rule('receiveoob_5', 'the urgent byte, once [D.2 rcvoob]');
  inp.oob = 'taken';
  done(s, t, 1);
}

/** SIOCATMARK: whether the next byte is the one behind the mark. [C.6 step 8] */
export function* sockatmark(s: State, t: ThreadId, fd: Fd): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  rule('sockatmark_1', 'whether the reader is at the mark [C.6 step 8]');
  done(s, t, s.sockets[so].atMark ? 1 : 0);
}

/** Nothing to deliver and nothing to report. */
export function mustWait(socket: Socket): boolean {
  if (socket.rcv.cc > 0 || socket.error !== 'none' || socket.rcv.cantMore) return false;
  return isDatagram(socket.protocol) || socket.connected || socket.connecting;
}

/** One reader at a time: the buffer's sx lock is taken and given back within this step. */
export function deliver(s: State, t: ThreadId, so: SocketId, amount: Amount): void {
  const socket = s.sockets[so];
  if (socket.rcv.cc > 0 && rule('receive_1', 'data comes before everything else [C.6 step 5]')) {
    let units: Amount = first(s, so, amount);
    if (socket.protocol === 'tcp') units = toMark(socket, units);
    socket.rcv.cc -= units;
    socket.records.shift();
    taken(s, so, keepsRecords(socket.protocol) ? 1 : units);
    if (pairs(socket.protocol)) uipc_rcvd(s, socket);
    done(s, t, Math.min(amount, units));
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
function first(s: State, so: SocketId, amount: Amount): Amount {
  const socket = s.sockets[so];
  if (isInetDatagram(socket.protocol)) return 1;
  return keepsRecords(socket.protocol) ? (socket.records[0] as Amount) : Math.min(amount, readable(s, so));
}
