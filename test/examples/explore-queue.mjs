/**
 * Takes the mutex and the two queues of `queue.mjs` through every schedule of a few threads. The mutex is right; the queue with one condition
 * for both sides is not, and the report shows how its threads come to wait for each other; with two it is right. Run it with
 * `node test/examples/explore-queue.mjs` after `npm ci`.
 */
import { fileURLToPath } from 'node:url';
import { explore } from 'sockref';

const file = fileURLToPath(new URL('queue.mjs', import.meta.url));

/** Two producers and a consumer of one item each round, over a queue of one. */
function queue(producer, consumer) {
  return {
    file,
    memory: { cells: { type: 'Int32Array', length: 6 } },
    threads: [
      { name: 'producer 1', call: producer, args: ['cells', 10, 1] },
      { name: 'producer 2', call: producer, args: ['cells', 20, 1] },
      { name: 'consumer 1', call: consumer, args: ['cells', 1] },
      { name: 'consumer 2', call: consumer, args: ['cells', 1] },
    ],
    check: (_, results) => results[2][0] + results[3][0] === 30 || 'what was put is not what was taken',
  };
}

const worker = { call: 'count', args: ['cells', 2] };
const programs = {
  'a mutex': {
    file,
    memory: { cells: { type: 'Int32Array', length: 2 } },
    threads: [worker, worker, worker],
    check: ({ cells }) => cells[1] === 6 || 'an increment is lost',
  },
  'a queue with one condition': queue('producerOfOne', 'consumerOfOne'),
  'a queue with two conditions': queue('producer', 'consumer'),
};

for (const [name, program] of Object.entries(programs)) {
  const { verdict, bound, counterexample } = await explore(program);
  console.log(`${name}: ${verdict}, ${bound}`);
  if (counterexample !== null) console.log(`${counterexample}\n`);
}
