/**
 * setsockopt and getsockopt. At the protocol level TCP copies the value in between two lock sections: here the pcb of the
 * first can be gone in the second, which is the panic that the 2006 change cured. [D.2 ctloutput, seed 004, G01]
 */
import { designs } from '../designs.ts';
import { type Procedure, rule, when } from '../lang.ts';
import { tcp_gone, tcp_gone_errno } from '../protocols/tcp.ts';
import { panic } from '../socket.ts';
import { type Fd, isLocal, type State, sotopcb, type ThreadId } from '../state.ts';
import { done, fail, getsock, held, hold, idle, leave, maps, release, takeError } from './file.ts';

/** TCP_NODELAY; `valid` is false if the value can't be copied in. */
export function* setsockopt(s: State, t: ThreadId, fd: Fd, on: boolean, valid: boolean): Procedure {
  when(idle(s, t));
  if (!hold(s, t, fd)) return;
  if (held(s, t).protocol !== 'tcp') return leave(s, t, rule('setsockopt_1', 'no options at this level: ENOPROTOOPT', 'ENOPROTOOPT'));
  if (tcp_gone(s, held(s, t)) && rule('setsockopt_2', 'dropped or in TIME_WAIT: ECONNRESET [D.2 ctloutput]'))
    return leave(s, t, tcp_gone_errno(s, 'ECONNRESET'));
  yield;
  if (!valid) return leave(s, t, rule('setsockopt_3', 'the copyin fails: EFAULT', 'EFAULT'));
  const socket = held(s, t);
  if (designs[s.design].recheckAfterCopyin && tcp_gone(s, socket)) {
    fail(s, t, rule('setsockopt_4', 'dropped during the copyin: ECONNRESET [D.2 ctloutput, J.4]', 'ECONNRESET'));
  } else if (socket.pcb === null) {
    rule('setsockopt_5', 'P06: so_pcb is NULL now and is dereferenced [G01]');
    panic(s, 'null-pcb');
  } else {
    rule('setsockopt_6', 'set [D.2 ctloutput]');
    sotopcb(s, socket).noDelay = on;
    done(s, t, 0);
  }
  release(s, t);
}

/** TCP_NODELAY. */
export function* getsockopt(s: State, t: ThreadId, fd: Fd): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  const socket = s.sockets[so];
  if (socket.protocol !== 'tcp') return fail(s, t, rule('getsockopt_1', 'no options at this level: ENOPROTOOPT', 'ENOPROTOOPT'));
  if (tcp_gone(s, socket) && rule('getsockopt_2', 'dropped or in TIME_WAIT: ECONNRESET [D.2 ctloutput]'))
    return fail(s, t, tcp_gone_errno(s, 'ECONNRESET'));
  rule('getsockopt_3', 'the option [D.2 ctloutput]');
  done(s, t, sotopcb(s, socket).noDelay ? 1 : 0);
}

/** Whether there is a peer to be named. What its name is, is below this level. [C.10, J.4 getpeername] */
export function* getpeername(s: State, t: ThreadId, fd: Fd): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  if (!s.sockets[so].connected) return fail(s, t, rule('getpeername_1', 'not connected: ENOTCONN [J.4 getpeername]', 'ENOTCONN'));
  rule('getpeername_2', 'connected: it has a peer, or had one until just now [J.4 getpeername]');
  done(s, t, 0);
}

/** SO_LINGER. [A.1 so_linger] */
export function* setlinger(s: State, t: ThreadId, fd: Fd, linger: 'off' | 'reset' | 'wait'): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  rule('setlinger_1', 'what close will do [C.2 soclose phase 2]');
  s.sockets[so].linger = linger;
  done(s, t, 0);
}

/** SO_KEEPALIVE: a peer that is silent for long is asked, and given up. [D.2 timers] */
export function* setkeepalive(s: State, t: ThreadId, fd: Fd, on: boolean): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  rule('setkeepalive_1', 'whether a silent peer is asked for a sign of life [D.2 timers]');
  s.sockets[so].keepAlive = on;
  done(s, t, 0);
}

/** LOCAL_CONNWAIT: a connect is done when the other end was accepted, not before. [B.7 UNP_CONNWAIT] */
export function* setconnwait(s: State, t: ThreadId, fd: Fd, on: boolean): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  if (!isLocal(s.sockets[so].protocol)) return fail(s, t, rule('setconnwait_1', 'no options at this level: ENOPROTOOPT', 'ENOPROTOOPT'));
  rule('setconnwait_2', 'what a connect will wait for [B.7 UNP_CONNWAIT]');
  sotopcb(s, s.sockets[so]).connWait = on;
  done(s, t, 0);
}

/** SO_BROADCAST, SO_REUSEADDR, SO_REUSEPORT: what may be sent to everybody, and with whom a port may be shared. [D.3, A.4 inp_flags2] */
export function* setreuse(s: State, t: ThreadId, fd: Fd, option: 'broadcast' | 'address' | 'port', on: boolean): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  rule('setreuse_1', 'what a bind or a send to everybody will ask for [J.4 bind, send]');
  if (option === 'broadcast') s.sockets[so].broadcast = on;
  else if (option === 'address') s.sockets[so].reuseAddress = on;
  else s.sockets[so].reusePort = on;
  done(s, t, 0);
}

/** IPV6_V6ONLY: whether a socket of IPv6 takes IPv6 alone. For raw IPv6 it decides nothing. [FreeBSD ip6_ctloutput] */
export function* setv6only(s: State, t: ThreadId, fd: Fd, on: boolean): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  if (!maps(s, fd)) return fail(s, t, rule('setv6only_1', 'no socket of IPv6: ENOPROTOOPT [D.2 ctloutput]', 'ENOPROTOOPT'));
  const inp = sotopcb(s, s.sockets[so]);
  if (inp.bound) return fail(s, t, rule('setv6only_2', 'bound already: EINVAL [FreeBSD ip6_ctloutput]', 'EINVAL'));
  rule('setv6only_3', 'what a bind will be for [FreeBSD ip6_ctloutput]');
  if (s.sockets[so].protocol !== 'raw') inp.vflag = on ? 'v6' : 'both';
  done(s, t, 0);
}

/** SO_ERROR: reports the pending error and clears it. [A.1 so_error] */
export function* geterror(s: State, t: ThreadId, fd: Fd): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  rule('geterror_1', 'returned and cleared [T04]');
  s.threads[t].answer = takeError(s.sockets[so]);
  done(s, t, 0);
}

/** FIONBIO. [C.10 soo_ioctl] */
export function* setnbio(s: State, t: ThreadId, fd: Fd, on: boolean): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  rule('setnbio_1', 'SS_NBIO is set or cleared [C.10]');
  s.sockets[so].nonBlocking = on;
  done(s, t, 0);
}
