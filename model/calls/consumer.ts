/** Kernel consumers that hold a socket by soref (fgetsock, fputsock), and what cuts a sleep short. [C.10, J.1] */
import { first, type Procedure, rule, when } from '../lang.ts';
import { sorele, soref } from '../socket.ts';
import { type Fd, type Handle, handles, type SocketId, type State, type ThreadId } from '../state.ts';
import { done, fail, getsock, idle, linkFree } from './file.ts';

/** fgetsock: a reference that outlives the descriptor. */
export function* fgetsock(s: State, t: ThreadId, fd: Fd): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  const handle = first(handles, (each) => s.handles[each] === null);
  if (handle === null) {
    rule('fgetsock_1', 'no handle free: EMFILE');
    return fail(s, t, 'EMFILE');
  }
  rule('fgetsock_2', 'so_count + 1 [C.10]');
  soref(s, so);
  s.handles[handle] = so;
  done(s, t, handle);
}

/** fputsock: gives it back, and frees the socket if it was the last. */
export function* fputsock(s: State, t: ThreadId, handle: Handle): Procedure {
  when(idle(s, t) && (s.handles[handle] === null || linkFree(s, s.handles[handle] as SocketId)));
  const so = s.handles[handle];
  if (so === null) {
    rule('fputsock_1', 'nothing there: EBADF');
    return fail(s, t, 'EBADF');
  }
  rule('fputsock_2', 'so_count - 1 [C.10]');
  s.handles[handle] = null;
  sorele(s, so);
  done(s, t, 0);
}
