/**
 * send (C.5 sosend_generic, sosend_dgram). A stream sender owns the buffer's sx lock for the whole call, sleeps without the
 * buffer mutex until there is room, and copies in without it, so that everything it tested may have changed when the protocol
 * gets the data. UDP takes no lock and never waits for room.
 */
import { type Procedure, rule, until, when } from '../lang.ts';
import { BUFFER } from '../limits.ts';
import { pru_send } from '../protocols/protosw.ts';
import { uipc_charged } from '../protocols/unix.ts';
import type { Amount, Errno, Fd, SocketId, State, ThreadId } from '../state.ts';
import { cut, done, fail, held, hold, linkFree, mayCall, release, sleeps, wakes } from './file.ts';

export function* send(s: State, t: ThreadId, fd: Fd, amount: Amount, addressed: boolean): Procedure {
  when(mayCall(s, t, fd));
  if (!hold(s, t, fd)) return;
  if (s.sockets[held(s, t)].protocol !== 'udp') {
    if (s.sockets[held(s, t)].sending) {
      sleeps(s, t);
      yield until(() => !s.sockets[held(s, t)].sending || cut(s, t));
      const interrupted = cut(s, t) && s.sockets[held(s, t)].sending;
      wakes(s, t);
      if (interrupted && rule('send_1', 'interrupted while another sends: EINTR [C.5 step 2]')) return finish(s, t, 'EINTR');
    }
    s.sockets[held(s, t)].sending = true;
    s.threads[t].sends = true;
  }
  s.threads[t].left = amount;
  while (true) {
    const errno = refused(s, held(s, t), s.threads[t].left, addressed);
    if (errno !== 'none') return fails(s, t, errno);
    if (s.threads[t].left > 0 && space(s, held(s, t)) === 0) {
      if (s.sockets[held(s, t)].nonBlocking && rule('send_8', 'no room: EWOULDBLOCK, or what went already [C.5 step 7]'))
        return finish(s, t, 'EWOULDBLOCK');
      sleeps(s, t);
      yield until(() => !blocked(s, held(s, t)) || cut(s, t));
      const interrupted = cut(s, t) && blocked(s, held(s, t));
      wakes(s, t);
      if (interrupted && rule('send_9', 'interrupted while it waits for room: EINTR, or what went already [C.5 step 7]'))
        return finish(s, t, 'EINTR');
    } else {
      s.threads[t].chunk = Math.min(s.threads[t].left, space(s, held(s, t)));
      yield until(() => linkFree(s, held(s, t)));
      const lost = pru_send(s, held(s, t), s.threads[t].chunk);
      if (lost !== 'none') return fails(s, t, lost);
      s.threads[t].sent += s.threads[t].chunk;
      s.threads[t].left -= s.threads[t].chunk;
      s.threads[t].chunk = 0;
      if (s.threads[t].left === 0 && rule('send_17', 'all of it went [C.5 step 9]')) return finish(s, t, 'none');
    }
  }
}

/** The tests under the buffer mutex, in their order. [C.5 steps 3-6] */
function refused(s: State, so: SocketId, amount: Amount, addressed: boolean): Errno {
  const socket = s.sockets[so];
  if (socket.snd.cantMore && rule('send_2', 'the send side is shut: EPIPE [C.5 step 3]')) return 'EPIPE';
  if (socket.error !== 'none' && rule('send_3', 'a pending error is returned and cleared [C.5 step 4, T23]')) {
    const errno = socket.error;
    socket.error = 'none';
    return errno;
  }
  if (socket.protocol === 'udp') {
    if (!socket.connected && !addressed && rule('send_4', 'nowhere to send to: EDESTADDRREQ [C.5 step 5]')) return 'EDESTADDRREQ';
    if (amount > BUFFER && rule('send_5', 'too long for one datagram: EMSGSIZE [C.5 step 6]')) return 'EMSGSIZE';
    if (socket.connected && addressed && rule('send_6', 'connected, and yet an address: EISCONN [D.3 send]')) return 'EISCONN';
  } else if (!socket.connected && rule('send_7', 'not connected: ENOTCONN [C.5 step 5]')) return 'ENOTCONN';
  return 'none';
}

/** Room in the send buffer; UNIX: in the peer's receive buffer, as far as the sender knows; UDP keeps nothing. */
function space(s: State, so: SocketId): Amount {
  if (s.sockets[so].protocol === 'unix') return BUFFER - uipc_charged(s, so);
  return BUFFER - s.sockets[so].snd.cc;
}

/** A sender that waits for room has nothing else to be told. */
function blocked(s: State, so: SocketId): boolean {
  const socket = s.sockets[so];
  return socket.connected && !socket.snd.cantMore && socket.error === 'none' && space(s, so) === 0;
}

/** The end of a send: a short count hides EWOULDBLOCK and EINTR. */
function finish(s: State, t: ThreadId, errno: Errno): void {
  if (errno === 'none' || s.threads[t].sent > 0) done(s, t, s.threads[t].sent);
  else fail(s, t, errno);
  unlock(s, t);
}

/** The end of a send with an error that a short count does not hide. */
function fails(s: State, t: ThreadId, errno: Errno): void {
  fail(s, t, errno);
  unlock(s, t);
}

function unlock(s: State, t: ThreadId): void {
  if (s.threads[t].sends) s.sockets[held(s, t)].sending = false;
  s.threads[t].sends = false;
  s.threads[t].sent = 0;
  s.threads[t].left = 0;
  s.threads[t].chunk = 0;
  release(s, t);
}
