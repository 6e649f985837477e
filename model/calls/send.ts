/**
 * send (C.5 sosend_generic, sosend_dgram). A stream sender owns the buffer's sx lock for the whole call, sleeps without the
 * buffer mutex until there is room, and copies in without it, so that everything it tested may have changed when the protocol
 * gets the data. So does who sends sequenced packets, but a record waits until there is room for all of it. Datagrams take no lock and never
 * wait. An empty record of the UNIX domain, which takes no room, is not here (README §5).
 */
import { type Procedure, rule, until, when } from '../lang.ts';
import { BUFFER } from '../limits.ts';
import { pru_send } from '../protocols/protosw.ts';
import { udp_send } from '../protocols/udp.ts';
import { uipc_charged } from '../protocols/unix.ts';
import {
  type Amount,
  type Errno,
  type Fd,
  isDatagram,
  isInetDatagram,
  keepsRecords,
  pairs,
  type Socket,
  type State,
  type ThreadId,
} from '../state.ts';
import { cut, done, fail, held, hold, idle, leave, linkFree, maps, release, sleeps, takeError, wakes } from './file.ts';

export function* send(s: State, t: ThreadId, fd: Fd, amount: Amount, addressed: boolean): Procedure {
  when(idle(s, t) && (amount > 0 || !sendsRecords(s, fd)));
  if (!hold(s, t, fd)) return;
  if (!isDatagram(held(s, t).protocol)) {
    if (held(s, t).sending) {
      sleeps(s, t);
      yield until(() => !held(s, t).sending || cut(s, t));
      if (wakes(s, t) && held(s, t).sending)
        return finish(s, t, rule('send_1', 'interrupted while another sends: EINTR [C.5 step 2]', 'EINTR'));
    }
    held(s, t).sending = true;
    s.threads[t].sends = true;
  }
  s.threads[t].left = amount;
  while (true) {
    const errno = refused(held(s, t), s.threads[t].left, addressed);
    if (errno !== 'none') return finish(s, t, errno);
    if (space(s, held(s, t)) < needed(s, t)) {
      if (held(s, t).nonBlocking)
        return finish(s, t, rule('send_8', 'no room: EWOULDBLOCK, or what went already [C.5 step 7]', 'EWOULDBLOCK'));
      sleeps(s, t);
      yield until(() => !blocked(s, t, addressed) || cut(s, t));
      if (wakes(s, t) && blocked(s, t, addressed))
        return finish(s, t, rule('send_9', 'interrupted while it waits for room: EINTR, or what went already [C.5 step 7]', 'EINTR'));
    } else {
      s.threads[t].chunk = Math.min(s.threads[t].left, space(s, held(s, t)));
      yield until(() => linkFree(s, held(s, t)));
      const wrong = misaddressed(held(s, t), addressed);
      if (wrong !== 'none') return finish(s, t, wrong);
      const lost = pru_send(s, held(s, t), s.threads[t].chunk, addressed);
      if (lost !== 'none') return finish(s, t, lost);
      s.threads[t].sent += s.threads[t].chunk;
      s.threads[t].left -= s.threads[t].chunk;
      s.threads[t].chunk = 0;
      if (s.threads[t].left === 0 && rule('send_17', 'all of it went [C.5 step 9]')) return finish(s, t, 'none');
    }
  }
}

/** sendto for everybody: one datagram of one unit, which all hosts get, and on each every socket that wants it; over IPv4 only. [D.3, J.4 send] */
export function* broadcast(s: State, t: ThreadId, fd: Fd): Procedure {
  when(idle(s, t) && sendsInet(s, fd) && !maps(s, fd));
  if (!hold(s, t, fd)) return;
  const errno = refused(held(s, t), 1, true);
  if (errno !== 'none') return leave(s, t, errno);
  yield;
  const wrong = misaddressed(held(s, t), true);
  if (wrong !== 'none') return leave(s, t, wrong);
  if (held(s, t).protocol === 'udp') udp_send(s, held(s, t));
  if (held(s, t).protocol === 'udp' && !held(s, t).broadcast)
    return leave(s, t, rule('broadcast_1', 'UDP without SO_BROADCAST: EACCES, and the port stays [D.3 send]', 'EACCES'));
  rule('broadcast_2', 'the datagram leaves, and comes to this host, too; raw IP needs no option [D.3, D.4 rip_send]');
  done(s, t, 1);
  release(s, t);
}

/** The tests under the buffer mutex, in their order. [C.5 steps 3-6] */
export function refused(socket: Socket, amount: Amount, addressed: boolean): Errno {
  if (socket.snd.cantMore) return rule('send_2', 'the send side is shut: EPIPE [C.5 step 3]', 'EPIPE');
  if (socket.error !== 'none' && rule('send_3', 'a pending error is returned and cleared [C.5 step 4, T23]')) return takeError(socket);
  if (isDatagram(socket.protocol)) {
    if (!socket.connected && !addressed) return rule('send_4', 'nowhere to send to: EDESTADDRREQ [C.5 step 5]', 'EDESTADDRREQ');
    if (amount > BUFFER) return rule('send_5', 'too long for one datagram: EMSGSIZE [C.5 step 6]', 'EMSGSIZE');
  } else if (!socket.connected && !(socket.protocol === 'tcp' && addressed))
    return rule('send_7', 'not connected, and with TCP no address either: ENOTCONN [C.5 step 5]', 'ENOTCONN');
  if (socket.protocol === 'seqpacket' && amount > BUFFER)
    return rule('send_32', 'too long for any buffer: EMSGSIZE [C.5 step 6; model/README §3]', 'EMSGSIZE');
  return 'none';
}

/** UDP and raw IP look again, under their own lock. [D.3 send, D.4] */
function misaddressed(socket: Socket, addressed: boolean): Errno {
  if (!isInetDatagram(socket.protocol) || socket.connected !== addressed) return 'none';
  if (addressed) return rule('send_6', 'connected, and yet an address: EISCONN [D.3 send]', 'EISCONN');
  if (socket.protocol === 'raw') return rule('send_19', 'raw IP, disconnected since it was tested: ENOTCONN [D.4 rip_send]', 'ENOTCONN');
  return rule('send_18', 'disconnected since it was tested: EDESTADDRREQ [D.3 send]', 'EDESTADDRREQ');
}

/** Room in the send buffer; UNIX: in the peer's receive buffer, as far as the sender knows; datagrams leave nothing there. */
export function space(s: State, socket: Socket): Amount {
  return BUFFER - (pairs(socket.protocol) ? uipc_charged(s, socket) : socket.snd.cc);
}

/** A sender that waits for room has nothing else to be told. */
export function blocked(s: State, t: ThreadId, addressed: boolean): boolean {
  const socket = held(s, t);
  const goesOn = socket.connected || (socket.protocol === 'tcp' && addressed);
  return goesOn && !socket.snd.cantMore && socket.error === 'none' && space(s, socket) < needed(s, t);
}

/** The room without which it waits: a unit, or for all of a record. */
function needed(s: State, t: ThreadId): Amount {
  const { left } = s.threads[t];
  return keepsRecords(held(s, t).protocol) ? left : Math.min(1, left);
}

function sendsRecords(s: State, fd: Fd): boolean {
  const so = s.fds[fd];
  return so !== null && keepsRecords(s.sockets[so].protocol);
}

function sendsInet(s: State, fd: Fd): boolean {
  const so = s.fds[fd];
  return so === null || isInetDatagram(s.sockets[so].protocol);
}

/** The end of a send: a short count hides EWOULDBLOCK and EINTR, and no other error. */
export function finish(s: State, t: ThreadId, errno: Errno): void {
  const thread = s.threads[t];
  const hidden = thread.sent > 0 && (errno === 'EWOULDBLOCK' || errno === 'EINTR');
  if (errno === 'none' || hidden) done(s, t, thread.sent);
  else fail(s, t, errno);
  if (thread.sends) held(s, t).sending = false;
  thread.sends = false;
  thread.passes = false;
  thread.sent = 0;
  thread.left = 0;
  thread.chunk = 0;
  release(s, t);
}
