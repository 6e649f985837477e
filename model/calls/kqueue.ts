/**
 * kqueue (C.8): events that are registered once and asked for many times. There is one kqueue. What is registered is level-triggered: an event
 * is reported as long as it holds, whoever has been told before; so nothing need be remembered of what happened, and an event that was
 * lost would show as a sleeper for whom one holds. That an event holds is looked at, and reported, in one step: the knote lives as
 * long as its descriptor, and who closes one waits for who is looking.
 */
import { first, type Procedure, reset, rule, until, when } from '../lang.ts';
import { KEVENT, KEVENT_EOF, KEVENT_FD } from '../limits.ts';
import { type Errno, type Fd, freeKnote, type KnoteId, knotes, type Socket, type SocketId, type State, type ThreadId } from '../state.ts';
import { cut, done, fail, hold, idle, leave, sleeps, wakes } from './file.ts';
import { soreadabledata, sowriteable } from './poll.ts';

export type Filter = 'read' | 'write';
export type Change = 'add' | 'once' | 'delete' | 'disable' | 'enable';

/** One change. */
export function* knote(s: State, t: ThreadId, fd: Fd, filter: Filter, change: Change): Procedure {
  when(idle(s, t));
  if (!hold(s, t, fd)) return;
  yield;
  leave(s, t, register(s, t, fd, filter === 'write', change));
}

function register(s: State, t: ThreadId, fd: Fd, write: boolean, change: Change): Errno {
  if (s.fds[fd] !== s.threads[t].file) return rule('knote_1', 'the descriptor was closed meanwhile: EBADF [G135]', 'EBADF');
  const adds = change === 'add' || change === 'once';
  let kn = first(knotes, (each) => s.knotes[each].fd === fd && s.knotes[each].write === write);
  if (kn === null) {
    if (!adds) return rule('knote_2', 'no such event: ENOENT [C.8]', 'ENOENT');
    kn = first(knotes, (each) => s.knotes[each].fd === null);
    if (kn === null) return rule('knote_3', 'no room for another: ENOMEM [C.8]', 'ENOMEM');
    rule('knote_4', 'registered [C.8 soo_kqfilter]');
    s.knotes[kn].fd = fd;
    s.knotes[kn].write = write;
    s.knotes[kn].once = change === 'once';
    return 'none';
  }
  if (change === 'delete' && rule('knote_5', 'registered no more [C.8]')) reset(s.knotes[kn], freeKnote());
  else if (!adds && rule('knote_6', 'turned on or off [C.8]')) s.knotes[kn].disabled = change === 'disable';
  return 'none';
}

/** Reports one event; sleeps until there is one. */
export function* kevent(s: State, t: ThreadId, wait: boolean): Procedure {
  when(idle(s, t));
  if (fires(s) === null) {
    if (!wait) return report(s, t, rule('kevent_1', 'nothing to report, and no wait for it [C.8]', null));
    s.threads[t].awaits = true;
    sleeps(s, t);
    yield until(() => fires(s) !== null || cut(s, t));
    s.threads[t].awaits = false;
    if (wakes(s, t) && fires(s) === null) return fail(s, t, rule('kevent_2', 'interrupted: EINTR [C.8]', 'EINTR'));
  }
  report(s, t, fires(s));
}

function report(s: State, t: ThreadId, kn: KnoteId | null): void {
  s.threads[t].answer = 'none';
  done(s, t, 0);
  if (kn === null) return;
  const fd = s.knotes[kn].fd as Fd;
  const socket = s.sockets[s.fds[fd] as SocketId];
  const over = s.knotes[kn].write ? socket.snd.cantMore : socket.rcv.cantMore;
  if (over && rule('kevent_3', 'EV_EOF, with the pending error, which stays [C.8 filt_soread]')) s.threads[t].answer = socket.error;
  else rule('kevent_4', 'an event that holds [C.8]');
  done(s, t, KEVENT + (over ? KEVENT_EOF : 0) + KEVENT_FD * fd);
  if (s.knotes[kn].once && rule('kevent_5', 'EV_ONESHOT: registered no more [C.8]')) reset(s.knotes[kn], freeKnote());
}

/** The first event that is to be reported, or null. */
export function fires(s: State): KnoteId | null {
  return first(knotes, (kn) => {
    const { fd, write, disabled } = s.knotes[kn];
    if (fd === null || disabled) return false;
    const so = s.fds[fd];
    return so !== null && (write ? sowriteable(s, s.sockets[so]) : filt_soread(s.sockets[so]));
  });
}

/** Whether it listens is asked when it is asked, not when the event was registered. [G58] */
function filt_soread(socket: Socket): boolean {
  return socket.rcv.cantMore || soreadabledata(socket);
}

/** Who closes a descriptor takes its events away. [C.8, G135] */
export function knote_fdclose(s: State, fd: Fd): void {
  for (const kn of knotes) if (s.knotes[kn].fd === fd) reset(s.knotes[kn], freeKnote());
}
