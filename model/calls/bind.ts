/** bind and listen (C.3, J.4): both are one protocol entry under its locks. */
import { type Procedure, rule, when } from '../lang.ts';
import { pru_bind, pru_listen } from '../protocols/protosw.ts';
import type { Backlog, Fd, Name, State, ThreadId } from '../state.ts';
import { fail, getsock, mayCall } from './file.ts';

export function* bind(s: State, t: ThreadId, fd: Fd, name: Name): Procedure {
  when(mayCall(s, t, fd));
  const so = getsock(s, t, fd);
  if (so === null) return;
  const errno = pru_bind(s, s.sockets[so], name);
  if (errno === 'EINVAL') rule('bind_1', 'bound already, or gone: EINVAL [J.4 bind]');
  if (errno === 'EADDRINUSE') rule('bind_2', 'somebody has the name: EADDRINUSE [J.4 bind]');
  if (errno === 'none') rule('bind_3', 'bound [D.1, D.2, D.3 bind]');
  fail(s, t, errno);
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
