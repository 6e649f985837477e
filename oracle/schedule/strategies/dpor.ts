/**
 * `dpor` takes one schedule of each class of schedules that differ only in the order of independent steps: source-DPOR with sleep sets
 * (Abdulla, Aronis, Jonsson, Sagonas 2014), going back with the machine instead of starting again. For each step that *races* with an
 * earlier one (dependent, and no step in between makes their order necessary) it sees to it that before the earlier one a step is
 * tried with which a schedule can begin that has them the other way round.
 *
 * The theory is for steps that others can't disable. Two kinds can be, and are seen to:
 *   a time-out    is gone when its agent is notified: where a step makes it so, it is tried before that step as well;
 *   a guard       of which a write decides: it is held against the last write before which it held, when it is made and, if it never is,
 *                 at the end of the schedule.
 */
import type { Exploration, Explored } from '../exploration.ts';
import { Classes } from '../classes.ts';
import { Search } from '../search.ts';
import { needsWatch, Watch } from '../watch.ts';

export async function dpor(exploration: Exploration): Promise<Explored> {
  const { machine } = exploration;
  if (machine.code.hasAcquire)
    throw new RangeError(
      'dpor takes no locks as primitives: a step that waits for a word and writes it. Use states, or leave out --atomic-locks',
    );
  // In a class one schedule is looked at, and there two accesses that race need not meet.
  const search = new Search(exploration, needsWatch(machine) ? new Watch(machine) : null);
  const classes = new Classes(machine);
  if (search.arrive()) classes.enter();
  while (classes.depth >= 0 && !search.isOver()) {
    const transition = classes.next();
    if (transition < 0) {
      if (classes.leave()) search.back();
      continue;
    }
    classes.before(transition);
    search.step(transition);
    classes.after();
    if (search.arrive()) {
      if (!classes.enter()) {
        search.blocked++;
        classes.back();
        search.back();
      }
    } else {
      classes.end();
      classes.back();
      search.back();
    }
    if (search.pauses()) await search.breathe();
  }
  return search.finish(search.isOver() ? { estimate: classes.estimate(search.executions) } : {});
}
