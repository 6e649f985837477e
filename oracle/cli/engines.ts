/** The engines of the product, each behind an import that happens when a verb needs it. */
import type { Engines } from '../engine.ts';

export const engines: Engines = {
  run: () => import('../run/index.ts'),
  check: () => import('../check/index.ts'),
  claims: () => import('../claims/index.ts'),
  prove: () => import('../prove/index.ts'),
  replay: () => import('../replay/index.ts'),
  explore: () => import('../schedule/index.ts'),
  stress: () => import('../schedule/index.ts'),
  museum: () => import('../schedule/index.ts'),
  export: () => import('../export/index.ts'),
};
