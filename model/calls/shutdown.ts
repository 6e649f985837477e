/** shutdown (C.7 soshutdown). Unconnected sockets are not refused in this era. */
import { type Procedure, rule, when } from '../lang.ts';
import { pru_shutdown } from '../protocols/protosw.ts';
import { socantrcvmore } from '../socket.ts';
import type { Fd, State, ThreadId } from '../state.ts';
import { done, fail, getsock, mayCall } from './file.ts';

export type How = 'read' | 'write' | 'both' | 'nonsense';

export function* shutdown(s: State, t: ThreadId, fd: Fd, how: How): Procedure {
  when(mayCall(s, t, fd));
  const so = getsock(s, t, fd);
  if (so === null) return;
  const socket = s.sockets[so];
  if (how === 'nonsense') return fail(s, t, rule('shutdown_1', 'no such direction: EINVAL [C.7]', 'EINVAL'));
  rule('shutdown_2', 'reading ends and what was unread is gone; writing ends as the protocol has it [C.7]');
  done(s, t, 0);
  if (how !== 'write') {
    socantrcvmore(socket); // sorflush [C.7]
    socket.rcv.cc = 0;
  }
  if (how !== 'read') fail(s, t, pru_shutdown(s, socket));
}
