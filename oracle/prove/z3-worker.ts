/**
 * The bundled Z3 in a process of its own: receives SMT-LIB, answers what Z3 prints. The WASM build can neither be interrupted
 * nor trusted to give memory back, so whoever wants it to stop ends this process (solver.ts).
 */
import { createRequire } from 'node:module';
import type { Z3Reply, Z3Request } from './z3-process.ts';

const require = createRequire(import.meta.url);

/** What is used of the package's low-level interface. Its high-level one takes a second to start and wants objects, not text. */
interface LowLevel {
  readonly Z3: { mk_config(): number; mk_context(config: number): number; del_context(context: number): void };
  readonly em: {
    readonly HEAPU8: Uint8Array;
    _malloc(bytes: number): number;
    _free(address: number): void;
    async_call(start: () => void): Promise<string>;
    ccall(name: string, returns: 'void', types: readonly 'number'[], values: readonly number[]): void;
  };
}

async function start(): Promise<void> {
  const { init } = require('z3-solver/build/low-level/index.js') as { init(module: unknown): Promise<LowLevel> };
  const { Z3, em } = await init(require('z3-solver/build/z3-built.js'));
  const config = Z3.mk_config();
  let context = Z3.mk_context(config);
  const reply = (message: Z3Reply): void => void process.send?.(message);

  /**
   * The package's own `eval_smtlib2_string` puts the text on the stack and takes it away while the other thread still reads it
   * (seen: half a command, "unsupported pus"). Here the text stays where it is until the answer has come.
   */
  const evaluate = async (script: string): Promise<string> => {
    const text = Buffer.from(`${script}\0`);
    const address = em._malloc(text.length);
    em.HEAPU8.set(text, address);
    try {
      return await em.async_call(() => em.ccall('async_Z3_eval_smtlib2_string', 'void', ['number', 'number'], [context, address]));
    } finally {
      em._free(address);
    }
  };

  // One request after the other: the context is not safe to share.
  let turn = Promise.resolve();
  process.on('message', (request: Z3Request) => {
    turn = turn.then(async () => {
      if ('script' in request) return reply({ id: request.id, output: await evaluate(request.script) });
      Z3.del_context(context);
      context = Z3.mk_context(config);
      reply({ id: 0, output: 'ready' });
    });
  });
  reply({ id: 0, output: 'ready' });
}

// Its parent is gone: nobody will ever ask again.
process.on('disconnect', () => process.exit(0));
await start();
