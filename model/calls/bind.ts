/** bind, unlink and listen (C.3, J.4): each is one protocol entry under its locks. */
import { first, type Procedure, rule, when } from '../lang.ts';
import { pru_bind, pru_listen } from '../protocols/protosw.ts';
import { type Backlog, type Fd, isLocal, type Name, pcbs, type State, type ThreadId } from '../state.ts';
import { done, fail, getsock, idle, maps, mayCall } from './file.ts';

/** To the wildcard address; `mapped` to that of IPv4, for which a socket of IPv6 has a v4-mapped address. */
export function* bind(s: State, t: ThreadId, fd: Fd, name: Name, mapped: boolean): Procedure {
  when(mayCall(s, t, fd) && (!mapped || maps(s, fd)));
  const so = getsock(s, t, fd);
  if (so === null) return;
  const errno = pru_bind(s, s.sockets[so], name, mapped);
  if (errno === 'EINVAL') rule('bind_1', 'bound already, or gone: EINVAL [J.4 bind]');
  if (errno === 'EADDRINUSE') rule('bind_2', 'somebody has the name: EADDRINUSE [J.4 bind]');
  if (errno === 'EADDRNOTAVAIL')
    rule('bind_7', 'v4-mapped, and the socket takes IPv6 alone: EADDRNOTAVAIL [D.2; FreeBSD in6_pcbbind, rip6_bind]');
  if (errno === 'none') rule('bind_3', 'bound [D.1, D.2, D.3 bind]');
  fail(s, t, errno);
}

/** unlink(2) of a UNIX name: the name goes; its socket stays, and stays bound. [D.1 bind, H.1 unix_bindconnect] */
export function* unlink(s: State, t: ThreadId, name: Name): Procedure {
  when(idle(s, t) && !s.link);
  const pcb = first(pcbs, (each) => s.pcbs[each].name === name && isLocal(s.pcbs[each].protocol));
  if (pcb === null) return fail(s, t, rule('unlink_1', 'no such name: ENOENT [unlink(2)]', 'ENOENT'));
  rule('unlink_2', 'nobody finds the socket by it any more, and others may bind to it [H.1 unix_bindconnect]');
  s.pcbs[pcb].name = null;
  done(s, t, 0);
}

export function* listen(s: State, t: ThreadId, fd: Fd, backlog: Backlog): Procedure {
  when(mayCall(s, t, fd));
  const so = getsock(s, t, fd);
  if (so === null) return;
  const errno = pru_listen(s, s.sockets[so]);
  fail(s, t, errno);
  if (errno !== 'none') return;
  s.sockets[so].limit = backlog; // solisten_proto [C.3]
  s.sockets[so].acceptConn = true;
}
