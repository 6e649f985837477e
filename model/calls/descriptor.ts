/**
 * More ways to hold a socket: dup, a descriptor more for the same file; and fgetsock and fputsock, by which kernel consumers hold
 * it with soref and without a descriptor. [C.10, J.1]
 */
import { first, type Procedure, rule, when } from '../lang.ts';
import { sorele } from '../socket.ts';
import { type Fd, type Handle, handles, type SocketId, type State, type ThreadId } from '../state.ts';
import { done, fail, falloc, getsock, idle, linkFree } from './file.ts';

export function* dup(s: State, t: ThreadId, fd: Fd): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  const other = falloc(s, null);
  if (other === null) return fail(s, t, rule('dup_1', 'no descriptor free: EMFILE', 'EMFILE'));
  rule('dup_2', 'the file has one more descriptor [C.10]');
  s.fds[other] = so;
  s.sockets[so].file += 1;
  done(s, t, other);
}

/** A reference that outlives the descriptor. */
export function* fgetsock(s: State, t: ThreadId, fd: Fd): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  const handle = first(handles, (each) => s.handles[each] === null);
  if (handle === null) return fail(s, t, rule('fgetsock_1', 'no handle free: EMFILE', 'EMFILE'));
  rule('fgetsock_2', 'so_count + 1 [C.10]');
  s.sockets[so].count += 1;
  s.handles[handle] = so;
  done(s, t, handle);
}

/** Gives it back, and frees the socket if it was the last. */
export function* fputsock(s: State, t: ThreadId, handle: Handle): Procedure {
  when(idle(s, t) && (s.handles[handle] === null || linkFree(s, s.sockets[s.handles[handle] as SocketId])));
  const so = s.handles[handle];
  if (so === null) return fail(s, t, rule('fputsock_1', 'nothing there: EBADF', 'EBADF'));
  rule('fputsock_2', 'so_count - 1 [C.10]');
  s.handles[handle] = null;
  sorele(s, so);
  done(s, t, 0);
}
