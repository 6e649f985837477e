/** shutdown (C.7 soshutdown). Unconnected sockets are not refused in this era. */
import { type Procedure, rule, until, when } from '../lang.ts';
import { pru_shutdown } from '../protocols/protosw.ts';
import { sorflush } from '../protocols/rights.ts';
import { socantrcvmore } from '../socket.ts';
import type { Fd, SocketId, State, ThreadId } from '../state.ts';
import { held, hold, leave, linkFree, mayCall } from './file.ts';

export type How = 'read' | 'write' | 'both' | 'nonsense';

/** Reading ends; then what was unread goes, when no reader is at it; then writing ends. Others may come in between. */
export function* shutdown(s: State, t: ThreadId, fd: Fd, how: How): Procedure {
  when(mayCall(s, t, fd));
  if (!hold(s, t, fd)) return;
  if (how === 'nonsense') return leave(s, t, rule('shutdown_1', 'no such direction: EINVAL [C.7]', 'EINVAL'));
  if (how !== 'write') {
    socantrcvmore(held(s, t));
    yield until(() => !held(s, t).receiving);
    sorflush(s, s.threads[t].file as SocketId);
    if (how === 'read') return leave(s, t, rule('shutdown_2', 'what was unread is gone [C.7 sorflush]', 'none'));
    yield until(() => linkFree(s, held(s, t)));
  }
  rule('shutdown_5', 'writing ends as the protocol has it [C.7]');
  leave(s, t, pru_shutdown(s, held(s, t)));
}
